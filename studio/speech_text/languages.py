"""Recognizes the language of a text by script, and within the Latin script by common words.

It errs on one side only: English, names and texts of a few words are never taken for another
language.
"""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from studio.core.resources import resources

NAMES = {
    "en": "English",
    "zh": "Chinese",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
    "sv": "Swedish",
    "da": "Danish",
    "nb": "Norwegian",
    "no": "Norwegian",
    "fi": "Finnish",
    "tr": "Turkish",
    "cs": "Czech",
    "sk": "Slovak",
    "ro": "Romanian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "vi": "Vietnamese",
    "ca": "Catalan",
    "hr": "Croatian",
    "et": "Estonian",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "sl": "Slovenian",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Russian",
    "uk": "Ukrainian",
    "ar": "Arabic",
    "he": "Hebrew",
    "el": "Greek",
    "hi": "Hindi",
    "th": "Thai",
    "bn": "Bengali",
    "ta": "Tamil",
    "te": "Telugu",
    "ka": "Georgian",
    "hy": "Armenian",
    "am": "Amharic",
    "km": "Khmer",
    "lo": "Lao",
    "my": "Burmese",
    "fa": "Persian",
    "ur": "Urdu",
}
_SIBLINGS = {
    "nb": {"no", "nn", "da"},
    "da": {"nb", "no", "nn"},
    "hr": {"sr", "bs", "sl"},
    "sl": {"hr"},
    "id": {"ms", "jv"},
    "sk": {"cs"},
    "cs": {"sk"},
    "ca": {"es"},
    "pt": {"gl"},
    "es": {"gl", "ca"},
}
"""Languages that are similar enough to be confused."""
_THREE_LETTERS = {
    "eng": "en",
    "zho": "zh",
    "cmn": "zh",
    "chi": "zh",
    "deu": "de",
    "ger": "de",
    "fra": "fr",
    "fre": "fr",
    "spa": "es",
    "ita": "it",
    "por": "pt",
    "nld": "nl",
    "pol": "pl",
    "swe": "sv",
    "dan": "da",
    "nob": "nb",
    "nor": "no",
    "fin": "fi",
    "tur": "tr",
    "ces": "cs",
    "slk": "sk",
    "ron": "ro",
    "hun": "hu",
    "ind": "id",
    "vie": "vi",
    "cat": "ca",
    "hrv": "hr",
    "est": "et",
    "lit": "lt",
    "lav": "lv",
    "slv": "sl",
    "jpn": "ja",
    "kor": "ko",
    "rus": "ru",
    "ukr": "uk",
    "ara": "ar",
    "heb": "he",
    "ell": "el",
    "hin": "hi",
    "tha": "th",
}
_SCRIPTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # script · letters · languages written in it, the most likely first
    (
        "Han",
        "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3007\U00020000-\U0003ffff",
        ("zh", "ja", "yue"),
    ),
    ("kana", "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9d", ("ja",)),
    ("Hangul", "\uac00-\ud7af\u1100-\u11ff\u3130-\u318f", ("ko",)),
    ("Latin", "A-Za-zªº\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\u0250-\u02af", ()),
    (
        "Cyrillic",
        "\u0400-\u052f",
        ("ru", "uk", "bg", "sr", "be", "mk", "kk", "ky", "mn", "tg", "tt"),
    ),
    (
        "Arabic",
        "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefe",
        ("ar", "fa", "ur", "ps", "ug"),
    ),
    ("Hebrew", "\u0590-\u05ff", ("he", "yi")),
    ("Greek", "\u0370-\u03ff\u1f00-\u1fff", ("el",)),
    ("Devanagari", "\u0900-\u097f", ("hi", "mr", "ne", "sa")),
    ("Thai", "\u0e00-\u0e7f", ("th",)),
    ("Bengali", "\u0980-\u09ff", ("bn", "as")),
    ("Tamil", "\u0b80-\u0bff", ("ta",)),
    ("Telugu", "\u0c00-\u0c7f", ("te",)),
    ("Georgian", "\u10a0-\u10ff", ("ka",)),
    ("Armenian", "\u0530-\u058f", ("hy",)),
    ("Ethiopic", "\u1200-\u137f", ("am", "ti")),
    ("Khmer", "\u1780-\u17ff", ("km",)),
    ("Lao", "\u0e80-\u0eff", ("lo",)),
    ("Burmese", "\u1000-\u109f", ("my",)),
)
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{letters}])" for name, letters, _languages in _SCRIPTS))
LANGUAGES_OF = {name: languages for name, _letters, languages in _SCRIPTS}
HAN = re.compile(f"[{_SCRIPTS[0][1]}]")
LATIN = re.compile(f"[{_SCRIPTS[3][1]}]")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
LATIN_WORD = re.compile(r"(?<![0-9°A-Za-z])[A-Za-zÀ-ÖØ-öø-ɏ]+(?:'[A-Za-zÀ-ÖØ-öø-ɏ]+)?")

