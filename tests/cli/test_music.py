"""Test `studio music` with the starter model: default model, MIDI output, MIDI input."""

import json
from pathlib import Path

import pytest

from studio.library.artifacts import read_recipe
from studio.media.midi import read_midi
from tests.cli.programs import studio
from tests.media.test_midi import midi, off, on, track

TUNE = midi(track((0, on(67)), (960, off(67)), (0, on(71)), (960, off(71))))


def test_starter_model_generates_and_continues_music(data, tmp_path):
    done = studio(
        "music", "soft piano", "--seconds", 2, "--seed", 1, "-o", tmp_path / "first.flac", data=data
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'first.flac'}\n"
    assert "Read as: calm ballad" in done.stderr
    assert "first.mid next to it" in done.stderr
    before = len(read_midi(tmp_path / "first.mid").notes)
    again = studio(
        "music",
        "more",
        "--seconds",
        2,
        "--continue",
        "first.mid",
        "-o",
        "second.wav",
        data=data,
        cwd=tmp_path,
    )
    assert again.returncode == 0, again.stderr
    assert read_recipe(tmp_path / "second.wav").request.continue_from == str(tmp_path / "first.mid")
    assert len(read_midi(tmp_path / "second.mid").notes) > before
    kept = (tmp_path / "first.mid").read_bytes()
    refused = studio("music", "soft piano", "-o", tmp_path / "first.wav", data=data)
    assert refused.returncode == 2
    assert "first.mid exists already" in refused.stderr
    assert (tmp_path / "first.mid").read_bytes() == kept


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.mid", None, "none.mid does not exist"),
        ("bad.mid", b"RIFF", "bad.mid is not a MIDI file"),
        ("cut.mid", TUNE[:20], "cut.mid contains no notes"),
        ("tune.txt", TUNE, "ends in .mid"),
    ],
)
def test_unusable_midi_file_is_refused(data, tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = studio("music", "more", "--continue", tmp_path / name, data=data)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(data.outputs.rglob("*.*"))


def test_batch_rows_resolve_midi_paths_from_the_batch_file(data, tmp_path):
    (tmp_path / "tune.mid").write_bytes(TUNE)
    rows = [
        {"prompt": "more", "continue": "tune.mid", "seconds": 2},
        {"prompt": "more", "continue_from": "gone.mid"},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = studio("batch", path, "--kind", "music", "--check", data=data)
    assert "gone.mid does not exist" in done.stdout + done.stderr
    from studio.batch.plan import read_batch
    from studio.models.registry import ModelRegistry

    batch = read_batch(path, ModelRegistry(data).find, kind="music")
    good, bad = batch.rows
    assert good.request.continue_from == str(Path(tmp_path / "tune.mid"))
    assert bad.message == "continue_from: gone.mid does not exist."
