"""A rebuilt index equals the old one for everything that files hold, and keeps the rest."""

from pathlib import Path

import msgspec
import pytest
from PIL import Image

from studio.core.requests import ImageRequest
from studio.library.items import Annotation, Query
from studio.library.library import Library
from studio.library.read_item import read_item


def content(library) -> list[tuple]:
    """Return everything that the index knows, by path."""
    index = library.index
    return sorted(
        (
            item.path,
            msgspec.structs.replace(item, id=0),
            index.full_text(item.id),
            sorted(index.parents(item.id).items()),
            index.annotation(item.id),
        )
        for item in index.search(limit=10_000)
    )


@pytest.fixture
def filled(studio, tmp_path):
    for number in range(6):
        studio.image(f"boat {number}", batch="b1" if number % 2 else "")
    studio.text("灯塔")
    studio.speech("Hello.")
    studio.image("elsewhere", tmp_path / "elsewhere")
    Image.new("RGB", (4, 4)).save(tmp_path / "dropped.png")
    library = studio.library
    library.catch_up()
    library.add_files([tmp_path / "dropped.png"])
    for number, item in enumerate(library.index.search()):
        library.annotate(
            [item.id],
            lambda _old, number=number: Annotation(
                rating=number % 6, tags=("t",) if number % 2 else (), collections=("All",)
            ),
        )
    return studio


def test_rebuilt_index_equals_the_old_one(filled):
    before = content(filled.library)
    ids = list(filled.library.index.ids())
    result = filled.library.rebuild()
    assert (result.added, result.is_cancelled) == (9, False)
    assert content(filled.library) == before
    assert list(filled.library.index.ids()) == ids
    assert len(filled.library.index.search(Query(text="boat", min_rating=1))) == 5
    assert not filled.data.rebuilt_library.exists()


def test_searches_collections_folders_and_missing_files_are_kept(filled, tmp_path):
    library = filled.library
    library.save_search("good", Query(min_rating=4))
    library.index.add_collection("Empty")
    library.add_folder(tmp_path / "elsewhere")
    gone = library.index.search(Query(text='"boat 3"'))[0]
    filled.data.outputs.joinpath(gone.path).unlink()
    library.scan()
    before = content(library)
    library.rebuild()
    assert content(library) == before
    assert library.index.find(gone.path).missing
    assert library.index.saved_searches() == {"good": Query(min_rating=4)}
    assert library.index.collections() == {"All": 10, "Empty": 0}
    assert list(library.index.folders()) == [str(tmp_path / "elsewhere")]


def test_lost_index_is_rebuilt_from_the_files(filled, reopened, tmp_path):
    before = [row for row in content(filled.library) if "dropped" not in row[0]]
    filled.library.close()
    for part in filled.data.root.glob("library.db*"):
        part.unlink()
    library = reopened()
    library.rebuild()
    assert content(library) == before


def test_cancelled_rebuild_changes_nothing_and_goes_on_later(filled, monkeypatch):
    monkeypatch.setattr("studio.library.scanning.scan._BATCH", 2)
    library, before, calls = filled.library, content(filled.library), []
    result = library.rebuild(calls.append, lambda: len(calls) > 1)
    assert result.is_cancelled
    assert content(library) == before
    result = library.rebuild()
    assert 0 < result.added < 9
    assert content(library) == before


def test_other_programs_see_the_rebuilt_index(filled):
    other = Library(filled.data)
    assert other.index.count() == 10
    path = filled.library.index.search(Query(text='"boat 3"'))[0].path
    wrong = msgspec.structs.replace(read_item(Path(path)), prompt="wrong")
    filled.library.index.add([wrong])
    filled.library.rebuild()
    assert not other.index.search(Query(text="wrong"))
    other.index.add_collection("from the other")
    assert "from the other" in filled.library.index.collections()
    other.close()


def test_artifacts_made_during_a_rebuild_are_in_it(filled):
    made = []

    def on_progress(_progress):
        if not made:
            made.append(filled.make(ImageRequest(prompt="meanwhile", seed=3)))
            filled.library.catch_up()

    filled.library.rebuild(on_progress)
    assert [item.path for item in filled.library.index.search(Query(text="meanwhile"))] == [
        made[0].path
    ]
