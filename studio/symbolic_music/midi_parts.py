"""The parts of a MIDI file: which notes are melody, harmony, bass and drums, and who plays them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from studio.media.midi import Midi, MidiNote
from studio.symbolic_music.instruments import instruments
from studio.symbolic_music.midi_timing import Grid

Played = list[tuple[str, MidiNote]]
"""(part, note) pairs."""
_BASS_PROGRAMS = range(32, 40)
_OWN_PARTS = {0: "M", 1: "H", 2: "B"}
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
"""(first General MIDI program, nearest instrument): each pair holds up to the next one."""


def channel_parts(notes: Sequence[MidiNote]) -> Played:
    """Assign notes to parts by channel, as Studio's own MIDI files have them."""
    return [("D" if note.is_drum else _OWN_PARTS.get(note.channel, "H"), note) for note in notes]


def guess_parts(notes: Sequence[MidiNote], grid: Grid) -> Played:
    """Assign notes to parts: the lowest track is the bass, the highest monophonic one the melody.

    All other notes are harmony.
    """
    groups = defaultdict[tuple[int, int], list[MidiNote]](list)
    for note in notes:
        if not note.is_drum:
            groups[note.track, note.channel].append(note)
    bass = min(
        (key for key, group in groups.items() if _is_bass(group, grid)),
        key=lambda key: _mean_pitch(groups[key]),
        default=None,
    )
    candidates = [key for key in groups if key != bass]
    melody = max(
        candidates,
        key=lambda key: (_monophony(groups[key], grid) > 0.7, _mean_pitch(groups[key])),
        default=None,
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


def _is_bass(group: Sequence[MidiNote], grid: Grid) -> bool:
    return group[0].program in _BASS_PROGRAMS or (
        _mean_pitch(group) < 50 and _monophony(group, grid) > 0.7
    )


def _mean_pitch(group: Sequence[MidiNote]) -> float:
    return sum(note.pitch for note in group) / len(group)


def _monophony(group: Sequence[MidiNote], grid: Grid) -> float:
    """Return the share of onsets with a single note."""
    counts = Counter(grid.step(note.begin) for note in group)
    return sum(count == 1 for count in counts.values()) / len(counts)


def _extremes(group: Iterable[MidiNote], grid: Grid, *, highest: bool) -> set[MidiNote]:
    by_step = defaultdict[int, list[MidiNote]](list)
    for note in group:
        by_step[grid.step(note.begin)].append(note)
    choose = max if highest else min
    return {choose(notes, key=lambda note: note.pitch) for notes in by_step.values()}


def main_instruments(midi: Midi, played: Played) -> dict[str, str]:
    """Return part → the instrument that plays most of its notes."""
    instrument_of = {}
    for part in "MHB":
        counts = Counter(_instrument(midi, note) for other, note in played if other == part)
        if counts:
            instrument_of[part] = counts.most_common(1)[0][0]
    return instrument_of


def _instrument(midi: Midi, note: MidiNote) -> str:
    name = midi.names.get(note.track, "")
    return (
        name
        if name in instruments()
        else [who for program, who in _PROGRAMS if program <= note.program][-1]
    )
