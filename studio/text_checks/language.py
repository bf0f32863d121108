"""Checks a text's language by its scripts, and Latin ones by frequent words."""

from __future__ import annotations

import re

from studio.text_checks.check import Check, Span, from_spans

_SCRIPTS = {
    "zh": r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]",
    "ja": r"[\u3040-\u30ff]",
    "ko": r"[\uac00-\ud7af\u1100-\u11ff]",
    "ru": r"[\u0400-\u04ff]",
    "ar": r"[\u0600-\u06ff]",
    "latin": r"[A-Za-z\u00c0-\u024f]",
}
_LETTERS = {name: re.compile(script) for name, script in _SCRIPTS.items()}
_RUNS = {name: re.compile(f"{script}+") for name, script in _SCRIPTS.items()}
_FREQUENT_TEXTS = {
    "en": "the of and to in is that it was for on with as are be this at he she",
    "de": "der die und das ist nicht ein eine zu den von mit sich auf dem",
    "fr": "le la les et des est une dans que pour qui sur pas au avec",
    "es": "el los las y en que es por una con para del se no su",
}
_FREQUENT = {language: frozenset(words.split()) for language, words in _FREQUENT_TEXTS.items()}
SAMPLE = 20_000
"""Characters that are read: the language of a longer text is that of its beginning."""
_FEW = 4
"""A word count below which a Latin text is not classified."""
_JAPANESE_SHARE = 0.1


def detect_language(text: str) -> str:
    """Return zh, en, ja, ko, ru, ar, de, fr or es; empty if it is unclear."""
    sample = text[:SAMPLE]
    counts = {name: len(letter.findall(sample)) for name, letter in _LETTERS.items()}
    counts["latin"] //= 3  # a Chinese character weighs as much as a few letters
    if counts["ja"] > _JAPANESE_SHARE * (counts["zh"] + counts["ja"]):
        counts["ja"] += counts["zh"]
        counts["zh"] = 0
    best = max(counts, key=lambda name: counts[name])
    if not counts[best]:
        return ""
    return best if best != "latin" else _latin_language(sample)


def _latin_language(sample: str) -> str:
    words = re.findall(r"[a-z\u00c0-\u024f]+", sample.casefold())
    found = {name: sum(word in few for word in words) for name, few in _FREQUENT.items()}
    best = max(found, key=lambda name: found[name])
    if found[best]:
        return best
    return "en" if len(words) < _FEW and sample.isascii() else ""


def check_language(text: str, wanted: str) -> Check:
    """Check the language (zh, en …), and mark runs in a script that it does not use."""
    found = detect_language(text)
    own = wanted if wanted in _SCRIPTS else "latin"
    allowed = {own, "latin", *(("zh",) if wanted == "ja" else ())}
    spans = (
        Span(*match.span(), name)
        for name, run in _RUNS.items()
        if name not in allowed
        for match in run.finditer(text)
    )
    marked = from_spans("language", spans, "parts in another script")
    message = f"The language seems to be {found or 'unclear'}; {wanted} was asked for."
    return Check(
        name="language",
        passed=found == wanted and marked.passed,
        message=message,
        spans=marked.spans,
    )
