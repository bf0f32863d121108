"""The audio tab: speech and music."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from PySide6.QtWidgets import QComboBox, QWidget

from studio.core.errors import Problem
from studio.core.requests import Request
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.preflight.prompt_translation import describe_prompt
from studio.symbolic_music import prompt as music_prompt
from studio.ui.app_state import AppState
from studio.ui.audio.audio_view import AudioView
from studio.ui.audio.midi_input import MidiInputPanel
from studio.ui.stage.audio import AudioStage
from studio.ui.tabs.base import GenerateTab
from studio.ui.tabs.layout import below_advice
from studio.ui.tabs.switched import SwitchedTab
from studio.ui.widgets.factory import label, name_control, text_editor

MAX_ADVISED = 400
"""Characters of a prompt that get advice, which is computed at every key press."""


class AudioTabBase(GenerateTab):
    """A form of the audio tab, with the waveform and its player on the right."""

    stage: AudioStage

    def __init__(
        self,
        shared: AppState,
        parent: QWidget | None = None,
        *,
        backends: Sequence[str] | None = None,
    ) -> None:
        self._backends = backends
        super().__init__(shared, parent)

    def create_stage(self) -> AudioStage:
        """See `GenerateTab`."""
        return AudioStage(self.shared, self.kind, backends=self._backends)

    @property
    def view(self) -> AudioView:
        """The waveform and its player."""
        return self.stage.view


class SpeechTab(AudioTabBase):
    """Reads a text aloud; the first sentence plays while the rest is generated."""

    kind = "speech"
    own_fields = ("voice",)

    def __init__(
        self,
        shared: AppState,
        parent: QWidget | None = None,
        *,
        backends: Sequence[str] | None = None,
    ) -> None:
        self.voice = QComboBox()
        name_control(self.voice, tr("Voice"), tr("Who speaks"))
        self.voice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._voice_title = label(tr("Voice"), "muted")
        self._voice_title.setBuddy(self.voice)
        super().__init__(shared, parent, backends=backends)
        self.prompt.setPlaceholderText(
            tr("The text to read aloud; [pause:2] is a silence of two seconds.")
        )
        self.prompt.setToolTip(self.prompt.placeholderText())
        self.voice.currentIndexChanged.connect(self._on_edited)

    def extra_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        return [self._voice_title, self.voice]

    def own_values(self) -> dict[str, Any]:
        """See `FormTab`."""
        return {"voice": self.voice.currentData() or ""}

    def set_own_values(self, values: dict[str, Any]) -> None:
        """See `FormTab`."""
        voice = values.get("voice")
        index = self.voice.findData(voice) if isinstance(voice, str) else -1
        if index >= 0:
            self.voice.setCurrentIndex(index)

    def on_card_changed(self, card: ModelCard | None) -> None:
        """List the voices of the model, and keep the chosen one if it has it."""
        before = self.voice.currentData()
        voices = card.voices if card is not None else ()
        self.voice.blockSignals(True)
        self.voice.clear()
        if len(voices) > 1:
            self.voice.addItem(tr("First voice for the language of the text"), "")
        for voice in voices:
            self.voice.addItem(voice.shown_title, voice.name)
        self.voice.setCurrentIndex(max(0, self.voice.findData(before)))
        self.voice.blockSignals(False)
        self.voice.setVisible(bool(voices))
        self._voice_title.setVisible(bool(voices))


class MusicTab(AudioTabBase):
    """Generates music or other audio; some models continue a MIDI file, others sing lyrics."""

    kind = "music"
    own_fields = ("continue_from", "lyrics")

    def __init__(
        self,
        shared: AppState,
        parent: QWidget | None = None,
        *,
        backends: Sequence[str] | None = None,
    ) -> None:
        self.midi = MidiInputPanel()
        self.lyrics = text_editor(
            tr("Lyrics"),
            tr("What is sung. Lines such as [verse] and [chorus] divide it. Empty: no singing."),
            96,
        )
        self._lyrics_title = label(tr("Lyrics"), "muted")
        self.advice = label("", "muted", wrap=True)
        super().__init__(shared, parent, backends=backends)
        self.prompt.textChanged.connect(self._advise)
        self.midi.changed.connect(self._on_edited)
        self.midi.changed.connect(self._advise)
        self.lyrics.textChanged.connect(self._on_edited)

    def extra_widgets(self) -> list[QWidget]:
        """See `FormTab`."""
        return [self.midi, self._lyrics_title, self.lyrics]

    def bottom_widget(self) -> QWidget:
        """See `FormTab`."""
        return below_advice(self.advice, super().bottom_widget())

    def own_values(self) -> dict[str, Any]:
        """See `FormTab`."""
        writes_notes = self.card is not None and self.card.writes_notes
        sings = self.card is not None and self.card.sings
        return {
            "continue_from": self.midi.path if writes_notes else "",
            "lyrics": self.lyrics.toPlainText() if sings else "",
        }

    def set_own_values(self, values: dict[str, Any]) -> None:
        """See `FormTab`."""
        if "continue_from" in values:
            self.midi.set_path(str(values["continue_from"] or ""))
        if "lyrics" in values:
            self.lyrics.replace_text(str(values["lyrics"] or ""))

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """Add why the MIDI file cannot be continued."""
        unusable = self.midi.problem if self.own_values()["continue_from"] else ""
        return [
            *super().find_problems(card, request),
            *([Problem("continue_from", unusable)] if unusable else []),
        ]

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Show the fields that the model supports."""
        self.midi.offer(card is not None and card.writes_notes)
        for control in (self._lyrics_title, self.lyrics):
            control.setVisible(card is not None and card.sings)
        self._advise()

    def continue_midi(self, path: Path) -> None:
        """Continue this MIDI file, with a model that supports it."""
        if self.card is None or not self.card.writes_notes:
            able = next(
                (card.name for card in self.shared.cards(self.kind) if card.writes_notes), ""
            )
            self.choose_model(able)
        self.midi.set_path(str(path.absolute()))

    def _advise(self) -> None:
        """Show how the prompt is interpreted, and words that the model ignores."""
        prompt, text = self.prompt.toPlainText()[:MAX_ADVISED], ""
        if prompt.strip() and self.card is not None:
            continuation = self.midi.continuation if self.own_values()["continue_from"] else None
            merged = None
            if continuation is not None:
                from studio.symbolic_music.continuation import merge  # imports numpy

                merged = merge(music_prompt.read(prompt), continuation)
            text = (
                music_prompt.advise(prompt, merged)
                if self.card.writes_notes
                else describe_prompt(prompt, self.card)
            )
        self.advice.setText(text)
        self.advice.setVisible(bool(text))


