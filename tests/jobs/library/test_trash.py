"""Artifacts go to the desktop's trash with what belongs to them, and come back complete."""

import shutil

import pytest

from studio.core.errors import StudioError
from studio.jobs.library.trash import move_to_trash, restore
from studio.library.encoders import sidecar_path


@pytest.fixture
def trash(tmp_path, monkeypatch, qapp):
    """The trash of a desktop whose data folder is empty."""
    (tmp_path / "share").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share" / "Trash"


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "out" / "一首诗.txt"
    sidecar_path(path).parent.mkdir(parents=True)
    path.write_text("床前明月光", encoding="utf-8")
    sidecar_path(path).write_text("{}")
    return path


def test_text_and_its_recipe_go_to_the_trash_and_come_back(trash, text):
    result = move_to_trash([text])
    assert not result.failed
    assert not text.exists()
    assert not sidecar_path(text).exists()
    assert (trash / "files" / text.name).read_text(encoding="utf-8") == "床前明月光"
    restore(result.trashed[0])
    assert text.read_text(encoding="utf-8") == "床前明月光"
    assert sidecar_path(text).read_text() == "{}"
    assert not list((trash / "files").iterdir())
    assert not list((trash / "info").iterdir())


def test_midi_goes_with_its_music_but_a_foreign_one_stays(trash, tmp_path):
    own, foreign = tmp_path / "own.wav", tmp_path / "foreign.wav"
    for path in (own, foreign):
        path.write_bytes(b"RIFF")
    own.with_suffix(".mid").write_bytes(b"MThd Studio, job 1")
    foreign.with_suffix(".mid").write_bytes(b"MThd")
    move_to_trash([own, foreign])
    assert not own.with_suffix(".mid").exists()
    assert foreign.with_suffix(".mid").exists()


def test_file_that_vanished_is_reported_and_the_others_go(trash, text, tmp_path):
    gone = tmp_path / "gone.png"
    result = move_to_trash([gone, text])
    assert list(result.failed) == [gone]
    assert [trashed.path for trashed in result.trashed] == [text]


def test_cancel_keeps_the_remaining_files(trash, text):
    assert not move_to_trash([text], lambda: True).trashed
    assert text.exists()


def test_restore_never_replaces_a_file(trash, text):
    (trashed,) = move_to_trash([text]).trashed
    text.write_text("new")
    with pytest.raises(StudioError, match="exists again"):
        restore(trashed)
    assert text.read_text() == "new"
    assert (trash / "files" / text.name).exists()


def test_restore_reports_an_emptied_trash(trash, text):
    (trashed,) = move_to_trash([text]).trashed
    shutil.rmtree(trash)
    with pytest.raises(StudioError, match="no longer in the trash"):
        restore(trashed)


def test_restore_creates_a_folder_that_was_deleted_meanwhile(trash, text):
    (trashed,) = move_to_trash([text]).trashed
    shutil.rmtree(text.parent)
    restore(trashed)
    assert text.exists()
