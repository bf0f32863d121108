"""Splits a source into sentences, and links a summary's sentences to its passages."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from studio.core.requests.text_task import Coverage, LinkedSentence, Passage, Span
from studio.text_checks.topic import content_words

__all__ = ["Coverage", "LinkedSentence", "Passage", "link_sentences", "split_sentences"]

MAX_SENTENCE = 1_000
"""Characters after which a sentence is cut: text without full stops, such as a table."""
MAX_SENTENCES = 100_000
LINKED = 0.5
"""Share of a sentence's weight that a passage must contain to count as its source."""
OTHER = 0.2
"""Share of a sentence's weight that a further passage must add."""
MOST_OTHERS = 3
PARTS = 10
"""Parts of a source in which coverage is counted."""
_END = re.compile(
    r"(?<=[.!?…])[\"”’')\]]{0,3}\s+(?=[\"“‘'(\[]?[A-Z0-9\u00c0-\u024f])"
    r"|(?<=[。！？])[”’」』]{0,3}|\n\s*\n"
)
_LIST_MARK = re.compile(r"^\s{0,8}(?:\d{1,2}[.)、]|[-*•])\s+")
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
    """Link each sentence of a summary to the passages with its words, by their weight.

    Rare words of the source weigh more. Shared words do not prove that a sentence is true.
    """
    index = PassageIndex(source)
    return measure_coverage([index.link(one) for one in sentences_of(summary)], source)


def sentences_of(text: str) -> list[str]:
    """Return the sentences and the points of lists of a short text, without their marks."""
    return [
        sentence.text
        for line in text.splitlines()
        for sentence in split_sentences(_LIST_MARK.sub("", line))
    ]


class PassageIndex:
    """The sentences of a source by their words."""

    def __init__(self, source: str) -> None:
        self._passages = split_sentences(source)
        self._places: dict[str, list[int]] = {}
        for at, passage in enumerate(self._passages):
            for word in dict.fromkeys(content_words(passage.text)):
                self._places.setdefault(word, []).append(at)
        self._rare = math.log(1 + len(self._passages))

    def link(self, sentence: str) -> LinkedSentence:
        """Return a sentence with the passages that it comes from."""
        weights = {word: self._weight(word) for word in dict.fromkeys(content_words(sentence))}
        total = sum(weights.values())
        if not total:
            return LinkedSentence(sentence, None)
        found: list[int] = []
        reached = 0.0
        while len(found) <= MOST_OTHERS:
            at, share = self._best(weights)
            if not share or (found and share < OTHER * total):
                break
            found.append(at)
            reached += share
            words = set(content_words(self._passages[at].text))
            weights = {word: one for word, one in weights.items() if word not in words}
        if reached < LINKED * total:
            return LinkedSentence(sentence, None)
        first, *others = (self._passages[at] for at in found)
        return LinkedSentence(sentence, first, tuple(others))

    def _weight(self, word: str) -> float:
        return self._rare - math.log(1 + len(self._places.get(word, ()))) + 0.1

    def _best(self, weights: Mapping[str, float]) -> tuple[int, float]:
        """Return the passage with the greatest weight of words, and the weight."""
        sums: Counter[int] = Counter()
        for word, weight in weights.items():
            for at in self._places.get(word, ()):
                sums[at] += weight  # type: ignore[assignment]  # a counter of any numbers
        if not sums:
            return 0, 0.0
        best = min(sums, key=lambda at: (-sums[at], at))
        return best, sums[best]


def measure_coverage(sentences: Sequence[LinkedSentence], source: str) -> Coverage:
    """Count the parts of the source that the sentences speak of.

    There are ten parts of about the same length, or one a sentence if the source has fewer.
    """
    passages = split_sentences(source)
    parts = max(1, min(PARTS, len(passages)))
    size = max(1, len(source))
    numbers = _part_numbers([passage.start for passage in passages], parts, size)
    found = [
        passage
        for sentence in sentences
        for passage in (sentence.source, *sentence.others)
        if passage is not None
    ]
    covered = {numbers.get(passage.start, parts - 1) for passage in found}
    return Coverage(sentences=tuple(sentences), parts=parts, covered=tuple(sorted(covered)))


def _part_numbers(starts: Sequence[int], parts: int, size: int) -> dict[int, int]:
    """Return each sentence's part; every part has at least one sentence."""
    numbers: dict[int, int] = {}
    part = 0
    for at, start in enumerate(starts):
        left = len(starts) - at
        by_place = start * parts // size
        must_move = left <= parts - 1 - part  # the rest is one sentence a part
        if at and part < parts - 1 and (must_move or by_place > part):
            part += 1
        numbers[start] = part
    return numbers


def uncovered_parts(coverage: Coverage, source: str) -> list[Span]:
    """Return the places of the parts that no sentence speaks of, in their order."""
    passages = split_sentences(source)
    starts = [passage.start for passage in passages]
    numbers = _part_numbers(starts, coverage.parts, max(1, len(source)))
    places: dict[int, Span] = {}
    for passage in passages:
        number = numbers[passage.start]
        if number not in coverage.covered:
            first = places.get(number, passage)
            places[number] = Span(first.start, passage.end)
    return list(places.values())


def is_source_of(coverage: Coverage, source: str) -> bool:
    """Return True if all linked passages are in a text at their places."""
    return all(
        " ".join(source[passage.start : passage.end].split()) == passage.text
        for sentence in coverage.sentences
        for passage in (sentence.source, *sentence.others)
        if passage is not None
    )
