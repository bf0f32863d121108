"""Asks the dictionaries in a child process, which begins with the first question."""

from __future__ import annotations

import contextlib
import io
import logging
import subprocess
import tempfile
import threading
from typing import IO, NamedTuple

import msgspec

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.documents.spelling.messages import Answer, Question
from studio.media.child_process import end_of_log, start_child

log = logging.getLogger(__name__)


class _Child(NamedTuple):
    process: subprocess.Popen[bytes]
    questions: IO[bytes]
    answers: IO[bytes]
    errors: IO[bytes]

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):  # what was written to it last
            self.questions.close()
        self.answers.close()
        if text := end_of_log(self.errors):
            log.warning("spell check: %s", text)
        self.errors.close()


class SpellingProcess:
    """One child. A crash of a dictionary ends it, and the next question starts another one."""

    def __init__(self, data: DataFolder) -> None:
        self._folder = data.dictionaries
        self._asking = threading.Lock()
        self._child: _Child | None = None
        self._is_closed = False

    def ask(self, question: Question) -> Answer:
        """Return the answer; blocks, so call it in a thread.

        Raises StudioError, also if `close` ends the child meanwhile.
        """
        with self._asking:
            try:
                child = self._started()
                child.questions.write(msgspec.json.encode(question) + b"\n")
                child.questions.flush()
                answer = msgspec.json.decode(child.answers.readline(), type=Answer)
            except (OSError, ValueError) as error:  # it ended: no line, or a part of one
                self._end()
                raise StudioError(
                    tr("The spell check ended unexpectedly."),
                    cure=tr("Remove dictionaries of your own from {path}.", path=self._folder),
                ) from error
        if answer.failure is not None:
            failure = answer.failure
            raise StudioError(failure.message, cause=failure.cause, cure=failure.cure)
        return answer

    def _started(self) -> _Child:
        if self._is_closed:
            raise OSError("closed")
        if self._child is None:
            # The child writes to it until it ends.
            errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
            try:
                process = start_child(
                    "check-spelling",
                    "studio.documents.spelling.main",
                    [str(self._folder)],
                    errors,
                )
            except OSError:
                errors.close()
                raise
            assert isinstance(process.stdin, io.FileIO)
            assert isinstance(process.stdout, io.FileIO)
            questions = io.BufferedWriter(process.stdin)
            self._child = _Child(process, questions, io.BufferedReader(process.stdout), errors)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def close(self) -> None:
        """End the child; takes a few milliseconds."""
        self._is_closed = True
        if (child := self._child) is not None:
            child.process.kill()  # a question that waits returns
        with self._asking:
            self._end()
