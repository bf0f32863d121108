"""Finds and replaces in a text: words, case, and regular expressions that end in time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.document import Change, clean_text
from studio.documents.origins import PERSON, Stretch, Stretches, cut, merged

SECONDS = 2.0
MAX_MATCHES = 100_000
MAX_REPLACED_CHARACTERS = 20_000_000


class FindQuery(msgspec.Struct, frozen=True):
    """What to look for."""

    text: str
    is_case: bool = False
    """Capital and small letters differ."""
    is_word: bool = False
    """Only whole words."""
    is_regex: bool = False


class Match(msgspec.Struct, frozen=True, gc=False):
    """A part of a text, in characters."""

    start: int
    end: int


class Matches(msgspec.Struct, frozen=True):
    """What was found in a text."""

    text: str
    found: tuple[Match, ...]
    is_cut: bool = False
    """There are more than `MAX_MATCHES`."""


def find_all(text: str, query: FindQuery) -> Matches:
    """Find all places. Raises StudioError for an invalid or too slow regular expression."""
    if not query.text:
        return Matches(text, ())
    scan = _compile(query).finditer(text, timeout=SECONDS, concurrent=True)
    try:
        found = [
            Match(one.start(), one.end())
            for one in itertools.islice(scan, MAX_MATCHES + 1)
            if one.end() > one.start()
        ]
    except TimeoutError as error:
        raise _too_slow() from error
    return Matches(text, tuple(found[:MAX_MATCHES]), is_cut=len(found) > MAX_MATCHES)


def replacement(text: str, query: FindQuery, match: Match, by: str) -> str:
    """Return what replaces a match: `by`, with \\1 … for groups of a regular expression.

    Raises StudioError for an invalid replacement.
    """
    if not query.is_regex:
        return by
    try:
        found = _compile(query).match(text, match.start, timeout=SECONDS, concurrent=True)
        expanded: str = found.expand(by) if found is not None else by
    except TimeoutError as error:
        raise _too_slow() from error
    except (ValueError, IndexError, _error()) as error:
        raise _invalid_replacement(error) from error
    return clean_text(expanded)


def replace_all(text: str, origins: Stretches, query: FindQuery, by: str) -> tuple[Change, int]:
    """Return one change that replaces every match, and their number.

    What lies between the matches keeps its origin. Raises StudioError.
    """
    matches = find_all(text, query).found
    if not matches:
        return Change(0, 0, "", ()), 0
    texts = _replacements(text, query, matches, by)
    start, end = matches[0].start, matches[-1].end
    between = cut(origins, start, end)
    parts: list[str] = []
    stretches: list[Stretch] = []
    walk = _Walk(between)
    at = start
    for match, new in zip(matches, texts, strict=True):
        parts += [text[at : match.start], new]
        stretches += walk.take(match.start - at)
        walk.take(match.end - match.start)
        if new:
            stretches.append(Stretch(len(new), PERSON))
        at = match.end
    return Change(start, end - start, "".join(parts), merged(stretches)), len(matches)


def _replacements(text: str, query: FindQuery, matches: Sequence[Match], by: str) -> list[str]:
    if not query.is_regex:
        texts = [by] * len(matches)
    else:
        pattern = _compile(query)
        try:
            scan = pattern.finditer(text, timeout=SECONDS, concurrent=True)
            full = itertools.islice((one for one in scan if one.end() > one.start()), len(matches))
            texts = [clean_text(one.expand(by)) for one in full]
        except TimeoutError as error:
            raise _too_slow() from error
        except (ValueError, IndexError, _error()) as error:
            raise _invalid_replacement(error) from error
    if sum(map(len, texts)) > MAX_REPLACED_CHARACTERS:
        raise StudioError(
            tr("The text would become too long."), cure=tr("Replace by a shorter text.")
        )
    return texts


class _Walk:
    """Takes stretches from the beginning, in linear time for all calls."""

    def __init__(self, stretches: Stretches) -> None:
        self._rest = list(reversed(stretches))

    def take(self, length: int) -> list[Stretch]:
        taken = []
        while length and self._rest:
            first = self._rest.pop()
            if first.length > length:
                self._rest.append(Stretch(first.length - length, first.origin))
                first = Stretch(length, first.origin)
            taken.append(first)
            length -= first.length
        return taken


def _compile(query: FindQuery) -> Any:
    import regex

    source = query.text if query.is_regex else regex.escape(query.text, literal_spaces=True)
    if query.is_word:
        source = rf"(?<!\w)(?:{source})(?!\w)"
    flags = regex.MULTILINE | regex.VERSION0 | (0 if query.is_case else regex.IGNORECASE)
    try:
        return regex.compile(source, flags, cache_pattern=True)
    except (regex.error, RecursionError, OverflowError) as error:
        raise StudioError(
            tr("This is no regular expression: {problem}.", problem=str(error).rstrip(".")[:200]),
            cause="invalid",
            cure=tr("Correct it, or switch regular expressions off."),
        ) from error


def _error() -> type[Exception]:
    import regex

    error: type[Exception] = regex.error
    return error


def _too_slow() -> StudioError:
    return StudioError(
        tr("This regular expression takes too long."),
        cause="invalid",
        cure=tr("Make it simpler, without repetitions inside of repetitions."),
    )


def _invalid_replacement(error: Exception) -> StudioError:
    return StudioError(
        tr("The replacement is invalid: {problem}.", problem=str(error).rstrip(".")[:200]),
        cause="invalid",
        cure=tr(r"Write \1 for the first group, and \\ for a backslash."),
    )
