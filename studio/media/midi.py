"""Reads standard MIDI files within limits, as leniently as players: notes, tempo, meter, key.

Our own reader: libraries refuse whole files for one odd byte or a missing tail that every player
plays over. Source: Standard MIDI Files 1.0 (RP-001), MIDI Manufacturers Association.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from studio.core.errors import StudioError
from studio.core.requests.shared_fields import MIDI_SUFFIXES
from studio.core.translation import tr

MAX_BYTES = 4 * 2**20
MAX_NOTES = 20_000
MAX_TRACKS = 256
_DRUM_CHANNEL = 9
_MAX_HEADER_OFFSET = 4096
"""How far into the file "MThd" may stand: behind a RIFF (.rmi) or MacBinary header."""
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of system common messages; the other ones above 0xF0 have none."""
_TEXTS = {0x01: "text", 0x03: "name"}


class MidiNote(NamedTuple):
    """A note, with the duration for which it is held."""

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
    """The content of a file."""

    division: int
    """Ticks per beat (a quarter note)."""
    notes: tuple[MidiNote, ...]
    """In order of their onsets."""
    tempi: tuple[tuple[int, float], ...]
    """(tick, beats per minute), by tick; never empty."""
    bars: tuple[tuple[int, int, int], ...]
    """(tick, numerator, denominator) of the time signatures; never empty."""
    key: tuple[int, bool] | None
    """(sharps, negative for flats; minor) of the first key signature, or None."""
    text: str
    """The first text event."""
    names: dict[int, str]
    """Track → name."""


def read_midi(path: Path) -> Midi:
    """Read a MIDI file. Raises StudioError if it is missing, invalid or beyond the limits."""
    if path.suffix.lower() not in MIDI_SUFFIXES:
        _refuse(tr("{name} is not a MIDI file: its name does not end in .mid.", name=path.name))
    try:
        if not path.is_file():
            if path.exists():
                _refuse(tr("{name} is not a file.", name=path.name))
            _refuse(tr("{name} does not exist.", name=path.name))
        if path.stat().st_size > MAX_BYTES:
            _refuse(
                tr(
                    "{name} is larger than the limit of {limit} MB.",
                    name=path.name,
                    limit=MAX_BYTES // 2**20,
                )
            )
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _refuse(tr("{name} cannot be read: {reason}.", name=path.name, reason=reason))
    return parse_midi(data, path.name)


def parse_midi(data: bytes, name: str) -> Midi:
    """Parse the bytes of a MIDI file; see `read_midi`."""
    header = _read_header(data, name)
    reader = _TrackReader(name)
    for number, chunk in enumerate(_tracks(data, header.end, name)):
        reader.read(number, chunk, starts_at=reader.end if header.sequential else 0)
    if not reader.notes:
        _refuse(tr("{name} contains no notes.", name=name))
    tempi = [] if header.fixed_tempo else sorted(reader.tempi.items())
    if not tempi or tempi[0][0] > 0:
        tempi.insert(0, (0, 120.0))
    bars = sorted((tick, *beats) for tick, beats in reader.bars.items())
    if not bars or bars[0][0] > 0:
        bars.insert(0, (0, 4, 4))
    notes = tuple(
        sorted(reader.notes, key=lambda note: (note.begin, note.track, note.channel, note.pitch))
    )
    return Midi(
        header.division, notes, tuple(tempi), tuple(bars), reader.key, reader.text, reader.names
    )


def _refuse(message: str) -> NoReturn:
    cure = tr("Choose another MIDI file, or clear it.")
    raise StudioError(message, cause="invalid", cure=cure)


class _Header(NamedTuple):
    division: int
    """Ticks per beat."""
    sequential: bool
    """True for format 2, whose tracks are played one after another."""
    fixed_tempo: bool
    """True for SMPTE ticks, fractions of a second: a beat is 0.5 s, and tempo has no effect."""
    end: int
    """Byte offset from which tracks may begin."""


def _read_header(data: bytes, name: str) -> _Header:
    start = data.find(b"MThd", 0, _MAX_HEADER_OFFSET)
    if start < 0:
        _refuse(tr("{name} is not a MIDI file: its header is missing.", name=name))
    size = int.from_bytes(data[start + 4 : start + 8], "big")
    if size < 6 or len(data) < start + 14:
        _refuse(tr("{name} has a damaged or cut off header.", name=name))
    kind, _count, division = (
        int.from_bytes(data[start + at : start + at + 2], "big") for at in (8, 10, 12)
    )
    fixed_tempo = bool(division & 0x8000)
    if fixed_tempo:
        frames, ticks = 256 - (division >> 8), division & 0xFF
        division = frames * ticks // 2
    if not division:
        _refuse(tr("{name} has a header with 0 ticks per beat.", name=name))
    return _Header(division, kind == 2, fixed_tempo, start + 8 + size)


