"""Counts English syllables and compares rhymes, by rules of spelling: right for about nine words
of ten.
"""

from __future__ import annotations

import re

_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^aeiouylr]|[aeiou][lr])e$|(?:[^aeioutd])ed$|(?:[^aeiouscxzgh])es$")
_SPLIT = re.compile(r"(?:i[ao]|eo|ua|uou|ying|[aeiou]ing)(?!us)")
_FUSED = re.compile(r"tio|sio|cio|cia|tia|gio|qua|gua|iou")
_IRREGULAR = {
    "every": 2,
    "idea": 3,
    "evening": 2,
    "people": 2,
    "fire": 1,
    "hour": 1,
    "our": 1,
    "being": 2,
    "poem": 2,
    "poet": 2,
    "quiet": 2,
    "science": 2,
    "business": 2,
    "beautiful": 3,
    "the": 1,
    "they": 1,
    "eye": 1,
    "eyes": 1,
    "queue": 1,
    "people's": 2,
    "something": 2,
    "sometimes": 2,
    "someone": 2,
    "moonlight": 2,
    "lonely": 2,
    "somewhere": 2,
}
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
MAX_WORD = 60


def count_syllables(line: str) -> int:
    """Return the number of syllables of an English line."""
    return sum(map(_in_word, _WORD.findall(line.casefold())))


def _in_word(word: str) -> int:
    word = word[:MAX_WORD].replace("’", "'")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    word = word.partition("'")[0] if not word.endswith("n't") else word.replace("n't", "")
    groups = len(_VOWELS.findall(word))
    groups -= bool(groups > 1 and _SILENT.search(word))
    groups += len(_SPLIT.findall(_FUSED.sub("o", word)))
    return max(1, groups)


def rhyme_key(line: str) -> str:
    """Return the end of the last word from its last spoken vowel; "" without a word."""
    words = _WORD.findall(line.casefold()[-200:])
    if not words:
        return ""
    word = words[-1].partition("'")[0]
    for pattern, spoken in _ENDINGS:
        word = pattern.sub(spoken, word)
    found = re.search(r"[AEIOUaeiouy]+[^AEIOUaeiouy]*$", word)
    return found.group() if found else word


_ENDINGS = tuple(
    (re.compile(pattern), spoken)
    for pattern, spoken in (
        (r"(?:igh|eigh)t$", "It"),
        (r"(?:ight|ite|yte)$", "It"),
        (r"(?:igh|ie|ye|y)$", "I"),
        (r"(?:ai|a)([nmlrdtk])e?$", r"A\1"),
        (r"(?:ay|ey|eigh)$", "A"),
        (r"(?:ee|ea)([a-z]?)e?$", r"E\1"),
        (r"(?:ow|oe|o)$", "O"),
        (r"oa?(st)$", r"O\1"),
        (r"(?:oa)([a-z])$", r"O\1"),
        (r"o([nmlrdtk])e$", r"O\1"),
        (r"(?:oo|ew|ue)$", "U"),
        (r"(?:oo|u)([nmlrdt])e?$", r"U\1"),
        (r"i([nmlrdtk])e$", r"I\1"),
        (r"(.)\1$", r"\1"),
    )
)
"""Spelling of an ending → its pronunciation, roughly."""
