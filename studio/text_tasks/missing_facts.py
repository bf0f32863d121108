"""Adds the facts of a person that a text lacks, in the person's own words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

import msgspec

from studio.core.requests.text_task import AddedFact, LeftOut, Passage, TextTask
from studio.core.translation import tr
from studio.text_checks.article import read_article
from studio.text_checks.facts import check_facts
from studio.text_checks.figures import values_in
from studio.text_checks.length import HAN, measure
from studio.text_checks.topic import content_words
from studio.text_tasks.passages import SENTENCE_ENDS, body_sentences, split_sentences

STATED = 0.6
"""Share of a fact's content words in a sentence, or two in a row, that states it."""
STATED_WITH_FIGURES = 0.34
"""The same for a fact with figures, all of which are there too."""
HAN_FACTOR = 0.7
"""Of both for Chinese, whose pairs of characters include some that are no words."""
MAX_SOURCE_SENTENCES = 8
"""A longer text on one line is a source, of which a text need not keep everything."""
MAX_FACTS = 40
MAX_FACT = 300
"""Characters; a longer line belongs to a source."""
_MARK = re.compile(r"^\s{0,8}(?:[-*•·–]|\d{1,2}[.)、])\s{1,4}|^\s{0,8}[-*•·]")
_POINT_MARK = re.compile(r"[ \t]{0,8}[-*•·][ \t]{1,4}")
_HAN_CHARACTER = re.compile(f"[{HAN}]")


class Completed(msgspec.Struct, frozen=True):
    """A text with the facts that were added, and those for which it has no room."""

    text: str
    added: tuple[AddedFact, ...] = ()
    missing: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    """Sentences that are not in the text, at their places in it."""


def facts_of(source: str) -> list[str]:
    """Return the statements of facts that a person listed; none of a source text."""
    lines = [bare for line in source.splitlines() if (bare := _MARK.sub("", line).strip())]
    sentences = [
        one.text
        for line in lines
        if line[-1] not in ":："
        for one in split_sentences(line)
        if any(map(str.isalnum, one.text))
    ]
    is_source = len(lines) <= 1 and len(sentences) > MAX_SOURCE_SENTENCES
    too_long = len(sentences) > MAX_FACTS or any(len(one) > MAX_FACT for one in sentences)
    return [] if is_source or too_long else sentences


def is_stated(fact: str, text: str) -> bool:
    """Return whether a text has the figures, names and quotes of a fact and most of its words."""
    return _stating(fact, text, list(body_sentences(text))) is not None


def add_missing_facts(text: str, task: TextTask, left_out: Sequence[LeftOut] = ()) -> Completed:
    """Return the text with the facts that it lacks, each after the fact before it.

    What would make the text longer than its task allows is not added.
    """
    completed = Completed(text, left_out=tuple(left_out))
    fields = [rule.field for rule in task.check if rule.use == "facts"]
    if not task.adds_facts or not fields:
        return completed
    facts = facts_of(task.value(fields[0]))
    for number, fact in enumerate(facts):
        sentences = list(body_sentences(completed.text))
        if _stating(fact, completed.text, sentences) is not None:
            continue
        place = _place_for(facts, number, completed.text, sentences)
        longer = _insert(completed, place, _as_sentence(fact))
        if _is_too_long(longer.text, task):
            missing = (*completed.missing, fact)
            completed = msgspec.structs.replace(completed, missing=missing)
        else:
            completed = longer
    return _with_body(completed, task) if completed.added else completed


def places_of(added: Sequence[AddedFact], text: str) -> tuple[AddedFact, ...]:
    """Return the added facts that a text still has, at their places in it."""
    found = ((text.find(one.text), one.text) for one in added)
    return tuple(AddedFact(place, fact) for place, fact in found if place >= 0)


def notes_of(added: Sequence[AddedFact], missing: Sequence[str]) -> list[str]:
    """Return what to show about the facts that were added, and those that were not."""
    notes = []
    if added:
        facts = " ".join(one.text for one in added)
        notes.append(tr("Added in your words: {facts}", facts=facts))
    if missing:
        facts = " ".join(missing)
        notes.append(tr("Facts for which the text has no room: {facts}", facts=facts))
    return notes


# Whether a fact is stated
# ----------------------------------------------------------------------


