"""The MIDI file that music is to go on from: chosen, dropped, cleared; and what is in it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QToolButton, QVBoxLayout, QWidget

from studio.core.requests.shared_fields import MIDI_SUFFIXES
from studio.symbolic_music.continuation import read_given
from studio.symbolic_music.prompt import describe_given
from studio.symbolic_music.types import Continuation
from studio.ui import background
from studio.ui.widgets.factory import button, label, name_control, restyle, row
from studio.ui.widgets.icons import set_icon


class MidiInputPanel(QWidget):
    """A button to choose one; where one is chosen its name and what it plays, or why it cannot be
    continued.

    `beside` stand to the right of the button.
    """

    changed = Signal()

    def __init__(self, *beside: QWidget) -> None:
        super().__init__()
        self._offered = True
        self.path = ""
        """Absolute; empty where none is chosen."""
        self.problem = ""
        """Why it cannot be continued."""
        self.given: Continuation | None = None
        """What it plays, once it is read."""
        self.choose_button = button(
            "Continue a MIDI file…",
            "Choose a MIDI file that the music goes on from; one can be dropped on the window too",
            self.choose,
            "audio",
        )
        self.clear_button = QToolButton()
        set_icon(self.clear_button, "trash")
        name_control(self.clear_button, "No MIDI file", "Begin from nothing again")
        self.clear_button.clicked.connect(lambda: self.set_path(""))
        self._told = label("", "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(row(self.choose_button, self.clear_button, None, *beside, spacing=4))
        layout.addWidget(self._told)
        self._show()

    def offer(self, offered: bool) -> None:
        """Show the button, or hide it for a model that cannot go on from a MIDI file."""
        self._offered = offered
        self._show()

    @property
    def told(self) -> str:
        """What is said about the file."""
        return self._told.text()

    def choose(self) -> None:
        """Choose a file."""
        folder = str(Path(self.path).parent) if self.path else str(Path.home())
        patterns = " ".join(f"*{suffix}" for suffix in MIDI_SUFFIXES)
        name, _filter = QFileDialog.getOpenFileName(
            self, "Continue a MIDI file", folder, f"MIDI files ({patterns})"
        )
        if name:
            self.set_path(name)

    def set_path(self, path: str) -> None:
        """Take another file, or none; what is in it is said soon."""
        if path == self.path:
            return
        self.path, self.problem, self.given = path, "", None
        if path:
            background.run(
                self,
                lambda: read_given(Path(path)),
                lambda given: self._on_read(path, given),
                lambda e: self._on_bad(path, e),
            )
        self._show()
        self.changed.emit()

    def _on_read(self, path: str, given: Continuation) -> None:
        if path == self.path:  # no other was chosen meanwhile
            self.given = given
            self._show()
            self.changed.emit()

    def _on_bad(self, path: str, error: Exception) -> None:
        if path == self.path:
            self.problem = str(error)
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        self.choose_button.setText("Another MIDI file…" if self.path else "Continue a MIDI file…")
        self.choose_button.setVisible(self._offered)
        self.clear_button.setVisible(self._offered and bool(self.path))
        name = Path(self.path).name
        told = self.problem or (
            f"Goes on from {name}: {describe_given(self.given)}."
            if self.given
            else f"Reading {name}…"
        )
        self._told.setText(told if self.path else "")
        self._told.setVisible(self._offered and bool(self.path))
        role = "error" if self.problem else "muted"
        if self._told.property("role") != role:
            self._told.setProperty("role", role)
            restyle(self._told)
