"""A MIDI file that is to be continued: its notes as bars that the model reads, with its key, tempo,
beats and instruments.

Notes go to the nearest sixteenth, with the swing that fits best, and to one of the four parts that
the model knows. What Studio wrote comes back note for note; of other files what a piece of these
parts can hold.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from studio.core.errors import StudioError
from studio.media.midi import Midi, MidiNote, read_midi
from studio.symbolic_music.chords import chords_of, key_of
from studio.symbolic_music.events import (
    DRUMS,
    LENGTHS,
    MOODS,
    PARTS,
    RANGES,
    STEPS_A_BEAT,
    STYLES,
    Bar,
    Brief,
    Note,
    drums,
    encode,
)
from studio.symbolic_music.instruments import instruments
from studio.symbolic_music.prompt import band_of, tempo_of
from studio.symbolic_music.types import Continuation, MusicPrompt

MAX_SECONDS = 600.0
_SLOWEST, _FASTEST = 20.0, 400.0
"""Beats a minute."""
_SWINGS = (0.0, 0.34, 0.66)
_MOST_VOICES = 5
_SEEN_BARS = 8
"""So many bars of what is given are put in front of the model."""
_BASS_PROGRAMS = range(32, 40)
_OWN = re.compile(r"Studio, job \w+: (?:continues [^:]*: )?(?:(?P<mood>\w+) )?(?P<style>\w+), ")
"""The first text of a file that Studio wrote; its channels are the parts."""
_OWN_PARTS = {0: "M", 1: "H", 2: "B"}
_DRUM_OF = {pitch: letter for letter, pitch in DRUMS.items()} | {
    35: "K",
    40: "S",
    41: "T",
    43: "T",
    47: "T",
    48: "T",
    50: "T",
    44: "H",
    54: "A",
    69: "A",
    82: "A",
    51: "R",
    53: "R",
    59: "R",
    52: "C",
    55: "C",
    57: "C",
    56: "X",
    75: "X",
    76: "X",
}
_PROGRAMS = (
    (0, "piano"),
    (4, "electric_piano"),
    (6, "piano"),
    (8, "music_box"),
    (11, "vibraphone"),
    (14, "bells"),
    (15, "guzheng"),
    (16, "organ"),
    (24, "guitar"),
    (26, "electric_guitar"),
    (32, "bass"),
    (38, "synth_bass"),
    (40, "violin"),
    (42, "cello"),
    (44, "strings"),
    (46, "harp"),
    (47, "strings"),
    (52, "pad"),
    (55, "strings"),
    (56, "trumpet"),
    (64, "saxophone"),
    (68, "clarinet"),
    (72, "flute"),
    (80, "square"),
    (81, "saw"),
    (88, "pad"),
    (104, "guzheng"),
    (110, "violin"),
    (111, "clarinet"),
    (112, "bells"),
    (116, "pad"),
)
"""From this program of General MIDI on: the instrument that is nearest."""
_FLATTEST = 7


def read_given(path: Path, more: float = 0.0) -> Continuation:
    """Return what a MIDI file plays, of which `more` seconds are to follow. Raises StudioError
    where it cannot be continued.
    """
    midi = read_midi(path)
    own = _OWN.match(midi.text)
    begin, beats, unit = _bars_of(midi)
    steps = beats * 16 // unit
    if steps not in (8, 12, 16):
        raise _refused(
            path, f"is in {beats}/{unit}; bars of two, three and four quarters can be continued"
        )
    steps = 16 if steps == 8 else steps
    bpm = _tempo_of(midi)
    if not _SLOWEST <= bpm <= _FASTEST:
        raise _refused(
            path,
            f"has a tempo of {bpm:,.0f} beats a minute; {_SLOWEST:.0f} to {_FASTEST:.0f} can be "
            "played",
        )
    last = max(note.begin for note in midi.notes)
    if (seconds := last / midi.division * 60 / bpm + more) > MAX_SECONDS:
        raise _refused(
            path,
            f"would be {seconds / 60:.0f} minutes long when it is continued; "
            f"{MAX_SECONDS / 60:.0f} are the most",
        )
    mode, key = key_of(midi, own=own is not None)
    swing = _swing_of(midi)
    grid = _Grid(midi.division, begin, steps, swing)
    played = _parts_own(midi.notes) if own else _parts_guessed(midi.notes, grid)
    bars = _to_bars(played, grid, mode, key)
    there = "".join(
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
        parts=there,
        instruments=_players(midi, played),
        style=own["style"] if own and own["style"] in STYLES else "",
        mood=own["mood"] if own and own["mood"] in MOODS else "",
    )


def _refused(path: Path, why: str) -> StudioError:
    return StudioError(
        f"{path.name} {why}.", cause="invalid", cure="Choose another MIDI file, or clear it."
    )


def join(wish: MusicPrompt, given: Continuation) -> MusicPrompt:
    """Return what the prompt asks for, with key, mode, tempo and beats of what is given, and what
    the prompt does not say too.
    """
    style = wish.brief.style if "style" in wish.said else given.style or wish.brief.style
    if (given.steps == 12) != (style == "waltz"):
        style = "waltz" if given.steps == 12 else given.style or "classical"
    players = {**band_of(style), **given.instruments}
    if "instrument" in wish.said:
        players |= wish.instruments
    parts = (set(given.parts) | set(wish.said_parts)) - set(wish.refused_parts) or set(given.parts)
    brief = Brief(
        style=style,
        mood=wish.brief.mood if "mood" in wish.said or not given.mood else given.mood,
        mode=given.mode,
        tempo=tempo_of(given.bpm, style),
        lead=instruments()[players["M"]].family,
        parts="".join(part for part in PARTS if part in parts),
    )
    return wish._replace(
        brief=brief, key=given.key, bpm=given.bpm, bpm_said=True, instruments=players
    )


def lead_in(brief: Brief, given: Continuation, after: int) -> list[int]:
    """Return the last of the given bars as tokens in front of the `after` bars that are to follow,
    without the brief's.
    """
    named = _named(given.bars, after)
    tokens = encode(brief, named[-_SEEN_BARS:], after)
    return tokens[len(brief.tokens()) :]


def _named(bars: Sequence[Bar], after: int) -> list[Bar]:
    """Name the sections, so that phrases of four bars end where the piece will; one that is like
    one before has its letter.
    """
    total = len(bars) + after
    places = [3 - (total - number - 1) % 4 for number in range(len(bars))]
    letters: list[tuple[str, dict[int, frozenset[tuple[int, str]]]]] = []
    named = []
    for _phrase, group in itertools.groupby(
        range(len(bars)), lambda number: (number - places[number]) // 4
    ):
        numbers = list(group)
        heard = {
            places[number]: frozenset((note.step, note.token) for note in bars[number].notes)
            for number in numbers
        }
        letter = next(
            (letter for letter, before in letters if _alike(heard, before) > 0.5),
            "ABC"[min(2, len(letters))],
        )
        letters.append((letter, heard))
        named += [Bar(f"{letter}{places[number]}", bars[number].notes) for number in numbers]
    return named


def _alike(
    one: Mapping[int, frozenset[tuple[int, str]]], other: Mapping[int, frozenset[tuple[int, str]]]
) -> float:
    pairs = [(notes, other[place]) for place, notes in one.items() if place in other]
    every = sum(len(a | b) for a, b in pairs)
    return sum(len(a & b) for a, b in pairs) / every if every else 0.0


# Time
# ----------------------------------------------------------------------


class _Grid(NamedTuple):
    """Where sixteenths lie."""

    division: int
    begin: int
    """The tick that a bar begins at."""
    steps: int
    swing: float

    def step(self, tick: int) -> int:
        """Return the sixteenth that the tick is nearest to, from the bars' beginning on."""
        beat, rest = divmod((tick - self.begin) * STEPS_A_BEAT / self.division, STEPS_A_BEAT)
        places = (*_places(self.swing), float(STEPS_A_BEAT))
        return int(beat) * STEPS_A_BEAT + min(
            range(len(places)), key=lambda place: abs(places[place] - rest)
        )


