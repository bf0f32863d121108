"""The audio tab: speech, and music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QFileDialog, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from studio.core.events import AudioChunk, Cancelled, Event, Failed, Finished
from studio.core.jobs import Job
from studio.library.export import export_sound
from studio.models.card import ModelCard
from studio.ui import background
from studio.ui.audio.sound_view import SoundView
from studio.ui.parts import button, label, name_control, row, tell
from studio.ui.shared import Shared
from studio.ui.tabs.base import GenerateTab

FILTERS = {"wav": "WAV (*.wav)", "flac": "FLAC (*.flac)", "ogg": "OGG Vorbis (*.ogg)", "mp3": "MP3 (*.mp3)"}


class SoundTab(GenerateTab):
    """What speech and music have in common: the sound on the right."""

    def __init__(self, shared: Shared, *, backends: Sequence[str] | None = None) -> None:
        self.save_button = button("Save as…", "Save a copy as WAV, FLAC, OGG or MP3 (Ctrl+S)", self.save_as, "save")
        self.folder_button = button("Folder", "Open the folder with the sound", self.show_folder, "folder")
        self.view = SoundView(self.save_button, self.folder_button, backends=backends)
        self.path = ""
        """The artifact that is shown; empty while there is none."""
        super().__init__(shared)

    def result_widget(self) -> QWidget:
        """See `GenerateTab`."""
        self.view.failed.connect(lambda message, cure: self.notice.say(message, cure))
        self._set_path("")
        return self.view

    def begin_result(self, job: Job) -> None:
        """See `GenerateTab`."""
        self._set_path("")
        self.view.begin()

    def show_event(self, job: Job, event: Event) -> None:
        """See `GenerateTab`."""
        if isinstance(event, AudioChunk):
            self.view.hear(event, play=self.shared.settings.play_while_made)
        elif isinstance(event, (Finished, Failed, Cancelled)):
            heard = self.view.is_live
            self.view.finish()
            if event.artifacts:
                self._set_path(event.artifacts[-1].path)
                if not heard:
                    self.view.load(Path(self.path))

    def finished_text(self, event: Finished) -> str:
        """See `GenerateTab`."""
        seconds = sum(artifact.duration for artifact in event.artifacts)
        took = f"{seconds:.1f} s of sound made in {event.statistics.run_seconds:.1f} s"
        return f"{took} · seed {self._job.request.seed if self._job else ''}"

    def show_file(self, path: str) -> None:
        """Show an artifact that was made before."""
        self._set_path(path)
        self.view.load(Path(path))

    def show_folder(self) -> None:
        """Open the sound's folder."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(self.path).parent)))

    def save_as(self) -> None:
        """Save a copy under a name, and in a format, that the person chooses."""
        source = Path(self.path)
        if not self.path:
            return
        own = source.suffix.removeprefix(".")
        name, chosen = QFileDialog.getSaveFileName(
            self, "Save the sound", str(Path.home() / source.name), ";;".join(FILTERS.values()), FILTERS.get(own, "")
        )
        if not name:
            return
        target = Path(name)
        if target.suffix.lower().removeprefix(".") not in FILTERS:
            ending = next((ending for ending, words in FILTERS.items() if words == chosen), own)
            target = target.with_name(f"{target.name}.{ending}")
        background.run(
            self,
            lambda: export_sound(source, target),
            lambda _none: self.shared.said.emit(f"Saved {target}"),
            lambda error: tell(self, "Not saved", f"{target} could not be written: {error} {getattr(error, 'cure', '')}".strip()),
        )

    def _set_path(self, path: str) -> None:
        self.path = path
        self.save_button.setEnabled(bool(path))
        self.folder_button.setEnabled(bool(path))


class SpeechTab(SoundTab):
    """Reads a text aloud; the first sentence plays while the rest is made."""

    kind = "speech"
    own_fields = ("voice",)

    def __init__(self, shared: Shared, *, backends: Sequence[str] | None = None) -> None:
        self.voice = QComboBox()
        name_control(self.voice, "Voice", "Who speaks")
        self.voice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._voice_title = label("Voice", "muted")
        self._voice_title.setBuddy(self.voice)
        super().__init__(shared, backends=backends)
        self.voice.currentIndexChanged.connect(self._on_edited)

    def extra_widgets(self) -> list[QWidget]:
        """See `GenerateTab`."""
        return [self._voice_title, self.voice]

    def own_values(self) -> dict[str, Any]:
        """See `GenerateTab`."""
        return {"voice": self.voice.currentData() or ""}

    def set_own_values(self, values: dict[str, Any]) -> None:
        """See `GenerateTab`."""
        index = self.voice.findData(values.get("voice"))
        if index >= 0:
            self.voice.setCurrentIndex(index)

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Another model has other voices; one of the same name stays chosen."""
        before = self.voice.currentData()
        voices = card.voices if card is not None else ()
        self.voice.blockSignals(True)
        self.voice.clear()
        if len(voices) > 1:
            self.voice.addItem("The first that speaks the text's language", "")
        for voice in voices:
            self.voice.addItem(voice.title or voice.name, voice.name)
        self.voice.setCurrentIndex(max(0, self.voice.findData(before)))
        self.voice.blockSignals(False)
        self.voice.setVisible(bool(voices))
        self._voice_title.setVisible(bool(voices))


class MusicTab(SoundTab):
    """Makes music or a sound from a description."""

    kind = "music"


class AudioTab(QWidget):
    """Speech or music, by a switch at the top."""

    def __init__(self, shared: Shared, *, backends: Sequence[str] | None = None) -> None:
        super().__init__()
        self.speech = SpeechTab(shared, backends=backends)
        self.music = MusicTab(shared, backends=backends)
        self._pages = QStackedWidget()
        self.switch = QTabBar()
        name_control(self.switch, "Kind of sound", "Read a text aloud, or make music or a sound from a description")
        self.switch.setExpanding(False)
        for page, title in ((self.speech, "Speech"), (self.music, "Music")):
            self._pages.addWidget(page)
            self.switch.addTab(title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(row(self.switch, None, margins=(8, 4, 8, 0)))
        layout.addWidget(self._pages, 1)
        self.switch.currentChanged.connect(self._on_switched)

    @property
    def pages(self) -> tuple[SoundTab, SoundTab]:
        """The two tabs inside."""
        return self.speech, self.music

    def current(self) -> SoundTab:
        """Return the one that is shown."""
        return self.pages[self._pages.currentIndex()]

    def for_kind(self, kind: str) -> SoundTab:
        """Show speech or music, and return its tab."""
        self.switch.setCurrentIndex(1 if kind == "music" else 0)
        return self.current()

    def load_draft(self) -> None:
        """Show what stood here when the program was last closed."""
        for page in self.pages:
            page.load_draft()

    def close_player(self) -> None:
        """Let go of the sound device; when the window closes."""
        for page in self.pages:
            page.view.close_device()

    def _on_switched(self, number: int) -> None:
        self.current().view.player.pause()
        self._pages.setCurrentIndex(number)
