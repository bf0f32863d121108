"""Turns a `Query` into SQL conditions."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

from studio.library.items import Query

TRIGRAM = 3
MAX_TERMS = 400
"""Trigrams that stand for a shorter word; a word with more is so frequent that a scan is fast."""
END = "\u2060\u2060"
"""Follows every indexed text (word joiners), so that its last two characters begin a trigram."""
_WORD = re.compile(r'"([^"]+)"|(\S+)')


_MANY = 2_000
"""Items of a folder, model or program, up to which their index finds the newest fastest."""
_FEW = 200
"""The same in a search for words: each item takes 40 µs."""
_SAMPLE = 100
"""Items that show how frequent a short word is."""
_TEXTS = ("prompt", "body", "model", "name", "note")
_CONTAINS = " OR ".join(f"{column} LIKE ? ESCAPE '!'" for column in _TEXTS)
_NARROW = (
    "items.favorite",
    "items.rating >",
    "items.batch =",
    "items.job_id =",
    "items.id IN (SELECT item FROM",
    "items.id IN (SELECT id FROM",
)
"""Conditions that few items meet: an index finds them faster than a walk over all matches."""


class Conditions(NamedTuple):
    """The conditions of a query."""

    where: str
    """Over `items`, with `AND` between them; never empty."""
    values: list[Any]
    match: str
    """FTS5 expression over `search`, or empty."""
    bounds: tuple[int, int]
    """The lowest id and the one after the highest; 0 for no limit. An id is a time of creation."""

    @property
    def is_narrow(self) -> bool:
        """True if few items meet one of the conditions."""
        return any(start in self.where for start in _NARROW)


def words_of(text: str) -> list[str]:
    """Return the words and quoted phrases of a search text, normalized like the index."""
    found = (quoted or word for quoted, word in _WORD.findall(normalize(text)))
    return [word.strip() for word in found if word.strip()]


def normalize(text: str) -> str:
    """Return the text as it is indexed: composed characters, no NUL."""
    return unicodedata.normalize("NFC", text.replace("\0", " "))


def conditions(query: Query, connection: sqlite3.Connection) -> Conditions:
    """Return the SQL conditions of a query; `connection` looks up words of 1 or 2 characters."""
    where: list[str] = []
    values: list[Any] = []

    def add(condition: str, *parameters: Any) -> None:
        where.append(condition)
        values.extend(parameters)

    match: list[str] = []
    for word in words_of(query.text):
        expression = _match_of(word, connection)
        if expression:
            match.append(expression)
        else:
            add(
                f"EXISTS (SELECT 1 FROM texts WHERE texts.id = items.id AND ({_CONTAINS}))",
                *_patterns(word),
            )
    _add_lists(query, add)
    _add_values(query, add)
    _add_origins(query, connection, add)
    bounds = int((query.created_from or 0) * 1e6), int((query.created_to or 0) * 1e6)
    return Conditions(" AND ".join(where) or "1", values, " AND ".join(match), bounds)


def _match_of(word: str, connection: sqlite3.Connection) -> str:
    """Return the FTS5 expression for a word; empty if it is short and too frequent."""
    if len(word) >= TRIGRAM:
        return _quote(word)
    if _is_frequent(word, connection):
        return ""
    low = word.casefold()
    terms = connection.execute(
        "SELECT term FROM terms WHERE term >= ? AND term < ? LIMIT ?",
        (low, low + "\U0010ffff", MAX_TERMS + 1),
    ).fetchall()
    if len(terms) > MAX_TERMS:
        return ""
    if not terms:
        return _quote(f"{word}{END}{END}")  # matches nothing
    return f"({' OR '.join(_quote(row['term']) for row in terms)})"


def _is_frequent(word: str, connection: sqlite3.Connection) -> bool:
    """Return True if many of the newest and of the oldest items contain the word.

    Its trigrams would be found, too, but SQLite reads all their items for that: 4 ms and more.
    """
    return all(
        connection.execute(
            f"SELECT count(*) FROM (SELECT * FROM texts ORDER BY id {order} LIMIT ?) "
            f"WHERE {_CONTAINS}",
            (_SAMPLE, *_patterns(word)),
        ).fetchone()[0]
        > _SAMPLE // 10
        for order in ("DESC", "ASC")
    )


def _patterns(word: str) -> list[str]:
    """Return the values for `_CONTAINS`."""
    return [f"%{_escape_like(word)}%"] * len(_TEXTS)


def _quote(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _escape_like(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _add_lists(query: Query, add: Callable[..., None]) -> None:
    for column, chosen in (
        ("media", query.media),
        ("kind", query.kinds),
    ):
        if chosen:
            # With the sign, SQLite walks the few favorites or rated items, not all of a kind.
            sign = "+" if query.favorite or query.min_rating else ""
            add(f"{sign}items.{column} IN ({', '.join('?' * len(chosen))})", *chosen)
    for tag in query.tags:
        add("items.id IN (SELECT item FROM tags WHERE tag = ?)", tag)
    if query.collection:
        add("items.id IN (SELECT item FROM collected WHERE collection = ?)", query.collection)
    if query.made_from:
        add("items.id IN (SELECT item FROM parents WHERE sha256 = ?)", query.made_from)


def _add_origins(query: Query, connection: sqlite3.Connection, add: Callable[..., None]) -> None:
    """Add conditions that few items or nearly all may meet: program, models and folder.

    Few are listed by their own index. The newest of many are found sooner without it.
    """
    few = _FEW if query.text else _MANY
    if query.program:
        _add_range("program = ?", [query.program], few, connection, add)
    if query.models:
        places = ", ".join("?" * len(query.models))
        _add_range(f"model IN ({places})", list(query.models), few, connection, add)
    if query.folder:
        separator = "\\" if "\\" in query.folder else "/"
        start = query.folder.rstrip("/\\") + separator
        end = start[:-1] + chr(ord(separator) + 1)
        _add_range("path >= ? AND path < ?", [start, end], few, connection, add)


def _add_range(
    condition: str,
    values: list[str],
    few: int,
    connection: sqlite3.Connection,
    add: Callable[..., None],
) -> None:
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM items WHERE {condition} LIMIT ?)", (*values, few + 1)
    ).fetchone()
    inside = f"SELECT id FROM items WHERE {condition}"
    add(f"items.id IN ({inside})" if count <= few else _of_items(condition), *values)


def _of_items(condition: str) -> str:
    """Return a condition over `items` that SQLite checks without an index."""
    return re.sub(r"\b(path|model|program)\b", r"+items.\1", condition)


def _add_values(query: Query, add: Callable[..., None]) -> None:
    tests = (
        ("items.batch = ?", query.batch),
        ("items.job_id = ?", query.job_id),
        # the first condition lets SQLite use the index of rated items
        ("items.rating > 0 AND items.rating >= ?", query.min_rating),
        ("max(items.width, items.height) >= ?", query.min_side),
        ("items.size >= ?", query.min_bytes),
        ("items.size <= ?", query.max_bytes),
    )
    for condition, value in tests:
        if value:
            add(condition, value)
    if query.favorite:
        add("items.favorite")
    if query.has_seed:
        add("items.seed IS NOT NULL")
    if query.missing is not None:
        add("items.missing" if query.missing else "NOT items.missing")
