"""A MIDI file to continue: bars as the model reads them, key, tempo, meter and instruments.

Notes go to the nearest sixteenth, with the swing that fits best, and to one of the four parts of
the model. Studio's own files come back note for note; of other files, as much as four parts hold.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.media.midi import read_midi
from studio.symbolic_music.chords import key_of
from studio.symbolic_music.events import MOODS, PARTS, STYLES, Bar, Brief, encode
from studio.symbolic_music.instruments import instruments
from studio.symbolic_music.midi_bars import to_bars
from studio.symbolic_music.midi_parts import channel_parts, guess_parts, main_instruments
from studio.symbolic_music.midi_timing import Grid, find_meter, find_swing, find_tempo
from studio.symbolic_music.prompt import band_of, tempo_of
from studio.symbolic_music.types import Continuation, MusicPrompt

MAX_SECONDS = 600.0
_SLOWEST, _FASTEST = 20.0, 400.0
"""Beats a minute."""
_CONTEXT_BARS = 8
"""Number of bars that the model gets as context."""
_OWN = re.compile(r"Studio, job \w+: (?:continues [^:]*: )?(?:(?P<mood>\w+) )?(?P<style>\w+), ")
"""The first text event of a file that Studio wrote; the channels of such a file are the parts."""


def read_continuation(path: Path, more: float = 0.0) -> Continuation:
    """Read the MIDI file that a piece of `more` further seconds continues.

    Raises StudioError if it cannot be continued.
    """
    midi = read_midi(path)
    own = _OWN.match(midi.text)
    begin, beats, unit = find_meter(midi)
    steps = beats * 16 // unit
    if steps not in (8, 12, 16):
        raise _refusal(
            tr(
                "{name} is in {beats}/{unit}. Bars of two, three or four quarters can be "
                "continued.",
                name=path.name,
                beats=beats,
                unit=unit,
            )
        )
    steps = 16 if steps == 8 else steps
    bpm = find_tempo(midi)
    if not _SLOWEST <= bpm <= _FASTEST:
        raise _refusal(
            tr(
                "{name} has a tempo of {bpm:,.0f} beats per minute. {slowest:.0f} to {fastest:.0f} "
                "are possible.",
                name=path.name,
                bpm=bpm,
                slowest=_SLOWEST,
                fastest=_FASTEST,
            )
        )
    last = max(note.begin for note in midi.notes)
    if (seconds := last / midi.division * 60 / bpm + more) > MAX_SECONDS:
        raise _refusal(
            tr(
                "{name} and its continuation last {minutes:.0f} minutes. The limit is {limit:.0f}.",
                name=path.name,
                minutes=seconds / 60,
                limit=MAX_SECONDS / 60,
            )
        )
    mode, key = key_of(midi, own=own is not None)
    swing = find_swing(midi)
    grid = Grid(midi.division, begin, steps, swing)
    played = channel_parts(midi.notes) if own else guess_parts(midi.notes, grid)
    bars = to_bars(played, grid, mode, key)
    parts = "".join(
        part for part in PARTS if any(note.part == part for bar in bars for note in bar.notes)
    )
    return Continuation(
        name=path.name,
        bars=bars,
        steps=steps,
        mode=mode,
        key=key,
        bpm=bpm,
        swing=swing,
        parts=parts,
        instruments=main_instruments(midi, played),
        style=own["style"] if own and own["style"] in STYLES else "",
        mood=own["mood"] if own and own["mood"] in MOODS else "",
    )


def _refusal(message: str) -> StudioError:
    cure = tr("Choose another MIDI file, or clear it.")
    return StudioError(message, cause="invalid", cure=cure)


def merge(prompt: MusicPrompt, source: Continuation) -> MusicPrompt:
    """Return the prompt with key, mode, tempo and meter of the file to continue.

    The file also fills in what the prompt leaves open: style, mood, instruments and parts.
    """
    style = prompt.brief.style if "style" in prompt.named else source.style or prompt.brief.style
    if (source.steps == 12) != (style == "waltz"):
        style = "waltz" if source.steps == 12 else source.style or "classical"
    players = {**band_of(style), **source.instruments}
    if "instrument" in prompt.named:
        players |= prompt.instruments
    parts = set(source.parts) | set(prompt.named_parts)
    parts = parts - set(prompt.excluded_parts) or set(source.parts)
    brief = Brief(
        style=style,
        mood=prompt.brief.mood if "mood" in prompt.named or not source.mood else source.mood,
        mode=source.mode,
        tempo=tempo_of(source.bpm, style),
        lead=instruments()[players["M"]].family,
        parts="".join(part for part in PARTS if part in parts),
    )
    return prompt._replace(
        brief=brief, key=source.key, bpm=source.bpm, exact_bpm=True, instruments=players
    )


def lead_in(brief: Brief, source: Continuation, after: int) -> list[int]:
    """Return the tokens of the last source bars, without the brief; `after` bars will follow."""
    named = _name_sections(source.bars, after)
    tokens = encode(brief, named[-_CONTEXT_BARS:], after)
    return tokens[len(brief.tokens()) :]


def _name_sections(bars: Sequence[Bar], after: int) -> list[Bar]:
    """Name the sections so that the last phrase of four bars ends with the piece.

    A phrase that resembles an earlier one gets the same letter.
    """
    total = len(bars) + after
    places = [3 - (total - number - 1) % 4 for number in range(len(bars))]
    letters: list[tuple[str, dict[int, frozenset[tuple[int, str]]]]] = []
    named = []
    for _phrase, group in itertools.groupby(
        range(len(bars)), lambda number: (number - places[number]) // 4
    ):
        numbers = list(group)
        notes = {
            places[number]: frozenset((note.step, note.token) for note in bars[number].notes)
            for number in numbers
        }
        letter = next(
            (letter for letter, before in letters if _similarity(notes, before) > 0.5),
            "ABC"[min(2, len(letters))],
        )
        letters.append((letter, notes))
        named += [Bar(f"{letter}{places[number]}", bars[number].notes) for number in numbers]
    return named


def _similarity(
    one: Mapping[int, frozenset[tuple[int, str]]], other: Mapping[int, frozenset[tuple[int, str]]]
) -> float:
    """Return the share of notes that the bars at the same places have in common, 0..1."""
    pairs = [(notes, other[place]) for place, notes in one.items() if place in other]
    every = sum(len(a | b) for a, b in pairs)
    return sum(len(a & b) for a, b in pairs) / every if every else 0.0
