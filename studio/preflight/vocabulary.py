"""The words that a small model has learned (`vocabulary.json` in its folder), and other words."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import msgspec

from studio.core.translation import tr

VOCABULARY_FILE = "vocabulary.json"
TOKENIZER = "tokenizer/tokenizer.json"
_WORD = re.compile(r"[a-z]{2,}")
_LETTER = re.compile(r"[a-zà-ɏ]", re.IGNORECASE)
_MAX_WORDS = 24
"""Words of a prompt that such models read."""
_PLAIN_TEXT = """
    a an the and or of on in at to with by for from is are as it its his her their my our this that these those there some very
    next left right above below behind front under over beside near inside between two three four one five big small little large
    tiny huge red orange yellow green blue purple pink black white grey gray brown background flat icon style cartoon clip art
    picture image photo drawing draw show make grass sky night beach snow day
"""  # noqa: E501
_PLAIN = frozenset(_PLAIN_TEXT.split())
"""Words for manner, place and number, and others that need no advice."""


class Vocabulary(msgspec.Struct, frozen=True):
    """The words that a model has learned."""

    known: frozenset[str] = frozenset()
    near: dict[str, tuple[str, ...]] = {}
    """Unlearned word → the nearest learned names."""
    reads: dict[str, str] = {}
    """Unlearned word → the learned name that replaces it: tarantula → spider."""
    common: frozenset[str] = frozenset()
    """Words that are one token, so English words, learned or not; empty if unknown."""


class _Tokenizer(msgspec.Struct):
    model: _Words


class _Words(msgspec.Struct):
    vocab: dict[str, int]


@functools.lru_cache(maxsize=4)
def read_vocabulary(folder: Path) -> Vocabulary | None:
    """Return the vocabulary in a model's folder, or None if it is missing or damaged."""
    try:
        found = msgspec.json.decode((folder / VOCABULARY_FILE).read_bytes(), type=Vocabulary)
    except (OSError, msgspec.DecodeError):
        return None
    try:
        words = msgspec.json.decode((folder / TOKENIZER).read_bytes(), type=_Tokenizer).model.vocab
    except (OSError, msgspec.DecodeError):
        return found
    return msgspec.structs.replace(found, common=frozenset(words))


def with_known_words(prompt: str, vocabulary: Vocabulary) -> str:
    """Return the prompt with unlearned words replaced by the names of learned things."""
    parts = re.split(r"([A-Za-z]+)", prompt)  # words have odd indexes
    index = 1
    while index < min(len(parts), 2 * _MAX_WORDS):
        pair = (
            f"{parts[index]} {parts[index + 2]}".lower()
            if index + 2 < len(parts) and parts[index + 1] == " "
            else ""
        )
        width, replacement = (3, _replacement(pair, vocabulary)) if pair else (1, "")
        if not replacement:
            width, replacement = 1, _replacement(parts[index].lower(), vocabulary)
        if replacement:
            parts[index : index + width] = [replacement]
            if index >= 2 and parts[index - 2].lower() in ("a", "an"):
                parts[index - 2] = parts[index - 2][0] + ("n" if replacement[0] in "aeiou" else "")
        index += 2
    return "".join(parts)


def _replacement(words: str, vocabulary: Vocabulary) -> str:
    """Return what replaces one or two words, in the same number; empty to keep them."""
    if words in _PLAIN or _is_known(words, vocabulary):
        return ""
    if words in vocabulary.reads:
        return vocabulary.reads[words]
    single = next((form for form in singulars(words) if form in vocabulary.reads), "")
    name = vocabulary.reads.get(single, "")
    return (
        name
        if not name or name.endswith("s")
        else name + ("es" if name.endswith(("x", "ch", "sh")) else "s")
    )


def describe_unknown_words(prompt: str, vocabulary: Vocabulary) -> str:
    """Return a sentence about the prompt's unlearned words, or ""."""
    words = list(dict.fromkeys(_WORD.findall(prompt.lower())[:_MAX_WORDS]))
    things = [word for word in words if word not in _PLAIN]
    learned = [word for word in things if _is_known(word, vocabulary)]
    near = {
        word: nearest
        for word in things
        if word not in learned and (nearest := _near(word, vocabulary))
    }
    unknown = [
        word
        for word in things
        if word not in learned and word not in near and _is_no_word(word, vocabulary)
    ]
    if near or (learned and unknown):
        named = [
            tr('"{word}", nearest: {nearest}', word=word, nearest=", ".join(nearest))
            for word, nearest in near.items()
        ]
        named += [f'"{word}"' for word in unknown]
        return tr("Not learned: {named}.", named="; ".join(named[:3]))
    if things and not learned:
        listed = ", ".join(f'"{word}"' for word in things[:3])
        return tr(
            "Far from all that this model has learned: {listed}. Expect a blot; try "
            "everyday things.",
            listed=listed,
        )
    if not words and _LETTER.search(prompt):
        return tr(
            "The prompt has no word that this model has learned. Expect a blot; try everyday "
            "things."
        )
    return ""


def _is_no_word(word: str, vocabulary: Vocabulary) -> bool:
    """Return whether a word is not a common English one, such as asdfgh."""
    return bool(vocabulary.common) and vocabulary.common.isdisjoint((word, *singulars(word)))


def _is_known(word: str, vocabulary: Vocabulary) -> bool:
    return word in vocabulary.known or any(stem in vocabulary.known for stem in singulars(word))


def _near(word: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    return next(
        (vocabulary.near[form] for form in (word, *singulars(word)) if form in vocabulary.near), ()
    )


def singulars(word: str) -> list[str]:
    """Return the possible singulars of an English plural."""
    endings = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))
    return [word[: -len(end)] + instead for end, instead in endings if word.endswith(end)]
