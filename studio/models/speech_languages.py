"""Checks before a job runs that a voice speaks the language of its text."""

from __future__ import annotations

from collections.abc import Collection

from studio.core.errors import Problem
from studio.core.requests import SpeechRequest
from studio.core.translation import mark, tr, tr_marked
from studio.models.card import ModelCard
from studio.models.catalog import catalog_entries
from studio.speech_text.languages import NAMES, short_code, unknown_language

_SPEECH = str(SpeechRequest.__struct_config__.tag)
LANGUAGE_SAMPLE = 20_000
"""Characters at the start of a text that decide its language."""
_OTHERS = mark(
    "Studio runs VITS and MMS-TTS folders of over 1,100 languages (`studio models add`)."
)


def check_language(card: ModelCard, request: SpeechRequest) -> Problem | None:
    """Return why the model cannot read the text, and what to do; None if it can or may."""
    refused = refusal(card.title, card.languages, request.prompt)
    return Problem("prompt", " ".join(refused)) if refused else None


def refusal(title: str, known: Collection[str], text: str) -> tuple[str, str] | None:
    """Return problem and remedy if a voice does not know the language of a text; else None."""
    language = unknown_language(text[:LANGUAGE_SAMPLE], known)
    if not language:
        return None
    languages = [tr_marked(NAMES.get(short_code(code), code)) for code in known]
    listed = languages[0]
    if len(languages) > 1:
        listed = tr(
            "{languages} and {last}",
            languages=tr(", ", context="list").join(languages[:-1]),
            last=languages[-1],
        )
    problem = tr(
        "{title} speaks {languages} only, and this text seems to be in {language}.",
        title=title,
        languages=listed,
        language=_name(language),
    )
    return problem, cure(language)


def _name(language: str) -> str:
    """Return a language's name in the user's language."""
    return tr_marked(NAMES.get(language, language))


def cure(language: str) -> str:
    """Return how to get a voice for a language: the catalog's smallest model that speaks it."""
    speakers = [
        entry
        for entry in catalog_entries()
        if entry.card.kind == _SPEECH and language in entry.card.languages
    ]
    speakers.sort(key=lambda entry: (entry.card.size or entry.card.parameters * 4, entry.card.name))
    name, others = _name(language), tr_marked(_OTHERS)
    if not speakers:
        return tr("Add a model that speaks {language}. {others}", language=name, others=others)
    best = speakers[0]
    how = (
        f"install {(best.aliases or (best.card.name,))[0]}"
        if best.download
        else f"get {best.card.repo}"
    )
    if best.card.revision:
        how += f"@{best.card.revision}"
    return tr(
        "Choose a model that speaks {language}: `studio models {how}` fetches {title}. {others}",
        language=name,
        how=how,
        title=best.card.title,
        others=others,
    )
