"""Test `studio transcribe` with a tiny random Whisper that is installed as the real one is."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.files import sha256_of
from studio.library.artifacts import read_recipe
from studio.library.encoders import read_sidecar
from studio.models.files.whisper_weights import write_whisper_folder
from studio.models.install.add import add
from tests.checkpoints.whisper import make_whisper
from tests.cli.programs import studio


@pytest.fixture
def recording(tmp_path):
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(24_000) / 24_000)
    soundfile.write(tmp_path / "talk.wav", tone, 24_000)
    return tmp_path / "talk.wav"


def test_recording_becomes_subtitles(data, tmp_path, recording):
    source, folder = tmp_path / "source", tmp_path / "tiny-whisper"
    make_whisper(source)
    folder.mkdir()
    write_whisper_folder(
        source / "model.bin", source / "tokenizer.json", source / "config.json", folder
    )
    add(data, folder)
    done = studio(
        "transcribe", recording, "--language", "en", "-o", "talk.vtt", cwd=tmp_path, data=data
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("WEBVTT")
    recipe = read_recipe(tmp_path / "talk.vtt")
    assert recipe.request.audio == str(recording)
    assert recipe.inputs == {"audio": sha256_of(recording)}
    assert read_sidecar(tmp_path / "talk.vtt").transcript is not None


def test_fake_engine_batch_and_json(data, tmp_path, recording):
    done = studio("--fake", "transcribe", recording, "--subtitles", "srt", "--json", data=data)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["text"].startswith("1\n00:00:00,000 --> 00:00:01,500\n")
    assert Path(made["files"][0]).name.startswith("Transcript-of-talk")
    rows = tmp_path / "rows.csv"
    rows.write_text(f"kind,audio,language,format\ntranscribe,{recording},zh,lrc\n")
    batch = studio("--fake", "batch", rows, "-o", tmp_path / "out", data=data)
    assert batch.returncode == 0, batch.stderr
    (made,) = (tmp_path / "out").glob("*.lrc")
    assert made.read_text().startswith("[00:00.00]")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.wav",), "none.wav"),
        (("talk.wav", "--language", "klingon"), "language: must be the code"),
        (("talk.wav", "--subtitles", "docx"), "no format of subtitles"),
        (("talk.wav", "-o", "talk.png"), "cannot write .png"),
        (("bad.mp3",), "cannot be"),
    ],
)
def test_wrong_calls_are_explained(data, recording, arguments, words):
    recording.with_name("bad.mp3").write_bytes(b"ID3 no audio")
    done = studio("--fake", "transcribe", *arguments, cwd=recording.parent, data=data)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr


def test_without_a_model_the_way_to_install_it_is_named(data, recording):
    done = studio("transcribe", recording, data=data)
    assert done.returncode == 2
    assert "studio models install whisper" in done.stderr
