"""May a voice read this text: by the languages that its card names, before anything runs."""

from __future__ import annotations

from collections.abc import Collection

from studio.core.errors import Problem
from studio.core.requests import Request, SpeechRequest
from studio.models.card import ModelCard
from studio.models.catalog import catalogue
from studio.speech_text.languages import NAMES, short_code, unknown_language

LOOKED_AT = 20_000
"""Characters of a text by which its language is known."""
_OTHERS = "Studio runs VITS and MMS-TTS folders of over 1,100 languages (`studio models add`)."


def check_language(card: ModelCard, request: Request) -> Problem | None:
    """Return why the model cannot read the text, and what to do; None where it can, or nothing is
    sure.
    """
    if not isinstance(request, SpeechRequest):
        return None
    refused = refusal(card.title, card.languages, request.prompt)
    return Problem("prompt", " ".join(refused)) if refused else None


def refusal(title: str, known: Collection[str], text: str) -> tuple[str, str] | None:
    """Return what is wrong and what to do where a text is in a language that the voice does not
    know; None where it is not.
    """
    language = unknown_language(text[:LOOKED_AT], known)
    if not language:
        return None
    languages = [NAMES.get(short_code(code), code) for code in known]
    listed = (
        f"{', '.join(languages[:-1])} and {languages[-1]}" if len(languages) > 1 else languages[0]
    )
    name = NAMES.get(language, language)
    return f"{title} speaks {listed} only, and this text seems to be in {name}.", cure(language)


def cure(language: str) -> str:
    """Return how to get a voice for a language: by the smallest model of the catalogue that speaks
    it.
    """
    speakers = [
        entry
        for entry in catalogue()
        if entry.card.kind == "speech" and language in entry.card.languages
    ]
    speakers.sort(key=lambda entry: (entry.card.size or entry.card.parameters * 4, entry.card.name))
    name = NAMES.get(language, language)
    if not speakers:
        return f"Add a model that speaks {name}. {_OTHERS}"
    best = speakers[0]
    how = (
        f"install {(best.aliases or (best.card.name,))[0]}"
        if best.download
        else f"get {best.card.repo}"
    )
    if best.card.revision:
        how += f"@{best.card.revision}"
    return (
        f"Choose a model that speaks {name}: `studio models {how}` fetches {best.card.title}. "
        f"{_OTHERS}"
    )
