"""Check that each message has a translation that fits it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry

from tools.translations.calls import Scan, Use, placeholders
from tools.translations.catalog import (
    CODES,
    FOLDER,
    compiled,
    entries,
    mo_path,
    read_catalog,
    texts,
    translations,
    updated,
)
from tools.translations.chinese import NARROW, punctuate

ENDINGS = ("…", ":", ".", "?", "!")
_NARROW = str.maketrans(NARROW)
_BRACES = re.compile(r"\{[^{}]*\}")


def check(scan: Scan, folder: Path = FOLDER) -> Iterator[str]:
    """Yield what is wrong with the calls and the catalogs of all languages."""
    yield from scan.problems
    yield from _conflicts(scan.uses)
    for language in CODES:
        catalog = read_catalog(language, folder)
        yield from (f"{language}.po: {fault}" for fault in check_catalog(catalog, scan.uses))
        path = mo_path(language, folder)
        if not path.exists() or path.read_bytes() != compiled(catalog):
            yield f"{language}.mo is not up to date: run `python -m tools.translations compile`."


def check_catalog(catalog: Catalog, uses: Iterable[Use]) -> Iterator[str]:
    """Yield what is wrong with one catalog for these messages."""
    wanted = updated(catalog, uses)
    for entry in entries(wanted):
        yield from entry_faults(entry)
    known = {(entry.context, tuple(texts(entry))) for entry in entries(wanted)}
    for entry in entries(catalog):
        if (entry.context, tuple(texts(entry))) not in known:
            yield f"{texts(entry)[0]!r} is not used any more: run update."
        elif entry.fuzzy:
            yield f"{texts(entry)[0]!r} is marked fuzzy."


def entry_faults(entry: Entry) -> Iterator[str]:
    """Yield what is wrong with the translation of one message."""
    english = texts(entry)[-1]
    for shown in translations(entry):
        if not shown:
            yield f"{english!r} is not translated."
            continue
        if fault := _placeholder_fault(entry, shown):
            yield f"{english!r} → {shown!r}: {fault}"
        if _mnemonics(english) != _mnemonics(shown):
            yield f"{english!r} → {shown!r}: the key after & is missing; write 保存(&S)."
        if _ending(english) != _ending(shown):
            yield f"{english!r} → {shown!r}: both must end alike, with … : . ? ! or without."
        if shown != punctuate(shown):
            yield f"{english!r} → {shown!r}: the punctuation must be {punctuate(shown)!r}."
        if english.strip() == english and shown.strip() != shown:
            yield f"{english!r} → {shown!r}: the translation begins or ends with a space."


def _placeholder_fault(entry: Entry, shown: str) -> str:
    english = texts(entry)
    try:
        wanted = [placeholders(text) for text in english]
        used = placeholders(shown)
    except ValueError:  # braces of a text that is not formatted
        alike = sorted(_BRACES.findall(english[0])) == sorted(_BRACES.findall(shown))
        return "" if alike else "the parts in braces differ."
    return "" if used in wanted else f"the placeholders must be {wanted[-1]}, not {used}."


def _mnemonics(text: str) -> int:
    return text.replace("&&", "").count("&")


def _ending(text: str) -> str:
    """Return the punctuation at the end, as a narrow character, or ""."""
    last = text.rstrip()[-1:].translate(_NARROW)
    return "…" if text.endswith("...") else last if last in ENDINGS else ""


def _conflicts(uses: Iterable[Use]) -> Iterator[str]:
    """gettext finds an entry by its context and first text only."""
    plurals: dict[tuple[str, str], set[str]] = defaultdict(set)
    for use in uses:
        plurals[use.message.context, use.message.text].add(use.message.plural)
    for (_context, text), found in plurals.items():
        if len(found) > 1:
            yield f"{text!r} is used with different plurals, or with and without one."
