"""Test reading MIDI files: lenient as players are, with limits for empty and oversized files."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.media.midi import MAX_BYTES, MAX_NOTES, parse_midi, read_midi

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
    return (
        b"MThd"
        + struct.pack(">IHHH", 6, kind, len(tracks) if count is None else count, division)
        + b"".join(tracks)
    )


def on(pitch, velocity=90, channel=0):
    return bytes([0x90 | channel, pitch, velocity])


def off(pitch, channel=0):
    return bytes([0x80 | channel, pitch, 0])


def tempo(microseconds):
    return b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


ONE_NOTE = track((0, on(60)), (480, off(60)))


def test_notes_tempo_and_beats_are_read():
    head = track(
        (0, tempo(500_000)),
        (0, b"\xff\x58\x04\x03\x02\x18\x08"),
        (0, b"\xff\x59\x02\xfd\x01"),
        (0, b"\xff\x01\x05hello"),
        (960, tempo(600_000)),
    )
    played = track(
        (0, b"\xff\x03\x04tune"),
        (0, b"\xc1\x28"),
        (0, on(60, channel=1)),
        (240, off(60, 1)),
        (0, on(62, channel=9)),
    )
    found = parse_midi(midi(head, played), "x.mid")
    assert found.division == 480
    assert found.tempi == ((0, 120.0), (960, 100.0))
    assert found.bars == ((0, 3, 4),)
    assert found.key == (-3, True)
    assert (found.text, found.names) == ("hello", {1: "tune"})
    first, drum = found.notes
    assert (
        first.begin,
        first.length,
        first.pitch,
        first.velocity,
        first.program,
        first.is_drum,
    ) == (0, 240, 60, 90, 40, False)
    assert (drum.begin, drum.pitch, drum.is_drum) == (240, 62, True)


def test_default_tempo_and_beats_are_used():
    found = parse_midi(midi(ONE_NOTE, kind=0), "x.mid")
    assert (found.tempi, found.bars, found.key) == (((0, 120.0),), ((0, 4, 4),), None)


def test_running_status_and_zero_velocity_are_read():
    found = parse_midi(
        midi(track((0, on(60)), (10, bytes([60, 0])), (0, bytes([64, 80])), (5, bytes([64, 0])))),
        "x.mid",
    )
    assert [(note.pitch, note.begin, note.length) for note in found.notes] == [
        (60, 0, 10),
        (64, 10, 5),
    ]


def test_unknown_chunks_and_messages_are_skipped():
    sysex, bend = b"\xf0\x03\x01\x02\xf7", b"\xe0\x00\x40"
    other = b"XFIH" + struct.pack(">I", 3) + b"abc"
    found = parse_midi(
        midi(
            other,
            track((0, sysex), (0, bend), (0, b"\xd0\x10"), (0, on(60)), (1, off(60))),
            count=1,
        ),
        "x.mid",
    )
    assert len(found.notes) == 1


def test_note_without_an_end_ends_with_its_track():
    found = parse_midi(midi(track((0, on(60)), (100, on(62)), (20, off(62)))), "x.mid")
    assert [(note.pitch, note.length) for note in found.notes] == [(60, 120), (62, 20)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a MIDI file"),
        (b"RIFF0000WAVE", "is not a MIDI file"),
        (b"x" * 5000 + midi(ONE_NOTE), "is not a MIDI file"),
        (b"MThd", "damaged or cut off header"),
        (midi(ONE_NOTE)[:20], "contains no notes"),
        (midi(ONE_NOTE, division=0), "0 ticks per beat"),
        (midi(track()), "contains no notes"),
        (midi(), "contains no notes"),
        (midi(track((0, bytes([60, 90])))), "contains no notes"),
        (midi(b"MTrk" + struct.pack(">I", 5) + b"\xff" * 5), "contains no notes"),
        (midi(track(*[(0, on(60)), (1, off(60))] * (MAX_NOTES + 1))), "more than 20,000 notes"),
        (midi(*[track()] * 300), "more than 256 tracks"),
    ],
)
def test_invalid_files_are_refused_with_a_message(data, words):
    with pytest.raises(StudioError, match=words) as caught:
        parse_midi(data, "my song.mid")
    assert caught.value.message.startswith("my song.mid ")
    assert caught.value.cause == "invalid"
    assert caught.value.cure


NO_METRE = b"\xff\x58\x04\x00\x02\x18\x08"
TWO_NOTES = [(0, on(60)), (480, off(60)), (0, on(64)), (480, off(64))]
BOTH = [(60, 0, 480), (64, 480, 480)]


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        pytest.param(
            midi(
                track(
                    (0, on(60)),
                    (9, tempo(400_000)),
                    (471, b"\x3c\x00"),
                    (0, b"\x40\x5a"),
                    (480, b"\x40\x00"),
                )
            ),
            BOTH,
            id="running status over a meta event",
        ),
        pytest.param(
            midi(
                track(
                    (0, on(60)),
                    (9, b"\xf0\x01\xf7"),
                    (471, b"\x3c\x00"),
                    (0, b"\x40\x5a"),
                    (480, b"\x40\x00"),
                )
            ),
            BOTH,
            id="running status over a system exclusive message",
        ),
        pytest.param(
            midi(track((0, b"\xb0\x07\xff"), *TWO_NOTES)), BOTH, id="a controller over 127"
        ),
        pytest.param(midi(track((0, b"\xc0\x90"), *TWO_NOTES)), BOTH, id="a program over 127"),
        pytest.param(
            midi(track((0, b"\xf8"), (0, b"\xf2\x01\x02"), *TWO_NOTES)),
            BOTH,
            id="real-time and system messages",
        ),
        pytest.param(midi(track(*TWO_NOTES))[:-3], BOTH, id="cut off after the last note"),
        pytest.param(midi(track(*TWO_NOTES), b"MTrk\0\0"), BOTH, id="half a chunk at the end"),
        pytest.param(midi(track(*TWO_NOTES, end=b"")), BOTH, id="no end of track"),
        pytest.param(
            midi(track(*TWO_NOTES, (0, b"\xff\x01\x7fhi"), end=b"")),
            BOTH,
            id="a text that is cut off",
        ),
        pytest.param(
            midi(track(*TWO_NOTES), count=5), BOTH, id="fewer tracks than the header counts"
        ),
        pytest.param(
            midi(track((0, b"\xff\x03\x01a")), track(*TWO_NOTES), count=1),
            BOTH,
            id="more tracks than counted",
        ),
        pytest.param(
            midi(track(*TWO_NOTES[:2]), track(*TWO_NOTES[2:]), kind=2),
            BOTH,
            id="format 2, one after another",
        ),
        pytest.param(
            b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + midi(track(*TWO_NOTES)), BOTH, id="in a RIFF file"
        ),
        pytest.param(
            midi(track((0, NO_METRE), (0, tempo(0)), *TWO_NOTES)),
            BOTH,
            id="impossible metre and tempo",
        ),
    ],
)
def test_slightly_invalid_files_are_read_as_players_do(data, notes):
    found = parse_midi(data, "x.mid")
    assert [(note.pitch, note.begin, note.length) for note in found.notes] == notes


def test_extreme_tempos_are_returned_unchanged():
    found = parse_midi(midi(track((0, tempo(600_000)), *TWO_NOTES, (0, tempo(5_000_000)))), "x.mid")
    assert found.tempi == ((0, 100.0), (960, 12.0))


def test_smpte_time_is_converted_to_half_second_beats():
    found = parse_midi(
        midi(track((0, tempo(250_000)), (0, on(60)), (1000, off(60))), division=0xE728), "x.mid"
    )  # 25 frames of 40 ticks
    assert (found.division, found.tempi, found.notes[0].length) == (500, ((0, 120.0),), 1000)


def test_other_files_are_refused(tmp_path):
    there = tmp_path / "song.mid"
    for path, words in (
        (there, "does not exist"),
        (tmp_path / "song.wav", "not a MIDI file: its name"),
    ):
        with pytest.raises(StudioError, match=words):
            read_midi(path)
    there.mkdir()
    with pytest.raises(StudioError, match="is not a file"):
        read_midi(there)
    huge = tmp_path / "huge.mid"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(StudioError, match="larger than the limit of 4 MB"):
        read_midi(huge)
    good = Path(tmp_path / "好.MIDI")
    good.write_bytes(midi(ONE_NOTE))
    assert len(read_midi(good).notes) == 1


@example(b"\x00\xff")  # a meta event without its type
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
    good = bytearray(
        midi(track((0, tempo(500_000)), (0, on(60)), (480, off(60)), (0, on(64)), (3, off(64))))
    )
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(StudioError):
        assert parse_midi(bytes(good), "x.mid").notes


@given(
    st.lists(
        st.tuples(
            st.integers(0, 500), st.integers(1, 500), st.integers(0, 127), st.integers(1, 127)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_notes_round_trip(wanted):
    events, now = [], 0
    expected = []
    for wait, length, pitch, velocity in wanted:
        events += [(wait, on(pitch, velocity)), (length, off(pitch))]
        now += wait
        expected.append((now, length, pitch, velocity))
        now += length
    found = parse_midi(midi(track(*events)), "x.mid")
    assert [
        (note.begin, note.length, note.pitch, note.velocity) for note in found.notes
    ] == expected
