"""The notes of a MIDI file as bars that the model reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from studio.symbolic_music.chords import chords_of
from studio.symbolic_music.events import DRUMS, LENGTHS, RANGES, STEPS_A_BEAT, Bar, Note, drums
from studio.symbolic_music.midi_parts import Played
from studio.symbolic_music.midi_timing import Grid

_MAX_VOICES = 5
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


def to_bars(played: Played, grid: Grid, mode: str, key: int) -> tuple[Bar, ...]:
    """Return the bars from the first to the last onset, with chords."""
    notes = defaultdict[int, list[Note]](list)
    last = max(grid.step(note.begin) for _part, note in played) // grid.steps
    hits = defaultdict[int, set[str]](set)
    for part, note in played:
        step = grid.step(note.begin)
        if part == "D":
            hits[step] |= {_DRUM_OF[note.pitch]} if note.pitch in _DRUM_OF else set()
            continue
        length = note.length * STEPS_A_BEAT / grid.division
        _add_note(
            notes, part, step, length, _fold_into_range(part, note.pitch - key), grid.steps, last
        )
    for step, letters in hits.items():
        if stroke := drums(letters):
            notes[step // grid.steps].append(Note("D", step % grid.steps, 0, 0, stroke))
    first = min(notes, default=0)
    bars, before = [], (0, "min" if mode == "minor" else "maj")
    for number in range(first, last + 1):
        kept = _reduce(notes[number])
        chords = chords_of(kept, grid.steps, mode, before)
        before = (chords[-1].pitch, chords[-1].label)
        bars.append(
            Bar(
                "A0",
                tuple(
                    sorted((*chords, *kept), key=lambda note: (note.step, note.part, note.pitch))
                ),
            )
        )
    return tuple(bars)


def _add_note(
    notes: Mapping[int, list[Note]],
    part: str,
    step: int,
    length: float,
    pitch: int,
    steps: int,
    last: int,
) -> None:
    """Add a note to its bar; repeat it in the next bar if it lasts a beat or more there."""
    number, at = divmod(step, steps)
    room = steps - at
    whole = min(LENGTHS, key=lambda size: abs(size - length))
    fits = max(size for size in LENGTHS if size <= min(whole, room))
    notes[number].append(Note(part, at, pitch, fits))
    if length - room >= STEPS_A_BEAT and number < last:
        _add_note(notes, part, (number + 1) * steps, length - room, pitch, steps, last)


def _fold_into_range(part: str, pitch: int) -> int:
    """Return the pitch, transposed by octaves into the part's range."""
    low, high = RANGES[part]
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def _reduce(notes: Sequence[Note]) -> list[Note]:
    """Keep the highest melody note, the lowest bass note and five harmony notes of each step."""
    kept = [note for note in notes if note.part == "D"]
    for part, limit, highest in (("M", 1, True), ("B", 1, False), ("H", _MAX_VOICES, True)):
        by_step = defaultdict[int, dict[int, Note]](dict)
        for note in notes:
            if note.part == part:
                same = by_step[note.step].get(note.pitch)
                by_step[note.step][note.pitch] = (
                    note if same is None or same.length < note.length else same
                )
        for chosen in by_step.values():
            kept += sorted(chosen.values(), key=lambda note: note.pitch, reverse=highest)[:limit]
    return kept
