"""A standard MIDI file, read strictly and within limits: what it plays, as notes in ticks. What cannot be is refused in words.

Our own reader and not a library's: the files come from anywhere, and what is needed is little (notes, tempo, beats, key), with a
limit for everything and a sentence for every refusal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from studio.core.errors import StudioError

SUFFIXES = (".mid", ".midi")
MAX_BYTES = 4 * 2**20
MAX_NOTES = 20_000
MAX_TRACKS = 256
_SLOWEST, _FASTEST = 20.0, 400.0
"""Beats a minute."""
_DRUM_CHANNEL = 9
_TEXTS = {0x01: "text", 0x03: "name"}


class MidiNote(NamedTuple):
    """A note, as long as it is held."""

    begin: int
    """In ticks, as `length`."""
    length: int
    pitch: int
    velocity: int
    track: int
    channel: int
    program: int
    """Of General MIDI, 0..127."""

    @property
    def is_drum(self) -> bool:
        """True on General MIDI's channel for percussion."""
        return self.channel == _DRUM_CHANNEL


class Midi(NamedTuple):
    """What a file holds."""

    division: int
    """Ticks a beat (a quarter note)."""
    notes: tuple[MidiNote, ...]
    """By their beginnings."""
    tempi: tuple[tuple[int, float], ...]
    """(tick, beats a minute), by tick; never empty."""
    bars: tuple[tuple[int, int, int], ...]
    """(tick, numerator, denominator) of the time signatures; never empty."""
    key: tuple[int, bool] | None
    """Sharps (negative: flats) and whether it is minor, of the first key signature; None where there is none."""
    text: str
    """The first text of the file."""
    names: dict[int, str]
    """Track → its name."""


def read_midi(path: Path) -> Midi:
    """Return what the file plays. Raises StudioError for a file that is not there, is no MIDI file, or is beyond the limits."""
    if path.suffix.lower() not in SUFFIXES:
        _refuse(path.name, "is no MIDI file by its name; it has to end in .mid")
    try:
        if not path.is_file():
            _refuse(path.name, "is not there" if not path.exists() else "is no file")
        if path.stat().st_size > MAX_BYTES:
            _refuse(path.name, f"has more than {MAX_BYTES // 2**20} MB, which no MIDI file of a piece has")
        data = path.read_bytes()
    except OSError as error:
        _refuse(path.name, f"cannot be read: {(error.strerror or str(error)).lower()}")
    return parse_midi(data, path.name)


def parse_midi(data: bytes, name: str) -> Midi:
    """Return what the bytes of a file play; see `read_midi`."""
    tracks, division = _chunks(data, name)
    heard = _Heard(name)
    for number, chunk in enumerate(tracks):
        heard.take(number, chunk)
    if not heard.notes:
        _refuse(name, "holds no notes")
    tempi = sorted(heard.tempi.items())
    odd = next((bpm for _tick, bpm in tempi if not _SLOWEST <= bpm <= _FASTEST), None)
    if odd is not None:
        _refuse(name, f"has a tempo of {odd:,.0f} beats a minute; {_SLOWEST:.0f} to {_FASTEST:.0f} can be played")
    if not tempi or tempi[0][0] > 0:
        tempi.insert(0, (0, 120.0))
    bars = sorted((tick, *beats) for tick, beats in heard.bars.items())
    if not bars or bars[0][0] > 0:
        bars.insert(0, (0, 4, 4))
    notes = tuple(sorted(heard.notes, key=lambda note: (note.begin, note.track, note.channel, note.pitch)))
    return Midi(division, notes, tuple(tempi), tuple(bars), heard.key, heard.text, heard.names)


def _refuse(name: str, why: str) -> NoReturn:
    raise StudioError(f"{name} {why}.", cause="invalid", cure="Choose another MIDI file, or clear it.")


def _chunks(data: bytes, name: str) -> tuple[list[bytes], int]:
    """Return the tracks, and the ticks of a beat."""
    if data[:4] != b"MThd":
        _refuse(name, "is no MIDI file; it does not begin as one")
    size = int.from_bytes(data[4:8], "big")
    if size < 6 or len(data) < 8 + size:
        _refuse(name, "is cut off, or damaged, in its first bytes")
    kind, count, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    if kind > 1:
        _refuse(name, f"is a MIDI file of format {kind}, whose tracks are pieces of their own; formats 0 and 1 can be read")
    if division & 0x8000:
        _refuse(name, "counts time in frames of a film (SMPTE), not in beats")
    if not division:
        _refuse(name, "has beats of no length")
    tracks, at = list[bytes](), 8 + size
    while at < len(data) and len(tracks) < count:
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        if at + 8 + size > len(data):
            _refuse(name, "is cut off")
        if data[at : at + 4] == b"MTrk":  # others are somebody's own, to be passed over
            tracks.append(data[at + 8 : at + 8 + size])
        at += 8 + size
    if len(tracks) < count:
        _refuse(name, f"is cut off: {len(tracks)} of {count} tracks are there")
    if count > MAX_TRACKS:
        _refuse(name, f"has more than {MAX_TRACKS} tracks")
    return tracks, division


