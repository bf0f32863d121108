"""Scans: new, changed, moved, missing files; hostile and vanishing folders; cancel and resume."""

import json
import os
import shutil
import sys
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.paths import DataFolder
from studio.library.annotations import annotations_path, read_annotations
from studio.library.file_actions.move import move_items
from studio.library.items import Annotation, Query
from studio.library.library import Library
from studio.library.scanning.scan import PROGRESS, RUNNING


def photo(path, color=(1, 2, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), color).save(path)
    return path


def stars(library, path) -> int:
    return library.index.find(str(path)).rating


@pytest.fixture
def photos(studio, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    studio.library.add_folder(folder)
    return folder


def test_new_changed_and_missing_files(studio, photos):
    library = studio.library
    first, second = photo(photos / "a.png"), photo(photos / "below" / "b.jpg", (9, 9, 9))
    found = library.scan()
    assert (found.added, found.changed, found.missing) == (2, 0, 0)
    first.unlink()
    Image.new("RGB", (8, 8)).save(second)
    found = library.scan()
    assert (found.added, found.changed, found.missing) == (0, 1, 1)
    assert [item.path for item in library.index.search(Query(missing=True))] == [str(first)]
    assert library.index.find(str(second)).width == 8
    photo(first)
    os.utime(first, ns=(1, library.index.find(str(first)).modified))
    found = library.scan()
    assert (found.added, found.found) == (0, 1)
    assert not library.index.find(str(first)).missing


def test_quick_scan_looks_into_changed_folders_only(studio, photos):
    library = studio.library
    photo(photos / "a" / "1.png")
    photo(photos / "b" / "2.png")
    for folder in (photos / "a", photos / "b"):
        for path in folder.iterdir():
            os.utime(path, (1e9, 1e9))
    library.refresh()
    looked = []
    library.refresh(lambda progress: looked.append(progress.folder))
    assert not [folder for folder in looked if folder.startswith(str(photos))]
    photo(photos / "b" / "3.png", (7, 7, 7))
    library.refresh(lambda progress: looked.append(progress.folder))
    assert [folder for folder in looked if folder.startswith(str(photos))] == [str(photos / "b")]
    assert library.index.count() == 3


def test_moved_and_renamed_files_keep_their_notes(studio, photos):
    library = studio.library
    paths = [photo(photos / f"{number}.png", (number, 0, 0)) for number in range(3)]
    library.scan()
    ids = [library.index.find(str(path)).id for path in paths]
    library.annotate(ids, lambda old: msgspec.structs.replace(old, rating=4))
    (photos / "new").mkdir()
    moved = [photos / "new" / "0.png", photos / "renamed.png", photos / "2.png"]
    for old, new in zip(paths, moved, strict=True):
        shutil.move(old, new)
    found = library.scan()
    assert (found.moved, found.added, found.missing) == (2, 0, 0)
    assert [library.index.find(str(path)).id for path in moved] == ids
    assert [stars(library, path) for path in moved] == [4, 4, 4]
    assert read_annotations(photos / "new")["0.png"].annotation.rating == 4


def test_notes_of_the_program_that_moved_a_file_are_kept(studio, photos, tmp_path):
    library, other = studio.library, Library(DataFolder(tmp_path / "other"))
    names = ("moved by it.png", "moved by a shell.png", "cleared.png")
    paths = [photo(photos / name, (number, 0, 0)) for number, name in enumerate(names)]
    (photos / "new").mkdir()
    other.add_folder(photos)
    for one in (library, other):
        one.refresh()
    ids = [library.index.find(str(path)).id for path in paths]
    library.annotate(ids, lambda old: msgspec.structs.replace(old, rating=4))
    theirs = [other.index.find(str(path)).id for path in paths]
    other.annotate(theirs[:2], lambda old: msgspec.structs.replace(old, tags=("sea",)))
    other.annotate(theirs[2:], lambda _old: Annotation())
    move_items(other.index, other.data, theirs[:1], photos / "new")
    for path in paths[1:]:
        shutil.move(path, photos / "new")
    other.close()
    assert library.refresh().moved == 3
    both, cleared = Annotation(rating=4, tags=("sea",)), Annotation()
    assert [library.index.annotation(one) for one in ids] == [both, both, cleared]
    lines = read_annotations(photos / "new")
    assert [lines[name].annotation for name in names[:2]] == [both, both]
    assert library.refresh().restored == 0


def test_latest_notes_count_when_a_file_returns_to_a_folder(studio, photos):
    library, path = studio.library, photo(photos / "a.png")
    (photos / "new").mkdir()
    library.refresh()
    (item_id,) = library.index.ids()
    library.annotate([item_id], lambda old: msgspec.structs.replace(old, rating=2))
    move_items(library.index, library.data, [item_id], photos / "new")
    library.annotate([item_id], lambda old: msgspec.structs.replace(old, rating=5))
    shutil.move(photos / "new" / "a.png", photos)
    library.refresh()
    assert list(library.index.ids()) == [item_id]
    assert stars(library, path) == 5


def test_copy_is_another_item_without_notes(studio, photos):
    library = studio.library
    path = photo(photos / "a.png")
    library.scan()
    library.annotate([library.index.find(str(path)).id], lambda old: old)
    library.annotate(
        [library.index.find(str(path)).id], lambda old: msgspec.structs.replace(old, rating=4)
    )
    shutil.copy(path, photos / "b.png")
    assert library.scan().added == 1
    assert (stars(library, path), stars(library, photos / "b.png")) == (4, 0)


def test_files_that_are_no_artifacts_are_read_once(studio, photos, monkeypatch):
    for number in range(50):
        (photos / f"{number}.dat").write_bytes(b"x")
        (photos / f"{number}.txt").write_text("no artifact")
        (photos / f"{number}.png").write_bytes(b"broken")
    assert studio.library.scan().others == 50
    read = []
    monkeypatch.setattr(
        "studio.library.read_item.read_item", lambda path, **_options: read.append(path)
    )
    assert studio.library.scan().others == 0
    assert not read
    assert studio.library.index.count() == 0


def test_links_in_circles_are_walked_once(studio, photos):
    photo(photos / "a.png")
    (photos / "again").symlink_to(photos, target_is_directory=True)
    (photos / "self").symlink_to("self")
    (photos / "b").mkdir()
    (photos / "b" / "up").symlink_to("..", target_is_directory=True)
    assert studio.library.scan().added == 1


def test_folder_that_vanishes_is_reported_once_and_its_files_stay_listed(studio, photos):
    library = studio.library
    path = photo(photos / "a.png")
    library.scan()
    photos.rename(photos.with_name("away"))
    found = library.scan()
    assert [problem.path for problem in found.problems] == [str(photos)]
    assert (found.missing, library.index.find(str(path)).missing) == (1, True)
    photos.with_name("away").rename(photos)
    assert library.scan().found == 1


def test_folder_that_is_back_is_looked_into_although_it_did_not_change(studio, photos):
    library = studio.library
    paths = [photo(photos / "a.png"), photo(photos / "below" / "b.png", (9, 9, 9))]
    for path in paths:
        os.utime(path, (1e9, 1e9))
    library.refresh()
    photos.rename(photos.with_name("unplugged"))
    assert library.refresh().missing == 2
    photos.with_name("unplugged").rename(photos)
    assert library.refresh().found == 2
    assert not library.index.count(Query(missing=True))


def test_job_folder_is_searched_for_artifacts_only(studio, tmp_path):
    elsewhere = tmp_path / "images"
    photo(elsewhere / "holiday.png")
    path = studio.image("a boat", elsewhere)
    studio.library.refresh()
    assert [item.path for item in studio.library.index.search()] == [str(path)]
    path.rename(elsewhere / "renamed.png")
    assert studio.library.scan().moved == 1


def test_hidden_and_unreadable_names_are_skipped(studio, photos):
    photo(photos / ".hidden" / "a.png")
    photo(photos / ".b.png")
    if os.name == "posix":
        shutil.copy(photo(photos / "ok.png"), os.fsencode(photos) + b"/\xff.png")
    assert studio.library.scan().added == 1


def test_cancelled_scan_goes_on_later(studio, photos, monkeypatch):
    monkeypatch.setattr("studio.library.scanning.scan._BATCH", 2)
    for number in range(7):
        photo(photos / f"{number}.png", (number, 1, 1))
    calls = []
    result = studio.library.scan(
        lambda progress: calls.append(progress.files), lambda: len(calls) > 1
    )
    assert result.is_cancelled
    assert result.added == studio.library.index.count() == 4
    assert studio.library.index.progress(PROGRESS) == RUNNING
    assert studio.library.refresh().added == 3


def test_texts_need_a_recipe_unless_they_were_added_by_hand(studio, photos):
    made = studio.text("a storm", photos)
    plain = photos / "notes.txt"
    plain.write_text("mine")
    assert studio.library.scan().added == 1
    studio.library.add_files([plain])
    plain.write_text("mine, changed")
    assert studio.library.scan().changed == 1
    assert {item.path for item in studio.library.index.search()} == {str(made), str(plain)}


def test_folders_that_changed_are_looked_into_and_no_others(studio, photos):
    library = studio.library
    first, second = photo(photos / "a" / "1.png"), photo(photos / "b" / "2.png", (9, 9, 9))
    library.scan()
    assert {str(photos), str(photos / "a"), str(photos / "b")} <= set(library.scanned_folders())
    first.unlink()
    second.unlink()
    photo(photos / "a" / "new" / "3.png", (7, 7, 7))
    found = library.refresh_folders([str(photos / "a")])
    assert (found.added, found.missing) == (1, 1)
    assert not library.index.find(str(second)).missing
    shutil.rmtree(photos / "a")
    assert library.refresh_folders([str(photos / "a")]).missing == 1
    assert str(photos / "a") not in library.scanned_folders()


def test_moved_file_is_found_when_its_folders_changed(studio, photos):
    library = studio.library
    path = photo(photos / "a" / "1.png")
    (photos / "b").mkdir()
    library.scan()
    path.rename(photos / "b" / "other.png")
    found = library.refresh_folders([str(photos / "a"), str(photos / "b")])
    assert (found.moved, found.added, found.missing) == (1, 0, 0)


def test_job_folder_that_changed_is_searched_for_artifacts_only(studio, tmp_path):
    elsewhere = tmp_path / "images"
    studio.image("a boat", elsewhere)
    studio.library.refresh()
    photo(elsewhere / "holiday.png")
    photo(elsewhere / "below" / "b.png")
    assert studio.library.refresh_folders([str(elsewhere)]).added == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_folder_whose_name_is_not_utf8_is_reported_and_the_others_are_scanned(studio, photos):
    library = studio.library
    bad = Path(os.fsdecode(os.fsencode(photos) + b"/bad\xff"))
    photo(bad / "a.png")
    photo(photos / "later" / "b.png")
    found = library.refresh()
    assert [item.path for item in library.index.search()] == [str(photos / "later" / "b.png")]
    assert [problem.path for problem in found.problems] == [
        f"{photos}/bad\N{REPLACEMENT CHARACTER}"
    ]
    with pytest.raises(StudioError, match="cannot be added"):
        library.add_folder(bad)


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ({"rating": 10**18}, Annotation(rating=5)),
        ({"rating": 10**30}, Annotation(rating=5)),
        ({"rating": -3}, Annotation()),
        ({"tags": ["a\n\u202eb", "\0", " "]}, Annotation(tags=("a b",))),
        ({"collections": ["x" * 100_000]}, Annotation(collections=("x" * 200,))),
    ],
)
def test_notes_of_a_foreign_folder_are_kept_within_limits(studio, photos, notes, expected):
    library = studio.library
    path = photo(photos / "a.png")
    line = {"name": "a.png", "sha256": sha256_of(path), "annotation": notes}
    annotations = annotations_path(photos)
    annotations.parent.mkdir()
    annotations.write_text(json.dumps(line) + "\n")
    library.scan()
    (item,) = library.index.search()
    assert library.index.annotation(item.id) == expected


def test_notes_of_a_foreign_folder_have_a_limit_of_names(studio, photos):
    path = photo(photos / "a.png")
    tags = [f"tag{number}" for number in range(50_000)]
    line = {"name": "a.png", "sha256": sha256_of(path), "annotation": {"tags": tags}}
    annotations_path(photos).parent.mkdir()
    annotations_path(photos).write_text(json.dumps(line) + "\n")
    studio.library.scan()
    assert len(studio.library.index.tags()) == 200
