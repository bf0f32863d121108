"""What a voice reads of a text: pronunciations first, then the rules."""

from __future__ import annotations

import re
from collections.abc import Collection

from studio import speech_text
from studio.core.requests.prompt_syntax.pronunciations import Pronunciations


def in_words(
    text: str,
    languages: Collection[str],
    default: str,
    pronunciations: Pronunciations,
    *,
    phonemes: bool,
    marks: re.Pattern[str] | None = None,
) -> str:
    """Return a passage in words; see `speech_text.spoken`.

    `phonemes`: put private characters for those of a person; see `Pronunciations.apply`.
    """
    if pronunciations:
        text = "".join(
            pronunciations.apply(run, language, phonemes=phonemes)
            for language, run in speech_text.runs(text, default)
        )
    return speech_text.spoken(text, languages, default=default, marks=marks)


def read_as(text: str, languages: Collection[str], pronunciations: Pronunciations) -> str:
    """Return how a text is read, for a person: pauses as tags, phonemes between slashes."""
    default = speech_text.language_of(text[:20_000], next(iter(languages), ""))
    parts: list[str] = []
    for passage in speech_text.passages(text):
        words = in_words(passage.text, languages, default, pronunciations, phonemes=True)
        parts.append(pronunciations.with_phonemes(words, lambda symbols: f"/{symbols}/"))
        if passage.silence:
            parts.append(f"[pause:{passage.silence:g}]")
    return "".join(parts).strip()
