"""The program's end of a file reader: a child that is started on demand and replaced when it dies.

Python threads that read files would keep the window's thread waiting for Python's lock, and a
hostile file could end the window.
"""

from __future__ import annotations

import contextlib
import logging
import math
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked
from studio.library.file_reader.messages import (
    FilesRead,
    FileToRead,
    FromReader,
    GarbledError,
    MakeThumbnail,
    ReadFiles,
    Ready,
    Refused,
    ThumbnailMade,
    ToReader,
    pack,
    read_message,
)
from studio.library.file_reader.reader import InProcessReader, ReadResult, Unread
from studio.library.items import Media, NewItem
from studio.media.child_process import end_of_log, start_child

START_SECONDS = 60.0
"""In which a child must have imported what it needs."""
FILE_SECONDS = 30.0
"""For one file, or several small ones, and more for large ones."""
BYTES_PER_SECOND = 5 << 20
"""A slow network drive."""
IDLE_SECONDS = 20.0
"""After which a child that nobody needs ends: it takes 60 MB."""
_WATCH_SECONDS = 1.0
"""Between two looks at what a child does. A timer for each use would take longer than the use."""
CRASHED = mark("Reading it crashed or took too long.")
log = logging.getLogger(__name__)


class _DeadError(Exception):
    """The child ended, was too slow or sent something else than an answer."""


