"""Chooses the voice of a text, of a speaker, and of a sentence in another language."""

from __future__ import annotations

from collections.abc import Iterator

from studio import speech_text
from studio.core.errors import StudioError
from studio.core.requests import SpeechRequest
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.models.speech_languages import LANGUAGE_SAMPLE


def known_voice(card: ModelCard, name: str) -> str:
    """Return the name of a voice. Raises StudioError if the model does not have it."""
    names = [voice.name for voice in card.voices]
    if names and name not in names:
        raise StudioError(
            tr("{model} has no voice {voice!r}.", model=card.title, voice=name),
            cause="invalid",
            cure=tr("It has {voices}.", voices=", ".join(names)),
        )
    return name


def choose_voice(card: ModelCard, request: SpeechRequest) -> str:
    """Return the request's voice, else the first one that speaks the text's language.

    Raises StudioError if the model does not have the request's voice.
    """
    if request.voice:
        return known_voice(card, request.voice)
    language = speech_text.language_of(request.prompt[:LANGUAGE_SAMPLE], "en")
    return next(_voices_of(card, language), card.voices[0].name if card.voices else "")


def check_speakers(card: ModelCard, request: SpeechRequest) -> dict[str, str]:
    """Return speaker → voice. Raises StudioError for a voice that the model does not have."""
    speakers = request.voices_of_speakers
    for voice in speakers.values():
        known_voice(card, voice)
    return speakers


def voice_for_sentence(card: ModelCard, voice: str, sentence: str) -> str:
    """Return the first voice for a sentence in another language than the voice's, if any."""
    own = language_of_voice(card, voice)
    language = speech_text.language_of(sentence, own)
    if not own or not language or language == own:
        return voice
    return next(_voices_of(card, language), voice)


def language_of_voice(card: ModelCard, voice: str) -> str:
    """Return the language of a card's voice, without its country; empty if unknown."""
    language = next((known.language for known in card.voices if known.name == voice), "")
    return language.partition("-")[0]


def _voices_of(card: ModelCard, language: str) -> Iterator[str]:
    return (one.name for one in card.voices if one.language.partition("-")[0] == language)
