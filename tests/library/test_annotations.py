"""A person's notes beside the files: durable, last one wins, whatever is torn or read-only."""

import errno
import os
import shutil

import msgspec
import pytest

from studio.library.annotations import (
    Annotated,
    NotesChange,
    annotations_path,
    read_annotations,
    read_fallback,
    save_annotations,
)
from studio.library.items import Annotation, Query

is_root = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root writes into read-only folders"
)


def rated(stars: int):
    return lambda old: msgspec.structs.replace(old, rating=stars)


def note(path, number: int, sha256: str = "a") -> Annotated:
    return Annotated(str(path), sha256, Annotation(note=f"note {number}"))


def test_notes_are_in_the_index_and_beside_the_file(studio):
    path = studio.image("a boat")
    (item_id,) = studio.library.catch_up()
    change = Annotation(rating=4, tags=("b", " a", "a", ""), collections=("Best",), note="好")
    changes = studio.library.annotate([item_id], lambda _old: change)
    stored = studio.library.index.annotation(item_id)
    assert changes == {item_id: NotesChange(Annotation(), stored)}
    assert stored.tags == ("a", "b")
    assert read_annotations(path.parent)[path.name].annotation == stored
    studio.library.restore(changes)
    assert studio.library.index.annotation(item_id) == Annotation()
    assert read_annotations(path.parent)[path.name].annotation == Annotation()


def test_an_undo_takes_back_only_what_its_change_did(studio):
    path = studio.image("a boat")
    (item_id,) = studio.library.catch_up()
    library, index = studio.library, studio.library.index
    library.annotate([item_id], lambda _old: Annotation(rating=2, note="old", tags=("x", "y")))
    edited = Annotation(rating=4, note="mine", tags=("x", "z"), collections=("Best",))
    changes = library.annotate([item_id], lambda _old: edited)
    newer = Annotation(rating=5, favorite=True, note="mine", tags=("x", "z", "other"))
    library.annotate([item_id], lambda _old: newer)

    restored = library.restore(changes)

    expected = Annotation(rating=5, favorite=True, note="old", tags=("other", "x", "y"))
    assert restored.changes == {item_id: NotesChange(newer_stored(newer), expected)}
    assert restored.kept == (item_id,)
    assert index.annotation(item_id) == expected
    assert read_annotations(path.parent)[path.name].annotation == expected


def newer_stored(annotation: Annotation) -> Annotation:
    return msgspec.structs.replace(annotation, tags=tuple(sorted(annotation.tags)))


def test_last_line_counts_and_a_torn_one_is_ignored(studio, tmp_path):
    for number in range(3):
        save_annotations(studio.data, [note(tmp_path / "a.png", number)])
    file = annotations_path(tmp_path)
    file.write_bytes(file.read_bytes()[:-10])
    assert read_annotations(tmp_path)["a.png"].annotation.note == "note 1"
    save_annotations(studio.data, [note(tmp_path / "a.png", 7)])
    assert read_annotations(tmp_path)["a.png"].annotation.note == "note 7"
    file.write_bytes(b'\xff\n{"name":1}\n' + b"[" * 5000 + b"\n" + file.read_bytes())
    assert read_annotations(tmp_path)["a.png"].annotation.note == "note 7"


def test_outdated_lines_are_removed(studio, tmp_path):
    for number in range(300):
        save_annotations(
            studio.data, [note(tmp_path / f"{name}.png", number) for name in "abcdefgh"]
        )
    assert annotations_path(tmp_path).stat().st_size < 150_000
    found = read_annotations(tmp_path)
    assert {line.annotation.note for line in found.values()} == {"note 299"}
    assert len(found) == 8


def test_folder_that_is_gone_has_its_notes_in_the_data_folder(studio, tmp_path):
    folder = tmp_path / "gone"
    save_annotations(studio.data, [note(folder / "a.png", 1, "hash")])
    assert not folder.exists()
    assert read_fallback(studio.data)["hash"].annotation.note == "note 1"


@is_root
def test_read_only_folder_has_its_notes_in_the_data_folder(studio, tmp_path):
    folder = tmp_path / "read-only"
    path = studio.image("a boat", folder)
    (item_id,) = studio.library.catch_up()
    folder.chmod(0o500)
    studio.library.annotate([item_id], rated(5))
    folder.chmod(0o700)
    assert not annotations_path(folder).exists()
    assert read_fallback(studio.data)[studio.library.index.find(str(path)).sha256]


