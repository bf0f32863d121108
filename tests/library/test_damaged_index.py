"""An index that is damaged, deleted or locked while it is open: nothing is lost."""

import contextlib
import os
import sqlite3

import msgspec
import pytest
from PIL import Image

from studio.library.faults import explain, is_damaged
from studio.library.items import Annotation, Query
from studio.library.library import Library

COUNT = 40


def damage(path) -> None:
    """Overwrite the first page of the items with noise, as a failing disk does."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = other.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'items'"
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))


@pytest.fixture
def filled(studio, tmp_path):
    library = studio.library
    (tmp_path / "photos").mkdir()
    for number in range(COUNT):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / "photos" / f"{number:02}.png")
    library.add_folder(tmp_path / "photos")
    studio.image("a boat")
    studio.text("a storm")
    library.refresh()
    note = Annotation(rating=4, tags=("sky",), collections=("Best",))
    library.annotate(library.index.ids(), lambda _old: note)
    library.save_search("good", Query(min_rating=4))
    return studio


def content(library) -> list[tuple]:
    index = library.index
    return sorted((item.path, item.rating) for item in index.search(limit=1000))


@pytest.mark.parametrize("reopens", [True, False], ids=["while closed", "while open"])
def test_rebuild_of_a_damaged_index(filled, reopened, reopens):
    library, before = filled.library, content(filled.library)
    if reopens:
        library.close()
    damage(filled.data.library)
    if reopens:
        library = reopened()
    with library.index.reading() as connection:
        connection.execute("PRAGMA shrink_memory")
    result = library.rebuild()
    assert content(library) == before
    assert not result.problems
    assert library.index.saved_searches() == {"good": Query(min_rating=4)}
    assert library.index.collections() == {"Best": COUNT + 2}
    with library.index.reading() as connection:
        assert connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    assert list(filled.data.root.glob("library.db.damaged-*"))


def test_two_programs_that_find_the_damage_make_one_new_index(filled, monkeypatch):
    before = content(filled.library)
    other = Library(filled.data)
    damage(filled.data.library)
    for library in (filled.library, other):
        with library.index.reading() as connection:
            connection.execute("PRAGMA shrink_memory")
    filled.library.rebuild()
    other.rebuild()
    assert content(filled.library) == content(other) == before
    assert not filled.library.index.is_replaced()
    other.close()


def test_index_that_was_deleted_is_noticed(filled):
    assert not filled.library.index.is_replaced()
    filled.data.library.unlink()
    assert filled.library.index.is_replaced()


def test_locked_index_is_explained_and_a_rating_is_not_lost(filled, monkeypatch):
    library = filled.library
    for connection in (library.index._write_connection, library.index._read_connection):
        connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(filled.data.library, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    item = library.index.search()[0]
    with pytest.raises(sqlite3.OperationalError) as refused:
        library.annotate([item.id], lambda old: msgspec.structs.replace(old, rating=1))
    assert "Another program" in explain(refused.value).message
    assert not is_damaged(refused.value)
    other.execute("ROLLBACK")
    other.close()
    assert library.refresh().restored == 1
    assert library.index.annotation(item.id).rating == 1
