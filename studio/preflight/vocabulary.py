"""The words that a small model has learned, from `vocabulary.json` in its folder, and advice about
a prompt's other words.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import msgspec

FILE = "vocabulary.json"
TOKENIZER = "tokenizer/tokenizer.json"
_WORD = re.compile(r"[a-z]{2,}")
_LETTER = re.compile(r"[a-zà-ɏ]", re.IGNORECASE)
_READ = 24
"""Words of a prompt that are looked at; such models read no further."""
_PLAIN_TEXT = """
    a an the and or of on in at to with by for from is are as it its his her their my our this that these those there some very
    next left right above below behind front under over beside near inside between two three four one five big small little large
    tiny huge red orange yellow green blue purple pink black white grey gray brown background flat icon style cartoon clip art
    picture image photo drawing draw show make grass sky night beach snow day
"""  # noqa: E501
_PLAIN = frozenset(_PLAIN_TEXT.split())
"""Words that say how, where and how many; and others that need no advice."""


class Vocabulary(msgspec.Struct, frozen=True):
    """What a model has learned."""

    known: frozenset[str] = frozenset()
    near: dict[str, tuple[str, ...]] = {}
    """A word that it has not learned → the nearest names that it has."""
    reads: dict[str, str] = {}
    """A word that it has not learned → the name of what stands for it: tarantula → spider."""
    common: frozenset[str] = frozenset()
    """Words that its tokenizer has whole: English, whether it has learned what they mean or not.
    Empty where unknown.
    """


class _Tokenizer(msgspec.Struct):
    model: _Words


class _Words(msgspec.Struct):
    vocab: dict[str, int]


@functools.lru_cache(maxsize=4)
def read(folder: Path) -> Vocabulary | None:
    """Return the vocabulary in a model's folder; None where there is none or it is damaged."""
    try:
        found = msgspec.json.decode((folder / FILE).read_bytes(), type=Vocabulary)
    except (OSError, msgspec.DecodeError):
        return None
    try:
        words = msgspec.json.decode((folder / TOKENIZER).read_bytes(), type=_Tokenizer).model.vocab
    except (OSError, msgspec.DecodeError):
        return found
    return msgspec.structs.replace(found, common=frozenset(words))


def with_known_words(prompt: str, vocabulary: Vocabulary) -> str:
    """Return the prompt with the names of learned things in place of words that the model has not
    learned.
    """
    parts = re.split(r"([A-Za-z]+)", prompt)  # words at odd places
    at = 1
    while at < min(len(parts), 2 * _READ):
        pair = (
            f"{parts[at]} {parts[at + 2]}".lower()
            if at + 2 < len(parts) and parts[at + 1] == " "
            else ""
        )
        width, instead = (3, _stand_in(pair, vocabulary)) if pair else (1, "")
        if not instead:
            width, instead = 1, _stand_in(parts[at].lower(), vocabulary)
        if instead:
            parts[at : at + width] = [instead]
            if at >= 2 and parts[at - 2].lower() in ("a", "an"):
                parts[at - 2] = parts[at - 2][0] + ("n" if instead[0] in "aeiou" else "")
        at += 2
    return "".join(parts)


def _stand_in(words: str, vocabulary: Vocabulary) -> str:
    """Return what stands for a word or two, in the same number; empty where nothing has to."""
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


def advice(prompt: str, vocabulary: Vocabulary) -> str:
    """Return a sentence about the words that the model has not learned; empty where there is
    nothing to say.
    """
    words = list(dict.fromkeys(_WORD.findall(prompt.lower())[:_READ]))
    things = [word for word in words if word not in _PLAIN]
    learned = [word for word in things if _is_known(word, vocabulary)]
    near = {
        word: offered
        for word in things
        if word not in learned and (offered := _near(word, vocabulary))
    }
    strange = [
        word
        for word in things
        if word not in learned and word not in near and _is_strange(word, vocabulary)
    ]
    if near or (learned and strange):
        named = [f'"{word}", nearest: {", ".join(offered)}' for word, offered in near.items()]
        named += [f'"{word}"' for word in strange]
        return f"Not learned: {'; '.join(named[:3])}."
    if things and not learned:
        told = ", ".join(f'"{word}"' for word in things[:3])
        return (
            f"Far from all that this model has learned: {told}. Expect a blot; try everyday things."
        )
    if not words and _LETTER.search(prompt):
        return (
            "The prompt has no word that this model has learned. Expect a blot; try everyday "
            "things."
        )
    return ""


def _is_strange(word: str, vocabulary: Vocabulary) -> bool:
    """True for a word that is not even among the common English ones, such as asdfgh."""
    return bool(vocabulary.common) and vocabulary.common.isdisjoint((word, *singulars(word)))


def _is_known(word: str, vocabulary: Vocabulary) -> bool:
    return word in vocabulary.known or any(stem in vocabulary.known for stem in singulars(word))


def _near(word: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    return next(
        (vocabulary.near[form] for form in (word, *singulars(word)) if form in vocabulary.near), ()
    )


def singulars(word: str) -> list[str]:
    """Return the forms that an English plural may be of."""
    endings = (("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""))
    return [word[: -len(end)] + instead for end, instead in endings if word.endswith(end)]
