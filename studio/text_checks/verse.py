"""Checks the form of a poem: lines, syllables or characters a line, and rhyme."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from studio.text_checks.check import Check, Span, from_spans
from studio.text_checks.han_rhymes import han_rhymes
from studio.text_checks.length import HAN
from studio.text_checks.pronunciation import do_rhyme, last_word, syllables_in

MAX_LINES = 500
"""Lines of a poem that are looked at."""
_LINE = re.compile(r"[^\n]+")
_HAN = re.compile(rf"[{HAN}]")
_HAN_LINE = re.compile(rf"[{HAN}]+")


class Form(NamedTuple):
    """A form: the shortest and longest line of each kind, and which lines rhyme."""

    lines: tuple[tuple[int, int], ...]
    """Fewest and most syllables or characters, one entry a line."""
    rhyme: str = ""
    """A letter a line, equal for lines that rhyme; "-" for none; empty if none do."""
    chinese: bool = False
    regulated: bool = False
    """True if it has rules of tones; see `tones`."""


def _tune(lengths: str, rhyme: str) -> Form:
    return Form(tuple((int(one), int(one)) for one in lengths), rhyme, chinese=True)


FORMS = {
    "haiku": Form(((5, 5), (7, 7), (5, 5))),
    "limerick": Form(((7, 10), (7, 10), (4, 7), (4, 7), (7, 10)), "aabba"),
    "couplets": Form(((6, 12),) * 4, "aabb"),
    "quatrain": Form(((6, 12),) * 4, "abab"),
    "sonnet": Form(((9, 11),) * 14, "ababcdcdefefgg"),
    "五言绝句": Form(((5, 5),) * 4, "-a-a", chinese=True, regulated=True),
    "七言绝句": Form(((7, 7),) * 4, "-a-a", chinese=True, regulated=True),
    "五言律诗": Form(((5, 5),) * 8, "-a-a-a-a", chinese=True, regulated=True),
    "七言律诗": Form(((7, 7),) * 8, "-a-a-a-a", chinese=True, regulated=True),
    # Tunes of 词: the characters of each clause, and the clauses that rhyme.
    "忆江南": _tune("35775", "-a-aa"),
    "如梦令": _tune("6656226", "aa-aaaa"),
    "渔歌子": _tune("77337", "aa-aa"),
    "浣溪沙": _tune("777777", "aaa-aa"),
    "卜算子": _tune("55755575", "-a-a-a-a"),
    "西江月": _tune("66766676", "-aaa-aaa"),
    "采桑子": _tune("74477447", "-aaa-aaa"),
    "长相思": _tune("33753375", "aaaaaaaa"),
}


def han_lines(text: str) -> list[tuple[int, str]]:
    """Return the Chinese lines, which punctuation separates, with their places."""
    return [(match.start(), match.group()) for match in _HAN_LINE.finditer(text)]


def check_form(text: str, form: str) -> Check:
    """Check a poem without its title; `form` is a key of `FORMS`.

    English syllables and rhymes of words that the lexicon lacks are estimated from the spelling.
    """
    wanted = FORMS[form]
    pattern = _HAN_LINE if wanted.chinese else _LINE
    matches = (match for match in pattern.finditer(text) if not match.group().isspace())
    found = list(itertools.islice(matches, MAX_LINES))
    lines = [match.group() for match in found]
    spans = [
        Span(*found[number].span(), note)
        for number, note in (*_lengths(lines, wanted), *_rhymes(lines, wanted))
    ]
    marked = from_spans("form", sorted(spans, key=lambda span: span.start), "lines are not right")
    needed = len(wanted.lines)
    message = f"{len(lines)} lines of {needed}. {marked.message}"
    passed = marked.passed and len(lines) == needed
    return Check(name="form", passed=passed, message=message, spans=marked.spans)


class LineRule(NamedTuple):
    """What one line of a form must be."""

    least: int
    most: int
    """Syllables or characters."""
    rhyme: str
    """The line that it rhymes with; empty if it needs no rhyme."""


def poem_lines(text: str, form: str) -> list[str]:
    """Return the lines as the form counts them: at line breaks, Chinese ones at punctuation."""
    pattern = _HAN_LINE if FORMS[form].chinese else _LINE
    found = (match.group().strip() for match in pattern.finditer(text))
    return list(itertools.islice(filter(None, found), MAX_LINES))


def line_rule(lines: Sequence[str], number: int, form: str) -> LineRule:
    """Return what line `number` of the form must be, after the lines before it."""
    wanted = FORMS[form]
    letters = wanted.rhyme or "-" * len(wanted.lines)
    first = letters.index(letters[number])
    rhymes = letters[number] != "-" and first < number
    return LineRule(*wanted.lines[number], lines[first] if rhymes else "")


def wrong_lines(lines: Sequence[str], form: str) -> set[int]:
    """Return the numbers of lines, from 0, whose length or rhyme is wrong."""
    wanted = FORMS[form]
    return {number for number, _note in (*_lengths(lines, wanted), *_rhymes(lines, wanted))}


def _lengths(lines: Sequence[str], form: Form) -> Iterator[tuple[int, str]]:
    measure: Callable[[str], int] = len if form.chinese else _syllables
    unit = "characters" if form.chinese else "syllables"
    for number, (line, (least, most)) in enumerate(zip(lines, form.lines, strict=False)):
        if not least <= (length := measure(line)) <= most:
            limits = str(least) if least == most else f"{least} to {most}"
            yield number, f"{length} {unit}; it takes {limits}"


def _syllables(line: str) -> int:
    """Return the syllables of a line, which may be Chinese, as those of a haiku."""
    return syllables_in(line) + len(_HAN.findall(line))


def _rhymes(lines: Sequence[str], form: Form) -> Iterator[tuple[int, str]]:
    first: dict[str, tuple[int, str]] = {}
    for number, (line, letter) in enumerate(zip(lines, form.rhyme, strict=False)):
        if letter == "-" or letter not in first:
            first[letter] = number, line
            continue
        where, earlier = first[letter]
        if not _do_rhyme(line, earlier):
            is_same = last_word(line) == last_word(earlier) != ""
            what = "ends with the same word as" if is_same else "does not rhyme with"
            yield number, f"{what} line {where + 1}"


def _do_rhyme(line: str, other: str) -> bool:
    last, earlier = (one.rstrip().rstrip("，。！？、；,.!?;")[-1:] for one in (line, other))
    if _HAN.match(last) and _HAN.match(earlier):
        return bool(han_rhymes(last) & han_rhymes(earlier))
    return do_rhyme(line, other)
