"""Splits a source into sentences, and links a summary's sentences to its passages."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from studio.core.requests.text_task import Coverage, LinkedSentence, Passage
from studio.text_checks.topic import content_words

__all__ = ["Coverage", "LinkedSentence", "Passage", "link_sentences", "split_sentences"]

MAX_SENTENCE = 1_000
"""Characters after which a sentence is cut: text without full stops, such as a table."""
MAX_SENTENCES = 100_000
LINKED = 0.5
"""Share of a sentence's weight that a passage must contain to count as its source."""
PARTS = 10
"""Equal parts of a source, by characters, in which coverage is counted."""
_END = re.compile(
    r"(?<=[.!?…])[\"”’')\]]{0,3}\s+(?=[\"“‘'(\[]?[A-Z0-9\u00c0-\u024f])"
    r"|(?<=[。！？])[”’」』]{0,3}|\n\s*\n"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|No|Nos|Fig|Jan|Feb|Aug|Sept|Oct|Nov|Dec|e\.g|i\.e|U\.S|U\.K)"
    r"|\b[A-Z])\.$"
)


def split_sentences(text: str) -> list[Passage]:
    """Return the sentences with their places, at most `MAX_SENTENCES`."""
    found: list[Passage] = []
    start = 0
    for end in (*_borders(text), len(text)):
        if end != len(text) and _ABBREVIATION.search(text[max(start, end - 8) : end].rstrip()):
            continue
        while start < end and len(found) < MAX_SENTENCES:
            cut = min(end, start + MAX_SENTENCE)
            piece = text[start:cut]
            if plain := " ".join(piece.split()):
                begin = start + len(piece) - len(piece.lstrip())
                found.append(Passage(begin, start + len(piece.rstrip()), plain))
            start = cut
    return found


def _borders(text: str) -> Iterator[int]:
    for match in _END.finditer(text):
        yield match.end()


def link_sentences(summary: str, source: str) -> Coverage:
    """Link each sentence of a summary to the passage with most of its words, by their weight.

    Rare words of the source weigh more. Shared words do not prove that a sentence is true.
    """
    passages = split_sentences(source)
    words = [frozenset(content_words(passage.text)) for passage in passages]
    counts = Counter(word for found in words for word in found)
    rare = math.log(1 + len(passages))

    def weight(word: str) -> float:
        return rare - math.log(1 + counts[word]) + 0.1

    linked = []
    for sentence in split_sentences(summary):
        wanted = set(content_words(sentence.text))
        total = sum(map(weight, wanted))
        best = max(
            range(len(passages)),
            key=lambda at: sum(map(weight, wanted & words[at])),
            default=None,
        )
        is_linked = (
            best is not None
            and total > 0
            and sum(map(weight, wanted & words[best])) >= LINKED * total
        )
        linked.append(
            LinkedSentence(
                sentence.text, passages[best] if is_linked and best is not None else None
            )
        )
    return measure_coverage(linked, source)


def measure_coverage(sentences: Sequence[LinkedSentence], source: str) -> Coverage:
    """Count the parts of the source from which the sentences are."""
    passages = [sentence.source for sentence in sentences if sentence.source is not None]
    parts = max(1, min(PARTS, len(source) // 200))
    covered = {min(parts - 1, passage.start * parts // max(1, len(source))) for passage in passages}
    return Coverage(sentences=tuple(sentences), parts=parts, covered=tuple(sorted(covered)))
