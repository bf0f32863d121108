"""The transcript of a recording as a list: a click on a passage plays it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.media.transcript import Segment, Transcript
from studio.ui.widgets.factory import label, name_control

_HEIGHT = 180
_MAX_SHOWN = 500
"""Passages that are shown: about an hour of speech."""


class TranscriptList(QWidget):
    """Shows the passages of a transcript; hidden without one."""

    place_chosen = Signal(float)
    """Seconds: where the chosen passage begins."""

    def __init__(self) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setFixedHeight(_HEIGHT)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        name_control(
            self.list, tr("Transcript"), tr("What is spoken; a click or Return plays from there")
        )
        self.more = label("", "muted", wrap=True)
        self.list.itemClicked.connect(self._on_chosen)
        self.list.itemActivated.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label(tr("Transcript"), "muted"))
        layout.addWidget(self.list)
        layout.addWidget(self.more)
        self.hide()

    def show_transcript(self, transcript: Transcript | None) -> None:
        """Show a transcript, or nothing."""
        self.list.clear()
        segments = transcript.segments if transcript is not None else ()
        for segment in segments[:_MAX_SHOWN]:
            item = QListWidgetItem(f"{_clock(segment)}  {segment.text}")
            item.setData(Qt.ItemDataRole.UserRole, segment.start)
            self.list.addItem(item)
        rest = len(segments) - _MAX_SHOWN
        self.more.setText(tr("{count:,} more passages are in the file", count=rest))
        self.more.setVisible(rest > 0)
        self.setVisible(bool(segments))

    def _on_chosen(self, item: QListWidgetItem) -> None:
        self.place_chosen.emit(float(item.data(Qt.ItemDataRole.UserRole)))


def _clock(segment: Segment) -> str:
    """Return the start as 1:05, or 1:01:05."""
    minutes, seconds = divmod(int(segment.start), 60)
    if minutes < 60:
        return f"{minutes}:{seconds:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
