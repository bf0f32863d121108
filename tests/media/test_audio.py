"""Test audio files: all four formats keep samples and recipe, and damaged files are refused."""

import random

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.library.file_actions.audio_export import export_audio
from studio.media import riff_id3
from studio.media.audio import FORMATS, encode_audio, frames_in, read_comment

RATE = 16_000


def _tone(seconds: float = 0.5, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave.astype(np.float32)[:, None], channels, axis=1)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("comment", ["x", '名前 ✓ \n " \\ \u2028', "长" * 250_000])
def test_comment_of_any_length_round_trips(file_format, comment):
    data = encode_audio(_tone(), RATE, file_format, comment)
    assert read_comment(data) == comment
    assert frames_in(data) >= 0.5 * RATE


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_round_trip(file_format, channels, tmp_path):
    import soundfile

    samples = _tone(1.0, channels)
    path = tmp_path / f"a.{file_format}"
    path.write_bytes(encode_audio(samples, RATE, file_format, "comment"))
    read, rate = soundfile.read(path, always_2d=True)
    assert rate == RATE
    assert read.shape[1] == channels
    strongest = np.abs(np.fft.rfft(read[: RATE // 2, 0])).argmax() / (len(read[: RATE // 2]) / RATE)
    assert strongest == pytest.approx(440, abs=4)
    if file_format in ("wav", "flac"):
        np.testing.assert_allclose(read, samples, atol=1e-4)


def test_loud_samples_are_clipped_and_nan_becomes_silence(tmp_path):
    import soundfile

    samples = np.array([[2.0], [-3.0], [np.nan], [np.inf], [0.25]], np.float32)
    (tmp_path / "a.wav").write_bytes(encode_audio(samples, RATE, "wav", ""))
    read, _rate = soundfile.read(tmp_path / "a.wav")
    np.testing.assert_allclose(read, [1, -1, 0, 1, 0.25], atol=1e-3)


def test_unsupported_mp3_rate_is_reported():
    with pytest.raises(ValueError, match="MP3 does not support 12345 Hz"):
        encode_audio(_tone(), 12_345, "mp3", "")


@pytest.mark.parametrize("file_format", FORMATS)
def test_damaged_files_are_refused_quickly(file_format):
    """A flipped bit in an MP3's header claims 10¹⁵ frames, and soundfile's own loop believes it."""
    chance = random.Random(1)
    whole = encode_audio(_tone(0.2), RATE, file_format, "hello")
    for number in range(400):
        damaged = bytearray(whole[: chance.randrange(len(whole))] if number % 2 else whole)
        for _ in range(chance.randrange(6)):
            if damaged:
                damaged[chance.randrange(min(len(damaged), chance.choice([20, 100, 10_000])))] = (
                    chance.randrange(256)
                )
        assert isinstance(read_comment(bytes(damaged)), str | None)
        assert 0 <= frames_in(bytes(damaged)) <= 100 * RATE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ID3",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7fTXXX",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"OggS",
        b"fLaC",
    ],
)
def test_truncated_files_have_no_comment_and_no_frames(data):
    assert read_comment(data) is None
    assert frames_in(data) == 0
    assert riff_id3.read_mp3(data) is None
    assert riff_id3.read_riff(data) is None


@pytest.mark.parametrize("source_format", FORMATS)
@pytest.mark.parametrize("target_format", FORMATS)
def test_every_format_converts_to_every_other(source_format, target_format, tmp_path):
    source, target = tmp_path / f"a.{source_format}", tmp_path / f"b.{target_format.upper()}"
    source.write_bytes(encode_audio(_tone(1.0, 2), RATE, source_format, "no recipe"))
    export_audio(source, target)
    assert frames_in(target.read_bytes()) == pytest.approx(RATE, abs=3000)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, target.name])


@pytest.mark.parametrize(("name", "words"), [("b.aac", "not a supported"), ("b", "No extension")])
def test_an_unknown_format_is_refused(name, words, tmp_path):
    source = tmp_path / "a.wav"
    source.write_bytes(encode_audio(_tone(), RATE, "wav", ""))
    with pytest.raises(StudioError, match=words):
        export_audio(source, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_unsupported_rate_and_damaged_source_are_reported(tmp_path):
    source = tmp_path / "a.wav"
    source.write_bytes(encode_audio(_tone(), 44_000, "wav", ""))
    with pytest.raises(StudioError, match="MP3 does not support 44000 Hz") as caught:
        export_audio(source, tmp_path / "b.mp3")
    assert "WAV" in caught.value.cure
    source.write_bytes(b"broken")
    with pytest.raises(StudioError, match=r"a\.wav cannot be read"):
        export_audio(source, tmp_path / "b.mp3")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("file_format", ["mp3", "ogg"])
def test_smaller_files_are_smaller(file_format):
    high, small = (
        len(encode_audio(_tone(2.0), RATE, file_format, "", quality))
        for quality in ("high", "small")
    )
    assert small < high
