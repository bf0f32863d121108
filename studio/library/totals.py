"""What several items have in common: number, size, and a person's notes about all of them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from studio.library.index import LibraryIndex
from studio.library.items import Annotation

_CHOSEN = "(SELECT value FROM json_each(?))"
MAX_NAMES = 20
"""Names of tags and collections that only some items have."""


class Totals(msgspec.Struct, frozen=True):
    """Figures of some items, and what their notes have in common."""

    media: dict[str, int]
    """Medium → number of items."""
    size: int
    """In bytes."""
    ratings: tuple[int, int]
    """The lowest and the highest."""
    shared: Annotation
    """Rating if it is the same; favorite, tags and collections that all have; no note."""
    some_tags: tuple[str, ...]
    some_collections: tuple[str, ...]
    """Names that only some have."""


def read_totals(index: LibraryIndex, ids: Iterable[int]) -> Totals:
    """Read the figures of items; 100 000 take a second, so not for the GUI thread."""
    chosen = (msgspec.json.encode(list(ids)).decode(),)
    with index.reading() as connection:
        rows = connection.execute(
            "SELECT media, count(*), sum(size), min(rating), max(rating), min(favorite) "
            f"FROM items WHERE id IN {_CHOSEN} GROUP BY media ORDER BY 2 DESC, 1",
            chosen,
        ).fetchall()
        tags = dict(
            connection.execute(
                f"SELECT tag, count(*) FROM tags WHERE item IN {_CHOSEN} GROUP BY tag ORDER BY tag",
                chosen,
            ).fetchall()
        )
        collections = dict(
            connection.execute(
                f"SELECT collection, count(*) FROM collected WHERE item IN {_CHOSEN} "
                "GROUP BY collection ORDER BY collection",
                chosen,
            ).fetchall()
        )
    count = sum(row[1] for row in rows)
    ratings = (min((row[3] for row in rows), default=0), max((row[4] for row in rows), default=0))
    return Totals(
        media={row[0]: row[1] for row in rows},
        size=sum(row[2] for row in rows),
        ratings=ratings,
        shared=Annotation(
            rating=ratings[0] if ratings[0] == ratings[1] else 0,
            favorite=bool(rows) and all(row[5] for row in rows),
            tags=_names(tags, count, of_all=True),
            collections=_names(collections, count, of_all=True),
        ),
        some_tags=_names(tags, count, of_all=False),
        some_collections=_names(collections, count, of_all=False),
    )


def _names(counts: dict[str, int], total: int, *, of_all: bool) -> tuple[str, ...]:
    chosen = [name for name, count in counts.items() if (count == total) is of_all]
    return tuple(chosen if of_all else chosen[:MAX_NAMES])
