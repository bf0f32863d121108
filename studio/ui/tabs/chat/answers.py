"""Follows the jobs that write answers of chats, and fills their turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.artifact import Artifact
from studio.core.events import AnyEvent, Cancelled, Failed, Finished, TextDelta, ThoughtDelta
from studio.core.jobs import Job
from studio.documents.chat import Chat, Turn
from studio.jobs.queue import JobQueue
from studio.ui import background

FLUSH_MS = 40
STORE_MS = 1_000
"""After a kill, at most so much of an answer is missing."""


@dataclass
class Streamed:
    """An answer that is being written."""

    chat: Chat
    turn_id: str
    text: str = ""
    thoughts: str = ""
    is_left: bool = False
    """True for one that the end of an earlier session interrupted, until its job runs again."""


class Answers(QObject):
    """The answers that are not complete, of all chats."""

    changed = Signal(str)
    """Id of a turn whose answer grew."""
    grew = Signal(object, str, str)
    """(Chat, id of a turn, its text so far), to be stored."""
    ended = Signal(object, str, str)
    """(Chat, id of a turn that is complete, why it failed or empty)."""

    def __init__(self, queue: JobQueue, parent: QObject) -> None:
        super().__init__(parent)
        self._queue = queue
        self._streams: dict[str, Streamed] = {}
        """Id of a job → its answer."""
        self.thoughts: dict[str, str] = {}
        """Id of a turn → what the model thought before its answer, in this session."""
        self._grown: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FLUSH_MS)
        self._timer.timeout.connect(self._flush)
        self._unstored: set[str] = set()
        """Ids of jobs whose answers grew since they were stored."""
        self._store_timer = QTimer(self)
        self._store_timer.setSingleShot(True)
        self._store_timer.setInterval(STORE_MS)
        self._store_timer.timeout.connect(self._on_store_due)
        queue.job_event.connect(self._on_job_event)
        queue.jobs_removed.connect(self._on_jobs_removed)
        queue.jobs_changed.connect(self._on_jobs_changed)

    def follow(self, chat: Chat, turn: Turn, *, is_left: bool = False) -> None:
        """Fill a turn as its job writes it, or at once if the job is over.

        `is_left`: the turn was read, so that another session submitted its job.
        """
        if turn.job in self._streams:
            return
        self._streams[turn.job] = Streamed(
            chat, turn.id, is_left=is_left and bool(turn.text.strip())
        )
        job = self._queue.job(turn.job)
        if job is not None and job.state.over:
            self._collect(turn.job, "")
        elif job is None:  # of an earlier session, or submitted just now

            def receive(artifacts: Sequence[Artifact]) -> None:
                if self._queue.job(turn.job) is None:
                    self._read(turn.job, artifacts, "")

            self._queue.find_artifacts(turn.job, receive)

    def chat(self, chat_id: str) -> Chat | None:
        """Return a chat that has an incomplete answer."""
        found = (one.chat for one in self._streams.values() if one.chat.id == chat_id)
        return next(found, None)

    def text(self, job_id: str) -> Streamed | None:
        """Return an incomplete answer."""
        return self._streams.get(job_id)

    def give_up(self, job_id: str) -> None:
        """Cancel a job whose turn is written in another way."""
        if self._streams.pop(job_id, None) is not None:
            self._queue.cancel([job_id])

    def jobs_of(self, chat_id: str) -> list[str]:
        """Return the jobs that write answers of a chat, without those that were interrupted."""
        return [
            job for job, one in self._streams.items() if one.chat.id == chat_id and not one.is_left
        ]

    def _on_job_event(self, job_id: str, event: AnyEvent) -> None:
        stream = self._streams.get(job_id)
        if stream is None:
            return
        stream.is_left = False
        if isinstance(event, TextDelta) and not event.candidate:
            stream.text += event.text
        elif isinstance(event, ThoughtDelta) and not event.candidate:
            if event.takes_text:
                stream.thoughts, stream.text = stream.thoughts + stream.text, ""
            stream.thoughts += event.text
        elif isinstance(event, (Finished, Failed, Cancelled)):
            failure = event.failure.message if isinstance(event, Failed) else ""
            self._read(job_id, event.artifacts, failure)
            return
        self._grown.add(stream.turn_id)
        self._unstored.add(job_id)
        if not self._store_timer.isActive():
            self._store_timer.start()
        if not self._timer.isActive():
            self._timer.start()

    def _flush(self) -> None:
        grown, self._grown = self._grown, set()
        for turn_id in grown:
            self.changed.emit(turn_id)

    def _on_store_due(self) -> None:
        jobs, self._unstored = self._unstored, set()
        for job_id in jobs:
            stream = self._streams.get(job_id)
            if stream is not None and stream.text.strip():
                self.grew.emit(stream.chat, stream.turn_id, stream.text)

    def _on_jobs_changed(self, _jobs: list[Job]) -> None:
        """Collect what was cancelled before it ran, which sends no event."""
        for job_id in list(self._streams):
            job = self._queue.job(job_id)
            if job is not None and job.state.over and not job.started:
                self._collect(job_id, "")

    def _on_jobs_removed(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            if job_id in self._streams:
                self._collect(job_id, "")

    def _collect(self, job_id: str, failure: str) -> None:
        self._queue.find_artifacts(job_id, lambda found: self._read(job_id, found, failure))

    def _read(self, job_id: str, artifacts: Sequence[Artifact], failure: str) -> None:
        if job_id not in self._streams:
            return
        if not artifacts:
            self._end(
                job_id, self._streams[job_id].text, "failed" if failure else "cancelled", failure
            )
            return
        first = artifacts[0]
        finish = "cancelled" if first.partial else first.finish_reason or "stop"
        background.run(
            self,
            lambda: Path(first.path).read_text(encoding="utf-8"),
            lambda text: self._end(job_id, text, finish, failure),
            lambda error: self._end(job_id, "", "failed", str(error)),
        )

    def _end(self, job_id: str, text: str, finish: str, failure: str) -> None:
        stream = self._streams.pop(job_id, None)
        if stream is None or stream.turn_id not in stream.chat.turns:
            return
        turn = stream.chat.turns[stream.turn_id]
        if stream.thoughts.strip():
            self.thoughts[turn.id] = stream.thoughts
        # an answer that was to go on keeps its text if nothing came
        stream.chat.replace(msgspec.structs.replace(turn, text=text or turn.text, finish=finish))
        self.ended.emit(stream.chat, turn.id, failure)
