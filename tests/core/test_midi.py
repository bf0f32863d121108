"""MIDI files are read strictly: what is right comes out, what is not is refused in a sentence, and nothing takes long."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.midi import MAX_BYTES, MAX_NOTES, parse_midi, read_midi

END = b"\x00\xff\x2f\x00"


def variable(number):
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))


def track(*events, end=END):
    data = b"".join(variable(delta) + event for delta, event in events) + end
    return b"MTrk" + struct.pack(">I", len(data)) + data


def midi(*tracks, kind=1, division=480, count=None):
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks) if count is None else count, division) + b"".join(tracks)


def on(pitch, velocity=90, channel=0):
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch, channel=0):
    return bytes([0x80 | channel, pitch, 0])


def tempo(microseconds):
    return b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


ONE_NOTE = track((0, on(60)), (480, off(60)))


def test_what_a_file_plays():
    head = track(
        (0, tempo(500_000)), (0, b"\xff\x58\x04\x03\x02\x18\x08"), (0, b"\xff\x59\x02\xfd\x01"), (0, b"\xff\x01\x05hello"),
        (960, tempo(600_000)),
    )  # fmt: skip
    played = track((0, b"\xff\x03\x04tune"), (0, b"\xc1\x28"), (0, on(60, channel=1)), (240, off(60, 1)), (0, on(62, channel=9)))
    found = parse_midi(midi(head, played), "x.mid")
    assert found.division == 480
    assert found.tempi == ((0, 120.0), (960, 100.0))
    assert found.bars == ((0, 3, 4),)
    assert found.key == (-3, True)
    assert (found.text, found.names) == ("hello", {1: "tune"})
    first, drum = found.notes
    assert (first.begin, first.length, first.pitch, first.velocity, first.program, first.is_drum) == (0, 240, 60, 90, 40, False)
    assert (drum.begin, drum.pitch, drum.is_drum) == (240, 62, True)


def test_without_tempo_and_beats_they_are_the_usual_ones():
    found = parse_midi(midi(ONE_NOTE, kind=0), "x.mid")
    assert (found.tempi, found.bars, found.key) == (((0, 120.0),), ((0, 4, 4),), None)


def test_running_status_and_strokes_of_no_velocity():
    found = parse_midi(midi(track((0, on(60)), (10, bytes([60, 0])), (0, bytes([64, 80])), (5, bytes([64, 0])))), "x.mid")
    assert [(note.pitch, note.begin, note.length) for note in found.notes] == [(60, 0, 10), (64, 10, 5)]


def test_others_chunks_and_messages_are_passed_over():
    sysex, bend = b"\xf0\x03\x01\x02\xf7", b"\xe0\x00\x40"
    other = b"XFIH" + struct.pack(">I", 3) + b"abc"
    found = parse_midi(midi(other, track((0, sysex), (0, bend), (0, b"\xd0\x10"), (0, on(60)), (1, off(60))), count=1), "x.mid")
    assert len(found.notes) == 1


def test_a_note_that_is_never_let_go_ends_with_its_track():
    found = parse_midi(midi(track((0, on(60)), (100, on(62)), (20, off(62)))), "x.mid")
    assert [(note.pitch, note.length) for note in found.notes] == [(60, 120), (62, 20)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no MIDI file"),
        (b"RIFF0000WAVE", "is no MIDI file"),
        (b"MThd", "cut off, or damaged"),
        (midi(ONE_NOTE)[:20], "is cut off"),
        (midi(ONE_NOTE)[:-6], "is cut off"),
        (midi(ONE_NOTE, count=2), "1 of 2 tracks"),
        (midi(ONE_NOTE, kind=2), "format 2"),
        (midi(ONE_NOTE, division=0xE728), "SMPTE"),
        (midi(ONE_NOTE, division=0), "beats of no length"),
        (midi(track()), "holds no notes"),
        (midi(), "holds no notes"),
        (midi(track((0, tempo(1)), (0, on(60)))), "tempo of 60,000,000 beats a minute"),
        (midi(track((0, tempo(0)), (0, on(60)))), "tempo of inf"),
        (midi(track((0, tempo(0xFFFFFF)), (0, on(60)))), "tempo of 4 beats"),
        (midi(track((0, bytes([60, 90])))), "data where an event should begin"),
        (midi(track((0, b"\xf8"), (0, on(60)))), "data where an event should begin"),
        (midi(track((0, bytes([0x90, 60, 0x90])))), "within another one"),
        (midi(track((0, b"\x90\x3c"), end=b"")), "cut off within a track"),
        (midi(track((0, b"\xff\x01\x7fhi"), end=b"")), "cut off within a track"),
        (midi(b"MTrk" + struct.pack(">I", 5) + b"\xff" * 5), "cut off within a track"),
        (midi(track((0, b"\xff\x58\x04\x00\x02\x18\x08"), (0, on(60)))), "time signature"),
        (midi(track(*[(0, on(60)), (1, off(60))] * (MAX_NOTES + 1))), "more than 20,000 notes"),
        (midi(*[track()] * 300), "more than 256 tracks"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_in_a_sentence(data, words):
    with pytest.raises(StudioError, match=words) as caught:
        parse_midi(data, "my song.mid")
    assert caught.value.message.startswith("my song.mid ")
    assert caught.value.cause == "invalid"
    assert caught.value.cure


def test_files_that_are_none(tmp_path):
    there = tmp_path / "song.mid"
    for path, words in ((there, "is not there"), (tmp_path / "song.wav", "no MIDI file by its name")):
        with pytest.raises(StudioError, match=words):
            read_midi(path)
    there.mkdir()
    with pytest.raises(StudioError, match="is no file"):
        read_midi(there)
    huge = tmp_path / "huge.mid"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(StudioError, match="more than 4 MB"):
        read_midi(huge)
    good = Path(tmp_path / "好.MIDI")
    good.write_bytes(midi(ONE_NOTE))
    assert len(read_midi(good).notes) == 1


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    for whole in (data, midi(b"MTrk" + struct.pack(">I", len(data)) + data)):
        try:
            found = parse_midi(whole, "x.mid")
        except StudioError:
            continue
        assert found.notes


@given(st.data())
def test_a_file_with_one_byte_changed_is_read_or_refused(data):
    good = bytearray(midi(track((0, tempo(500_000)), (0, on(60)), (480, off(60)), (0, on(64)), (3, off(64)))))
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(StudioError):
        assert parse_midi(bytes(good), "x.mid").notes


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(1, 500), st.integers(0, 127), st.integers(1, 127)), min_size=1, max_size=30
    )
)
def test_notes_come_back(wanted):
    events, now = [], 0
    expected = []
    for wait, length, pitch, velocity in wanted:
        events += [(wait, on(pitch, velocity)), (length, off(pitch))]
        now += wait
        expected.append((now, length, pitch, velocity))
        now += length
    found = parse_midi(midi(track(*events)), "x.mid")
    assert [(note.begin, note.length, note.pitch, note.velocity) for note in found.notes] == expected
