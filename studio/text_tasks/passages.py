"""Splits a source into sentences, and links a summary's sentences to its passages."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from studio.core.requests.text_task import Coverage, LinkedSentence, Passage, Span
from studio.text_checks.topic import content_words

__all__ = ["Coverage", "LinkedSentence", "Passage", "link_sentences", "split_sentences"]

SENTENCE_ENDS = '.!?。！？…"”」’'

MAX_SENTENCE = 1_000
"""Characters after which a sentence is cut: text without full stops, such as a table."""
MAX_SENTENCES = 100_000
LINKED = 0.5
"""Share of a sentence's weight that a passage must contain to count as its source."""
OTHER = 0.2
"""Share of a sentence's weight that a further passage must add."""
MOST_OTHERS = 3
MAX_HEADING = 8
"""Words of a heading."""
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


def body_sentences(text: str) -> Iterator[Passage]:
    """Yield the whole sentences and the points of lists; a headline is neither.

    A sentence ends at the end of its line; the mark of a point is no part of it.
    """
    start = 0
    for line in text.split("\n"):
        mark = _LIST_MARK.match(line)
        begin = mark.end() if mark else 0
        for one in split_sentences(line[begin:]):
            if mark or one.text[-1:] in SENTENCE_ENDS:
                yield Passage(start + begin + one.start, start + begin + one.end, one.text)
        start += len(line) + 1


def without_cut_end(text: str) -> str:
    """Return a text without a last sentence that was cut off; whole if nothing else is there.

    A heading or the mark of a point that then has nothing after it goes too.
    """
    if text.rstrip()[-1:] in SENTENCE_ENDS:
        return text
    before, _break, line = text.rstrip().rpartition("\n")
    sentences = split_sentences(line)
    mark = _LIST_MARK.match(line)
    if len(sentences) > 1 and (mark is None or sentences[-1].start >= mark.end()):
        kept = line[: sentences[-1].start].rstrip()
        if mark is None or len(kept) > mark.end():
            return f"{before}{_break}{kept}"
    kept = without_open_headings(before)
    return kept if kept.strip() else text


def without_open_headings(text: str) -> str:
    """Return a text without headings at its end, which have nothing after them."""
    lines = text.rstrip().split("\n")
    while len(lines) > 1 and _is_heading(lines):
        lines.pop()
        while len(lines) > 1 and not lines[-1].strip():
            lines.pop()
    return "\n".join(lines)


def _is_heading(lines: Sequence[str]) -> bool:
    """Return whether the last of several lines announces what would come after it."""
    line = lines[-1].strip(" *_\t")
    is_apart = not lines[-2].strip() and len(line.split()) <= MAX_HEADING
    is_point = _LIST_MARK.match(lines[-1]) is not None
    return (
        line.startswith("#")
        or line[-1:] in ":："
        or (is_apart and not is_point and line[-1:] not in SENTENCE_ENDS)
    )


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
