"""The sentences of speech as a list that follows playing: a click plays from a sentence."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.core.artifact import SpokenSentence
from studio.core.translation import tr
from studio.ui.audio.seconds import format_seconds
from studio.ui.widgets.factory import label, name_control

_HEIGHT = 150
_MAX_SHOWN = 2_000


class SentenceList(QWidget):
    """Shows sentences with their times, and marks the one that is spoken; hidden without any."""

    place_chosen = Signal(float)
    """Seconds: where the chosen sentence begins."""

    def __init__(self) -> None:
        super().__init__()
        self._starts: list[float] = []
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setFixedHeight(_HEIGHT)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        name_control(
            self.list,
            tr("Spoken sentences"),
            tr("What is spoken; a click or Return plays from there"),
        )
        self.list.itemClicked.connect(self._on_chosen)
        self.list.itemActivated.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label(tr("Spoken sentences"), "muted"))
        layout.addWidget(self.list)
        self.hide()

    def show_sentences(self, sentences: Sequence[SpokenSentence]) -> None:
        """Show sentences, or nothing for fewer than two."""
        shown = sentences[:_MAX_SHOWN] if len(sentences) > 1 else ()
        self.list.clear()
        self._starts = [sentence.start for sentence in shown]
        for sentence in shown:
            item = QListWidgetItem(f"{format_seconds(sentence.start)}  {sentence.text}")
            item.setData(Qt.ItemDataRole.UserRole, sentence.start)
            self.list.addItem(item)
        self.setVisible(bool(shown))

    def follow(self, seconds: float) -> None:
        """Select the sentence that is spoken at a time, and scroll to it when it changes."""
        if not self._starts:
            return
        current = max(0, bisect.bisect_right(self._starts, seconds + 0.001) - 1)
        if current != self.list.currentRow():
            self.list.setCurrentRow(current)
            self.list.scrollToItem(self.list.item(current))

    def _on_chosen(self, item: QListWidgetItem) -> None:
        self.place_chosen.emit(float(item.data(Qt.ItemDataRole.UserRole)))
