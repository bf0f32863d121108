"""The window's end of a decoder: starts the child, sends and receives in threads of its own."""

from __future__ import annotations

import contextlib
import logging
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec

from studio.core.translation import tr
from studio.media.child_process import end_of_log, start_child
from studio.media.video_decoder.messages import (
    FromDecoder,
    GarbledError,
    ToDecoder,
    pack,
    read_message,
)

log = logging.getLogger(__name__)


class DecoderProcess:
    """Decodes one file until `close`. No call blocks.

    `received(message, data)` and, unless it was closed, `ended(reason)` are called in a thread.
    """

    def __init__(
        self,
        path: Path,
        received: Callable[[FromDecoder, bytearray], None],
        ended: Callable[[str], None],
    ) -> None:
        self._path = path
        self._received = received
        self._ended = ended
        self._outgoing: queue.SimpleQueue[ToDecoder | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        # Daemons, so that the program can exit while a process starts.
        threading.Thread(target=self._run, name="video decoder", daemon=True).start()

    @property
    def pid(self) -> int:
        """Id of the child; 0 before it has started."""
        return self._process.pid if self._process is not None else 0

    def send(self, message: ToDecoder) -> None:
        """Send a message as soon as the child reads it."""
        self._outgoing.put(message)

    def close(self) -> None:
        """Kill the child; nothing is received after this except what is on its way."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
        self._outgoing.put(None)

    def _run(self) -> None:
        with tempfile.TemporaryFile() as errors:
            try:
                process = self._start(errors)
            except OSError as error:
                self._end(
                    tr("The video decoder cannot be started: {reason}.", reason=error.strerror)
                )
                return
            if process is None:
                return
            try:
                reason = self._receive_all(process)
            finally:  # also if what receives is gone, as a widget that was deleted
                process.kill()
                code = process.wait()
                self._outgoing.put(None)
                assert process.stdout is not None
                process.stdout.close()
            if not self._is_closed:
                log.warning("decoder: %s (%s) %s", reason, code, end_of_log(errors))
        self._end(reason)

    def _start(self, errors: IO[bytes]) -> subprocess.Popen[bytes] | None:
        if self._is_closed:
            return None
        process = start_child(
            "decode-video", "studio.media.video_decoder.main", [str(self._path)], errors
        )
        with self._lock:
            self._process = process
        if self._was_closed():
            process.kill()
        threading.Thread(
            target=self._send_all,
            args=(process.stdin,),
            name="to video decoder",  # not translated: of a thread
            daemon=True,
        ).start()
        return process

    def _was_closed(self) -> bool:
        with self._lock:
            return self._is_closed

    def _receive_all(self, process: subprocess.Popen[bytes]) -> str:
        decoder: Any = msgspec.msgpack.Decoder(FromDecoder)
        assert process.stdout is not None
        try:
            while (read := read_message(process.stdout)) is not None:
                if not self._is_closed:
                    self._received(decoder.decode(read[0]), read[1])
        except (OSError, GarbledError, msgspec.DecodeError) as error:
            return tr("The video decoder sent an unreadable message: {reason}.", reason=error)
        return tr("The video decoder ended unexpectedly.")

    def _send_all(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(OSError), pipe:
            while (message := self._outgoing.get()) is not None:
                pipe.write(pack(message))

    def _end(self, reason: str) -> None:
        if not self._is_closed:
            self._ended(reason)