def _places(swing: float) -> tuple[float, ...]:
    return (0.0, 1 + swing / 2, 2 + swing, 3 + swing / 2)


def _swing_of(midi: Midi) -> float:
    """Return the swing with which the notes lie nearest to sixteenths; a straight one where they
    tell no difference.
    """
    rests = [note.begin * STEPS_A_BEAT / midi.division % STEPS_A_BEAT for note in midi.notes]

    def cost(swing: float) -> float:
        places = (*_places(swing), float(STEPS_A_BEAT))
        return sum(min(abs(place - rest) for place in places) for rest in rests)

    straight = cost(0.0)
    best = min(_SWINGS, key=cost)
    return best if cost(best) < 0.7 * straight else 0.0


def _longest(changes: Iterable[tuple[int, object]], end: int) -> int:
    """Return the number of the change that holds for most of the time up to `end`."""
    ticks = [min(tick, end) for tick, _value in changes] + [end]
    spans = [after - before for before, after in itertools.pairwise(ticks)]
    return max(range(len(spans)), key=lambda number: (spans[number], -number))


def _tempo_of(midi: Midi) -> float:
    """Return the median tempo over the time between the first and the last note, in beats a minute.

    A tempo that holds for most of the piece is its median; a ritardando, a fermata or a pick-up
    changes nothing; of a tempo map with a change at every beat it is the middle.
    """
    first, end = midi.notes[0].begin, max(note.begin + note.length for note in midi.notes)
    ticks = [min(max(tick, first), end) for tick, _bpm in midi.tempi] + [end]
    spans = sorted(
        (bpm, after - before)
        for (_, bpm), before, after in zip(midi.tempi, ticks, ticks[1:], strict=False)
    )
    passed = 0
    for bpm, span in spans:
        passed += span
        if 2 * passed >= end - first:
            return bpm
    return midi.tempi[0][1]