_SIGNS = frozenset("μΩπªº")
"""Letters that are used as symbols: 10 μm is not Greek."""
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,255}|(?<![A-Za-z])(?:[a-z]{2,6}://|"
    r"www\.)[!-~]{1,2000}"
)
"""E-mail addresses and URLs, which are not evidence for a language."""
MAX_WORDS = 3_000
"""Number of words that are examined; more would not change the result."""
MIN_SCORE = 2.0
"""Minimum score of a language other than English: two words that no other language has."""
MIN_SHARE = 0.15
"""Minimum of its score per word."""
MAX_COUNT = 1
"""How often a word counts."""
_PARTICLES = (
    "de la del le les los las von van der den ten da das do dos di du y e i bin al el af av zu zur"
)
PARTICLES = frozenset(_PARTICLES.split())
"""Words in names: Maria de la Cruz."""
_BEFORE_SENTENCES = ("", ".", "!", "?", "¿", "¡", '"', "“", "«", "„", ":")
MAX_OTHER = 0.1
"""Words in another script (a name, a symbol) are ignored below this share of the letters."""
HAN_A_WORD = 1.5
NAME_WEIGHT = 0.4
"""Weight of a capitalized Latin word in a text with both scripts, which is often a name."""


def scripts(text: str) -> Counter[str]:
    """Count the letters of each script; unlisted scripts count as "other"."""
    found: Counter[str] = Counter()
    for letter, count in Counter(filter(str.isalpha, text)).items():
        if letter in _SIGNS:
            continue
        match = _SCRIPT.match(letter)
        found[match.lastgroup or "other" if match else "other"] += count
    return found


def language_of(text: str, default: str = "") -> str:
    """Return the language of a text, such as "zh" or "en"; `default` without evidence."""
    shares = scripts(text)
    if not shares:
        return default
    if shares["kana"] and shares["kana"] * 10 > shares["Han"]:
        return "ja"
    script = max(shares, key=lambda name: shares[name])
    if shares["Han"] and script in ("Han", "Latin"):
        return "zh" if is_mainly_chinese(text) else latin_language(text) or "en"
    if script == "Latin":
        return latin_language(text) or default
    return LANGUAGES_OF.get(script, ("",))[0]


def is_mainly_chinese(text: str) -> bool:
    """True for a Chinese text, which may contain English words and names."""
    characters = len(HAN.findall(text))
    if not characters:
        return False
    words = 0.0
    for number, match in enumerate(LATIN_WORD.finditer(_ADDRESS.sub("", text))):
        word = match[0]
        words += (
            1.0
            if (word.islower() and len(word) > 1) or (number == 0 and word.lower() in _english())
            else NAME_WEIGHT
        )
    return characters / HAN_A_WORD >= words


def latin_language(text: str) -> str:
    """Return the language of text in Latin script; empty if it is uncertain."""
    return _decide(*_scores(text))


