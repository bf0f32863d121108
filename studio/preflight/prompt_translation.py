"""Prompts for a model that knows few words, and English ones only: others are put into these, word
by word.

Chinese and emoji become English, and a word that the model has not learned becomes the name of what
it is (a tarantula is a spider), where its folder says so (`preflight/vocabulary.py`). Only for
models whose card says so (`english_words`); others get the prompt as it is. The Chinese words of
things come from `resources/words/chinese.tsv` (Unicode CLDR), those between things from
`chinese.toml` beside it.
"""

from __future__ import annotations

import functools
import re
import tomllib

import msgspec

from studio.core.errors import StudioError
from studio.core.paths import resources
from studio.models.card import ModelCard
from studio.preflight import vocabulary

_HAN = re.compile(r"[\u3400-\u9fff]")
_EMOJI = re.compile(r"[\u2190-\u2bff\U0001f000-\U0001faff]")
_LATIN = re.compile(r"[a-zà-ɏ]", re.IGNORECASE)
_LONGEST = 6
"""Characters of the longest words."""


def prepare(prompt: str, card: ModelCard) -> str:
    """Return the prompt as the model is given it. Raises StudioError where the model could read
    none of it.
    """
    if not card.english_words or not prompt.strip():
        return prompt
    text = _with_emoji(prompt)
    if _HAN.search(text):
        text = _from_chinese(text)
    if not _LATIN.search(text):
        raise StudioError(
            f"{card.title} knows none of the words of this prompt.",
            cause="invalid",
            cure="It reads English, the commonest Chinese words and emoji for everyday things: a "
            "red apple, 一只红苹果.",
        )
    known = vocabulary.read(card.folder)
    text = vocabulary.with_known_words(text, known) if known is not None else text
    return re.sub(r"\s+", " ", text).strip() if text != prompt else prompt


def advise(prompt: str, card: ModelCard) -> str:
    """Return how the prompt is read and which of its words the model has not learned; empty where
    there is nothing to say.
    """
    if card.writes_notes:
        from studio.symbolic_music import prompt as music_words

        return music_words.advise(prompt)
    if not card.english_words:
        return ""
    try:
        text = prepare(prompt, card)
    except StudioError as error:
        return f"{error.message} {error.cure}"
    known = vocabulary.read(card.folder)
    told = f"Read as: {text}. " if text != prompt else ""
    return (told + (vocabulary.advice(text, known) if known is not None else "")).strip()


def _with_emoji(prompt: str) -> str:
    """Put the names of emoji in their place."""
    named = _EMOJI.sub(lambda found: f" {_words().get(found[0], '')} ", prompt)
    return named.replace("\ufe0f", "")  # the selector of the coloured form


def _from_chinese(text: str) -> str:
    """Return English words for all that is known, in an order that the model knows; what is not
    known is left out.
    """
    grammar, parts = _grammar(), list[str]()
    scene, place = "", -1  # `place`: where 在 stood
    for token in _split(text):
        if token in grammar.place:
            place = len(parts)
        elif token in grammar.scenes:
            scene = grammar.scenes[token]
        elif token in grammar.between and place >= 0:
            parts.insert(place, grammar.between[token])
            place = -1
        else:
            parts.append(_english(token, parts))
    sentence = " ".join(part for part in (*parts, scene) if part)
    sentence = re.sub(
        r"\b(two|three|four) ((?:\w+ ){0,8}?)(\w+)\b(?= and|$|,| next| on| in| at)",
        _plural,
        sentence,
    )
    return re.sub(r"\ba (?=[aeio])", "an ", re.sub(r"(?<!\s)\s++(?=,)", "", sentence))


def _split(text: str) -> list[str]:
    """Split by the longest known word from the left; what is no Chinese stays together."""
    known, tokens, at = _table(), [], 0
    while at < len(text):
        if not _HAN.match(text[at]):
            found = re.compile(r"[^\u3400-\u9fff]+").match(text, at)
            assert found
            tokens.append(found[0])
            at = found.end()
            continue
        length = next((size for size in range(_LONGEST, 0, -1) if text[at : at + size] in known), 1)
        tokens.append(text[at : at + length])
        at += length
    return tokens


def _english(token: str, before: list[str]) -> str:
    if not _HAN.search(token):
        return token.strip(" ，。、！？：\n\t") + (
            "," if before and re.search("[，、,：]", token) else ""
        )
    return _table().get(token, "")


def _plural(found: re.Match[str]) -> str:
    number, between, last = found.groups()
    ending = "es" if re.search(r"(s|x|ch|sh)$", last) else "s"
    return f"{number} {between}{last}{ending}"


class _Grammar(msgspec.Struct, frozen=True):
    """The words between things: Chinese → English."""

    measures: str
    dropped: tuple[str, ...]
    place: tuple[str, ...]
    """The thing before it stands where the words after it say."""
    numbers: dict[str, str]
    colours: dict[str, str]
    scenes: dict[str, str]
    between: dict[str, str]
    plain: dict[str, str]


@functools.cache
def _grammar() -> _Grammar:
    text = (resources() / "words" / "chinese.toml").read_text(encoding="utf-8")
    grammar = msgspec.convert(tomllib.loads(text), _Grammar)
    backgrounds = {
        f"{word}{end}": f"on {'an' if colour == 'orange' else 'a'} {colour} background"
        for word, colour in grammar.colours.items()
        for end in ("色背景上", "色背景", "背景上", "背景")
    }
    return msgspec.structs.replace(grammar, scenes=grammar.scenes | backgrounds)


@functools.cache
def _table() -> dict[str, str]:
    """Return every Chinese word that is understood, the longest at most `_LONGEST` characters."""
    grammar = _grammar()
    table = {word: english for word, english in _words().items() if _HAN.match(word)}
    for number, english in grammar.numbers.items():
        table |= {number + measure: english for measure in grammar.measures}
    table |= {word + "色": english for word, english in grammar.colours.items()}
    table |= grammar.colours | grammar.scenes | grammar.between | grammar.plain
    return table | dict.fromkeys((*grammar.dropped, *grammar.place), "")


@functools.cache
def _words() -> dict[str, str]:
    """Read the list: a Chinese word or an emoji → English."""
    lines = (resources() / "words" / "chinese.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("\t") for line in lines if line and not line.startswith("#"))
    return {word: english for word, _tab, english in pairs}
