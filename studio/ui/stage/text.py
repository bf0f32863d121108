"""The stage of the text tab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from studio.core.artifact import Artifact, limit_sentence, stop_text
from studio.core.events import Cancelled, Event, Failed, Finished, Progress, TextDelta, ThoughtDelta
from studio.core.files import write_whole
from studio.core.jobs import Job
from studio.core.requests import TextRequest
from studio.core.requests.text_task import LeftOut
from studio.core.translation import tr, tr_plural
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.stage.candidates.layout import CandidateLayout
from studio.ui.stage.candidates.result_view import ResultView
from studio.ui.stage.candidates.review_panel import ReviewPanel
from studio.ui.stage.candidates.saved_text import SavedText, read_saved_text
from studio.ui.stage.candidates.tokens import (
    Alternative,
    Token,
    continuing_request,
    request_with_alternatives,
    shown_token,
)
from studio.ui.stage.job_group import steps_text
from studio.ui.stage.shown_result import ShownResult
from studio.ui.stage.stage import Stage
from studio.ui.widgets.factory import button, row
from studio.ui.widgets.replace_file import may_write
from studio.ui.widgets.text_view import TextView

TITLE_CHARACTERS = 24
"""Of a prompt, on the tab of its text in a batch."""


class TextStage(Stage):
    """Shows texts as they are generated, one tab a candidate."""

    kind = "text"

    prompt_requested = Signal(str)
    """The user wants this text as the prompt."""
    edit_requested = Signal(str, str, str)
    """(text, path of its file, id of its job): the user wants to edit this text."""
    limit_reached = Signal(object, str)
    """(TextRequest, a sentence about it): a text stops at its token limit."""

    def __init__(self, shared: AppState) -> None:
        self._text = ResultView()
        self.view = TextView(self._text)
        self.candidates = CandidateLayout(shared, self.view)
        self.review = ReviewPanel()
        self._paths: dict[int, str] = {}
        """Place of a candidate among those of the whole batch → its file."""
        self._added: dict[str, tuple[int, str]] = {}
        """Job that goes on from another token → the place and title of its text."""
        self._at_limit: set[str] = set()
        """The jobs with a text that stopped at the token limit."""
        super().__init__(shared)

    def create_result_page(self) -> QWidget:
        """See `Stage`."""
        self.copy_button = button(tr("Copy"), tr("Copy the text (Ctrl+Shift+C)"), self.copy, "copy")
        self.save_button = button(
            tr("Save as…"), tr("Save the text as .txt or .md (Ctrl+S)"), self.save_as, "save"
        )
        self.reuse_button = button(
            tr("Use as prompt"),
            tr("Put the text into the prompt, to continue it"),
            lambda: self.prompt_requested.emit(self.view.text()),
            "retry",
        )
        self.edit_button = button(
            tr("Edit"), tr("Edit the text as a new document"), self._request_edit, "text"
        )
        self.view.changed.connect(self._on_text_changed)
        self.candidates.copy_requested.connect(self._copy_candidate)
        self.candidates.edit_requested.connect(self._edit_candidate)
        self.candidates.pick_requested.connect(self._pick_candidate)
        self.candidates.token_requested.connect(self._open_alternatives)
        self._text.token_requested.connect(self._on_token_requested)
        self.view.tabs.currentChanged.connect(lambda _index: self.update_header())
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.review)
        self.review.put_back_requested.connect(self._edit_with)
        self.shown_changed.connect(lambda: self.review.show_result(self.shown))
        layout.addWidget(
            row(self.edit_button, self.copy_button, self.save_button, self.reuse_button, None)
        )
        self._on_text_changed()
        return page

    def clear_view(self) -> None:
        """See `Stage`."""
        self._paths.clear()
        self._at_limit.clear()
        self._added.clear()
        self.candidates.clear()
        self.view.clear()

    def current_path(self) -> str:
        """See `Stage`."""
        return self._paths.get(max(0, self.view.tabs.currentIndex()), "")

    def select(self, path: str) -> None:
        """See `Stage`."""
        for place, other in self._paths.items():
            if other == path:
                self.view.tabs.setCurrentIndex(place)

    def _place(self, job: Job, candidate: int) -> int:
        """Return the index of a candidate among those of the whole batch."""
        if job.id in self._added:
            return self._added[job.id][0]
        ids = list(self.group.jobs)
        before = ids[: ids.index(job.id)] if job.id in self.group else []
        return sum(self.group.jobs[one].request.result_count for one in before) + candidate

    def show_event(self, job: Job, event: Event) -> None:
        """See `Stage`."""
        if isinstance(event, TextDelta):
            self.view.append(self._place(job, event.candidate), event.text)
        elif isinstance(event, ThoughtDelta):
            self.view.append_thought(
                self._place(job, event.candidate), event.text, takes_text=event.takes_text
            )
        elif isinstance(event, (Finished, Failed, Cancelled)):
            self._show_end(job, event)

    def _show_end(self, job: Job, event: Finished | Failed | Cancelled) -> None:
        for artifact in event.artifacts:
            self._paths[self._place(job, artifact.ordinal)] = artifact.path
        if self.is_over:
            self.candidates.is_over = True
            self.view.keep_only(sorted(self._paths))
        if isinstance(event, Finished):
            self._note_limit(job, event.artifacts)
        if event.artifacts:
            artifacts = event.artifacts
            background.run(
                self,
                lambda: [read_saved_text(Path(artifact.path)) for artifact in artifacts],
                lambda texts: self._show_saved(job, artifacts, texts),
                lambda error: self._on_saved_unreadable(job, error),
            )

    def _show_saved(self, job: Job, artifacts: Sequence[Artifact], texts: list[SavedText]) -> None:
        if job.id not in self.group or not self._paths:
            return
        for artifact, saved in zip(artifacts, texts, strict=True):
            place = self._place(job, artifact.ordinal)
            title = _score_title(place, artifact.score)
            if job.id in self._added:
                title = self._added[job.id][1]
            elif not title and self._is_batch:
                title = f"{place + 1} · {' '.join(job.request.prompt[:TITLE_CHARACTERS].split())}"
            self._show_text(place, saved, title)

    def _show_text(self, place: int, saved: SavedText, title: str) -> None:
        self.candidates.saved[place] = saved
        self.view.set_text(place, saved.text, title)

    def show_files(self, results: Sequence[ShownResult], chosen: int) -> None:
        """See `Stage`."""
        self._paths = {place: result.path for place, result in enumerate(results)}
        paths = [result.path for result in results]

        def show(texts: list[SavedText]) -> None:
            if list(self._paths.values()) != paths:  # another result is shown by now
                return
            for place, saved in enumerate(texts):
                self._show_text(place, saved, _score_title(place, saved.score))
            self.candidates.is_over = True
            self.view.keep_only(range(len(texts)))
            self.view.tabs.setCurrentIndex(chosen)
            self.update_header()

        def read() -> list[SavedText]:
            return [read_saved_text(Path(path)) for path in paths]

        background.run(self, read, show, self._on_unreadable)

    def _on_saved_unreadable(self, job: Job, error: Exception) -> None:
        """Report it where the text is shown; a grid notices by itself what was moved or trashed."""
        if job.id in self.group and not self.is_grid_shown:
            self._on_unreadable(error)

    def _on_unreadable(self, error: Exception) -> None:
        self.notice.show_message(
            tr("The text cannot be read: {reason}", reason=error), tr("It may have been moved.")
        )

    def _note_limit(self, job: Job, artifacts: Sequence[Artifact]) -> None:
        request = job.request
        if not isinstance(request, TextRequest):
            return
        sentence = limit_sentence(artifacts, request.max_new_tokens)
        if not sentence:
            return
        self._at_limit.add(job.id)
        if len(self.group) == 1 and not self.is_grid_shown:  # else the status counts them
            self.limit_reached.emit(request, sentence)

    def group_text(self) -> str:
        """See `Stage`."""
        at_limit = len(self._at_limit)
        if not at_limit:
            return super().group_text()
        stopped = tr("{count} stopped at the token limit", count=at_limit)
        return f"{super().group_text()} · {stopped}"

    def progress_text(self, event: Progress, seconds: float) -> str:
        """See `Stage`."""
        if event.unit != "token":
            return steps_text(event, seconds)
        return tr(
            "Token {step} of at most {total} · {rate:.1f} tokens/s",
            step=event.step,
            total=event.total,
            rate=event.step / max(seconds, 0.001),
        )

    def finished_text(self, job: Job, event: Finished) -> str:
        """See `Stage`."""
        now = event.statistics
        rate = now.units / now.run_seconds if now.run_seconds else 0
        thoughts = sum(artifact.thought_tokens for artifact in event.artifacts)
        tokens = tr_plural("1 token", "{count:,} tokens", now.units)
        if thoughts:
            tokens = tr("{tokens}, {thoughts:,} of them thoughts", tokens=tokens, thoughts=thoughts)
        parts = [
            tokens,
            tr("{rate:.1f} tokens/s", rate=rate),
            tr("first after {seconds:.2f} s", seconds=now.first_seconds),
            tr("prompt {tokens:,} tokens", tokens=now.prompt_tokens),
            stop_text(event.artifacts),
            *now.notes,
        ]
        return " · ".join(filter(None, parts))

    def _on_text_changed(self) -> None:
        has_text = bool(self.view.text())
        for control in (self.edit_button, self.copy_button, self.save_button, self.reuse_button):
            control.setEnabled(has_text)

    def _request_edit(self) -> None:
        shown = self.shown
        job_id = shown.job_id if shown is not None else ""
        self.edit_requested.emit(self.view.text(), self.current_path(), job_id)

    def _edit_with(self, left_out: Sequence[LeftOut]) -> None:
        """Open the text as a document with the sentences that its task left out."""
        from studio.text_tasks.omission import put_back

        shown = self.shown
        job_id = shown.job_id if shown is not None else ""
        self.edit_requested.emit(put_back(self.view.text(), left_out), self.current_path(), job_id)

    def _copy_candidate(self, place: int) -> None:
        QGuiApplication.clipboard().setText(self.view.texts().get(place, ""))
        self.shared.post_toast(tr("Copied"))

    def _edit_candidate(self, place: int) -> None:
        self.view.tabs.setCurrentIndex(place)
        self._request_edit()

    def _pick_candidate(self, place: int) -> None:
        """Show only this text."""
        picked = self._results.get(self._paths.get(place, ""))
        if picked is not None:
            self._show_results([picked], 0)
            self.shared.post_toast(tr("The other texts are in the library"))

    # Alternatives of a token
    # ----------------------------------------------------------------------

    def _on_token_requested(self, place: int) -> None:
        self._open_alternatives(self._text, max(0, self.view.tabs.currentIndex()), place)

    def _open_alternatives(self, view: ResultView, candidate: int, place: int) -> None:
        from studio.ui.stage.candidates.alternatives import AlternativesPopup
        from studio.ui.stage.candidates.sentence_marks import sentence_at

        saved = self.candidates.saved.get(candidate)
        if saved is not None and saved.coverage is not None:
            sentence = sentence_at(saved.coverage, saved.text, place)
            if sentence >= 0:
                self.view.tabs.setCurrentIndex(candidate)
                self.review.show_sources(sentence)
            return
        result = self._results.get(self._paths.get(candidate, ""))
        if saved is None or result is None or not isinstance(result.request, TextRequest):
            return
        request = result.request
        popup = AlternativesPopup(view)
        popup.alternative_chosen.connect(
            lambda token, chosen: self._continue_from(result, saved.text, token, chosen)
        )
        popup.repeat_requested.connect(lambda: self._generate_again(request))
        popup.open_at(view, saved, request, place)

    def _continue_from(
        self, result: ShownResult, text: str, token: Token, chosen: Alternative
    ) -> None:
        """Add a job that goes on from another token, and show its text as a candidate."""
        request = result.request
        assert isinstance(request, TextRequest)
        cards = self.shared.cards(self.kind)
        card = next((card for card in cards if card.name == request.model), None)
        completes = request.mode == "complete" or (card is not None and not card.chat)
        job = self.shared.new_job(
            continuing_request(request, text, token, chosen, completes=completes)
        )
        number = self.view.tabs.count() + 1
        title = tr("{number} · from “{token}”", number=number, token=shown_token(chosen.text))
        self.candidates.is_over = False
        self.join(job)
        self._added[job.id] = (self.view.add_candidate(title), title)
        self.shared.queue.submit([job])

    def _generate_again(self, request: TextRequest) -> None:
        job = self.shared.new_job(request_with_alternatives(request))
        if self.is_over:
            self.follow(job)
        else:
            self.shared.post_toast(tr("Added to the queue"))
        self.shared.queue.submit([job])

    def copy(self) -> None:
        """Copy the whole text that is shown."""
        QGuiApplication.clipboard().setText(self.view.text())
        self.shared.post_toast(tr("Copied"))

    def save_as(self) -> None:
        """See `Stage`."""
        text = self.view.text()
        if not text:
            return
        suggested = str(Path.home() / "text.txt")
        name, _filter = QFileDialog.getSaveFileName(
            self, tr("Save the text"), suggested, tr("Text (*.txt);;Markdown (*.md)")
        )
        path = Path(name) if Path(name).suffix else Path(f"{name}.txt")
        if name and may_write(self, name, path):
            self.write_in_background(
                path, lambda: write_whole(path, text.encode(errors="replace"), replace=True)
            )


def _score_title(place: int, score: float | None) -> str:
    if score is None:
        return ""
    return f"{place + 1} · {tr('score {score:.2f}', score=score)}"