class _Heard:
    """Gathers what the tracks say."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.notes: list[MidiNote] = []
        self.tempi: dict[int, float] = {}
        self.bars: dict[int, tuple[int, int]] = {}
        self.key: tuple[int, bool] | None = None
        self.text = ""
        self.names: dict[int, str] = {}
        self._programs: dict[int, int] = {}
        self._held: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def take(self, track: int, chunk: bytes) -> None:
        """Take a track. Raises StudioError."""
        tick = 0
        self._held = {}
        for tick, status, data in _events(chunk, self._name):
            if status == 0xFF:
                self._on_meta(track, tick, data[0], data[1:])
            elif status & 0xF0 == 0xC0:
                self._programs[status & 0x0F] = data[0]
            elif status & 0xF0 == 0x90 and data[1]:
                self._held.setdefault((status & 0x0F, data[0]), []).append((tick, data[1]))
            elif status & 0xF0 in (0x80, 0x90):
                self._end(track, tick, status & 0x0F, data[0])
        for channel, pitch in list(self._held):  # never let go: until the track's end
            while self._held.get((channel, pitch)):
                self._end(track, tick, channel, pitch)

    def _end(self, track: int, tick: int, channel: int, pitch: int) -> None:
        begun = self._held.get((channel, pitch))
        if not begun:
            return
        begin, velocity = begun.pop(0)
        program = self._programs.get(channel, 0)
        self.notes.append(MidiNote(begin, max(1, tick - begin), pitch, velocity, track, channel, program))
        if len(self.notes) > MAX_NOTES:
            _refuse(self._name, f"holds more than {MAX_NOTES:,} notes")

    def _on_meta(self, track: int, tick: int, kind: int, data: bytes) -> None:
        if kind == 0x51 and len(data) == 3:
            beat = int.from_bytes(data, "big")
            self.tempi[tick] = 60_000_000 / beat if beat else float("inf")
        elif kind == 0x58 and len(data) >= 2:
            if not data[0] or data[1] > 6:
                _refuse(self._name, "has a time signature that cannot be")
            self.bars[tick] = (data[0], 2 ** data[1])
        elif kind == 0x59 and len(data) == 2 and self.key is None:
            sharps = int.from_bytes(data[:1], "big", signed=True)
            self.key = (sharps, bool(data[1])) if abs(sharps) <= 7 else None
        elif kind == 0x01 and not self.text:
            self.text = data[:500].decode("utf-8", "replace")
        elif kind == 0x03:
            self.names.setdefault(track, data[:100].decode("utf-8", "replace"))


def _events(chunk: bytes, name: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield (tick, status, data) of a track, running status filled in; of a meta event the data begins with its kind."""
    at, tick, running = 0, 0, 0
    try:
        while at < len(chunk):
            delta, at = _variable(chunk, at)
            tick += delta
            status = chunk[at]
            if status in (0xFF, 0xF0, 0xF7):
                kind = chunk[at + 1 : at + 2] if status == 0xFF else b""
                size, at = _variable(chunk, at + 1 + len(kind))
                if at + size > len(chunk):
                    raise IndexError
                if kind == b"\x2f":
                    return
                yield tick, status, kind + chunk[at : at + size]
                running, at = 0, at + size
                continue
            if status & 0x80:
                running, at = status, at + 1
            if not 0x80 <= running < 0xF0:
                _refuse(name, "is damaged: it has data where an event should begin")
            size = 1 if running & 0xF0 in (0xC0, 0xD0) else 2
            data = chunk[at : at + size]
            if len(data) < size:
                raise IndexError
            if any(byte & 0x80 for byte in data):
                _refuse(name, "is damaged: an event begins within another one")
            yield tick, running, data
            at += size
    except IndexError:
        _refuse(name, "is cut off within a track")


def _variable(chunk: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length and where it ends."""
    number = 0
    for place in range(4):
        byte = chunk[at + place]
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            return number, at + place + 1
    raise IndexError