class ReaderProcess:
    """Reads files and makes thumbnails in a child. Any thread may call it; one is served a time.

    If no child can be started, files are read in this process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._is_closed = False
        self._is_unusable = False

    @property
    def pid(self) -> int:
        """Id of the child; 0 if none runs."""
        child = self._child
        return child.process.pid if child is not None else 0

    def read_all(self, files: Sequence[FileToRead]) -> list[ReadResult]:
        """Return what the library stores about each file; all None once the reader is closed.

        A file that ends the child twice is `Unread`.
        """
        with self._lock, self._in_use():
            found: list[ReadResult] = []
            self._read(files, found)
            for file in files[len(found) :]:
                alone: list[ReadResult] = []
                self._read([file], alone)
                found += alone or [None if self._is_closed else Unread()]
            return found

    def thumbnail(self, path: Path, media: Media) -> bytes:
        """Return the thumbnail of a file. Raises StudioError; see `library/thumbnails/make.py`."""
        from studio.library.thumbnails.make import thumbnail_of_file

        with self._lock, self._in_use():
            child = self._started()
            if child is None:
                if self._is_closed:
                    raise StudioError(tr("The library is closed."))
                return thumbnail_of_file(path, media)
            try:
                with self._replacing_dead(child), child.limited(FILE_SECONDS):
                    child.send(MakeThumbnail(str(path), media))
                    answer = child.receive()
                    if isinstance(answer, ThumbnailMade):
                        return answer.data
                    if isinstance(answer, Refused):
                        raise StudioError(answer.message, cause="invalid", cure=answer.cure)
                    raise _DeadError("unexpected answer")
            except _DeadError:
                raise StudioError(
                    tr("{name} has no preview.", name=path.name),
                    cause="invalid",
                    cure=tr_marked(CRASHED),
                ) from None

    def close(self) -> None:
        """Kill the child, also while a thread waits for its answer; nothing is read any more."""
        self._is_closed = True
        child = self._child
        if child is not None:
            child.process.kill()
        with self._lock:
            self._end()
        if child is not None:
            child.watch.join()

    # With the lock
    # ----------------------------------------------------------------------

    def _read(self, files: Sequence[FileToRead], found: list[ReadResult]) -> None:
        """Append the results of the files, of all if nothing ends the child."""
        child = self._started()
        if child is None:
            found += [None] * len(files) if self._is_closed else InProcessReader().read_all(files)
            return
        seconds = FILE_SECONDS + sum(file.size for file in files) / BYTES_PER_SECOND
        try:
            with self._replacing_dead(child), child.limited(seconds):
                child.send(ReadFiles(tuple(files)))
                while len(found) < len(files):
                    found += _checked(child.receive(), files[len(found) :])
        except _DeadError:
            return

    def _started(self) -> _Child | None:
        """Return the child, started if necessary; None if that is impossible, or after `close`."""
        if self._is_closed or self._is_unusable:
            return None
        if self._child is not None and self._child.process.poll() is not None:
            self._end()
        if self._child is None:
            try:
                self._child = child = _Child(self._watch)
            except OSError as error:
                log.warning("file reader: %s; files are read in this process", error)
                self._is_unusable = True
                return None
            if self._was_closed():  # meanwhile: `close` did not see the child
                self._end()
                return None
            try:
                with self._replacing_dead(child), child.limited(START_SECONDS):
                    if not isinstance(child.receive(), Ready):
                        raise _DeadError("unexpected answer")
            except _DeadError:
                self._is_unusable = not self._is_closed
        return self._child

    def _was_closed(self) -> bool:
        return self._is_closed

    @contextlib.contextmanager
    def _replacing_dead(self, child: _Child) -> Iterator[None]:
        try:
            yield
        except (_DeadError, OSError, GarbledError, msgspec.DecodeError) as error:
            reason = f"{error} {child.end()}"
            self._child = None
            if not self._is_closed:
                log.warning("file reader: %s", reason)
            raise _DeadError from error

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._child is not None:
                self._child.last_used = time.monotonic()

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    # In the thread of a child
    # ----------------------------------------------------------------------

    def _watch(self, child: _Child) -> None:
        """Kill a child that takes too long, and end one that nobody needs."""
        while not child.ended.wait(min(_WATCH_SECONDS, IDLE_SECONDS)):
            now = time.monotonic()
            if now > child.deadline:
                child.process.kill()
            elif now > child.last_used + IDLE_SECONDS:
                self._end_idle(child)

    def _end_idle(self, child: _Child) -> None:
        if not self._lock.acquire(blocking=False):  # in use
            return
        try:
            is_idle = time.monotonic() > child.last_used + IDLE_SECONDS
            if self._child is child and is_idle:
                self._end()
        finally:
            self._lock.release()


class _Child:
    """One child. Its methods raise OSError, _DeadError, GarbledError and msgspec.DecodeError."""

    def __init__(self, watch: Callable[[_Child], None]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed in `end`
        try:
            self.process: subprocess.Popen[bytes] = start_child(
                "read-files",
                "studio.library.file_reader.main",
                [],
                self._errors,
                has_own_session=True,
            )
        except BaseException:
            self._errors.close()
            raise
        self._decoder: Any = msgspec.msgpack.Decoder(FromReader)
        self.last_used = time.monotonic()
        self.deadline = math.inf
        """Time at which it is too slow."""
        self.ended = threading.Event()
        self.watch = threading.Thread(target=watch, args=(self,), name="file-reader", daemon=True)
        self.watch.start()

    def send(self, message: ToReader) -> None:
        """Send a message; it fits into the pipe, or the child reads it at once."""
        data = memoryview(pack(message))
        assert self.process.stdin is not None
        while data:
            data = data[self.process.stdin.write(data) :]

    def receive(self) -> FromReader:
        """Return the next answer."""
        assert self.process.stdout is not None
        message = read_message(self.process.stdout)
        if message is None:
            raise _DeadError("it ended")
        answer: FromReader = self._decoder.decode(message)
        return answer

    @contextlib.contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Kill the child if the block takes longer."""
        self.deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            self.deadline = math.inf

    def end(self) -> str:
        """Kill it; return its exit code and the end of its log."""
        self.ended.set()
        self.process.kill()
        code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with self._errors:
            return f"({code}) {end_of_log(self._errors)}".strip()


def _checked(answer: FromReader, files: Sequence[FileToRead]) -> Sequence[NewItem | None]:
    """Return the items of an answer. Raises GarbledError for one that is not about the files."""
    if not isinstance(answer, FilesRead) or not 0 < len(answer.items) <= len(files):
        raise GarbledError("not the answer that is due")  # not translated: a fault of the program
    for item, file in zip(answer.items, files, strict=False):
        if item is not None and item.path != file.path:
            raise GarbledError("an item of another file")  # not translated: a fault of the program
    return answer.items
