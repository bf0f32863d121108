"""Types that the modules of symbolic music share."""

from __future__ import annotations

from typing import NamedTuple

from studio.symbolic_music.events import STEPS_A_BEAT, Bar, Brief


class Continuation(NamedTuple):
    """A MIDI file to continue."""

    name: str
    bars: tuple[Bar, ...]
    """With the tonic as C. `lead_in` names the sections, which depend on how many bars follow."""
    steps: int
    """Sixteenths in a bar."""
    mode: str
    key: int
    """Semitones from C to the tonic, −6..5."""
    bpm: float
    swing: float
    parts: str
    instruments: dict[str, str]
    style: str
    """Of a file that Studio wrote; else empty. So is `mood`."""
    mood: str

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.bars) * self.steps / STEPS_A_BEAT * 60 / self.bpm


class MusicPrompt(NamedTuple):
    """What a prompt asks for."""

    brief: Brief
    key: int
    """Semitones from C to the tonic, −6..5."""
    bpm: float
    exact_bpm: bool
    """True if the prompt names beats per minute."""
    instruments: dict[str, str]
    """Part → name in `instruments.toml`."""
    unknown: tuple[str, ...]
    """Words that mean nothing to this model."""
    nearest: dict[str, str]
    """Word that is in no table → the nearest word that is, which replaces it."""
    named: frozenset[str]
    """Which of style, mood and instrument the prompt names; the others have defaults."""
    named_parts: str
    excluded_parts: str