def _stating(fact: str, text: str, sentences: Sequence[Passage]) -> Passage | None:
    """Return the last sentence of those that state a fact best; None if it is not stated."""
    words = set(content_words(fact))
    figures = values_in(fact)
    notes = {span.note for span in check_facts(fact, text).spans}
    if notes & {"name", "quote", "currency"}:
        return None
    share = STATED_WITH_FIGURES if figures else STATED
    share *= HAN_FACTOR if _is_han(fact) else 1.0
    best: tuple[float, Passage] | None = None
    for sentence, window in _windows(sentences):
        if not figures <= values_in(window):
            continue
        known = len(words & set(content_words(window))) / max(1, len(words))
        if known >= share and (best is None or known >= best[0]):
            best = known, sentence
    return best[1] if best is not None else None


def _windows(sentences: Sequence[Passage]) -> Iterator[tuple[Passage, str]]:
    """Yield each pair of sentences in a row, then each sentence, with its last sentence."""
    for first, second in itertools.pairwise(sentences):
        yield second, f"{first.text} {second.text}"
    for sentence in sentences:
        yield sentence, sentence.text


def _is_han(text: str) -> bool:
    return 2 * len(_HAN_CHARACTER.findall(text)) > len(text)


# Where a fact is added
# ----------------------------------------------------------------------


def _place_for(facts: Sequence[str], number: int, text: str, sentences: Sequence[Passage]) -> int:
    """Return the place after the fact before it, else before the one after it.

    Else the end of the text, or for the first fact its beginning, as what follows refers to it.
    """
    for fact in reversed(facts[:number]):
        if (found := _stating(fact, text, sentences)) is not None:
            return found.end
    for fact in facts[number + 1 :]:
        if (found := _stating(fact, text, sentences)) is not None:
            return _after_dateline(found.start, text)
    if not sentences:
        return len(text)
    return sentences[-1].end if number else _after_dateline(sentences[0].start, text)


def _after_dateline(place: int, text: str) -> int:
    """Return the place behind a dateline that begins there."""
    dateline = read_article(text).dateline
    if not dateline or not text.startswith(dateline, place):
        return place
    after = place + len(dateline)
    return after + len(text[after:]) - len(text[after:].lstrip(" —–-：:"))


def _as_sentence(fact: str) -> str:
    if fact[-1] not in SENTENCE_ENDS:
        fact = f"{fact.rstrip(',;，；')}{'。' if _is_han(fact) else '.'}"
    return fact[0].upper() + fact[1:]


def _insert(completed: Completed, place: int, fact: str) -> Completed:
    """Return the text with a fact at a place, as a point of its own in a list."""
    text = completed.text
    before, after = text[:place], text[place:]
    mark = _POINT_MARK.match(before, before.rfind("\n") + 1)
    lead = tail = ""
    if mark is not None:
        lead = f"\n{mark.group()}"
    elif not before.strip():
        tail = "" if after[:1] == "\n" else " "
    elif not after.strip() and before.rstrip()[-1] not in SENTENCE_ENDS:
        lead = "\n\n"
    blank = "" if _is_han(fact) else " "
    if not mark and not lead and before.strip():
        lead = "" if before[-1].isspace() else blank
    if not tail and after and not after[0].isspace():
        tail = blank
    start = place + len(lead)
    length = len(lead) + len(fact) + len(tail)
    moved = [
        AddedFact(one.place + (length if one.place >= place else 0), one.text)
        for one in completed.added
    ]
    return msgspec.structs.replace(
        completed,
        text=f"{before}{lead}{fact}{tail}{after}",
        added=tuple(sorted((*moved, AddedFact(start, fact)), key=lambda one: one.place)),
        left_out=tuple(
            LeftOut(one.place + (length if one.place >= place else 0), one.text)
            for one in completed.left_out
        ),
    )


def _with_body(completed: Completed, task: TextTask) -> Completed:
    """Return an article whose only paragraph ends after its first sentence, as lead and body."""
    text = completed.text
    if not any(rule.use == "article" for rule in task.check) or read_article(text).body:
        return completed
    sentences = list(body_sentences(text))
    if len(sentences) < 2:
        return completed
    end, start = sentences[0].end, sentences[1].start

    def moved(place: int) -> int:
        return place + 2 - (start - end) if place >= start else place

    return msgspec.structs.replace(
        completed,
        text=f"{text[:end]}\n\n{text[start:]}",
        added=tuple(AddedFact(moved(one.place), one.text) for one in completed.added),
        left_out=tuple(LeftOut(moved(one.place), one.text) for one in completed.left_out),
    )


def _is_too_long(text: str, task: TextTask) -> bool:
    limits = ((rule.unit, task.number(rule.at_most)) for rule in task.check if rule.use == "length")
    return any(most is not None and measure(text, unit) > most for unit, most in limits)
