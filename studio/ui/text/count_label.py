"""The line of counts below a document: words, characters, and tokens of the chosen model."""

from __future__ import annotations

from collections.abc import Callable

from studio.core.translation import tr, tr_plural
from studio.documents.counts import TextCounts, count
from studio.models.card import ModelCard
from studio.preflight.tokens import count_tokens
from studio.ui import background
from studio.ui.text.editor import DocumentEditor
from studio.ui.widgets.elided_label import ElidedLabel

COUNT_MS = 300
MAX_TOKEN_CHARACTERS = 1_000_000
"""Tokens of longer texts are not counted: it would take seconds after each pause."""


class CountLabel(ElidedLabel):
    """Counts the text, or what is selected of it, a moment after it changed."""

    def __init__(self, editor: DocumentEditor, card: Callable[[], ModelCard | None]) -> None:
        super().__init__(tr("Length of the text"), "muted")  # not translated: a role
        self._editor = editor
        self._card = card
        self._is_counting = False
        self._soon = background.DelayedCall(self, self._count, COUNT_MS)
        editor.edited.connect(self._soon.request)
        editor.loaded.connect(self._soon.request)
        editor.selectionChanged.connect(self._soon.request)

    def refresh(self) -> None:
        """Count again: another model is chosen, for example."""
        self._soon.request()

    def _count(self) -> None:
        if self._is_counting:
            self._soon.request()
            return
        self._is_counting = True
        start, end = self._editor.selection
        text = self._editor.text[start:end] if start < end else self._editor.text
        card, is_part = self._card(), start < end

        def work() -> tuple[TextCounts, int | None]:
            is_counted = card is not None and text and len(text) <= MAX_TOKEN_CHARACTERS
            tokens = count_tokens(card, text) if is_counted and card is not None else None
            return count(text), tokens

        background.run(
            self, work, lambda found: self._show(*found, is_part=is_part), self._on_failed
        )

    def _on_failed(self, _error: Exception) -> None:
        """Show nothing: a tokenizer that cannot be read is reported when it is used."""
        self._is_counting = False
        self.set_whole("")

    def _show(self, counts: TextCounts, tokens: int | None, *, is_part: bool) -> None:
        self._is_counting = False
        parts = [
            tr_plural("1 word", "{count:,} words", counts.words),
            tr_plural("1 character", "{count:,} characters", counts.characters),
        ]
        if counts.chinese:
            parts.append(tr("{count:,} of them Chinese", count=counts.chinese))
        if tokens is not None:
            parts.append(tr_plural("1 token", "{count:,} tokens", tokens))
        text = " · ".join(parts)
        self.set_whole(tr("Selected: {counts}", counts=text) if is_part else text)
