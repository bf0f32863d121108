"""Checks the level and oblique tones (平仄) of Chinese regulated verse, by today's readings.

A syllable of today's first or second tone is level, of the third or fourth oblique. Characters with
an entering tone (入声) in old readings may be marked though they are right by these.
"""

from __future__ import annotations

from collections.abc import Iterator

from studio.text_checks.check import Check, Span, from_spans
from studio.text_checks.verse import FORMS, han_lines

LEVEL, OBLIQUE = "平", "仄"


def check_tones(text: str, form: str) -> Check:
    """Mark characters that break a rule of tones, in a 绝句 or 律诗.

    Rules: the even characters of a line alternate; those of a couplet's two lines are opposite
    (对), and those of two lines between couplets are equal (粘); a line that rhymes ends level.
    """
    wanted = FORMS[form]
    if not wanted.regulated:
        return Check(name="tones", passed=True, message="This form has no rules of tones.")
    lines = han_lines(text)[: len(wanted.lines)]
    spans = sorted(_marked(lines, wanted.rhyme), key=lambda span: span.start)
    return from_spans("tones", spans, "characters whose tone breaks a rule")


def _marked(lines: list[tuple[int, str]], rhyme: str) -> Iterator[Span]:
    tones = [[tones_of(character) for character in line] for _start, line in lines]
    for number, (start, line) in enumerate(lines):
        own = tones[number]
        for at in range(3, len(line), 2):
            if not _may_differ(own[at], own[at - 2]):
                yield Span(start + at, start + at + 1, "二四六 do not alternate")
        if number and len(line) > 1 and len(tones[number - 1]) > 1:
            before = tones[number - 1]
            if number % 2 and not _may_differ(own[1], before[1]):
                yield Span(start + 1, start + 2, f"对: as line {number}")
            if not number % 2 and not own[1] & before[1]:
                yield Span(start + 1, start + 2, f"粘: unlike line {number}")
        if number < len(rhyme) and rhyme[number] == "a" and LEVEL not in own[-1]:
            yield Span(start + len(line) - 1, start + len(line), "a rhyme is level")


def _may_differ(first: frozenset[str], second: frozenset[str]) -> bool:
    return len(first | second) > 1


def tones_of(character: str) -> frozenset[str]:
    """Return whether a character is level or oblique; both, if it has readings of both kinds."""
    from pypinyin import Style, pinyin  # its tables take 0.1 s

    (readings,) = pinyin(character, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True)
    found = {LEVEL if one[-1] in "12" else OBLIQUE for one in readings if one[-1:].isdigit()}
    return frozenset(found or (LEVEL, OBLIQUE))
