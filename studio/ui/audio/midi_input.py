"""Panel that chooses the MIDI file to continue and describes its content."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QToolButton, QVBoxLayout, QWidget

from studio.core.requests.shared_fields import MIDI_SUFFIXES
from studio.core.translation import tr
from studio.symbolic_music.description import describe_continuation
from studio.symbolic_music.types import Continuation
from studio.ui import background
from studio.ui.widgets.factory import button, label, name_control, restyle, row
from studio.ui.widgets.icons import set_icon


class MidiInputPanel(QWidget):
    """A button to choose a MIDI file, and below it what the file plays or why it cannot be used."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._offered = True
        self.path = ""
        """Absolute path; empty if none is chosen."""
        self.problem = ""
        """Why the file cannot be continued; empty if it can."""
        self.continuation: Continuation | None = None
        """The file's content, once it was read."""
        self.choose_button = button(
            tr("Continue a MIDI file…"),
            tr("Choose a MIDI file that the music continues, or drop one on the window"),
            self.choose,
            "audio",
        )
        self.clear_button = QToolButton()
        set_icon(self.clear_button, "trash")
        name_control(
            self.clear_button,
            tr("Remove MIDI file"),
            tr("Remove the MIDI file and start from nothing"),
        )
        self.clear_button.clicked.connect(lambda: self.set_path(""))
        self._message = label("", "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(row(self.choose_button, self.clear_button, None, spacing=4))
        layout.addWidget(self._message)
        self._update()

    def offer(self, offered: bool) -> None:
        """Show the panel, or hide it for a model that cannot continue MIDI."""
        self._offered = offered
        self._update()

    @property
    def message(self) -> str:
        """The text shown about the file."""
        return self._message.text()

    def choose(self) -> None:
        """Open the file dialog."""
        folder = str(Path(self.path).parent) if self.path else str(Path.home())
        patterns = " ".join(f"*{suffix}" for suffix in MIDI_SUFFIXES)
        name, _filter = QFileDialog.getOpenFileName(
            self,
            tr("Continue a MIDI file"),
            folder,
            tr("MIDI files ({patterns})", patterns=patterns),
        )
        if name:
            self.set_path(name)

    def set_path(self, path: str) -> None:
        """Set another file, or none, and read it in a background thread."""
        if path == self.path:
            return
        self.path, self.problem, self.continuation = path, "", None

        def read() -> Continuation:
            from studio.symbolic_music.continuation import read_continuation  # imports numpy

            return read_continuation(Path(path))

        if path:
            background.run(
                self,
                read,
                lambda continuation: self._on_read(path, continuation),
                lambda error: self._on_read_failed(path, error),
            )
        self._update()
        self.changed.emit()

    def _on_read(self, path: str, continuation: Continuation) -> None:
        if path == self.path:  # no other file was chosen meanwhile
            self.continuation = continuation
            self._update()
            self.changed.emit()

    def _on_read_failed(self, path: str, error: Exception) -> None:
        if path == self.path:
            self.problem = str(error)
            self._update()
            self.changed.emit()

    def _update(self) -> None:
        self.choose_button.setText(
            tr("Another MIDI file…") if self.path else tr("Continue a MIDI file…")
        )
        self.choose_button.setVisible(self._offered)
        self.clear_button.setVisible(self._offered and bool(self.path))
        name = Path(self.path).name
        message = self.problem or (
            tr(
                "Continues {name}: {music}.",
                name=name,
                music=describe_continuation(self.continuation),
            )
            if self.continuation
            else tr("Reading {name}…", name=name)
        )
        self._message.setText(message if self.path else "")
        self._message.setVisible(self._offered and bool(self.path))
        role = "error" if self.problem else "muted"
        if self._message.property("role") != role:
            self._message.setProperty("role", role)
            restyle(self._message)