def _tracks(data: bytes, at: int, name: str) -> list[bytes]:
    """Return the content of all track chunks, of which the last one may be cut off."""
    tracks = list[bytes]()
    while (at := data.find(b"MTrk", at)) >= 0:
        if len(tracks) == MAX_TRACKS:
            _refuse(tr("{name} has more than {limit} tracks.", name=name, limit=MAX_TRACKS))
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        tracks.append(data[at + 8 : at + 8 + size])
        at += 8 + size
    return tracks


class _TrackReader:
    """Collects the notes and the meta events of tracks."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.notes: list[MidiNote] = []
        self.tempi: dict[int, float] = {}
        self.bars: dict[int, tuple[int, int]] = {}
        self.key: tuple[int, bool] | None = None
        self.text = ""
        self.names: dict[int, str] = {}
        self.end = 0
        """The tick of the last event so far."""
        self._programs: dict[int, int] = {}
        self._held: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def read(self, track: int, chunk: bytes, starts_at: int = 0) -> None:
        """Read a track that begins at a tick. Raises StudioError for too many notes."""
        tick = starts_at
        self._held = {}
        for event_tick, status, data in _events(chunk):
            tick = starts_at + event_tick
            if status == 0xFF:
                self._on_meta(track, tick, data[0], data[1:])
            elif status & 0xF0 == 0xC0:
                self._programs[status & 0x0F] = data[0]
            elif status & 0xF0 == 0x90 and data[1]:
                self._held.setdefault((status & 0x0F, data[0]), []).append((tick, data[1]))
            elif status & 0xF0 in (0x80, 0x90):
                self._end(track, tick, status & 0x0F, data[0])
        for channel, pitch in list(self._held):  # without a note-off: until the track's end
            while self._held.get((channel, pitch)):
                self._end(track, tick, channel, pitch)
        self.end = max(self.end, tick)

    def _end(self, track: int, tick: int, channel: int, pitch: int) -> None:
        begun = self._held.get((channel, pitch))
        if not begun:
            return
        begin, velocity = begun.pop(0)
        program = self._programs.get(channel, 0)
        self.notes.append(
            MidiNote(begin, max(1, tick - begin), pitch, velocity, track, channel, program)
        )
        if len(self.notes) > MAX_NOTES:
            _refuse(
                tr("{name} contains more than {limit:,} notes.", name=self._name, limit=MAX_NOTES)
            )

    def _on_meta(self, track: int, tick: int, kind: int, data: bytes) -> None:
        if kind == 0x51 and len(data) == 3:
            if beat := int.from_bytes(data, "big"):
                self.tempi[tick] = 60_000_000 / beat
        elif kind == 0x58 and len(data) >= 2:
            if data[0] and data[1] <= 6:
                self.bars[tick] = (data[0], 2 ** data[1])
        elif kind == 0x59 and len(data) == 2 and self.key is None:
            sharps = int.from_bytes(data[:1], "big", signed=True)
            self.key = (sharps, bool(data[1])) if abs(sharps) <= 7 else None
        elif kind == 0x01 and not self.text:
            self.text = data[:500].decode("utf-8", "replace")
        elif kind == 0x03:
            self.names.setdefault(track, data[:100].decode("utf-8", "replace"))


def _events(chunk: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (tick, status, data) of a track, up to its end or to invalid data.

    The data of a meta event begins with its type. Running status survives meta and system messages,
    and data bytes over 127 are clipped: files break both rules, and players play them.
    """
    at, tick, running = 0, 0, 0
    while at < len(chunk):
        delta, at = _variable(chunk, at)
        if at >= len(chunk):
            return
        tick += delta
        status = chunk[at]
        if status in (0xFF, 0xF0, 0xF7):
            kind = chunk[at + 1 : at + 2] if status == 0xFF else b""
            is_cut = status == 0xFF and not kind
            size, at = _variable(chunk, at + 1 + len(kind))
            if is_cut or kind == b"\x2f" or at + size > len(chunk):
                return
            yield tick, status, kind + chunk[at : at + size]
            at += size
        elif status > 0xF0:
            at += 1 + _SYSTEM_DATA_BYTES.get(status, 0)
        else:
            if status & 0x80:
                running, at = status, at + 1
            size = 1 if running & 0xF0 in (0xC0, 0xD0) else 2
            data = chunk[at : at + size]
            if not running or len(data) < size:
                return
            yield tick, running, bytes(min(byte, 0x7F) for byte in data)
            at += size


def _variable(chunk: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length quantity (RP-001) and the position after it."""
    number = 0
    for byte in chunk[at : at + 4]:
        number = number << 7 | byte & 0x7F
        at += 1
        if not byte & 0x80:
            return number, at
    return number, len(chunk)
