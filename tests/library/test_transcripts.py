"""The words of a recording are found by searches for it, in whatever order files become known."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.requests import TranscribeRequest
from studio.library.artifacts import read_recipe
from studio.library.encoders import sidecar_path
from studio.library.items import Query


@pytest.fixture
def recording(studio):
    path = studio.data.outputs / "field.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * np.sin(np.arange(4_000)), 8_000)
    return path


def names(studio, text, **query):
    found = studio.library.index.search(Query(text=text, **query))
    return {item.path.rpartition("/")[2].rpartition(".")[2] for item in found}


def transcribe(studio, recording, file_format="txt"):
    artifact = studio.make(TranscribeRequest(audio=str(recording), format=file_format))
    studio.library.catch_up()
    return artifact


@pytest.mark.parametrize("file_format", ["txt", "srt", "json"])
@pytest.mark.parametrize("first", ["recording", "transcript"])
def test_words_find_the_recording_and_its_transcript(studio, recording, file_format, first):
    if first == "recording":
        studio.library.add_files([recording])
    transcribe(studio, recording, file_format)
    if first == "transcript":
        studio.library.add_files([recording])
    for text in ("吹过金色", "good morning", "harbor"):
        assert names(studio, text) == {"wav", file_format}
    assert names(studio, "harbor", media=("audio",)) == {"wav"}
    assert names(studio, "00:00:02") == set()


def test_transcript_is_made_from_the_recording(studio, recording):
    studio.library.add_files([recording])
    artifact = transcribe(studio, recording)
    index = studio.library.index
    (item,) = index.search(Query(media=("audio",)))
    assert [child.path for child in index.children(item.sha256)] == [artifact.path]
    assert index.transcript_of(item.sha256).path == artifact.path
    assert index.transcript_of("0" * 64) is None


def test_words_go_with_the_transcript(studio, recording):
    studio.library.add_files([recording])
    artifact = transcribe(studio, recording)
    index = studio.library.index
    made = index.find(artifact.path)
    index.mark_missing([made.id])
    assert names(studio, "harbor", media=("audio",)) == set()
    index.mark_missing([made.id], missing=False)
    assert names(studio, "harbor", media=("audio",)) == {"wav"}
    index.remove([made.id])
    assert names(studio, "harbor") == set()


def test_copies_of_a_recording_have_the_words_too(studio, recording):
    copy = recording.with_name("copy.wav")
    shutil.copyfile(recording, copy)
    studio.library.add_files([recording, copy])
    transcribe(studio, recording)
    assert len(studio.library.index.search(Query(text="harbor", media=("audio",)))) == 2


def test_index_built_again_has_the_words(studio, recording):
    studio.library.add_files([recording])
    artifact = transcribe(studio, recording, "vtt")
    studio.library.rebuild()
    assert names(studio, "吹过金色") == {"wav", "vtt"}
    assert studio.library.index.transcript_of(
        studio.library.index.find(str(recording)).sha256
    ).path == str(artifact.path)


def test_subtitles_without_a_recipe_are_no_items(studio, recording):
    path = recording.with_name("other.srt")
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    assert read_recipe(path) is None
    studio.library.refresh()
    assert studio.library.index.find(str(path)) is None


def test_damaged_recipe_leaves_the_text(studio, recording):
    artifact = studio.make(TranscribeRequest(audio=str(recording)))
    sidecar_path(Path(artifact.path)).write_bytes(b"{")
    studio.library.catch_up()
    assert studio.library.index.transcript_of("x") is None
