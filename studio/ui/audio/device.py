"""The audio device, in a thread of its own because opening or stopping one can hang. No Qt."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

from studio.core.translation import tr
from studio.ui.audio.preferred_device import preferred_device

PERIOD_MILLISECONDS = 50
BYTES_PER_SAMPLE = 2


class Samples(Protocol):
    """What the device plays: interleaved int16 samples."""

    sampling_rate: int
    channels: int

    def touch(self) -> None:
        """Note that the device starts to read."""

    def read(self, count: int) -> bytes:
        """Return the next `count` frames; fewer if no more are there yet."""


def device_names(backends: Sequence[str] | None = None) -> list[str]:
    """Return the names of the devices, or an empty list; may take seconds or hang."""
    try:
        return [str(device["name"]) for device in _devices(backends)]
    except (OSError, RuntimeError, ImportError):
        return []


def _devices(backends: Sequence[str] | None) -> list[dict[str, Any]]:
    import miniaudio

    try:
        found: list[dict[str, Any]] = miniaudio.Devices(_real_backends(backends)).get_playbacks()
    except miniaudio.MiniaudioError as error:
        raise RuntimeError(str(error)) from error
    return found


def _real_backends(names: Sequence[str] | None) -> list[Any]:
    """Return miniaudio's backends, without NULL unless it is named: it would "play" silently."""
    import miniaudio

    excluded = ("NULL", "CUSTOM", "WEBAUDIO")
    chosen = names or [one.name for one in miniaudio.Backend if one.name not in excluded]
    return [miniaudio.Backend[name] for name in chosen]


class AudioOutput:
    """Plays one buffer at a time through the chosen device, else the system's default one.

    `backends` are miniaudio's names of backends; None allows every real one. NULL is a device that
    only keeps time, for tests. `failed` is called in the device's thread with an error message.
    """

    def __init__(
        self, failed: Callable[[str], None], backends: Sequence[str] | None = None
    ) -> None:
        self._failed = failed
        self._backends = backends
        self._commands: queue.SimpleQueue[Samples | str] = queue.SimpleQueue()
        self._device: Any = None
        self._shape = (0, 0, "")
        """Sampling rate, channels and name of the device that is open."""
        self._thread: threading.Thread | None = None

    def play(self, buffer: Samples) -> None:
        """Start playing the buffer; returns at once."""
        if self._thread is None:
            # A daemon thread, so that the program can exit while a sound server hangs.
            self._thread = threading.Thread(target=self._run, name="audio", daemon=True)
            self._thread.start()
        self._commands.put(buffer)

    def stop(self) -> None:
        """Stop playing; returns at once."""
        self._commands.put("stop")

    def close(self, timeout: float = 1.0) -> None:
        """Close the device; wait at most `timeout` seconds for it."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._commands.put("close")
            thread.join(timeout)

    def _run(self) -> None:
        while True:
            command = self._commands.get()
            try:
                if not isinstance(command, str):
                    self._start(command)
                elif command == "stop":
                    self._stop_device()
                else:
                    self._close_device()
                    return
            except (OSError, RuntimeError, ImportError) as error:
                self._close_device()
                self._failed(_error_message(error))

    def _start(self, buffer: Samples) -> None:
        shape = (buffer.sampling_rate, buffer.channels, preferred_device())
        self._stop_device()
        if self._device is None or self._shape != shape:
            self._close_device()
            self._device = self._open(*shape)
            self._shape = shape
        frames = _generate_frames(buffer)
        next(frames)
        buffer.touch()
        self._call_miniaudio(self._device.start, frames)

    def _open(self, sampling_rate: int, channels: int, name: str) -> Any:
        import miniaudio

        device_id = None
        if name:
            found = _devices(self._backends)
            device_id = next((one["id"] for one in found if one["name"] == name), None)
        return self._call_miniaudio(
            miniaudio.PlaybackDevice,
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=channels,
            sample_rate=sampling_rate,
            buffersize_msec=PERIOD_MILLISECONDS,
            device_id=device_id,
            backends=_real_backends(self._backends),
            app_name="Studio",
        )

    def _stop_device(self) -> None:
        if self._device is not None:
            self._call_miniaudio(self._device.stop)

    def _close_device(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(RuntimeError):
                self._call_miniaudio(device.close)

    def _call_miniaudio(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        import miniaudio

        try:
            return function(*arguments, **named)
        except miniaudio.MiniaudioError as error:
            raise RuntimeError(str(error)) from error


def _generate_frames(buffer: Samples) -> Generator[bytes, int, None]:
    """Yield samples to miniaudio's thread; silence while the buffer has none."""
    count = yield b""
    while True:
        data = buffer.read(count)
        count = yield data or bytes(count * buffer.channels * BYTES_PER_SAMPLE)


def _error_message(error: Exception) -> str:
    if isinstance(error, ImportError):
        return tr("The audio library cannot be loaded ({error}).", error=error)
    return tr("No audio device found.")
