"""The MIDI file that Studio writes with an audio file: its name, and how it is recognized."""

from __future__ import annotations

from pathlib import Path

MIDI_MARK = "Studio, job "
"""Precedes the job's id in the first text event of a MIDI file that Studio wrote."""
_BEGINNING_BYTES = 4096


def midi_path(path: Path) -> Path:
    """Return the path of an audio file's MIDI."""
    return path.with_suffix(".mid")


def companion_midi(path: Path) -> Path | None:
    """Return the MIDI file that Studio wrote with an audio file, or None."""
    midi = midi_path(path)
    is_own = path.suffix.lower() != ".mid" and MIDI_MARK.encode() in beginning(midi)
    return midi if is_own else None


def beginning(path: Path) -> bytes:
    """Return the first bytes of a file; empty if it cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_BEGINNING_BYTES)
    except OSError:
        return b""
