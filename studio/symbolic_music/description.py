"""Describes how a prompt or a MIDI file was read, in English for recipes or as the user reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.symbolic_music.types import Continuation, MusicPrompt

# not translated: for recipes
_KEYS = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")

NAMES = (
    mark("classical", "music"),
    mark("ballad", "music"),
    mark("ambient", "music"),
    mark("pop", "music"),
    mark("rock", "music"),
    mark("jazz", "music"),
    mark("electronic", "music"),
    mark("lofi", "music"),
    mark("waltz", "music"),
    mark("folk", "music"),
    mark("chinese", "music"),
    mark("chiptune", "music"),
    mark("cinematic", "music"),
    mark("latin", "music"),
    mark("lullaby", "music"),
    mark("calm", "music"),
    mark("happy", "music"),
    mark("sad", "music"),
    mark("tense", "music"),
    mark("energetic", "music"),
    mark("dreamy", "music"),
    mark("major", "music"),
    mark("minor", "music"),
    mark("piano", "music"),
    mark("electric piano", "music"),
    mark("organ", "music"),
    mark("guitar", "music"),
    mark("electric guitar", "music"),
    mark("harp", "music"),
    mark("guzheng", "music"),
    mark("strings", "music"),
    mark("violin", "music"),
    mark("cello", "music"),
    mark("erhu", "music"),
    mark("music box", "music"),
    mark("bells", "music"),
    mark("vibraphone", "music"),
    mark("square", "music"),
    mark("saw", "music"),
    mark("pad", "music"),
    mark("flute", "music"),
    mark("bamboo flute", "music"),
    mark("clarinet", "music"),
    mark("saxophone", "music"),
    mark("trumpet", "music"),
    mark("bass", "music"),
    mark("upright bass", "music"),
    mark("synth bass", "music"),
    mark("drums", "music"),
)
"""Styles, moods, modes and instruments, as descriptions name them."""

_Name = Callable[[str], str]
"""Returns an English word as the description shows it."""


def describe(prompt: MusicPrompt) -> str:
    """Describe how a prompt was read, in English, for recipes and MIDI files."""
    return ", ".join(_prompt_parts(prompt, str))


def describe_for_user(prompt: MusicPrompt) -> str:
    """Describe how a prompt was read, in the user's language."""
    return tr(", ", context="music").join(_prompt_parts(prompt, _shown))


def describe_continuation(source: Continuation) -> str:
    """Describe a MIDI file to continue, in the user's language."""
    parts = [
        tr_plural("1 bar", "{count} bars", len(source.bars)),
        _key(source.key, source.mode, _shown),
        tr("{bpm} bpm", bpm=round(source.bpm)),
        *_instruments(source.instruments, source.parts, _shown),
    ]
    return tr(", ", context="music").join(parts)


def _prompt_parts(prompt: MusicPrompt, name: _Name) -> list[str]:
    brief = prompt.brief
    mood = "" if brief.mood == "neutral" else name(brief.mood)
    return [
        _joined(mood, name(brief.style)),
        _key(prompt.key, brief.mode, name),
        f"{round(prompt.bpm)} bpm",
        *_instruments(prompt.instruments, brief.parts, name),
    ]


def _joined(first: str, second: str) -> str:
    """Return both words; a Chinese one follows without a blank."""
    return f"{first} {second}".strip() if second.isascii() else first + second


def _key(key: int, mode: str, name: _Name) -> str:
    tonic = _KEYS[key % 12]
    if name is _shown:
        note, _blank, accidental = tonic.partition(" ")
        if accidental == "sharp":
            tonic = tr("{note} sharp", note=note)
        elif accidental == "flat":
            tonic = tr("{note} flat", note=note)
    return _joined(tonic, name(mode))


def _instruments(instruments: Mapping[str, str], parts: Collection[str], name: _Name) -> list[str]:
    """Return the names of melody, harmony, bass and drums, each once."""
    found = [
        name(instruments[part].replace("_", " "))
        for part in "MHB"
        if part in parts and part in instruments
    ]
    found += [name("drums")] * ("D" in parts)
    return list(dict.fromkeys(found))


def _shown(english: str) -> str:
    return tr_marked(english, "music")
