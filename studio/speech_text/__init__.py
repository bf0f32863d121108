"""Text normalization for speech, without a model.

`passages` splits a text at pauses and removes markup, `spoken` writes numbers and symbols as words
by the rules of `english` and `chinese`, and `languages` recognizes the language of a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from studio.speech_text import chinese, english
from studio.speech_text.cleaning import clean
from studio.speech_text.languages import HAN, LATIN, LATIN_WORD, is_mainly_chinese, language_of
from studio.speech_text.pauses import Passage, passages

__all__ = [
    "Passage",
    "clean",
    "is_mainly_chinese",
    "language_of",
    "parts_by_script",
    "passages",
    "runs",
    "spoken",
]

MIN_ENGLISH_WORDS = 3
"""Minimum for a sentence in a Chinese text whose numbers are read in English."""
_NORMALIZERS: dict[str, Callable[[str], str]] = {"en": english.normalize, "zh": chinese.normalize}
# The language changes only between sentences, so that a wrong break (Dr. Smith) is harmless.
_SENTENCE = re.compile(
    r"(?:[^\n。！？!?.…]|[.!?](?![\s\u3400-\u9fff\"”’」』）)]|$))*+(?:[\n。！？!?.…]|$)+[\"”’」』）)]*\s*"
)
_PARTS = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+(?:[，。！？、；：·\\s]*[\u3400-\u4dbf\u4e00-\u9fff\uf900-"
    "\ufaff]+)*"
)


def spoken(
    text: str,
    languages: Collection[str] = ("en", "zh"),
    *,
    default: str = "",
    marks: re.Pattern[str] | None = None,
) -> str:
    """Return the text with everything in words, in the language of each sentence.

    `languages`: those of the voice; sentences in others are only cleaned. If empty, sentences that
    are certainly English or Chinese are normalized. `default`: the language of sentences without
    letters; empty for that of the whole text. `marks`: tokens that the voice reads itself
    ([laughter], [S1]), which stay.
    """
    keep = "".join(mark for mark in "♪♫" if marks is not None and marks.search(mark))
    text = clean(text, keep)
    default = default or _default_language(text, languages)
    if marks is None:
        return _written_out(text, languages, default)
    pieces, place = [], 0
    for match in marks.finditer(text):
        pieces += [_written_out(text[place : match.start()], languages, default), match[0]]
        place = match.end()
    pieces.append(_written_out(text[place:], languages, default))
    return "".join(pieces)


def parts_by_script(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts of a text: ("zh", Chinese characters and punctuation) or ("", the rest)."""
    place = 0
    for match in _PARTS.finditer(text):
        if match.start() > place:
            yield "", text[place : match.start()]
        yield "zh", match[0]
        place = match.end()
    if place < len(text):
        yield "", text[place:]


def _default_language(text: str, languages: Collection[str]) -> str:
    found = language_of(text)
    if found or not all(language in _NORMALIZERS for language in languages):
        return found  # may be any language if the voice speaks others too
    return next(iter(languages), "")


def _written_out(text: str, languages: Collection[str], default: str) -> str:
    written: list[str] = []
    for language, run in runs(text, default):
        if language in _NORMALIZERS and languages and language not in languages:
            language = default if default in languages else language  # a digit is never left
        normalizer = _NORMALIZERS.get(language) if not languages or language in languages else None
        if normalizer is None or not run.strip():
            written.append(run)
            continue
        begin = len(run) - len(run.lstrip())
        end = len(run.rstrip())
        written += [run[:begin], normalizer(run), run[end:]]
    return "".join(written)


def runs(text: str, default: str) -> Iterator[tuple[str, str]]:
    """Yield (language, text) of neighboring sentences of one language; empty if it is unknown."""
    language, begin = "", 0
    for match in _SENTENCE.finditer(text):
        if not match[0]:
            continue
        own = _sentence_language(match[0], default)
        if own and own != language and language:
            yield language, text[begin : match.start()]
            begin = match.start()
        language = own or language
    if begin < len(text):
        yield language or default, text[begin:]


def _sentence_language(sentence: str, default: str) -> str:
    """Return the language of a sentence by its script; empty without letters."""
    if HAN.search(sentence):
        return "zh" if is_mainly_chinese(sentence) else "en"
    if default == "zh" and len(LATIN_WORD.findall(sentence)) < MIN_ENGLISH_WORDS:
        return "zh"  # US$30, No. 5, GPT-4 Turbo
    if LATIN.search(sentence):
        return language_of(sentence, default)
    return ""
