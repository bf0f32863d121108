"""What the parts of symbolic music pass to each other."""

from __future__ import annotations

from typing import NamedTuple

from studio.symbolic_music.events import STEPS_A_BEAT, Bar, Brief


class Continuation(NamedTuple):
    """What is continued."""

    name: str
    bars: tuple[Bar, ...]
    """With the tonic as C; the sections' names are given when it is known how many bars follow."""
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
    """Where the file says it, because Studio wrote it; else empty, as `mood`."""
    mood: str

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return len(self.bars) * self.steps / STEPS_A_BEAT * 60 / self.bpm


class MusicPrompt(NamedTuple):
    """What a prompt asks for."""

    brief: Brief
    key: int
    """Semitones from C to the tonic, −6..5."""
    bpm: float
    bpm_said: bool
    """The prompt names beats a minute: they are kept to."""
    instruments: dict[str, str]
    """Part → name in `instruments.toml`."""
    unknown: tuple[str, ...]
    """Words that say nothing to this model."""
    taken_as: dict[str, str]
    """Words that are in no table → the nearest one that is, which they were taken for."""
    said: frozenset[str]
    """Which of style, mood and instrument the prompt says; the others are as usual."""
    said_parts: str
    refused_parts: str
