"""Writes the text of a job into the document as it arrives; the person decides what becomes of it.

The text is one step of undo. It stays marked until it is accepted or rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.events import Cancelled, Event, Failed, Finished, Loading, Progress, TextDelta
from studio.core.jobs import Sources
from studio.core.translation import mark, tr, tr_marked
from studio.documents.document import Change, clean_text
from studio.documents.origins import Origin, cut
from studio.documents.pending import Pending, written_part
from studio.documents.tracked_range import TrackedRange
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.marking.marks import Mark, Marks
from studio.ui.text.writing.requests import Writing, writing_of

FLUSH_MS = 30
State = Literal["idle", "running", "done"]
_ENDS = {
    "stop": mark("The model ended its text."),
    "stop_string": mark("The text ends at a stop string."),
    "length": mark("The text stops at its limit of tokens."),
}
"""Finish reason → sentence, marked."""


class DocumentGeneration(QObject):
    """The text that a model writes, or wrote last, into the document that is open."""

    state_changed = Signal(str)
    """State: "done" while the person decides."""
    status_changed = Signal(str)
    failed = Signal(object)
    """Failure: why the job ended."""
    accepted = Signal(str)
    """Id of the job whose text stays."""
    pending_changed = Signal(object)
    """Pending: a text begins; None: the person has decided, or nothing was written."""

    def __init__(self, shared: AppState, editor: DocumentEditor, marks: Marks) -> None:
        super().__init__(editor)
        self.shared = shared
        self._editor = editor
        self._marks = marks
        self.state: State = "idle"
        self.stopped_at_length = False
        """The text ends because of its limit of tokens."""
        self._job_id = ""
        self._writing: Writing | None = None
        self._range = TrackedRange(0, 0)
        self._before = Change(0, 0, "", ())
        """Puts back what the text replaced, once its place is known."""
        self._pieces: list[str] = []
        self._written = ""
        self._has_begun = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._flush)
        shared.queue.job_event.connect(self._on_job_event)
        shared.queue.failed.connect(self._on_queue_failed)
        editor.edited.connect(self._on_edited)
        editor.undoing.connect(self._on_undoing)

    @property
    def writing(self) -> Writing | None:
        """What was asked for."""
        return self._writing

    @property
    def place(self) -> int:
        """Where the text ends."""
        return self._range.end

    def go_to(self, place: int) -> None:
        """Move the cursor."""
        self._editor.select(place, place)

    # Begin and end
    # ----------------------------------------------------------------------

    def start(self, writing: Writing) -> None:
        """Submit the job; its text replaces the part when it begins."""
        if self.state == "done":
            self.accept()
        editor = self._editor
        editor.history.close_step()
        source = editor.text_document.source
        job = self.shared.new_job(writing.request, Sources(prompt=source))
        self._job_id, self._writing = job.id, writing
        self._pieces, self._written, self._has_begun = [], "", False
        self.stopped_at_length = False
        self._range = TrackedRange(writing.start, writing.end)
        editor.ranges.append(self._range)
        removed = editor.text[writing.start : writing.end]
        origins = cut(editor.text_document.origins, writing.start, writing.end)
        self._before = Change(0, 0, removed, origins)
        self.pending_changed.emit(
            Pending(job.id, removed, origins, writing.request, writing.placement)
        )
        self._set_state("running")
        self.status_changed.emit(tr("Waiting in the queue…"))
        self.shared.queue.submit([job])

    def stop(self) -> None:
        """Stop the job; what it wrote stays until it is rejected."""
        if self.state == "running":
            self.shared.queue.cancel([self._job_id])
            self.status_changed.emit(tr("Stopping…"))

    def accept(self) -> None:
        """Keep the text."""
        job_id = self._job_id
        self.end()
        if job_id:
            self.accepted.emit(job_id)

    def reject(self) -> None:
        """Put back what was there before, as a step of undo."""
        if self._has_begun:
            before, place = self._before, self._range
            self._editor.history.close_step()
            self._editor.apply(Change(place.start, place.length, before.inserted, before.origins))
            self._editor.history.close_step()
        self.end()

    def retry(self) -> None:
        """Put back what was there before, and write another text in its place."""
        writing, place = self._writing, self._range
        assert writing is not None
        job = self.shared.queue.job(self._job_id)
        if job is not None and not job.state.over:  # Studio ended while it ran: it runs again
            self.shared.queue.cancel([job.id])
        length = len(self._before.inserted)
        start = place.start
        self.reject()
        request = msgspec.structs.replace(writing.request, seed=None)
        self.start(
            msgspec.structs.replace(writing, request=request, start=start, end=start + length)
        )

    def resume(self, pending: Pending) -> None:
        """Mark a text again about which the person did not decide before Studio ended."""
        document = self._editor.text_document
        start, end = written_part(document.origins, pending.job)
        if start == end:
            self.pending_changed.emit(None)
            return
        self._job_id, self._writing = pending.job, writing_of(pending, start, end)
        self._pieces, self._written, self._has_begun = [], "", True
        self.stopped_at_length = False
        self._range = TrackedRange(start, end)
        self._editor.ranges.append(self._range)
        self._before = Change(0, 0, pending.before, pending.origins)
        self._show_mark()
        self._set_state("done")
        self.status_changed.emit(tr("A model wrote this. Do you want to keep it?"))

    def leave(self) -> None:
        """Stop without a decision: another document is shown. The text stays undecided."""
        self.stop()
        self._forget()

    def end(self) -> None:
        """Leave the text as it is, without a mark."""
        if self._job_id:
            self.pending_changed.emit(None)
        self._forget()

    def _forget(self) -> None:
        self._timer.stop()
        if self._job_id:
            self._editor.history.close_step(self._key)
        self._job_id = ""
        if self._range in self._editor.ranges:
            self._editor.ranges.remove(self._range)
        self._marks.set("generated", ())
        self._set_state("idle")

    def _set_state(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    @property
    def _key(self) -> str:
        return f"job {self._job_id}" if self._job_id else ""

    # Events
    # ----------------------------------------------------------------------

    def _on_job_event(self, job_id: str, event: Event) -> None:
        if job_id != self._job_id or self.state != "running":
            return
        if isinstance(event, TextDelta) and event.candidate == 0:
            self._take(event.text)
        elif isinstance(event, Loading):
            self.status_changed.emit(tr("{phase}…", phase=event.phase))
        elif isinstance(event, Progress):
            self.status_changed.emit(
                tr("Token {step} of at most {total}", step=event.step, total=event.total)
            )
        elif isinstance(event, Finished | Cancelled):
            self._on_over(event)
        elif isinstance(event, Failed):
            self._on_failed(event.failure)

    def _on_queue_failed(self, message: str, job_ids: list[str]) -> None:
        if self.state == "running" and self._job_id in job_ids:
            self._on_failed(Failure(cause="disk", message=message))

    def _on_failed(self, failure: Failure) -> None:
        job = self.shared.queue.job(self._job_id) if self._job_id else None
        if job is not None and not job.state.over:  # the engine crashed, and the job runs again
            self._pieces.clear()
            if self._has_begun:
                self._put(self._range.start, self._range.length, "")
            self._written = ""
            return
        self._flush()
        if self._has_begun:
            self._set_state("done")
        else:
            self.end()
        self.status_changed.emit("")
        self.failed.emit(failure)

    def _on_over(self, event: Finished | Cancelled) -> None:
        self._flush()
        self.stopped_at_length = any(one.finish_reason == "length" for one in event.artifacts)
        self.status_changed.emit(_end_text(event.artifacts))
        job_id = self._job_id
        if not event.artifacts:
            self._finish("")
            return

        def take(text: str) -> None:
            if self._job_id == job_id and self.state == "running":
                self._finish(text)

        path = event.artifacts[0].path
        background.run(
            self,
            lambda: clean_text(Path(path).read_text(encoding="utf-8")),
            take,
            lambda _error: take(""),  # the text that was streamed stays
        )

    def _finish(self, text: str) -> None:
        """Take over the final text, which may be cleaned, unless the person changed it."""
        writing = self._writing
        assert writing is not None
        final = self._without_prompt(text) if text else ""
        place = self._range
        shown = self._editor.text[place.start : place.end] if self._has_begun else ""
        if final and final != shown and shown == self._written:
            self._replace_with(final)
        if self._has_begun and writing.placement == "above":
            self._append("\n\n")
        if self._has_begun:
            self._set_state("done")
        else:
            self.end()

    def _replace_with(self, final: str) -> None:
        if not self._has_begun:
            self._append(final)
        elif final.startswith(self._written):
            self._append(final[len(self._written) :])
        else:
            self._put(self._range.start, self._range.length, final)
            self._written = final

    # Text
    # ----------------------------------------------------------------------

    def _without_prompt(self, text: str) -> str:
        """Return what the model wrote of a result that begins with what it continued."""
        writing = self._writing
        assert writing is not None
        request = writing.request
        if writing.placement != "continue":
            return text
        known = clean_text(request.prompt + request.prefix).rstrip(" \t")
        rest = text[len(known) :] if text.startswith(known) else text
        start = self._range.start
        has_blank = not start or self._editor.text[start - 1].isspace()
        return rest.lstrip(" \t") if has_blank else rest

    def _take(self, piece: str) -> None:
        piece = clean_text(piece)
        if not self._written and not self._pieces:
            piece = self._without_prompt(piece)
        if piece:
            self._pieces.append(piece)
            if not self._timer.isActive():
                self._timer.start(FLUSH_MS)

    def _flush(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        if text and self._job_id:
            start, end = self._editor.visible_part()
            is_followed = start <= self._range.end <= end
            self._append(text)
            if is_followed:
                self._editor.scroll_to(self._range.end)

    def _append(self, text: str) -> None:
        if self._has_begun:
            self._put(self._range.end, 0, text)
        else:
            self._has_begun = True
            self._put(self._range.start, self._range.length, text)
        self._written += text

    def _put(self, start: int, removed: int, text: str) -> None:
        """Change the text as a part of this step, within the range."""
        place, ranges = self._range, self._editor.ranges
        ranges.remove(place)
        change = self._editor.change(start, removed, text, Origin("model", self._job_id), self._key)
        place.grow(change)
        ranges.append(place)
        self._show_mark()

    def _show_mark(self) -> None:
        place = self._range
        self._marks.set("generated", [Mark(place.start, place.end, "generated")])

    def _on_edited(self, _change: Change) -> None:
        if self.state != "idle" and self._has_begun:
            self._show_mark()

    def _on_undoing(self, key: str) -> None:
        """Stop a text that is taken back while it is written."""
        if self._job_id and key == self._key:
            if self.state == "running":
                self.shared.queue.cancel([self._job_id])
            self._pieces.clear()
            self.end()


def _end_text(artifacts: Sequence[Artifact]) -> str:
    """Return why the text ends."""
    reason = artifacts[0].finish_reason if artifacts else ""
    return tr_marked(_ENDS[reason]) if reason in _ENDS else tr("Stopped.")
