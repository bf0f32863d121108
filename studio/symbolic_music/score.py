"""Turns bars into strokes with times, velocities, swing and instruments, and into a MIDI file."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from studio.symbolic_music.events import DRUMS, STEPS_A_BEAT, Bar
from studio.symbolic_music.instruments import instruments

SWING = {"jazz": 0.66, "lofi": 0.34}
"""Delay of the off-beat eighths by style, in sixteenths."""
_LOUDNESS = {"M": 0.92, "H": 0.5, "B": 0.7, "D": 0.75}
_CHANNELS = {"M": 0, "H": 1, "B": 2, "D": 9}
_TICKS = 480


class Stroke(NamedTuple):
    """A note as it is played."""

    part: str
    """One of `events.PARTS`."""
    begin: float
    """Seconds."""
    seconds: float
    pitch: int
    """MIDI pitch; General MIDI's for drums."""
    velocity: float
    """0..1."""
    drum: str = ""
    """The letter in `events.DRUMS`."""


class Playing(NamedTuple):
    """The performance parameters of a piece."""

    swing: float
    steps: int
    """Sixteenths in a bar."""
    bpm: float
    key: int
    """Semitones from C to the tonic, −6..5."""
    mode: str
    instruments: dict[str, str]
    """Part → name in `instruments.toml`; drums have none."""
    seed: int


def play(bar: Bar, number: int, playing: Playing, fermata: float = 0.0) -> list[Stroke]:
    """Return the strokes of bar `number`, with accents and slight variation by seed and bar.

    `fermata`: seconds by which notes that last to the bar's end are held longer; may be negative.
    """
    random = Random(f"{playing.seed} {number}")
    step_seconds = 60 / playing.bpm / STEPS_A_BEAT
    strokes = []
    for note in sorted(note for note in bar.notes if note.part != "C"):
        begin = (
            number * playing.steps + note.step + _late(playing.swing, note.step)
        ) * step_seconds
        begin = max(0.0, begin + (random.gauss(0, 0.004) if note.step else 0.0))
        velocity = min(
            1.0,
            _LOUDNESS[note.part]
            * _accent(note.step, playing.steps)
            * (1 + random.uniform(-0.06, 0.06)),
        )
        if note.part == "D":
            strokes += [Stroke("D", begin, 0.1, DRUMS[drum], velocity, drum) for drum in note.label]
            continue
        seconds = note.length * step_seconds * (0.96 if note.part != "B" else 0.92)
        if note.step + note.length >= playing.steps - 1:
            seconds = max(step_seconds, seconds + fermata)
        strokes.append(Stroke(note.part, begin, seconds, note.pitch + playing.key, velocity))
    return sorted(strokes, key=lambda stroke: (stroke.begin, stroke.part, stroke.pitch))


def _late(swing: float, step: int) -> float:
    return (0.0, swing / 2, swing, swing / 2)[step % STEPS_A_BEAT]


def _accent(step: int, steps: int) -> float:
    if step == 0:
        return 1.0
    if step % STEPS_A_BEAT == 0:
        return 0.93 if step * 2 == steps else 0.87
    return 0.8 if step % 2 == 0 else 0.7


def midi_file(strokes: Sequence[Stroke], playing: Playing, text: str) -> bytes:
    """Return a MIDI file (format 1, 480 ticks per beat) with `text` and a track per part."""
    beat = 60 / playing.bpm
    numerator = playing.steps // STEPS_A_BEAT
    head = [
        (0, _meta(0x01, text.encode())),
        (0, _meta(0x51, struct.pack(">I", round(beat * 1_000_000))[1:])),
        (0, _meta(0x58, bytes([numerator, 2, 24, 8]))),
        (0, _meta(0x59, _key_signature(playing))),
    ]
    tracks = [_track(head)]
    for part in [part for part in "MHBD" if any(stroke.part == part for stroke in strokes)]:
        channel, name = _CHANNELS[part], playing.instruments.get(part, "drums")
        events = [(0, _meta(0x03, name.encode()))]
        if part != "D":
            events.append((0, bytes([0xC0 | channel, instruments()[name].program])))
        for stroke in strokes:
            if stroke.part == part:
                begin, end = (
                    round(at / beat * _TICKS)
                    for at in (stroke.begin, stroke.begin + stroke.seconds)
                )
                events.append(
                    (
                        begin,
                        bytes(
                            [
                                0x90 | channel,
                                stroke.pitch,
                                max(1, min(127, round(stroke.velocity * 120))),
                            ]
                        ),
                    )
                )
                events.append((max(begin + 1, end), bytes([0x80 | channel, stroke.pitch, 0])))
        tracks.append(_track(events))
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), _TICKS) + b"".join(tracks)


def _key_signature(playing: Playing) -> bytes:
    """Return the data of a key signature: sharps (negative for flats), and 1 for minor."""
    minor = playing.mode == "minor"
    sharps = ((playing.key + 3 * minor) * 7 + 5) % 12 - 5
    return struct.pack(">bB", sharps, minor)


def _meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + _variable(len(data)) + data


def _track(events: list[tuple[int, bytes]]) -> bytes:
    data, now = b"", 0
    # At the same tick, note-off precedes note-on; otherwise a repeated pitch would be silent.
    for tick, event in sorted(
        events, key=lambda item: (item[0], item[1][0] & 0xF0 == 0x90, item[1][0] < 0xF0)
    ):
        data += _variable(tick - now) + event
        now = tick
    data += b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(data)) + data


def _variable(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))
