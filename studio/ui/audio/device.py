"""The sound device, in a thread of its own: opening and stopping one can take from milliseconds to
for ever. No Qt.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any

from studio.ui.audio.playback_buffer import BYTES_PER_SAMPLE, PlaybackBuffer

PERIOD_MILLISECONDS = 50


class Output:
    """Plays one tape at a time through the system's default device.

    `backends` are names of miniaudio's (NULL is a device that only keeps the time, for tests); None
    takes any real one.
    `failed` is called in this thread, with the reason in words.
    """

    def __init__(
        self, failed: Callable[[str], None], backends: Sequence[str] | None = None
    ) -> None:
        self._failed = failed
        self._backends = backends
        self._wishes: queue.SimpleQueue[PlaybackBuffer | str] = queue.SimpleQueue()
        self._device: Any = None
        self._shape = (0, 0)
        self._thread: threading.Thread | None = None

    def play(self, tape: PlaybackBuffer) -> None:
        """Begin to take samples from the tape, soon."""
        if self._thread is None:
            # A daemon: where a sound server hangs, the program still ends.
            self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
            self._thread.start()
        self._wishes.put(tape)

    def stop(self) -> None:
        """Take no more samples, soon."""
        self._wishes.put("stop")

    def close(self, timeout: float = 1.0) -> None:
        """Let go of the device; waits for it no longer than `timeout` seconds."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._wishes.put("close")
            thread.join(timeout)

    def _run(self) -> None:
        while True:
            wish = self._wishes.get()
            try:
                if isinstance(wish, PlaybackBuffer):
                    self._start(wish)
                elif wish == "stop":
                    self._halt()
                else:
                    self._let_go()
                    return
            except (
                OSError,
                RuntimeError,
                ImportError,
            ) as error:  # MiniaudioError is a RuntimeError, where it is one
                self._let_go()
                self._failed(_reason(error))

    def _start(self, tape: PlaybackBuffer) -> None:
        shape = (tape.sampling_rate, tape.channels)
        self._halt()
        if self._device is None or self._shape != shape:
            self._let_go()
            self._device = self._open(*shape)
            self._shape = shape
        feed = _feed(tape)
        next(feed)
        tape.touch()
        self._call(self._device.start, feed)

    def _open(self, sampling_rate: int, channels: int) -> Any:
        import miniaudio

        # Never the NULL one by itself: it would "play" without a sound.
        unwanted = ("NULL", "CUSTOM", "WEBAUDIO")
        names = self._backends or [
            backend.name for backend in miniaudio.Backend if backend.name not in unwanted
        ]
        return self._call(
            miniaudio.PlaybackDevice,
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=channels,
            sample_rate=sampling_rate,
            buffersize_msec=PERIOD_MILLISECONDS,
            backends=[miniaudio.Backend[name] for name in names],
            app_name="Studio",
        )

    def _halt(self) -> None:
        if self._device is not None:
            self._call(self._device.stop)

    def _let_go(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(RuntimeError):
                self._call(device.close)

    def _call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        import miniaudio

        try:
            return function(*arguments, **named)
        except miniaudio.MiniaudioError as error:
            raise RuntimeError(str(error)) from error


def _feed(tape: PlaybackBuffer) -> Generator[bytes, int, None]:
    """What miniaudio's own thread asks for samples. Where there are none (yet) the device plays
    silence.
    """
    count = yield b""
    while True:
        data = tape.take(count)
        count = yield data or bytes(count * tape.channels * BYTES_PER_SAMPLE)


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"The library for playing sound cannot be loaded ({error})."
    return "There is no sound device that can play."
