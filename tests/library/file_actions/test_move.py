"""Moves, renames, copies and their undo: with what belongs to a file, never over another one."""

import contextlib
import errno
import os
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from studio.core import file_lock
from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.library.annotations import read_annotations
from studio.library.artifacts import read_recipe
from studio.library.encoders import sidecar_path
from studio.library.file_actions import move, places
from studio.library.items import Annotation
from studio.library.library import Library
from studio.media.companion_midi import MIDI_MARK
from tests.media.image_texts import image_files

PATIENCE = 60


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def made(studio):
    """Return the paths of an image, a text and music with its MIDI file, all rated."""
    paths = [studio.image("a boat"), studio.text("a storm"), studio.speech("Hello.")]
    midi = paths[2].with_suffix(".mid")
    midi.write_bytes(b"MThd" + MIDI_MARK.encode())
    studio.library.catch_up()
    studio.library.annotate(
        studio.library.index.ids(), lambda old: msgspec.structs.replace(old, rating=4)
    )
    return paths


def ids_of(studio, paths) -> list[int]:
    return [studio.library.index.find(str(path)).id for path in paths]


def files_in(folder) -> set[str]:
    """Return the names of the files in a folder, without notes."""
    found = {path.name for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if "annotations" not in name}


def test_items_move_with_all_that_belongs_to_them_and_back(studio, made, target):
    index, data, ids = studio.library.index, studio.data, ids_of(studio, made)
    before = files_in(data.outputs)
    steps = []
    result = move.move_items(index, data, ids, target, lambda *step: steps.append(step))
    assert not result.failed
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert files_in(data.outputs) == set()
    assert files_in(target) == before
    moved = [target / path.name for path in made]
    assert ids_of(studio, moved) == ids
    assert read_recipe(moved[1]).request.prompt == "a storm"
    assert {line.annotation.rating for line in read_annotations(target).values()} == {4}
    assert studio.library.scan().added == 0
    assert not move.undo_moves(index, data, result.done).failed
    assert files_in(data.outputs) == before
    assert ids_of(studio, made) == ids


def test_taken_names_get_numbers_and_nothing_is_replaced(studio, made, target):
    index, data = studio.library.index, studio.data
    (target / made[0].name).write_text("mine")
    (target / made[2].with_suffix(".mid").name).write_text("mine, too")
    result = move.move_items(index, data, ids_of(studio, made), target)
    assert not result.failed
    assert (target / made[0].name).read_text() == "mine"
    assert (target / f"{made[0].stem} (2).png").exists()
    assert (target / f"{made[2].stem} (2).mid").exists()
    (data.outputs / made[0].name).write_text("new")
    back = move.undo_moves(index, data, result.done)
    assert [*back.failed.values()] == [f"{made[0]} already exists"]
    assert made[0].read_text() == "new"
    assert index.find(str(target / f"{made[0].stem} (2).png"))


def test_items_of_the_same_name_from_two_folders(studio, target, tmp_path):
    first, second = studio.image("one"), studio.image("two", tmp_path / "b")
    second = second.rename(second.with_name(first.name))
    studio.library.catch_up()
    studio.library.add_files([second])
    result = move.move_items(
        studio.library.index, studio.data, ids_of(studio, [first, second]), target
    )
    assert files_in(target) == {first.name, f"{first.stem} (2).png"}
    assert len(result.done) == 2


def test_missing_file_fails_and_the_others_move(studio, made, target):
    made_ids = ids_of(studio, made)
    made[1].unlink()
    result = move.move_items(studio.library.index, studio.data, made_ids, target)
    assert list(result.failed) == [str(made[1])]
    assert len(result.done) == 2
    assert sidecar_path(made[1]).exists()
    assert not sidecar_path(target / made[1].name).exists()