def _bars_of(midi: Midi) -> tuple[int, int, int]:
    """Return where bars begin (a tick), and numerator and denominator of most of the piece."""
    end = max(note.begin + note.length for note in midi.notes)
    tick, beats, unit = midi.bars[_longest([(bar[0], bar) for bar in midi.bars], end)]
    length = midi.division * 4 * beats // unit * (2 if beats * 16 // unit == 8 else 1)
    return tick % length if length else 0, beats, unit


# Parts
# ----------------------------------------------------------------------

Played = list[tuple[str, MidiNote]]
"""(part, note)"""


def _parts_own(notes: Sequence[MidiNote]) -> Played:
    return [("D" if note.is_drum else _OWN_PARTS.get(note.channel, "H"), note) for note in notes]


def _parts_guessed(notes: Sequence[MidiNote], grid: _Grid) -> Played:
    """Say who plays what: one bass, from below; one melody, the highest of those that sing alone;
    the others are harmony.
    """
    groups = defaultdict[tuple[int, int], list[MidiNote]](list)
    for note in notes:
        if not note.is_drum:
            groups[note.track, note.channel].append(note)
    bass = min(
        (key for key, group in groups.items() if _is_bass(group, grid)),
        key=lambda key: _mean(groups[key]),
        default=None,
    )
    singers = [key for key in groups if key != bass]
    melody = max(
        singers, key=lambda key: (_alone(groups[key], grid) > 0.7, _mean(groups[key])), default=None
    )
    tops = _extremes(groups[melody], grid, highest=True) if melody is not None else set()
    lows = (
        set()
        if bass is not None
        else _extremes(
            [n for group in groups.values() for n in group if n not in tops], grid, highest=False
        )
    )
    played: Played = []
    for note in notes:
        group = (note.track, note.channel)
        if note.is_drum:
            part = "D"
        elif group == bass or (note in lows and note.pitch < 50):
            part = "B"
        else:
            part = "M" if group == melody and note in tops else "H"
        played.append((part, note))
    return played


def _is_bass(group: Sequence[MidiNote], grid: _Grid) -> bool:
    return group[0].program in _BASS_PROGRAMS or (_mean(group) < 50 and _alone(group, grid) > 0.7)


def _mean(group: Sequence[MidiNote]) -> float:
    return sum(note.pitch for note in group) / len(group)