def test_folder_whose_notes_cannot_be_stored_has_them_in_the_data_folder(studio, tmp_path):
    (tmp_path / ".studio").write_text("a file")
    save_annotations(studio.data, [note(tmp_path / "a.png", 1, "hash")])
    assert read_fallback(studio.data)["hash"].annotation.note == "note 1"


def test_notes_file_that_is_a_link_is_not_followed(studio, tmp_path):
    target = tmp_path / "secret"
    target.write_text("mine")
    annotations_path(tmp_path).parent.mkdir()
    annotations_path(tmp_path).symlink_to(target)
    save_annotations(studio.data, [note(tmp_path / "a.png", 1, "hash")])
    assert target.read_text() == "mine"
    assert "hash" in read_fallback(studio.data)


def test_collections_are_renamed_and_removed_beside_the_files_too(studio):
    path = studio.image("a boat")
    (item_id,) = studio.library.catch_up()
    library = studio.library
    library.annotate([item_id], lambda _old: Annotation(collections=("One", "Two")))
    library.rename_collection("One", "Three")
    changes = library.remove_collection("Two")
    assert read_annotations(path.parent)[path.name].annotation.collections == ("Three",)
    assert library.index.collections() == {"Three": 1}
    library.restore(changes)
    assert library.index.collections() == {"Three": 1, "Two": 1}


def test_no_name_has_a_comma(studio):
    path = studio.image("a boat")
    (item_id,) = studio.library.catch_up()
    library = studio.library
    typed = Annotation(tags=("sky, sea", "海，船", ",", "fog"), collections=("Boats, 2024",))
    library.annotate([item_id], lambda _old: typed)
    noted = library.index.annotation(item_id)
    assert noted.tags == ("fog", "sea", "sky", "海", "船")
    assert noted.collections == ("Boats 2024",)
    assert read_annotations(path.parent)[path.name].annotation == noted
    library.rename_collection("Boats 2024", "Boats, all")
    assert library.index.collections() == {"Boats all": 1}


def test_tags_with_commas_of_earlier_builds_become_several(studio):
    studio.image("a boat")
    (item_id,) = studio.library.catch_up()
    studio.library.index.annotate({item_id: Annotation(tags=("sky, sea",))})
    studio.library.annotate(
        [item_id], lambda old: msgspec.structs.replace(old, tags=(*old.tags, "fog"))
    )
    assert studio.library.index.annotation(item_id).tags == ("fog", "sea", "sky")


def test_notes_of_a_lost_index_come_back_also_for_moved_files(studio, tmp_path, reopened):
    kept, moved = studio.image("kept"), studio.image("moved")
    studio.library.catch_up()
    library = studio.library
    for path, stars in ((kept, 2), (moved, 5)):
        library.annotate([library.index.find(str(path)).id], rated(stars))
    folder = studio.data.outputs / "best"
    folder.mkdir()
    shutil.move(moved, folder)
    library.close()
    for part in studio.data.root.glob("library.db*"):
        part.unlink()
    library = reopened()
    assert library.refresh().restored == 2
    assert library.index.find(str(kept)).rating == 2
    assert library.index.find(str(folder / moved.name)).rating == 5
    assert read_annotations(folder)[moved.name].annotation.rating == 5


def test_notes_that_another_program_wrote_are_read(studio):
    path = studio.image("a boat")
    (item_id,) = studio.library.catch_up()
    studio.library.refresh()
    sha256 = studio.library.index.find(str(path)).sha256
    save_annotations(studio.data, [Annotated(str(path), sha256, Annotation(rating=3))])
    assert studio.library.refresh().restored == 1
    assert [item.id for item in studio.library.index.search(Query(min_rating=3))] == [item_id]


def test_full_disk_leaves_index_and_notes_as_they_were(studio, monkeypatch):
    path = studio.image("a boat")
    (item_id,) = studio.library.catch_up()
    studio.library.annotate([item_id], rated(2))

    def fail(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space"):
            studio.library.annotate([item_id], rated(5))
    assert studio.library.index.annotation(item_id).rating == 2
    assert read_annotations(path.parent)[path.name].annotation.rating == 2
