"""Runs `studio.models.hub.worker` in a child process, which ends with this one."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from studio.core.errors import StudioError
from studio.core.lifeline import start_tied
from studio.core.translation import tr, tr_marked
from studio.models.hub.errors import GO_ON
from studio.models.hub.messages import Complete, Fetch, FromChild, Order, ToChild
from studio.models.hub.repository import RepositoryContents, Trouble
from studio.models.install.staging import stopped

POLL_SECONDS = 0.1
_LINE_BYTES = 8 << 20
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")
_ENDED = None


class DownloadProcess:
    """The child process of one download; leaving the `with` block kills it."""

    def __init__(
        self, order: Order, cancelled: Callable[[], bool], tick: Callable[[], None] = lambda: None
    ) -> None:
        self._order, self._cancelled, self._tick = order, cancelled, tick
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._decoder: Any = msgspec.json.Decoder(FromChild)

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()
        self._process = start_tied(
            _program(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self._order.folder,
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._reader = threading.Thread(target=self._read, name="download", daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        with contextlib.suppress(OSError):  # a pipe whose reader is gone
            assert self._process.stdin is not None
            self._process.stdin.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()

    def query(self) -> RepositoryContents:
        """Return the repository's contents. Raises StudioError and InstallCancelledError."""
        for message in self._answers(self._order):
            if isinstance(message, RepositoryContents):
                return message
        raise self._broken()

    def fetch(self, files: Fetch) -> Iterator[FromChild]:
        """Fetch files and yield the child's messages. Raises StudioError, InstallCancelledError."""
        for message in self._answers(files):
            if isinstance(message, Complete):
                return
            yield message

    def _answers(self, message: ToChild) -> Iterator[FromChild]:
        with contextlib.suppress(OSError):  # the child has ended, which is reported below
            assert self._process.stdin is not None
            self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            self._process.stdin.flush()
        while True:
            if self._cancelled():
                raise stopped()
            self._tick()
            try:
                line = self._lines.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if line is _ENDED:
                raise self._broken()
            try:
                answer = self._decoder.decode(line)
            except msgspec.DecodeError as error:
                raise StudioError(
                    tr("The download process sent an unreadable message: {error}.", error=error),
                    cause="crash",
                    cure=tr_marked(GO_ON),
                ) from error
            if isinstance(answer, Trouble):
                raise answer.error()
            yield answer

    def _read(self) -> None:
        output = self._process.stdout
        assert output is not None
        while line := output.readline(_LINE_BYTES):
            self._lines.put(line)
        self._lines.put(_ENDED)

    def _broken(self) -> StudioError:
        code = self._process.wait()
        self._errors.seek(0)
        last = (self._errors.read().decode(errors="replace").strip().splitlines() or [""])[-1][:300]
        if code < 0:
            return StudioError(
                tr("The download was killed (signal {signal}).", signal=-code),
                cause="crash",
                cure=tr_marked(GO_ON),
            )
        return StudioError(
            tr("The download ended unexpectedly ({code}): {reason}", code=code, reason=last)
            if last
            else tr("The download ended unexpectedly ({code}).", code=code),
            cause="crash",
            cure=tr_marked(GO_ON),
        )


def _program() -> list[str]:
    # A built program (PyInstaller) has no `-m`; its entry point knows this one word.
    return (
        [sys.executable, "download"]
        if getattr(sys, "frozen", False)
        else [sys.executable, "-m", "studio.models.hub.worker"]
    )


def _environment() -> dict[str, str]:
    # The child's working folder is ours, so it finds Studio's modules by PYTHONPATH.
    here = str(Path(__file__).resolve().parents[3])
    kept = {name: value for name, value in os.environ.items() if name not in _TOKENS}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")])),
        "PYTHONUTF8": "1",
    }
