"""Finds prompts in a language that their text model does not know: a note, not a problem.

The job can run, and a person may want the model's attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from studio.core.kinds import DEFAULT_KIND
from studio.core.translation import tr, tr_marked
from studio.models.card import ModelCard
from studio.speech_text.languages import NAMES, short_code, unknown_language

SAMPLE = 20_000
"""Characters at the start of a prompt that decide its language."""
MAX_PROMPTS = 500
"""Of a model in one file; 100 000 would take 10 s."""


def language_gap(card: ModelCard, prompt: str) -> str:
    """Return the code of the prompt's language if the text model certainly does not know it."""
    if card.kind != DEFAULT_KIND:
        return ""
    return unknown_language(prompt[:SAMPLE], card.languages)


def describe_gap(card: ModelCard, language: str) -> str:
    """Return that a model does not know the language of a prompt, as a sentence."""
    return tr(
        "{title} knows {languages}, and the prompt seems to be in {language}.",
        title=card.title,
        languages=tr(", ", context="list").join(map(_language_name, card.languages)),
        language=_language_name(language),
    )


def model_that_knows(language: str, cards: Sequence[ModelCard]) -> ModelCard | None:
    """Return the largest of the installed text models that know a language, or None."""
    knowing = [
        card
        for card in cards
        if card.kind == DEFAULT_KIND and language in map(short_code, card.languages)
    ]
    return max(knowing, key=lambda card: card.parameters, default=None)


def _language_name(code: str) -> str:
    return tr_marked(NAMES.get(short_code(code), code))


class LanguageNotes:
    """Collects which models of a file get prompts in languages that they do not know."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._notes: dict[str, str] = {}
        """Model → its sentence."""

    def add(self, card: ModelCard, prompt: str) -> None:
        """Check a prompt, unless the model has its sentence or enough were checked."""
        if card.name in self._notes or self._seen[card.name] >= MAX_PROMPTS:
            return
        self._seen[card.name] += 1
        if language := language_gap(card, prompt):
            self._notes[card.name] = describe_gap(card, language)

    def notes(self) -> list[str]:
        """Return a sentence for each of these models."""
        return list(self._notes.values())