class AudioTab(SwitchedTab):
    """Speech or music, chosen with a switch at the top."""

    def __init__(
        self,
        shared: AppState,
        parent: QWidget | None = None,
        *,
        backends: Sequence[str] | None = None,
    ) -> None:
        super().__init__(
            tr("Kind of audio"),
            tr("Read a text aloud, or generate music or other audio from a description"),
            [
                ("speech", tr("Speech"), lambda place: SpeechTab(shared, place, backends=backends)),
                ("music", tr("Music"), lambda place: MusicTab(shared, place, backends=backends)),
            ],
            parent,
        )
        self.switch.currentChanged.connect(self._pause)

    @property
    def speech(self) -> SpeechTab:
        """The form of speech."""
        return cast("SpeechTab", self.form("speech"))

    @property
    def music(self) -> MusicTab:
        """The form of music."""
        return cast("MusicTab", self.form("music"))

    @property
    def pages(self) -> tuple[AudioTabBase, AudioTabBase]:
        """The forms of speech and music, built if necessary."""
        return self.speech, self.music

    def current(self) -> AudioTabBase:
        """See `Tab`."""
        return cast("AudioTabBase", super().current())

    def continue_midi(self, path: Path) -> None:
        """Show music and continue this MIDI file."""
        self.for_kind("music")
        self.music.continue_midi(path)

    def release_devices(self) -> None:
        """Close the audio device, before the window closes."""
        for form in self._audio_forms():
            form.view.close_device()

    def _pause(self) -> None:
        for form in self._audio_forms():
            form.view.player.pause()

    def _audio_forms(self) -> Sequence[AudioTabBase]:
        """Return the forms that are built."""
        return [cast("AudioTabBase", form) for form in self.forms()]
