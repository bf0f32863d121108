"""The stages of the audio tab: speech and music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from studio.core.artifact import SpokenSentence
from studio.core.events import AudioChunk, Cancelled, Event, Failed, Finished, Progress
from studio.core.files import write_whole
from studio.core.jobs import Job
from studio.core.requests.shared_fields import MIDI_SUFFIXES
from studio.core.translation import tr
from studio.media.companion_midi import companion_midi
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.audio.audio_view import AudioView
from studio.ui.audio.sentence_list import SentenceList
from studio.ui.desktop.folders import open_folder_of
from studio.ui.stage.job_group import steps_text
from studio.ui.stage.shown_result import ShownResult
from studio.ui.stage.stage import Stage
from studio.ui.widgets.factory import button, row
from studio.ui.widgets.replace_file import may_write

MIDI_FILTER = {"mid": "MIDI (*.mid)"}
FILTERS = {
    "wav": "WAV (*.wav)",
    "flac": "FLAC (*.flac)",
    "ogg": "OGG Vorbis (*.ogg)",
    "mp3": "MP3 (*.mp3)",
}


class AudioStage(Stage):
    """Plays audio while it is generated, and shows its waveform."""

    def __init__(
        self, shared: AppState, kind: str, *, backends: Sequence[str] | None = None
    ) -> None:
        self.kind = kind
        self.path = ""
        """Of the artifact that is shown; empty without one."""
        self.save_button = button(
            tr("Save as…"),
            tr("Save a copy as WAV, FLAC, OGG or MP3 (Ctrl+S)"),
            self.save_as,
            "save",
        )
        self.midi_button = button(
            tr("Save MIDI…"), tr("Save a copy as a MIDI file"), self.save_midi, "save"
        )
        self.folder_button = button(
            tr("Folder"), tr("Open the folder of the audio file"), self.show_folder, "folder"
        )
        self.sentences = SentenceList()
        self.view = AudioView(self.save_button, self.folder_button, backends=backends)
        super().__init__(shared)

    def create_result_page(self) -> QWidget:
        """See `Stage`."""
        self.view.failed.connect(lambda message, cure: self.notice.show_message(message, cure))
        self.sentences.place_chosen.connect(self.view.play_from)
        self.view.player.position_changed.connect(self.sentences.follow)
        self._set_path("")
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.sentences)
        # A row of its own: a narrow window has no room for it next to the others.
        layout.addWidget(row(None, self.midi_button))
        return page

    def clear_view(self) -> None:
        """See `Stage`."""
        self._set_path("")
        self.view.clear()

    def current_path(self) -> str:
        """See `Stage`."""
        return self.path

    def select(self, path: str) -> None:
        """See `Stage`."""
        self._set_path(path)
        self.view.load(Path(path))
        self.update_header()

    def show_event(self, job: Job, event: Event) -> None:
        """See `Stage`."""
        if isinstance(event, AudioChunk):
            self.view.append_chunk(event, play=self.shared.settings.play_while_generating)
        elif isinstance(event, (Finished, Failed, Cancelled)):
            was_live = self.view.is_live
            self.view.finish()
            if event.artifacts:
                self._set_path(event.artifacts[-1].path)
                if not was_live:
                    self.view.load(Path(self.path))

    def show_files(self, results: Sequence[ShownResult], chosen: int) -> None:
        """See `Stage`."""
        self._set_path(results[chosen].path)
        self.view.load(Path(self.path))

    def progress_text(self, event: Progress, seconds: float) -> str:
        """See `Stage`."""
        return steps_text(event, seconds)

    def finished_text(self, job: Job, event: Finished) -> str:
        """See `Stage`."""
        seconds = sum(artifact.duration for artifact in event.artifacts)
        run_seconds = event.statistics.run_seconds
        return tr("{audio:.1f} s of audio in {seconds:.1f} s", audio=seconds, seconds=run_seconds)

    def show_folder(self) -> None:
        """Open the folder of the audio file."""
        open_folder_of(Path(self.path))

    def save_as(self) -> None:
        """Save a copy under a name and in a format that the user chooses."""
        source = Path(self.path)
        if not self.path:
            return
        own, filters = (
            source.suffix.removeprefix("."),
            FILTERS | (MIDI_FILTER if companion_midi(source) else {}),
        )
        name, chosen = QFileDialog.getSaveFileName(
            self,
            tr("Save the audio"),
            str(Path.home() / source.name),
            ";;".join(filters.values()),
            filters.get(own, ""),
        )
        if not name:
            return
        target = Path(name)
        if target.suffix.lower().removeprefix(".") not in filters:
            ending = next((ending for ending, words in filters.items() if words == chosen), own)
            target = target.with_name(f"{target.name}.{ending}")
        if may_write(self, name, target):
            self._save(source, target)

    def save_midi(self) -> None:
        """Save a copy of the MIDI file, if the model wrote one."""
        source = companion_midi(Path(self.path)) if self.path else None
        if source is None:
            return
        name, _chosen = QFileDialog.getSaveFileName(
            self, tr("Save the MIDI file"), str(Path.home() / source.name), MIDI_FILTER["mid"]
        )
        target = Path(name)
        if target.suffix.lower() not in MIDI_SUFFIXES:
            target = Path(f"{name}.mid")
        if name and may_write(self, name, target):
            self._save(Path(self.path), target)

    def _save(self, source: Path, target: Path) -> None:
        def write() -> None:
            midi = companion_midi(source) if target.suffix.lower() in MIDI_SUFFIXES else None
            if midi is not None:
                write_whole(target, midi.read_bytes(), replace=True)
            else:
                from studio.library.file_actions.audio_export import export_audio  # numpy

                export_audio(source, target)

        self.write_in_background(target, write)

    def _set_path(self, path: str) -> None:
        self.path = path
        self.save_button.setEnabled(bool(path))
        self.midi_button.setVisible(bool(path) and companion_midi(Path(path)) is not None)
        self.folder_button.setEnabled(bool(path))
        self._show_sentences(path)

    def _show_sentences(self, path: str) -> None:
        """List the sentences of speech, from the recipe in its file."""
        self.sentences.show_sentences(())
        if not path or self.kind != "speech":
            return

        def read() -> tuple[SpokenSentence, ...]:
            from studio.library.artifacts import read_recipe  # imports numpy

            recipe = read_recipe(Path(path))
            return recipe.sentences if recipe is not None else ()

        def show(found: tuple[SpokenSentence, ...]) -> None:
            if self.path == path:  # no other file is shown meanwhile
                self.sentences.show_sentences(found)

        background.run(self, read, show)
