"""Reads a document in a child process, for the window: with progress, cancel and limits."""

from __future__ import annotations

import logging
import queue
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.formats.child.messages import FromReader, ReadDone, ReadProgress
from studio.documents.formats.faults import unreadable
from studio.documents.formats.imported import ImportedDocument
from studio.documents.formats.readers.progress import Progress
from studio.media.child_process import end_of_log, start_child

SILENT_SECONDS = 60.0
"""Without a message; then the child is ended. A single page or a whole Word document takes less."""
_POLL_SECONDS = 0.03
log = logging.getLogger(__name__)


class ReadingCancelled(Exception):
    """The user cancelled it."""


def read_in_child(
    path: Path,
    *,
    encoding: str = "",
    on_progress: Progress = lambda _done, _total: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    silent_seconds: float = SILENT_SECONDS,
) -> ImportedDocument:
    """Read a document as `read_document` does, in a child; blocks, so call it in a thread.

    Raises StudioError, also if the child ends or is silent for `silent_seconds`, and
    ReadingCancelled soon after `is_cancelled` returns True.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = start_child(
                "read-document",
                "studio.documents.formats.child.main",
                [str(path.absolute()), encoding],
                errors,
            )
        except OSError as error:
            raise unreadable(
                path, error.strerror or str(error), tr("Close other programs, and try again.")
            ) from error
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        assert process.stdin is not None
        assert process.stdout is not None
        thread = threading.Thread(
            target=_read_lines,
            args=(process.stdout.fileno(), lines),
            name="from document reader",  # not translated: of a thread
            daemon=True,
        )
        thread.start()
        try:
            return _receive(path, lines, on_progress, is_cancelled, silent_seconds)
        finally:
            process.kill()
            process.wait()
            thread.join()
            process.stdin.close()
            process.stdout.close()
            if text := end_of_log(errors):
                log.warning("document reader: %s", text)


def _receive(
    path: Path,
    lines: queue.SimpleQueue[bytes],
    on_progress: Progress,
    is_cancelled: Callable[[], bool],
    silent_seconds: float,
) -> ImportedDocument:
    decoder: Any = msgspec.json.Decoder(FromReader)
    last = time.monotonic()
    while True:
        if is_cancelled():
            raise ReadingCancelled
        if time.monotonic() - last > silent_seconds:
            raise unreadable(
                path,
                tr("reading it took too long"),
                tr("Open it in another program, save its text as .txt, and open that."),
            )
        try:
            line = lines.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        last = time.monotonic()
        message = _decoded(decoder, line)
        if message is None:
            raise unreadable(
                path,
                tr("the process that read it ended"),
                tr("Open it in another program, save its text as .txt, and open that."),
            )
        if isinstance(message, ReadDone):
            return message.document
        if isinstance(message, ReadProgress):
            on_progress(message.done, message.total)
            continue
        failure = message.failure
        raise StudioError(failure.message, cause=failure.cause, cure=failure.cure)


def _decoded(decoder: Any, line: bytes) -> FromReader | None:
    """Return the message; None at the end, and for what is no message."""
    try:
        message: FromReader = decoder.decode(line)
    except msgspec.DecodeError:
        return None
    return message


def _read_lines(descriptor: int, lines: queue.SimpleQueue[bytes]) -> None:
    with open(descriptor, "rb", closefd=False) as pipe:
        for line in pipe:
            lines.put(line)
    lines.put(b"")