def _scores(text: str) -> tuple[dict[str, float], int]:
    """Return language → score, and the number of different words."""
    scores: defaultdict[str, float] = defaultdict(float)
    counted: Counter[str] = Counter()
    is_all_capitals = text.isupper()
    before = ""
    for match, after in _words(text):
        word = match[0].lower()
        counted[word] += 1
        is_name = (
            match[0][0].isupper()
            and not is_all_capitals
            and not _starts_sentence(text, match.start())
        )
        is_particle = (
            word in PARTICLES
            and before[:1].isupper()
            and (after[:1].isupper() or after in PARTICLES)
        )
        before = before if is_particle else match[0]  # Maria de la Cruz
        if word in _loanwords() or (len(word) == 1 and word.isascii()) or counted[word] > MAX_COUNT:
            continue
        if word in _english():
            scores["en"] += 0.5 if word in _weights() else 1.0
        if is_name or is_particle:
            continue
        for part in {word, *word.split("'")}:
            for language, weight in _weights().get(part, {}).items():
                scores[language] += weight
        if not word.isascii():
            for language in _hints(word):
                scores[language] += 0.5
    return scores, len(counted)


def _starts_sentence(text: str, place: int) -> bool:
    return text[max(0, place - 2) : place].strip()[-1:] in _BEFORE_SENTENCES


def unknown_language(text: str, known: Collection[str]) -> str:
    """Return the language of the text if it is certainly none of the `known` ones; else empty."""
    codes = {short_code(language) for language in known}
    if not codes or codes & {"multilingual", "mul"}:
        return ""
    shares = scripts(text)
    total = shares.total()
    for script, languages in LANGUAGES_OF.items():
        if languages and shares[script] > MAX_OTHER * total and not codes & set(languages):
            return "ja" if script == "Han" and shares["kana"] else languages[0]
    if shares["Latin"] < total * 0.5:
        return ""
    scores, count = _scores(text)
    language = _decide(scores, count)
    if language == "en":
        others = max((score for other, score in scores.items() if other != "en"), default=0.0)
        language = "en" if scores["en"] >= MIN_SCORE and scores["en"] > 2 * others else ""
    return "" if language in codes or _SIBLINGS.get(language, set()) & codes else language


def short_code(code: str) -> str:
    """Return a language's two-letter code, if it has one: "en" for en-US, en_US and eng."""
    base = code.replace("_", "-").partition("-")[0].lower()
    return _THREE_LETTERS.get(base, base)


def _words(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield each word and the next one."""
    words = itertools.islice(_WORD.finditer(text), MAX_WORDS)
    for match, after in itertools.pairwise(itertools.chain(words, (None,))):
        if match is not None:
            yield match, after[0] if after is not None else ""


def _decide(scores: Mapping[str, float], count: int) -> str:
    scores = dict(scores)
    english = scores.pop("en", 0.0)
    if not scores:
        return "en" if english else ""
    language, score = max(scores.items(), key=lambda item: item[1])
    if score >= MIN_SCORE and score > 2 * english and score >= MIN_SHARE * count:
        return language
    return "en" if english > 0 and english >= score else ""


@functools.cache
def _table() -> dict[str, Any]:
    return tomllib.loads((resources() / "words/languages.toml").read_text(encoding="utf-8"))


@functools.cache
def _english() -> frozenset[str]:
    return frozenset(_table()["english"].split())


@functools.cache
def _loanwords() -> frozenset[str]:
    return frozenset(_table()["loans"].split())


@functools.cache
def _weights() -> dict[str, dict[str, float]]:
    """Return word → language → weight: 1 for a word of one language, 0.25 if English has it too."""
    owners: dict[str, list[str]] = {}
    for language, words in _table()["words"].items():
        for word in set(words.split()):
            owners.setdefault(word, []).append(language)
    return {
        word: dict.fromkeys(
            languages, 0.25 if word in _english() else 1.0 if len(languages) == 1 else 0.75
        )
        for word, languages in owners.items()
    }


@functools.cache
def _letters() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, letters in _table()["letters"].items():
        for letter in letters:
            found[letter] = (*found.get(letter, ()), language)
    return found


def _hints(word: str) -> set[str]:
    return {language for letter in word for language in _letters().get(letter, ())}
