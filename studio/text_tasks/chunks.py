"""Splits a long text into parts of limited tokens, at borders of sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from studio.core.requests.text_task import Passage
from studio.text_tasks.passages import split_sentences


def split_chunks(text: str, most: int, count_tokens: Callable[[str], int]) -> list[Passage]:
    """Return the parts in order, each of at most `most` tokens.

    A sentence that is longer, such as a table, is cut. A part's tokens are the sum of those of its
    sentences, which is about one more a sentence than they have together.
    """
    parts: list[Passage] = []
    going: list[Passage] = []
    used = 0
    for sentence in split_sentences(text):
        for piece, tokens in _pieces(sentence, text, most, count_tokens):
            if going and used + tokens > most:
                parts.append(_joined(going, text))
                going, used = [], 0
            going.append(piece)
            used += tokens
    if going:
        parts.append(_joined(going, text))
    return _evened(parts, text, most, count_tokens)


def _joined(passages: Sequence[Passage], text: str) -> Passage:
    start, end = passages[0].start, passages[-1].end
    return Passage(start, end, text[start:end])


def _pieces(
    sentence: Passage, text: str, most: int, count_tokens: Callable[[str], int]
) -> Iterator[tuple[Passage, int]]:
    """Yield a sentence with its tokens; halves of it while it has too many."""
    tokens = count_tokens(sentence.text)
    if tokens <= most or sentence.end - sentence.start < 2:
        yield sentence, tokens
        return
    middle = (sentence.start + sentence.end) // 2
    for start, end in ((sentence.start, middle), (middle, sentence.end)):
        yield from _pieces(Passage(start, end, text[start:end]), text, most, count_tokens)


def _evened(
    parts: list[Passage], text: str, most: int, count_tokens: Callable[[str], int]
) -> list[Passage]:
    """Join a short last part with the one before it, and split both in the middle."""
    if len(parts) < 2 or len(parts[-1].text) * 3 > len(parts[-2].text):
        return parts
    start, end = parts[-2].start, parts[-1].end
    sentences = split_sentences(text[start:end])
    if len(sentences) < 2:
        return parts
    half = next((at for at, one in enumerate(sentences) if at and one.end * 2 >= end - start), 1)
    border = start + sentences[half].start
    halves = [
        Passage(start, border, text[start:border].rstrip()),
        Passage(border, end, text[border:end]),
    ]
    fit = all(count_tokens(one.text) <= most for one in halves)
    return [*parts[:-2], *halves] if fit else parts
