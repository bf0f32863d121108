"""What checks found, in the user's language.

A recipe and the output for programs keep the English sentence; it is recognized where it is shown.
"""

from __future__ import annotations

import functools
import re

from studio.core.translation import mark, tr_marked

_SENTENCES = (
    mark("{length} {unit}; the limits are {least} to {most}."),
    mark("{length} {unit}; the limits are {least} or more."),
    mark("The language seems to be {found}; {wanted} was asked for."),
    mark("{count} sentences that are not part of the text."),
    mark("{count} repeated {size}-grams."),
    mark("{count} numbers, names or quotes that the facts do not contain."),
    mark("{count} claims that an advertisement should not make."),
    mark("{count} lines that are no points."),
    mark("{count} points of a list."),
    mark("{count} lines are not right."),
    mark("{count} characters whose tone breaks a rule."),
    mark("{lines} lines of {needed}."),
    mark("Missing: {parts}."),
    mark("Headline, lead and body are there."),
    mark("The lead has {words} words; at most {most} are usual."),
    mark("The text asks to act."),
    mark("The text does not ask to act."),
    mark("The text has words of the topic."),
    mark("The text has no word of the topic."),
    mark("There are no points."),
    mark("There is no code."),
    mark("The code has more than {most} characters."),
    mark("Line {line} is not valid Python: {reason}."),
    mark("Python cannot read the code."),
    mark("The syntax is valid Python."),
    mark("This form has no rules of tones."),
    mark("This form has no rules."),
)
_WORDS = {
    "words": mark("words", "unit"),
    "characters": mark("characters", "unit"),
    "sentences": mark("sentences", "unit"),
    "tokens": mark("tokens", "unit"),
    "headline": mark("headline", "unit"),
    "lead": mark("lead", "unit"),
    "body": mark("body", "unit"),
    "No": mark("No", "unit"),
    "unclear": mark("unclear", "unit"),
    "en": mark("English", "unit"),
    "zh": mark("Chinese", "unit"),
    "ja": mark("Japanese", "unit"),
    "ko": mark("Korean", "unit"),
    "ru": mark("Russian", "unit"),
    "ar": mark("Arabic", "unit"),
    "de": mark("German", "unit"),
    "fr": mark("French", "unit"),
    "es": mark("Spanish", "unit"),
}
_AT_LEAST = mark("at least {count}", "unit")
_PLACE = re.compile(r"\{(\w+)\}")
_LANGUAGES = ("found", "wanted")


def shown_message(message: str) -> str:
    """Return a check's message in the user's language; the message itself if it is unknown."""
    whole = _shown(message)
    if whole is not None:
        return whole
    parts = re.split(r"(?<=\.) ", message)
    found = [_shown(part) or part for part in parts]
    are_chinese = found != parts
    return ("" if are_chinese else " ").join(found)


def _shown(sentence: str) -> str | None:
    for template, pattern in _patterns():
        if match := pattern.fullmatch(sentence):
            shown = tr_marked(template)
            if shown == template:
                return sentence
            return shown.format(
                **{name: _value(name, text) for name, text in match.groupdict().items()}
            )
    return None


def _value(name: str, text: str) -> str:
    if name == "parts":
        return "、".join(_word(part) for part in text.split(", "))
    if name in ("unit", *_LANGUAGES) or text == "No":
        return _word(text)
    if text.startswith("at least "):
        return tr_marked(_AT_LEAST, "unit").format(count=text.removeprefix("at least "))
    return text


def _word(text: str) -> str:
    return tr_marked(_WORDS[text], "unit") if text in _WORDS else text


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((template, re.compile(_regex(template))) for template in _SENTENCES)


def _regex(template: str) -> str:
    literals = _PLACE.split(template)  # literal, name, literal, name … literal
    return "".join(
        (f"(?P<{part}>.+)" if part == "reason" else f"(?P<{part}>[^.]+?)")
        if place % 2
        else re.escape(part)
        for place, part in enumerate(literals)
    )
