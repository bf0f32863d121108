"""Leaves out sentences of a text that its facts do not support; a person can put them back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import msgspec

from studio.core.requests.text_task import LeftOut, Passage, TextTask
from studio.text_checks.check import Span
from studio.text_checks.facts import check_facts
from studio.text_checks.topic import content_words
from studio.text_tasks.missing_facts import facts_of
from studio.text_tasks.passages import body_sentences, without_open_headings

KNOWN_SHARE = 0.4
"""Share of a sentence's content words that the facts must have."""
KNOWN_SHARE_HAN = 0.25
"""Of its pairs of Chinese characters, of which word borders make some that are no words."""
MIN_WORDS = 4
"""Content words of a sentence that is long enough to compare."""
_EMPTY_POINT = re.compile(r"(?:[-*•]|\d{1,2}[.)、])?")
_PLACE = "\ue002"
"""Stands where a sentence was."""


class Shortened(msgspec.Struct, frozen=True):
    """A text and the sentences that are not in it any more."""

    text: str
    left_out: tuple[LeftOut, ...] = ()


def omit_unsupported(text: str, task: TextTask) -> Shortened:
    """Return the text without the sentences that its task leaves out.

    Whole if none remains and the task does not add facts in their place.
    """
    fields = [rule.field for rule in task.check if rule.use == "facts"]
    if not task.omit or not fields:
        return Shortened(text)
    facts = task.value(fields[0])
    spans = check_facts(text, facts).spans
    by_words = "statements" in task.omit
    sentences = list(body_sentences(text))
    wrong = [
        one
        for one in sentences
        if _overlaps(one, spans) or (by_words and not is_grounded(one.text, facts))
    ]
    if len(wrong) == len(sentences) and not (task.adds_facts and facts_of(facts)):
        return Shortened(text)
    return without_sentences(text, wrong)


def is_grounded(sentence: str, facts: str) -> bool:
    """Return whether enough of a sentence's words stand in the facts; True for a short one."""
    words = set(content_words(sentence))
    if len(words) < MIN_WORDS:
        return True
    is_han = sum(word[0] >= "\u3400" for word in words) * 2 > len(words)
    known = words & set(content_words(facts))
    return len(known) >= (KNOWN_SHARE_HAN if is_han else KNOWN_SHARE) * len(words)


def without_sentences(text: str, wrong: Sequence[Passage]) -> Shortened:
    """Return the text without sentences, and where each of them was."""
    if not wrong:
        return Shortened(text)
    for one in reversed(wrong):
        text = text[: one.start] + _PLACE + text[one.end :].lstrip(" ")
    lines: list[str] = []
    carried = ""
    for line in text.split("\n"):
        plain = line.replace(_PLACE, "")
        if _EMPTY_POINT.fullmatch(plain.strip(" \t")):
            carried += _PLACE * line.count(_PLACE)
            if lines and lines[-1].strip(_PLACE) and (not plain.strip() and _PLACE not in line):
                lines.append("")
        else:
            before = line.rstrip().rstrip(_PLACE)
            lines.append(carried + before.rstrip() + line.rstrip()[len(before) :])
            carried = ""
    marked = ("\n".join(lines)).strip() + carried
    parts = marked.split(_PLACE)
    shorter = without_open_headings("".join(parts).strip())
    ends = itertools.accumulate(len(part) for part in parts[:-1])
    found = (
        LeftOut(min(end, len(shorter)), one.text) for end, one in zip(ends, wrong, strict=True)
    )
    return Shortened(shorter, tuple(found))


def put_back(text: str, left_out: Sequence[LeftOut]) -> str:
    """Return the text with the sentences that were left out at their places."""
    for one in reversed(left_out):
        before, after = text[: one.place], text[one.place :]
        is_han = one.text[-1:] in "。！？”」"
        blank = "" if is_han else " "
        lead = blank if before and not before[-1].isspace() else ""
        tail = blank if after and not after[0].isspace() else ""
        text = f"{before}{lead}{one.text}{tail}{after}"
    return text


def _overlaps(sentence: Passage, spans: Sequence[Span]) -> bool:
    return any(span.start < sentence.end and sentence.start < span.end for span in spans)
