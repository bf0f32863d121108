"""What several items have in common."""

import pytest

from studio.library.index import LibraryIndex
from studio.library.items import Annotation, NewItem
from studio.library.totals import read_totals


@pytest.fixture
def index(tmp_path):
    index = LibraryIndex(tmp_path / "library.db")
    yield index
    index.close()


def add(index: LibraryIndex, *media: str) -> list[int]:
    return index.add(
        NewItem(
            path=f"/x/{number}",
            sha256=str(number),
            size=10 + number,
            modified=0,
            media=medium,
            created=1e9 + number,
        )
        for number, medium in enumerate(media)
    )


def test_figures_and_common_notes(index):
    ids = add(index, "image", "image", "text")
    index.annotate(
        {
            ids[0]: Annotation(rating=3, favorite=True, tags=("a", "b"), collections=("x",)),
            ids[1]: Annotation(rating=3, favorite=True, tags=("b",), collections=("x", "y")),
        }
    )
    two = read_totals(index, ids[:2])
    assert two.shared == Annotation(rating=3, favorite=True, tags=("b",), collections=("x",))
    assert (two.some_tags, two.some_collections) == (("a",), ("y",))
    three = read_totals(index, ids)
    assert three.media == {"image": 2, "text": 1}
    assert (three.size, three.ratings) == (33, (0, 3))
    assert three.shared == Annotation()
    assert three.some_tags == ("a", "b")


def test_no_items_have_nothing_in_common(index):
    totals = read_totals(index, [])
    assert (totals.media, totals.size, totals.shared) == ({}, 0, Annotation())
