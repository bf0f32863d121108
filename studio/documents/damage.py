"""Reads what is left of a document whose stored text or changes are damaged."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from studio.core.translation import tr, tr_plural
from studio.documents.document import Change, Document, clean_text
from studio.documents.origins import Stretches, with_length
from studio.documents.pending import Pending

_CHANGES = msgspec.json.Decoder(tuple[Change, ...])
_STRETCHES = msgspec.json.Decoder(Stretches)


class LoadedDocument(msgspec.Struct, frozen=True):
    """A document as it was read, and what could not be read."""

    document: Document
    damage: str = ""
    """What was lost, in a sentence; empty for an undamaged document."""
    salvaged: Document | None = None
    """With the changes after the damaged one where they fit; None if there are none."""
    pending: Pending | None = None
    """The model's text about which the person has not decided yet."""


def read_text(body: bytes) -> tuple[str, bool]:
    """Return a stored text, and whether some of its characters cannot be read."""
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return clean_text(body.decode("utf-8", "replace")), True


def read_stretches(body: bytes, length: int) -> Stretches:
    """Return who wrote what; of a damaged body, the unreadable rest is imported."""
    try:
        return with_length(_STRETCHES.decode(body), length)
    except msgspec.DecodeError:  # the text matters more than who wrote it
        return with_length((), length)


def with_changes(
    document: Document, bodies: Sequence[bytes], *, has_damaged_text: bool = False
) -> LoadedDocument:
    """Apply stored changes, up to the first one that is damaged."""
    for number, body in enumerate(bodies):
        before = msgspec.structs.replace(document)
        try:
            for change in _CHANGES.decode(body):
                document.apply(change)
        except (msgspec.DecodeError, ValueError):
            rest = bodies[number:]
            return LoadedDocument(before, _lost(len(rest)), _salvage(before, rest))
    return LoadedDocument(document, _unreadable_characters() if has_damaged_text else "")


def _lost(number: int) -> str:
    return tr_plural(
        "A part of this document is damaged: its last change is lost.",
        "A part of this document is damaged: its last {count:,} changes are lost.",
        number,
    )


def _unreadable_characters() -> str:
    return tr("A part of this document is damaged: some characters are shown as �.")


def _salvage(document: Document, bodies: Sequence[bytes]) -> Document | None:
    """Return a document with all changes that can be read, each moved to where it fits."""
    found = msgspec.structs.replace(document)
    for body in bodies:
        try:
            changes = _CHANGES.decode(body)
        except msgspec.DecodeError:
            continue
        for change in changes:
            found.apply(_fitting(change, len(found.text)))
    return found if found.text != document.text else None


def _fitting(change: Change, length: int) -> Change:
    start = min(max(0, change.position), length)
    removed = min(max(0, change.removed), length - start)
    text = clean_text(change.inserted)
    return Change(start, removed, text, with_length(change.origins, len(text)))
