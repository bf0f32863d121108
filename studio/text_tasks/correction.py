"""Corrects a text: the model runs again with what failed, and the better text is kept."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

import msgspec

from studio.core.requests import MAX_SEED, TextRequest
from studio.core.requests.text_task import Check, FixAttempt, Passage, TaskCheck, TextTask
from studio.text_checks.length import measure
from studio.text_checks.pronunciation import last_word, rhyming_words
from studio.text_checks.verse import FORMS, LineRule, line_rule, poem_lines, wrong_lines
from studio.text_tasks.missing_facts import add_missing_facts, places_of
from studio.text_tasks.model_prompts.correction import (
    AGAIN,
    ENDS,
    FAULTS,
    LANGUAGES,
    LINES,
    RHYME,
    UNITS,
)
from studio.text_tasks.omission import without_sentences
from studio.text_tasks.passages import SENTENCE_ENDS, split_sentences
from studio.text_tasks.ranking import RankedText, is_usable, review_text
from studio.text_tasks.writer import Writer, Written

TEXTS = 3
"""Corrected texts of which the best is taken."""
LINES_ASKED = 8
"""New lines of a poem in each of `TEXTS` answers, of which the first that is right is taken."""
RHYMED_LINES = 4
"""The same for lines that must rhyme, all of which do."""
MAX_NAMED = 8
"""Places of a check that the model is asked about."""
_SEED_STEP = 1_009
_NUMBER = re.compile(r"^(?:[-*•]|\d{1,2}[.)、])\s{0,3}")
_LINE_TOKENS = 20
MAX_RHYMES = 16
"""Words for the end of a line that a model may choose from."""
_LINE_REGEX = r"([A-Z][^\n,]{{4,40}}(, [^\n,]{{4,30}})? ({ends})[,.;:!?]?\n){{1,{count}}}"
"""Lines whose last words rhyme. With more commas, small models copy the list of words."""


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """The best text, and every attempt to correct it."""

    best: RankedText
    attempts: tuple[FixAttempt, ...] = ()


def correct(best: RankedText, request: TextRequest, task: TextTask, writer: Writer) -> Corrected:
    """Ask the model at most `task.fix` times to correct a text, while a check fails."""
    attempts: list[FixAttempt] = []
    for number in range(1, task.fix + 1):
        failed = tuple(check.name for check in best.checks if not check.passed)
        if not failed:
            break
        seed = ((request.seed or 0) + number * _SEED_STEP) % (MAX_SEED + 1)
        again = msgspec.structs.replace(
            request, task=None, seed=seed, num_beams=1, num_return_sequences=1
        )
        texts = _rewrite(best, again, task, writer)
        found = [review_text(text, best.index, task) for text in texts]
        usable = [one for one in found if is_usable(one, task)]
        better = min(usable, key=lambda one: _faults(one, task), default=best)
        helped = _faults(better, task) < _faults(best, task)
        shown = better.unedited if usable else next((one.unedited for one in found), "")
        attempts.append(FixAttempt(checks=failed, text=shown, helped=helped))
        if helped:
            best = better
    if task.fix and (shorter := _without_unsupported(best, task)) is not None:
        helped = _faults(shorter, task) < _faults(best, task)
        attempts.append(
            FixAttempt(checks=("facts",), text=shorter.text, helped=helped, by="omission")
        )
        if helped:
            best = shorter
    return Corrected(best=best, attempts=tuple(attempts))


def _without_unsupported(best: RankedText, task: TextTask) -> RankedText | None:
    """Return the text without the sentences that have facts of their own.

    None if there are none, or if less than half of the sentences remains.
    """
    spans = [span for check in best.checks if check.name == "facts" for span in check.spans]
    sentences = [one for line in _lines_of(best.text) for one in line]
    wrong = [
        sentence
        for sentence in sentences
        # A headline stays, though its capitals look like names.
        if sentence.text[-1:] in SENTENCE_ENDS
        and any(span.start < sentence.end and sentence.start < span.end for span in spans)
    ]
    if not wrong or 2 * len(wrong) > len(sentences):
        return None
    found = without_sentences(best.text, wrong)
    completed = add_missing_facts(found.text, task, found.left_out)
    shorter = review_text(Written(text=completed.text, complete=best.complete), best.index, task)
    return msgspec.structs.replace(
        shorter,
        unedited=best.unedited,
        left_out=completed.left_out,
        added=places_of((*best.added, *completed.added), shorter.text),
        missing=completed.missing,
    )


def _lines_of(text: str) -> Iterator[list[Passage]]:
    """Yield the sentences of each line, with their places in the text."""
    start = 0
    for line in text.split("\n"):
        yield [
            Passage(start + one.start, start + one.end, one.text) for one in split_sentences(line)
        ]
        start += len(line) + 1


def _rewrite(
    best: RankedText, request: TextRequest, task: TextTask, writer: Writer
) -> list[Written]:
    form = _failed_form(best, task)
    if form and writer.chat:
        return [Written(text=_new_lines(best.text, form, request, task, writer))]
    if writer.chat:
        prompt = AGAIN[task.language].format(
            prompt=request.prompt, draft=best.text, faults="\n".join(_sentences(best, task))
        )
        request = msgspec.structs.replace(request, prompt=prompt)
    texts = writer.write([_with_seed(request, number) for number in range(TEXTS)])
    if request.temperature == 0:
        texts = texts[:1]
    cut = request.prompt.rstrip(" \t") if request.mode == "complete" else ""
    return [msgspec.structs.replace(text, text=text.text.removeprefix(cut)) for text in texts]


def _with_seed(request: TextRequest, number: int) -> TextRequest:
    seed = ((request.seed or 0) + number) % (MAX_SEED + 1)
    return msgspec.structs.replace(request, seed=seed)


def _sentences(best: RankedText, task: TextTask) -> Iterator[str]:
    """Yield what is wrong, for the model."""
    for check, rule in zip(best.checks, task.check, strict=True):
        if check.passed:
            continue
        length, least, most = _lengths(rule, best.text, task)
        spans = [span for span in check.spans if span.end > span.start][:MAX_NAMED]
        places = ", ".join(dict.fromkeys(f"“{best.text[one.start : one.end]}”" for one in spans))
        yield FAULTS[task.language][check.name].format(
            message=check.message,
            length=length,
            unit=UNITS[task.language][rule.unit],
            limits=f"{least}–{most}" if most is not None else f"≥ {least}",
            places=places,
            topic=task.main_text[:200],
            language=LANGUAGES[task.language].get(task.language, task.language),
        )


def _faults(ranked: RankedText, task: TextTask) -> tuple[int, float, bool]:
    """Return how bad a text is, to compare two: failed checks, their extent, cut off."""
    extent = sum(
        _extent(check, rule, ranked.text, task)
        for check, rule in zip(ranked.checks, task.check, strict=True)
        if not check.passed
    )
    return ranked.failed, extent, not ranked.complete


def _extent(check: Check, rule: TaskCheck, text: str, task: TextTask) -> float:
    if rule.use != "length":
        return max(1, len(check.spans))
    length, least, most = _lengths(rule, text, task)
    over = length - most if most is not None else 0
    return max(least - length, over) / max(1, length)


def _lengths(rule: TaskCheck, text: str, task: TextTask) -> tuple[int, int, int | None]:
    """Return the length of a text in the unit of a check, and the least and most it may have."""
    return measure(text, rule.unit), task.number(rule.at_least) or 0, task.number(rule.at_most)


# Lines of a poem
# ----------------------------------------------------------------------


def _failed_form(best: RankedText, task: TextTask) -> str:
    """Return the form of a poem whose check failed; empty if its form is right."""
    for check, rule in zip(best.checks, task.check, strict=True):
        if rule.use == "form" and not check.passed:
            return task.value(rule.field)
    return ""


def _new_lines(text: str, form: str, request: TextRequest, task: TextTask, writer: Writer) -> str:
    """Return the poem with new lines for those that fail; surplus lines are left out."""
    needed = len(FORMS[form].lines)
    lines = [_bare(line) for line in poem_lines(text, form)][:needed]
    wrong = wrong_lines(lines, form) | set(range(len(lines), needed))
    for number in sorted(wrong):
        rule = line_rule(lines, number, form)
        ends = _rhyme_words(rule, lines, form, writer)
        one = msgspec.structs.replace(
            request,
            prompt=_line_prompt(lines, number, rule, form, task, ends),
            regex=_LINE_REGEX.format(ends="|".join(ends), count=RHYMED_LINES) if ends else "",
            max_new_tokens=(RHYMED_LINES if ends else LINES_ASKED) * _LINE_TOKENS,
            temperature=max(request.temperature, 0.7),
            prefix="",
            stop=(),
        )
        texts = writer.write([_with_seed(one, 101 * number + at) for at in range(TEXTS)])
        found = (line for written in texts for line in _bare_lines(written.text, form))
        options = [line for line in found if sum(word in line.split() for word in ends) < 2]
        kept = lines[number : number + 1]
        lines[number : number + 1] = [_best_line(kept, options, lines, number, form)]
    return _joined([line for line in lines if line], form)


def _best_line(
    kept: Sequence[str], options: Sequence[str], lines: Sequence[str], number: int, form: str
) -> str:
    """Return the first option that is right, else the line that is kept, else any option."""
    others = set(lines) - set(kept)
    for option in options:
        trial = [*lines[:number], option]
        if number not in wrong_lines(trial, form) and option not in others:
            return option
    return next(itertools.chain(kept, options), "")


def _rhyme_words(rule: LineRule, lines: Sequence[str], form: str, writer: Writer) -> list[str]:
    """Return common English words that rhyme with a line and end no other; none for Chinese.

    Common is what the model's tokenizer has as a word of its own.
    """
    if not rule.rhyme or FORMS[form].chinese:
        return []
    one_token = writer.count_tokens("the the")
    used = set(map(last_word, lines))
    words = (word for word in rhyming_words(last_word(rule.rhyme)) if word not in used)
    common = (word for word in words if writer.count_tokens(f"the {word}") <= one_token)
    return list(itertools.islice(common, MAX_RHYMES))


def _line_prompt(
    lines: Sequence[str],
    number: int,
    rule: LineRule,
    form: str,
    task: TextTask,
    ends: Sequence[str],
) -> str:
    length = str(rule.least) if rule.least == rule.most else f"{rule.least}–{rule.most}"
    end = rule.rhyme[-1:] if FORMS[form].chinese else rule.rhyme.rpartition(" ")[2]
    rhyme = RHYME[task.language].format(end=end) if rule.rhyme else ""
    if ends:
        rhyme = ENDS[task.language].format(words=", ".join(ends))
    prompt = LINES[task.language].format(
        count=RHYMED_LINES if ends else LINES_ASKED,
        subject=task.main_text[:200],
        length=length,
        rhyme=rhyme,
        before=lines[number - 1] if number else "",
    )
    return prompt if number else prompt.rpartition("\n\n")[0]


def _bare_lines(text: str, form: str) -> list[str]:
    return [line for one in poem_lines(text, form) if (line := _bare(one))]


def _bare(line: str) -> str:
    return _NUMBER.sub("", line.strip()).strip('"“”* ')


def _joined(lines: Sequence[str], form: str) -> str:
    if not FORMS[form].chinese:
        return "\n".join(lines)
    marks = itertools.cycle("，。")
    return "\n".join(f"{line}{mark}" for line, mark in zip(lines, marks, strict=False))
