"""A summary without a model: sentences of the source, as they stand there."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from studio.text_checks.topic import content_words
from studio.text_tasks.passages import (
    Coverage,
    LinkedSentence,
    Passage,
    measure_coverage,
    split_sentences,
)

SHORTEST = 4
"""Content words that a sentence needs to be chosen, if there are longer ones."""
FOCUS_WEIGHT = 2.0
SPECIFIC_WEIGHT = 2.0
"""Frequent words alone would choose the most general sentences, which say least."""
MANY_SPECIFICS = 3
"""Figures and names above which a sentence counts as no more specific."""
NEAR = 0.6
"""Share of words in common with a chosen sentence from which another one is left out."""
_HAN_DIGITS = "零〇一二两三四五六七八九十百千万亿"
_SPECIFIC = re.compile(
    r"\d[\d.,]*%?|(?<=[a-z,;] )[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*|[“「\"][^“”\"」]{8,}"
    rf"|(?:百分之)?[{_HAN_DIGITS}](?:[{_HAN_DIGITS}]|点(?=[{_HAN_DIGITS}])){{1,12}}"
    r"|(?<!第)[二两三四五六七八九十](?=[名人个位次年月日天岁座家起倍成件辆所吨元本])"
    r"|[\u4e00-\u9fff]{2,6}?(?:大学|公司|集团|医院|委员会|市长|部长|总统|法院)"
)
"""Figures, names within a sentence, and quotes; Chinese figures in words, and offices."""


def extract_summary(text: str, count: int, focus: str = "") -> Coverage:
    """Return the `count` sentences that say most, in the order of the text, with their places.

    Half of them come from equal parts of the text, the best one of each; the others from anywhere.
    A sentence scores for frequent words of the text, for figures, names and quotes, and for
    words of `focus`. It is not rewritten, so it may refer to a sentence that is left out.
    """
    passages = split_sentences(text)
    words = [content_words(passage.text) for passage in passages]
    scores = _scores(passages, words, focus)
    chosen: list[int] = []
    size = max(1, len(text))
    parts = max(1, count // 2)
    order = sorted(range(len(passages)), key=lambda at: -scores[at])
    of_parts: dict[int, int] = {}
    for at in order:
        of_parts.setdefault(min(parts - 1, passages[at].start * parts // size), at)
    for at in (*sorted(of_parts.values(), key=lambda at: -scores[at]), *order):
        if len(chosen) >= count:
            break
        if at not in chosen and not any(_are_near(words[at], words[other]) for other in chosen):
            chosen.append(at)
    linked = [LinkedSentence(passages[at].text, passages[at]) for at in sorted(chosen)]
    return measure_coverage(linked, text)


def count_specifics(text: str) -> int:
    """Return how many figures, names within a sentence, and quotes a text has."""
    return len(_SPECIFIC.findall(text))


def _scores(passages: Sequence[Passage], words: Sequence[Sequence[str]], focus: str) -> list[float]:
    counts = Counter(word for found in words for word in found)
    highest = math.log(1 + max(counts.values(), default=1))
    wanted = set(content_words(focus))
    scores = []
    for passage, found in zip(passages, words, strict=True):
        if not found:
            scores.append(-1.0)
            continue
        central = sum(math.log(1 + counts[word]) / highest for word in found) / len(found)
        specific = min(MANY_SPECIFICS, count_specifics(passage.text)) / MANY_SPECIFICS
        about = len(wanted & set(found)) / len(wanted) if wanted else 0.0
        score = central + SPECIFIC_WEIGHT * specific + FOCUS_WEIGHT * about
        scores.append(score if len(found) >= SHORTEST else score - 1.0)
    return scores


def _are_near(first: Sequence[str], second: Sequence[str]) -> bool:
    one, other = set(first), set(second)
    return len(one & other) >= NEAR * max(1, min(len(one), len(other)))
