"""Audio of any rate and format as one channel of 16 kHz."""

import numpy as np
import pytest
import soundfile

from studio.core.errors import StudioError
from studio.media.speech_samples import RATE, Resampler, open_speech
from tests.video_files import write_video


def tone(frequency, seconds, rate):
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate).astype("f4")


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("block", [37, 1_000, 10**6])
def test_tone_stays_the_same_in_blocks_of_any_size(rate, block):
    source, resampler = tone(1000, 0.5, rate), Resampler(rate)
    parts = [resampler.feed(source[at : at + block]) for at in range(0, len(source), block)]
    found = np.concatenate([*parts, resampler.end()])
    assert abs(len(found) - RATE / 2) <= 1
    middle = slice(400, -400)
    assert np.abs(found - tone(1000, 0.5001, RATE)[: len(found)])[middle].max() < 2e-3


def test_what_16_khz_cannot_hold_is_filtered_out():
    resampler = Resampler(48_000)
    found = resampler.feed(tone(10_000, 1.0, 48_000))
    assert np.abs(found[400:-400]).max() < 0.01


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_audio_formats_are_read(tmp_path, suffix):
    path = tmp_path / f"声.{suffix}"
    stereo = np.stack((tone(440, 1.0, 24_000), np.zeros(24_000, "f4")), axis=1)
    soundfile.write(path, stereo, 24_000)
    file = open_speech(path)
    samples = np.concatenate(list(file.blocks()))
    file.close()
    assert file.seconds == pytest.approx(1.0, abs=0.1)
    assert len(samples) == pytest.approx(RATE, abs=RATE // 10)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)  # the mean of both channels


def test_lost_numbers_become_silence(tmp_path):
    values = tone(440, 0.5, RATE)
    values[100:200] = np.nan
    soundfile.write(tmp_path / "nan.wav", values, RATE, subtype="FLOAT")
    file = open_speech(tmp_path / "nan.wav")
    samples = np.concatenate(list(file.blocks()))
    file.close()
    assert np.isfinite(samples).all()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.wav", None, "There is no file"),
        ("bad.wav", b"RIFF\x10\0\0\0WAVE", "cannot be"),
        ("text.mp4", b"hello", "cannot be"),
        ("empty.mp3", b"", "cannot be"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(StudioError, match=words):
        open_speech(tmp_path / name)


def test_video_gives_its_audio_from_its_start_on(tmp_path):
    write_video(tmp_path / "clip.mp4", tone=2.0)
    file = open_speech(tmp_path / "clip.mp4")
    samples = np.concatenate(list(file.blocks()))
    file.close()
    assert len(samples) == pytest.approx(file.seconds * RATE, rel=0.1)
    assert np.abs(samples).max() > 0.05


def test_video_without_audio_is_refused(tmp_path):
    write_video(tmp_path / "clip.mp4")
    with pytest.raises(StudioError, match=r"clip\.mp4 has no audio"):
        open_speech(tmp_path / "clip.mp4")
