"""Reads a poem's subject: the words of today become words of old poems."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from studio.core.resources import resources
from studio.core.translation import tr
from studio.text_tasks.model_prompts.quatrain.layout import TITLE_CHARACTERS

WORDS_FILE = "words.txt"
"""Next to the weights: a line of single characters, then pairs that are words, one a line."""
MOST_WORDS = 4
_LONGEST = 6
_HAN = re.compile("[\u4e00-\u9fff]+")
_ASKED = re.compile(
    r"^\W{0,4}(?:请|帮我|给我|为我){0,3}(?:[写作来吟]一?首)?(?:关于|描写|有关|赞美|歌颂)?"
    r"|(?:为题|为主题)?的?(?:五言|七言)?(?:古诗|诗歌|绝句|诗)\W{0,4}$"
)
"""What is no subject: 写一首关于……的诗."""
FUNCTION = frozenset(
    "一不无有是人来去何自此得为与更又如今未已相可谁若欲须在时中上下前后里外处多少知见闻看向从"
    "到把将应似只却还即便犹且亦莫休教令使因以之其者也乎哉而于所然同共皆各每个几两三二四五六七八九十百"
    "千万半生能好作当曾尽最空方正才初今岂能那怎么我吾君汝尔他她你们这了的得着过起出入开成"
)
"""Characters that are no subject by themselves."""
_SPOKEN = frozenset("和跟给被让很太吗呢吧啊")


class Subject(NamedTuple):
    """What the model reads of a subject."""

    title: str
    words: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    """Parts that it does not know."""


class Lexicon(NamedTuple):
    """The words that a model knows."""

    characters: frozenset[str]
    pairs: frozenset[str]


@functools.lru_cache(maxsize=2)
def read_lexicon(folder: Path) -> Lexicon:
    """Read the words of the model in a folder."""
    first, *pairs = (folder / WORDS_FILE).read_text(encoding="utf-8").split("\n")
    return Lexicon(frozenset(first), frozenset(filter(None, pairs)))


def read_subject(text: str, lexicon: Lexicon) -> Subject:
    """Return the words of a subject, the longest from the left; other scripts are left out."""
    table = _table()
    words: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for run in _HAN.findall(_ASKED.sub("", text[:200].strip())):
        at = 0
        while at < len(run):
            word, size = _longest(run[at:], table, lexicon.pairs)
            at += size
            if word:
                words |= dict.fromkeys(word)
            elif run[at - 1] not in lexicon.characters:
                unknown[run[at - 1]] = None
            elif run[at - 1] not in FUNCTION | _SPOKEN:
                words[run[at - 1]] = None
    kept = tuple(words)[:MOST_WORDS]
    title = "".join(kept)
    return Subject(title if len(title) <= TITLE_CHARACTERS else "", kept, tuple(unknown))


def _longest(
    text: str, table: Mapping[str, tuple[str, ...]], pairs: Collection[str]
) -> tuple[tuple[str, ...], int]:
    """Return the words that the beginning of a text means, and how long it is; else none and 1."""
    for size in range(min(_LONGEST, len(text)), 1, -1):
        if text[:size] in table:
            return table[text[:size]], size
    return ((text[:2],), 2) if text[:2] in pairs else ((), 1)


def describe_subject(text: str, lexicon: Lexicon) -> str:
    """Return how the model reads a subject, as text for a person."""
    subject = read_subject(text, lexicon)
    if not subject.words:
        return tr("It understands no word of the subject and writes about anything.")
    read = tr("Read as: {text}.", text="、".join(subject.words))
    if not subject.unknown:
        return read
    return f"{read} " + tr("Not understood: {words}.", words="、".join(subject.unknown))


@functools.cache
def _table() -> dict[str, tuple[str, ...]]:
    lines = (resources() / "words" / "quatrain.tsv").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {word: tuple(words.split()) for word, words in pairs}
