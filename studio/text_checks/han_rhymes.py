"""Rhymes of Chinese characters, by today's readings without their tones."""

from __future__ import annotations

_EQUAL = {"in": "en", "ing": "eng", "uen": "en", "ün": "en", "ueng": "eng", "ie": "e2"}
"""Finals that rhyme in the eighteen rhymes of modern Chinese (中华新韵), where spelling differs."""


def han_rhymes(character: str) -> frozenset[str]:
    """Return the rhymes of all readings of a character."""
    from pypinyin import Style, pinyin  # its tables take 0.1 s

    (readings,) = pinyin(character, style=Style.FINALS, strict=True, heteronym=True)
    return frozenset(map(_without_medial, readings))


def main_rhyme(character: str) -> str:
    """Return the rhyme of the most frequent reading of a character."""
    from pypinyin import Style, pinyin

    return _without_medial(pinyin(character, style=Style.FINALS, strict=True)[0][0])


def _without_medial(final: str) -> str:
    final = _EQUAL.get(final, final)
    has_medial = final[:1] in "iuüv" and len(final) > 1
    return final[1:] if has_medial and final[1:] not in ("n", "ng") else final