def test_cancelled_move_leaves_the_rest(studio, made, target):
    steps = []
    result = move.move_items(
        studio.library.index,
        studio.data,
        ids_of(studio, made),
        target,
        lambda *step: steps.append(step),
        lambda: bool(steps),
    )
    assert (len(result.done), result.is_cancelled) == (1, True)
    assert made[1].exists()


def test_other_drive(studio, made, target, monkeypatch):
    def refuse(*_arguments):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(places.os, "link", refuse)
    times = [path.stat().st_mtime_ns for path in made]
    result = move.move_items(studio.library.index, studio.data, ids_of(studio, made), target)
    assert not result.failed
    assert [(target / path.name).stat().st_mtime_ns for path in made] == times
    assert files_in(studio.data.outputs) == set()


def test_full_disk_leaves_files_where_they_were(studio, made, target, monkeypatch):
    def refuse(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = set(studio.data.outputs.rglob("*"))
    with monkeypatch.context() as patched:
        patched.setattr(move, "save_annotations", refuse)
        result = move.move_items(studio.library.index, studio.data, ids_of(studio, made), target)
    assert set(result.failed) == set(map(str, made))
    assert not result.done
    assert set(studio.data.outputs.rglob("*")) == before
    assert not files_in(target)
    assert studio.library.refresh().added == 0


def test_rename_keeps_the_extension(studio, made):
    index, data = studio.library.index, studio.data
    (item_id,) = ids_of(studio, made[1:2])
    change = move.rename_item(index, data, item_id, "风暴 at sea.txt")
    assert change.target == str(made[1].with_name("风暴 at sea.txt"))
    assert read_recipe(made[1].with_name("风暴 at sea.txt")) is not None
    assert not sidecar_path(made[1]).exists()
    assert index.items([item_id])[0].path == change.target
    made[0].with_name("taken.txt").write_text("mine")
    for name in ("taken", "", "../up", "a/b", ".hidden", "con", "a\0b"):
        with pytest.raises(StudioError):
            move.rename_item(index, data, item_id, name)
    assert made[0].with_name("taken.txt").read_text() == "mine"


def test_copies_are_items_with_the_same_notes(studio, made, target):
    result = move.copy_items(studio.library.index, studio.data, ids_of(studio, made), target)
    assert not result.failed
    assert files_in(target) == files_in(studio.data.outputs)
    index = studio.library.index
    assert [index.annotation(change.item_id) for change in result.done] == [
        Annotation(rating=4)
    ] * 3
    assert index.count() == 6
    assert studio.library.scan().added == 0


@pytest.mark.parametrize("killed_at", ["place", "record", "unlink", "midway"])
def test_kill_loses_and_doubles_nothing(studio, made, target, monkeypatch, killed_at):
    """A move that ends at any instant is completed or undone by the next refresh."""

    class Killed(BaseException):
        pass

    def kill(*_arguments, **_options):
        raise Killed

    calls = []

    def link(source, place):
        calls.append(place)
        if len(calls) == 2:  # its recipe is there, the text is not
            raise Killed
        return os_link(source, place)

    os_link = os.link
    index, data, ids = studio.library.index, studio.data, ids_of(studio, made[1:2])
    with monkeypatch.context() as patch:
        if killed_at == "place":
            patch.setattr(move, "place_all", kill)
        elif killed_at == "midway":
            patch.setattr(places.os, "link", link)
            patch.setattr(places.contextlib, "suppress", kill)  # nothing is cleaned up
        elif killed_at == "record":
            patch.setattr(move, "_record", kill)
        else:
            patch.setattr(move.Path, "unlink", kill)
        with pytest.raises(Killed):
            move.move_items(index, data, ids, target)
    studio.library.refresh()
    studio.library.add_folder(target)
    studio.library.scan()
    (item,) = index.items(ids)
    assert Path(item.path).exists()
    assert not item.missing
    assert index.count() == 3
    places_of_it = [folder / made[1].name for folder in (data.outputs, target)]
    assert sum(path.exists() for path in places_of_it) == 1
    assert sum(sidecar_path(path).exists() for path in places_of_it) == 1
    assert index.annotation(item.id).rating == 4


# Other programs
# ----------------------------------------------------------------------


def while_moving(monkeypatch, happen) -> None:
    """Let something happen when files are at both places, once."""
    record, over = move._record, []

    def record_then(*arguments):
        record(*arguments)
        if not over:
            over.append(True)
            happen()

    monkeypatch.setattr(move, "_record", record_then)


def test_program_that_leaves_the_old_place_first_moves_the_file(
    studio, made, target, tmp_path, monkeypatch
):
    rival = tmp_path / "rival"
    rival.mkdir()

    def move_away():
        for path in (made[1], sidecar_path(made[1])):
            (rival / path.name).hardlink_to(path)
            path.unlink()

    while_moving(monkeypatch, move_away)
    index, ids = studio.library.index, ids_of(studio, made[1:2])
    result = move.move_items(index, studio.data, ids, target)
    assert list(result.failed) == [str(made[1])]
    assert files_in(target) == set()
    assert (rival / made[1].name).read_bytes()
    assert index.items(ids)[0].path == str(made[1])
    assert read_annotations(target)[made[1].name].annotation == Annotation()
    assert index.annotation(ids[0]).rating == 4


def test_last_name_of_a_file_is_kept(studio, made, target, monkeypatch):
    while_moving(monkeypatch, made[0].unlink)  # a file manager deletes it
    ids = ids_of(studio, made[:1])
    assert not move.move_items(studio.library.index, studio.data, ids, target).failed
    assert studio.library.index.items(ids)[0].path == str(target / made[0].name)
    assert (target / made[0].name).exists()


def test_file_that_cannot_leave_its_folder_stays_there_only(studio, made, target, monkeypatch):
    unlink = Path.unlink

    def refuse(path, **options):
        if path.parent == studio.data.outputs:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        unlink(path, **options)

    index, ids, before = studio.library.index, ids_of(studio, made), files_in(studio.data.outputs)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        result = move.move_items(index, studio.data, ids, target)
    assert result.failed == {str(path): os.strerror(errno.EACCES) for path in made}
    assert files_in(target) == set()
    assert files_in(studio.data.outputs) == before
    assert ids_of(studio, made) == ids


@pytest.mark.skipif(sys.platform == "win32", reason="no locks on folders there")
def test_two_data_folders_move_a_file_one_after_the_other(studio, target, tmp_path, monkeypatch):
    """Also to other drives, where nothing tells how many places a file has."""

    def refuse(*_arguments):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    @contextlib.contextmanager
    def hold(folder):
        if threading.current_thread() is other:
            waits.set()
        with hold_folder(folder, PATIENCE):
            yield

    def move_second():
        results.append(move.move_items(second.index, data, [item.id], rival))

    def meet():
        other.start()
        assert waits.wait(PATIENCE)

    source, rival = tmp_path / "photos" / "a.png", tmp_path / "rival"
    source.parent.mkdir()
    rival.mkdir()
    image_files.png(source, {"parameters": "a boat\nSteps: 2"})
    data = DataFolder(tmp_path / "second data")
    data.create()
    second = Library(data)
    for library in (studio.library, second):
        library.add_files([source])
    item, results, waits = second.index.find(str(source)), [], threading.Event()
    other, hold_folder = threading.Thread(target=move_second), file_lock.hold_folder
    monkeypatch.setattr(places.os, "link", refuse)
    monkeypatch.setattr(file_lock, "hold_folder", hold)
    while_moving(monkeypatch, meet)
    first = move.move_items(studio.library.index, studio.data, ids_of(studio, [source]), target)
    other.join()
    second.close()
    assert not first.failed
    assert list(results[0].failed) == [str(source)]
    assert files_in(target) == {source.name}
    assert files_in(rival) == files_in(source.parent) == set()
