"""What the words around a match say about it."""

from __future__ import annotations

import re

from studio.speech_text.rule import Match, text_before

_SMALL_WORDS = (
    "a an and as at before but by each for from has have if in including into is it less more now "
    "of off on or over per plus "
    "since so than that the then to under until up was were when while which who will with would"
)
_NOT_NOUNS = frozenset(_SMALL_WORDS.split())


def ends_sentence(match: Match) -> bool:
    """True if the full stop of an abbreviation also ends the sentence."""
    rest = match.string[match.end() : match.end() + 3]
    return not rest.strip() or bool(re.match(r"[\"')\]]?\s*[\"'(\[]?[A-Z]|\s*\n", rest))


def before_noun(match: Match) -> bool:
    """True in "a $5 note", "the $3 billion deal", where the unit stays in the singular."""
    before = text_before(match, 12).lower()
    after = re.match(r"\s([a-z]{3,20})(?![a-z])", match.string[match.end() : match.end() + 22])
    return bool(
        re.search(r"\b(?:an?|this|that|every|another|the)\s$", before)
        and after
        and after[1] not in _NOT_NOUNS
    )
