"""How English words are pronounced: syllables and rhymes by the lexicon of the package hibari-tts.

The lexicon (misaki's, Apache-2.0) has about 180 000 words in the phonemes that misaki describes. It
is read as data, without the package's code; words that it lacks are estimated from their spelling.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from studio.text_checks.syllables import count_syllables, rhyme_key

VOWELS = "AIOWYQaiuɑɔɛæɪʊʌəɜᵊᵻɒ"
MAX_RHYMES = 400
_FILES = ("lexicon_us_gold.json.gz", "lexicon_us_silver.json.gz")
_PRIMARY, _SECONDARY = "ˈ", "ˌ"
_VOWEL = re.compile(f"[{VOWELS}]")
_STRESSED = re.compile(f"[{_PRIMARY}{_SECONDARY}][{VOWELS}]")
_SAME = str.maketrans({"ᵻ": "ə", "ᵊ": "ə", "ɜ": "ə", "ɒ": "ɑ", "ɾ": "t"})
"""Phonemes that rhyme with each other."""
_CAUGHT = re.compile("ɔ(?!ɹ)")
"""As in caught, which most Americans pronounce as cot."""
_ONE_SYLLABLE = re.compile(r"(?:ire|yre|our|oir)s?$")
"""Spelling of a diphthong before r that poets count as one syllable."""
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?", re.IGNORECASE)
_HISSING, _VOICELESS = "szʃʒʧʤ", "ptkfθ"


@functools.cache
def _lexicon(file: str) -> dict[str, object]:
    """Return word → phonemes, or part of speech → phonemes; empty without the package."""
    found = importlib.util.find_spec("hibari")
    for folder in (found.submodule_search_locations if found is not None else None) or ():
        path = Path(folder) / "assets" / file
        if path.is_file():
            return msgspec.json.decode(gzip.decompress(path.read_bytes()), type=dict[str, object])
    return {}


@functools.lru_cache(maxsize=2_000)
def readings(word: str) -> frozenset[str]:
    """Return the pronunciations of a word; none if it is unknown."""
    word = word.replace("’", "'").casefold()
    for file in _FILES:
        for spelled in (word, word.capitalize()):
            if found := frozenset(_phonemes(_lexicon(file).get(spelled))):
                return found
    for ending in ("'s", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stems = readings(word.removesuffix(ending))
            if stems and not word.endswith("ss"):
                return frozenset(map(_with_s, stems))
    return frozenset()


def _phonemes(entry: object) -> Iterator[str]:
    values = entry.values() if isinstance(entry, dict) else (entry,)
    return (value for value in values if isinstance(value, str) and _VOWEL.search(value))


def _with_s(phonemes: str) -> str:
    if phonemes[-1] in _HISSING:
        return f"{phonemes}ᵻz"
    return phonemes + ("s" if phonemes[-1] in _VOICELESS else "z")


def syllables_of(word: str) -> int | None:
    """Return the number of syllables; None for an unknown word."""
    found = readings(word)
    if not found:
        return None
    counts = [len(_VOWEL.findall(one)) for one in found]
    is_fused = _ONE_SYLLABLE.search(word.casefold()) is not None
    return max(1, min(counts) - is_fused)


def syllables_in(line: str) -> int:
    """Return the number of syllables of an English line; unknown words are estimated."""
    words = _WORD.findall(line)
    return sum(count_syllables(word) if (n := syllables_of(word)) is None else n for word in words)


def last_word(line: str) -> str:
    """Return the last word of a line in lower case; empty without one."""
    words = _WORD.findall(line[-200:])
    return words[-1].casefold().replace("’", "'") if words else ""


def do_rhyme(line: str, other: str) -> bool:
    """Return whether two lines end with different words that rhyme.

    From the last stressed vowel on they are alike; a syllable after two unstressed ones counts as
    stressed, as in melody and tree. If a word is unknown, the spelling decides.
    """
    one, second = last_word(line), last_word(other)
    if not one or not second or one == second:
        return False
    ends, others = rhymes_of(one), rhymes_of(second)
    if ends and others:
        return bool(ends & others)
    return rhyme_key(one) == rhyme_key(second)


@functools.lru_cache(maxsize=2_000)
def rhymes_of(word: str) -> frozenset[str]:
    """Return the ends of a word's pronunciations that a rhyme shares."""
    return frozenset(end for reading in readings(word) for end in _ends(reading))


def _ends(reading: str) -> Iterator[str]:
    stressed = [match.end() - 1 for match in _STRESSED.finditer(reading)]
    primary = reading.rfind(_PRIMARY) + 1
    vowels = [match.start() for match in _VOWEL.finditer(reading)]
    places = {place for place in stressed if place >= primary} or {vowels[-1]}
    if sum(place > primary for place in vowels) >= 2:
        places.add(vowels[-1])
    for place in places:
        plain = reading[place:].replace(_PRIMARY, "").replace(_SECONDARY, "").translate(_SAME)
        yield _CAUGHT.sub("ɑ", plain)


def rhyming_words(word: str) -> list[str]:
    """Return words in lower case that rhyme with one, the shortest first, at most `MAX_RHYMES`."""
    wanted = rhymes_of(word.casefold())
    found = {
        other
        for other in _by_last_phoneme().get(_last(wanted), ())
        if other != word.casefold() and rhymes_of(other) & wanted
    }
    return sorted(found, key=lambda other: (len(other), other))[:MAX_RHYMES]


@functools.cache
def _by_last_phoneme() -> dict[str, list[str]]:
    """Return the last phoneme → the words of the first lexicon that end so."""
    words: dict[str, list[str]] = {}
    for word, entry in _lexicon(_FILES[0]).items():
        if word.isalpha() and word.isascii() and word.islower() and len(word) > 2:
            for key in {_last((one.translate(_SAME),)) for one in _phonemes(entry)}:
                words.setdefault(_CAUGHT.sub("ɑ", key), []).append(word)
    return words


def _last(ends: Iterable[str]) -> str:
    """Return the last phoneme without stress; empty without any."""
    end = min(ends, default="", key=len)
    return end.replace(_PRIMARY, "").replace(_SECONDARY, "")[-1:]