def _alone(group: Sequence[MidiNote], grid: _Grid) -> float:
    """Return the share of beginnings at which one note begins."""
    counts = Counter(grid.step(note.begin) for note in group)
    return sum(count == 1 for count in counts.values()) / len(counts)


def _extremes(group: Iterable[MidiNote], grid: _Grid, *, highest: bool) -> set[MidiNote]:
    by_step = defaultdict[int, list[MidiNote]](list)
    for note in group:
        by_step[grid.step(note.begin)].append(note)
    choose = max if highest else min
    return {choose(notes, key=lambda note: note.pitch) for notes in by_step.values()}


def _players(midi: Midi, played: Played) -> dict[str, str]:
    """Return part → the instrument that plays most of it."""
    found = {}
    for part in "MHB":
        said = Counter(_instrument(midi, note) for other, note in played if other == part)
        if said:
            found[part] = said.most_common(1)[0][0]
    return found


def _instrument(midi: Midi, note: MidiNote) -> str:
    name = midi.names.get(note.track, "")
    return (
        name
        if name in instruments()
        else [who for program, who in _PROGRAMS if program <= note.program][-1]
    )


# Bars
# ----------------------------------------------------------------------


def _to_bars(played: Played, grid: _Grid, mode: str, key: int) -> tuple[Bar, ...]:
    """Return the bars, from the first to the last in which something begins."""
    notes = defaultdict[int, list[Note]](list)
    last = max(grid.step(note.begin) for _part, note in played) // grid.steps
    hits = defaultdict[int, set[str]](set)
    for part, note in played:
        step = grid.step(note.begin)
        if part == "D":
            hits[step] |= {_DRUM_OF[note.pitch]} if note.pitch in _DRUM_OF else set()
            continue
        length = note.length * STEPS_A_BEAT / grid.division
        _lay(notes, part, step, length, _folded(part, note.pitch - key), grid.steps, last)
    for step, letters in hits.items():
        if found := drums(letters):
            notes[step // grid.steps].append(Note("D", step % grid.steps, 0, 0, found))
    first = min(notes, default=0)
    made, before = [], (0, "min" if mode == "minor" else "maj")
    for number in range(first, last + 1):
        kept = _thinned(notes[number])
        chords = chords_of(kept, grid.steps, mode, before)
        before = (chords[-1].pitch, chords[-1].what)
        made.append(
            Bar(
                "A0",
                tuple(
                    sorted((*chords, *kept), key=lambda note: (note.step, note.part, note.pitch))
                ),
            )
        )
    return tuple(made)


def _lay(
    notes: Mapping[int, list[Note]],
    part: str,
    step: int,
    length: float,
    pitch: int,
    steps: int,
    last: int,
) -> None:
    """Lay a note into its bar; one that goes on for a beat or more in the next bar begins there
    again.
    """
    number, at = divmod(step, steps)
    room = steps - at
    whole = min(LENGTHS, key=lambda size: abs(size - length))
    fits = max(size for size in LENGTHS if size <= min(whole, room))
    notes[number].append(Note(part, at, pitch, fits))
    if length - room >= STEPS_A_BEAT and number < last:
        _lay(notes, part, (number + 1) * steps, length - room, pitch, steps, last)


def _folded(part: str, pitch: int) -> int:
    """Return the pitch, octaves away where it is beyond the part's range."""
    low, high = RANGES[part]
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def _thinned(notes: Sequence[Note]) -> list[Note]:
    """Leave at a position one note of melody (the highest), one of the bass (the lowest) and five
    of harmony.
    """
    kept = [note for note in notes if note.part == "D"]
    for part, most, highest in (("M", 1, True), ("B", 1, False), ("H", _MOST_VOICES, True)):
        by_step = defaultdict[int, dict[int, Note]](dict)
        for note in notes:
            if note.part == part:
                same = by_step[note.step].get(note.pitch)
                by_step[note.step][note.pitch] = (
                    note if same is None or same.length < note.length else same
                )
        for chosen in by_step.values():
            kept += sorted(chosen.values(), key=lambda note: note.pitch, reverse=highest)[:most]
    return kept
