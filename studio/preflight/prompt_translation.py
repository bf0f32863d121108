"""Translates prompts word by word for models that know few words, all English.

Chinese and emoji become English, and a word that the model has not learned is replaced by a learned
one (tarantula → spider) if the model's `vocabulary.json` has one. Only for models whose card has
`translate_prompts`; others get the prompt unchanged. Chinese nouns come from
`resources/words/chinese.tsv` (Unicode CLDR), the grammar from `chinese.toml`.
"""

from __future__ import annotations

import functools
import re
import tomllib

import msgspec

from studio.core.errors import StudioError
from studio.core.resources import resources
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.preflight import vocabulary

_HAN = re.compile(r"[\u3400-\u9fff]")
_EMOJI = re.compile(r"[\u2190-\u2bff\U0001f000-\U0001faff]")
_LATIN = re.compile(r"[a-zà-ɏ]", re.IGNORECASE)
_LONGEST = 6
"""Characters of the longest words."""


def prepare(prompt: str, card: ModelCard) -> str:
    """Return the prompt that the model receives. Raises StudioError if it can read none of it."""
    if not card.translate_prompts or not prompt.strip():
        return prompt
    text = _with_emoji(prompt)
    if _HAN.search(text):
        text = _from_chinese(text)
    if not _LATIN.search(text):
        raise StudioError(
            tr("{title} knows none of the words of this prompt.", title=card.title),
            cause="invalid",
            cure=tr(
                "It reads English, the commonest Chinese words and emoji for everyday things: a "
                "red apple, 一只红苹果."
            ),
        )
    known = vocabulary.read_vocabulary(card.folder)
    text = vocabulary.with_known_words(text, known) if known is not None else text
    return re.sub(r"\s+", " ", text).strip() if text != prompt else prompt


def describe_prompt(prompt: str, card: ModelCard) -> str:
    """Return how the model reads the prompt, and which words it has not learned, or ""."""
    if card.writes_notes:
        from studio.symbolic_music import prompt as music_words

        return music_words.advise(prompt)
    if not card.translate_prompts:
        return ""
    try:
        text = prepare(prompt, card)
    except StudioError as error:
        return f"{error.message} {error.cure}"
    known = vocabulary.read_vocabulary(card.folder)
    reading = tr("Read as: {text}.", text=text) + " " if text != prompt else ""
    return (
        reading + (vocabulary.describe_unknown_words(text, known) if known is not None else "")
    ).strip()


def _with_emoji(prompt: str) -> str:
    """Replace emoji by their names."""
    named = _EMOJI.sub(lambda found: f" {_words().get(found[0], '')} ", prompt)
    return named.replace("\ufe0f", "")  # variation selector: color


def _from_chinese(text: str) -> str:
    """Return the known words in English, in the word order of the model's training captions."""
    grammar, parts = _grammar(), list[str]()
    scene, place = "", -1  # `place`: index of 在 (at)
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
    """Split at the longest known word from the left; other scripts stay together."""
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
    """Words of Chinese grammar → English."""

    measures: str
    dropped: tuple[str, ...]
    place: tuple[str, ...]
    """Words for "at": the noun before them is at the place after them."""
    numbers: dict[str, str]
    colors: dict[str, str]
    scenes: dict[str, str]
    between: dict[str, str]
    plain: dict[str, str]


@functools.cache
def _grammar() -> _Grammar:
    text = (resources() / "words" / "chinese.toml").read_text(encoding="utf-8")
    grammar = msgspec.convert(tomllib.loads(text), _Grammar)
    backgrounds = {
        f"{word}{end}": f"on {'an' if color == 'orange' else 'a'} {color} background"
        for word, color in grammar.colors.items()
        for end in ("色背景上", "色背景", "背景上", "背景")
    }
    return msgspec.structs.replace(grammar, scenes=grammar.scenes | backgrounds)


@functools.cache
def _table() -> dict[str, str]:
    """Return Chinese word → English; words have at most `_LONGEST` characters."""
    grammar = _grammar()
    table = {word: english for word, english in _words().items() if _HAN.match(word)}
    for number, english in grammar.numbers.items():
        table |= {number + measure: english for measure in grammar.measures}
    table |= {word + "色": english for word, english in grammar.colors.items()}
    table |= grammar.colors | grammar.scenes | grammar.between | grammar.plain
    return table | dict.fromkeys((*grammar.dropped, *grammar.place), "")


@functools.cache
def _words() -> dict[str, str]:
    """Return Chinese noun or emoji → English, from the word list."""
    lines = (resources() / "words" / "chinese.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("\t") for line in lines if line and not line.startswith("#"))
    return {word: english for word, _tab, english in pairs}
