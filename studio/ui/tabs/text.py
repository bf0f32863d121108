"""The text tab."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QVBoxLayout, QWidget

from studio.core.artifact import Artifact, limit_sentence
from studio.core.errors import Problem
from studio.core.events import Cancelled, Event, Failed, Finished, Progress, TextDelta, ThoughtDelta
from studio.core.files import write_whole
from studio.core.jobs import Job
from studio.core.presets import Preset, presets
from studio.core.requests import MAX_NEW_TOKENS, Request, TextRequest
from studio.models.card import ModelCard
from studio.preflight.checks import check
from studio.preflight.tokens import count_tokens
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.tabs.base import GenerateTab
from studio.ui.widgets.factory import button, label, name_control, row, text_editor
from studio.ui.widgets.text_view import TextView

COUNT_DELAY_MS = 200
TITLE_CHARACTERS = 24
"""Of a prompt, on the tab of its text in a batch."""


class TextTab(GenerateTab):
    """The form on the left, the text on the right, streamed."""

    kind = "text"
    own_fields = ("system_prompt", "format")

    def __init__(self, shared: AppState) -> None:
        self.system_prompt = text_editor("System prompt", "How a chat model should behave.", 48)
        self._system_title = label("System prompt", "muted")
        self.token_count = label("", "muted")
        self.view = TextView()
        self._tokens: int | None = None
        self._complete: set[int] = set()
        """The candidates with a saved result."""
        self._at_limit: set[str] = set()
        """The jobs with a text that stopped at the token limit."""
        self._count_timer = QTimer()
        super().__init__(shared)
        self._count_timer.setParent(self)
        self._count_timer.setSingleShot(True)
        self._count_timer.setInterval(COUNT_DELAY_MS)
        self._count_timer.timeout.connect(self._count)
        self.prompt.textChanged.connect(self._count_timer.start)
        self.system_prompt.textChanged.connect(self._count_timer.start)
        self.system_prompt.textChanged.connect(self._on_edited)
        self.form.fields["max_new_tokens"].changed.connect(self._show_count)

    def extra_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        preset_button = QToolButton()
        preset_button.setText("Presets")
        preset_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        name_control(preset_button, "Presets", "Fill the form for a common task")
        menu = QMenu(preset_button)
        for preset in presets("text"):
            menu.addAction(preset.title, functools.partial(self.use_preset, preset))
        preset_button.setMenu(menu)
        self.preset_button = preset_button
        return [row(preset_button, None, self.token_count), self._system_title, self.system_prompt]

    def result_widget(self) -> QWidget:
        """See `GenerateTab`."""
        self.copy_button = button("Copy", "Copy the text (Ctrl+Shift+C)", self.copy, "copy")
        self.save_button = button(
            "Save as…", "Save the text as .txt or .md (Ctrl+S)", self.save_as, "save"
        )
        self.reuse_button = button(
            "Use as prompt",
            "Put the text into the prompt, to continue it",
            self.use_as_prompt,
            "retry",
        )
        self.view.changed.connect(self._on_text_changed)
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        layout.addWidget(row(self.copy_button, self.save_button, self.reuse_button, None))
        self._on_text_changed()
        return holder

    def own_values(self) -> dict[str, Any]:
        """See `FormTab`."""
        return {"system_prompt": self.system_prompt.toPlainText()}

    def set_own_values(self, values: dict[str, Any]) -> None:
        """See `FormTab`."""
        if "system_prompt" in values:
            self.system_prompt.setPlainText(str(values["system_prompt"]))

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Show the system prompt for models that use it."""
        chat = card is None or card.chat
        self._system_title.setVisible(chat)
        self.system_prompt.setVisible(chat)
        self._count_timer.start()

    def use_preset(self, preset: Preset) -> None:
        """Fill the form, select the part to overwrite, prefer a model of the preset's family."""
        fitting = [
            card
            for card in self.shared.cards("text")
            if preset.family and card.family == preset.family
        ]
        if fitting:
            self.choose_model(fitting[0].name)
        self.form.reset_edited()
        self._on_model_changed()
        self.set_values({"system_prompt": "", **preset.values})
        start = self.prompt.toPlainText().find(preset.select) if preset.select else -1
        if start >= 0:
            cursor = self.prompt.textCursor()
            cursor.setPosition(start)
            cursor.setPosition(start + len(preset.select), QTextCursor.MoveMode.KeepAnchor)
            self.prompt.setTextCursor(cursor)
        self.prompt.setFocus()

    # Tokens
    # ----------------------------------------------------------------------

    def _count(self) -> None:
        card, prompt, system = (
            self.card,
            self.prompt.toPlainText(),
            self.system_prompt.toPlainText(),
        )
        if card is None or not prompt:
            self._on_counted(None if card is None else 0)
            return
        background.run(
            self,
            lambda: count_tokens(card, prompt, system),
            self._on_counted,
            lambda _error: self._on_counted(None),
        )

    def _on_counted(self, tokens: int | None) -> None:
        self._tokens = tokens
        self._show_count()
        self.check()

    def _show_count(self) -> None:
        card = self.card
        if card is None or self._tokens is None:
            self.token_count.setText("")
            return
        limit = f" of {card.max_positions:,}" if card.max_positions else ""
        self.token_count.setText(f"{self._tokens:,}{limit} tokens")

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """See `FormTab`. The tokens of the prompt are counted in the background."""
        return check(card, request, self.shared.find_card, read_files=False, tokens=self._tokens)

    # The result
    # ----------------------------------------------------------------------

    def begin_result(self, job: Job) -> None:
        """See `GenerateTab`."""
        self._complete.clear()
        self._at_limit.clear()
        self.view.clear()

    def _place(self, job: Job, candidate: int) -> int:
        """Return the index of a candidate among those of the whole batch."""
        ids = list(self._group)
        before = ids[: ids.index(job.id)] if job.id in self._group else []
        return sum(self._group[one].request.result_count for one in before) + candidate

    def show_event(self, job: Job, event: Event) -> None:
        """See `GenerateTab`."""
        if isinstance(event, TextDelta):
            self.view.append(self._place(job, event.candidate), event.text)
        elif isinstance(event, ThoughtDelta):
            self.view.append_thought(
                self._place(job, event.candidate), event.text, takes_text=event.takes_text
            )
        if isinstance(event, (Finished, Failed, Cancelled)):
            self._complete.update(
                self._place(job, artifact.ordinal) for artifact in event.artifacts
            )
            if self.is_over:
                self.view.keep_only(sorted(self._complete))
        if isinstance(event, Finished):
            self._show_limit(job, event.artifacts)
        if isinstance(event, (Finished, Failed, Cancelled)) and event.artifacts:
            artifacts = event.artifacts
            background.run(
                self,
                lambda: [_read(artifact) for artifact in artifacts],
                lambda texts: self._show_saved(job, artifacts, texts),
            )

    def _show_saved(self, job: Job, artifacts: tuple[Artifact, ...], texts: list[str]) -> None:
        if job.id not in self._group:
            return
        for artifact, text in zip(artifacts, texts, strict=True):
            place = self._place(job, artifact.ordinal)
            title = (
                f"{place + 1} · score {artifact.score:.2f}" if artifact.score is not None else ""
            )
            if not title and len(self._group) > 1:
                title = f"{place + 1} · {' '.join(job.request.prompt[:TITLE_CHARACTERS].split())}"
            self.view.set_text(place, text, title)

    def _show_limit(self, job: Job, artifacts: tuple[Artifact, ...]) -> None:
        """Say that a text stops at its token limit, and offer what leads on."""
        request = job.request
        if not isinstance(request, TextRequest):
            return
        sentence = limit_sentence(artifacts, request.max_new_tokens)
        if not sentence:
            return
        self._at_limit.add(job.id)
        if len(self._group) > 1:  # the line under the results counts them
            return
        buttons = []
        longer = self._longer(request)
        if longer > request.max_new_tokens:
            text = f"Generate again with {longer:,} tokens"
            tip = "Raise the limit; the same seed gives the same beginning"
            buttons.append(
                button(
                    text, tip, functools.partial(self._generate_longer, request, longer), "retry"
                )
            )
        if self.card is not None and not self.card.chat and not self.card.encoder_decoder:
            buttons.append(
                button(
                    "Continue from here",
                    "Put the text into the prompt, and generate",
                    self._continue,
                )
            )
        cure = "" if buttons else "The model takes no more tokens."
        self.notice.show_message(sentence, cure, buttons, role="banner")

    def _group_text(self) -> str:
        at_limit = len(self._at_limit)
        return super()._group_text() + (
            f" · {at_limit} stopped at the token limit" if at_limit else ""
        )

    def _longer(self, request: TextRequest) -> int:
        """Return twice the limit, as far as field and model allow."""
        longer = min(2 * request.max_new_tokens, MAX_NEW_TOKENS)
        card = self.card
        if card is None or not card.max_positions or card.encoder_decoder:
            return longer
        return min(longer, card.max_positions - (self._tokens or 0))

    def _generate_longer(self, request: TextRequest, longer: int) -> None:
        seed = self.form.values().get("seed")
        self.set_values({**msgspec.structs.asdict(request), "max_new_tokens": longer})
        self.generate()
        self.set_values({"seed": seed})

    def _continue(self) -> None:
        self.use_as_prompt()
        self.generate()

    def progress_text(self, event: Progress) -> str:
        """See `GenerateTab`."""
        seconds = time.monotonic() - self._started_at
        return (
            f"Token {event.step} of at most {event.total} · "
            f"{event.step / max(seconds, 0.001):.1f} tokens/s"
        )

    def finished_text(self, event: Finished) -> str:
        """See `GenerateTab`."""
        now = event.statistics
        rate = now.units / now.run_seconds if now.run_seconds else 0
        seed = self._job.request.seed if self._job else ""
        thoughts = sum(artifact.thought_tokens for artifact in event.artifacts)
        tokens = f"{now.units:,} tokens" + (f", {thoughts:,} of them thoughts" if thoughts else "")
        rates = (tokens, f"{rate:.1f} tokens/s", f"first after {now.first_seconds:.2f} s")
        return " · ".join(
            [*rates, f"prompt {now.prompt_tokens:,} tokens", f"seed {seed}", *now.notes]
        )

    def _on_text_changed(self) -> None:
        has_text = bool(self.view.text())
        for control in (self.copy_button, self.save_button, self.reuse_button):
            control.setEnabled(has_text)

    def copy(self) -> None:
        """Copy the whole text that is shown."""
        QGuiApplication.clipboard().setText(self.view.text())
        self.shared.post_toast("Copied")

    def use_as_prompt(self) -> None:
        """Put the text into the prompt."""
        self.prompt.setPlainText(self.view.text())
        self.prompt.moveCursor(QTextCursor.MoveOperation.End)
        self.prompt.setFocus()

    def save_as(self) -> None:
        """See `FormTab`."""
        text = self.view.text()
        if not text:
            return
        suggested = str(Path.home() / "text.txt")
        name, _filter = QFileDialog.getSaveFileName(
            self, "Save the text", suggested, "Text (*.txt);;Markdown (*.md)"
        )
        if name:
            path = Path(name) if Path(name).suffix else Path(name).with_suffix(".txt")
            # The dialog has asked whether to replace an existing file.
            self.write_in_background(
                path, lambda: write_whole(path, text.encode(errors="replace"), replace=True)
            )


def _read(artifact: Artifact) -> str:
    return Path(artifact.path).read_text(encoding="utf-8")
