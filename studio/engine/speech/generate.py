"""Runner of speech requests: speaks piece by piece, so that the first sentence plays early."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Collection, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import speech_text
from studio.core.errors import StudioError
from studio.core.events import AudioChunk, Progress, Statistics
from studio.core.requests import SpeechRequest
from studio.core.translation import tr
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.hibari import Hibari
from studio.engine.speech.kokoro import Kokoro
from studio.engine.speech.piper import Piper
from studio.engine.speech.sentences import Piece, is_speakable
from studio.engine.speech.vits import VitsModel
from studio.engine.text.streaming import Clock
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.memory.load_plan import LoadPlan
from studio.models.speech_languages import LANGUAGE_SAMPLE, refusal

SILENCE = 0.001
"""Root mean square of 10 ms (full scale is 1) below which audio counts as silence."""


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> SpeechModel:
    """Load the speech model of a card as planned."""
    if card.runner == "hibari":
        return Hibari()
    if card.runner == "kokoro":
        return Kokoro(card)
    if card.runner == "piper":
        return Piper(card)
    family = find_family(card.family)
    if family is not None and family.engine_class:
        module, _colon, name = family.engine_class.partition(":")
        model_class: Any = getattr(
            importlib.import_module(f"studio.engine.speech.autoregressive.{module}"), name
        )
        model: SpeechModel = model_class(card, plan)
        return model
    return VitsModel(card, plan)


def generate(context: JobContext, pipeline: SpeechModel) -> Generator[Result, None, Statistics]:
    """Yield the speech as one result. See `protocol.Runner.generate`."""
    request = context.job.request
    assert isinstance(request, SpeechRequest)
    voice = choose_voice(context.card, request)
    languages = context.card.languages or pipeline.languages
    check_language(context.card.title, languages, request.prompt)
    pipeline.check(request.prompt)
    pipeline.reset()
    pieces = pieces_of(pipeline, request.prompt, languages, language_of_voice(context.card, voice))
    clock = Clock()
    spoken: list[NDArray[np.float32]] = []
    with contextlib.suppress(JobCancelledError):
        for number, piece in enumerate(pieces):
            context.check()
            chunk = _speak(pipeline, piece, voice, context)
            clock.tick()
            spoken.append(chunk)
            context.emit(AudioChunk(pcm=chunk.astype("<f4").tobytes(), sampling_rate=pipeline.rate))
            context.emit(Progress(step=number + 1, total=len(pieces), unit="sentence"))
    clock.stop()
    partial, frames = len(spoken) < len(pieces), sum(map(len, spoken))
    samples = _whole(spoken)
    if np.any(samples):
        yield AudioResult(
            samples=samples[:, None],
            sampling_rate=pipeline.rate,
            seed=request.seed,
            partial=partial,
        )
    if context.is_cancelled():
        raise JobCancelledError
    if not np.any(samples):
        raise StudioError(
            tr("The text holds nothing that this voice can speak."),
            cause="invalid",
            cure=tr("Write words in a language of the voice."),
        )
    return Statistics(
        run_seconds=clock.seconds, first_seconds=clock.first, units=frames, unit="sample"
    )


def check_language(title: str, languages: Collection[str], text: str) -> None:
    """Raise StudioError with what to do if the voice does not speak the text's language."""
    refused = refusal(title, languages, text)
    if refused:
        raise StudioError(refused[0], cause="invalid", cure=refused[1])


def pieces_of(
    pipeline: SpeechModel, text: str, languages: Collection[str], default: str = ""
) -> list[Piece]:
    """Return the pieces to speak, with numbers written out, and the pauses in the text."""
    pieces: list[Piece] = []
    before = ""
    for passage in speech_text.passages(text):
        words = speech_text.spoken(passage.text, languages, default=default, marks=pipeline.marks)
        if words.strip():
            words = pipeline.continue_text(words, before) if before else words
            before = words
            pieces += pipeline.pieces(words)
        if passage.silence and pieces:
            last = pieces.pop()
            pieces.append(Piece(last.text, 0.0, last.silence + passage.silence))
        elif passage.silence:
            pieces.append(Piece("", 0.0, passage.silence))
    return pieces


def language_of_voice(card: ModelCard, voice: str) -> str:
    """Return the language of a card's voice, without its country; empty if unknown."""
    language = next((known.language for known in card.voices if known.name == voice), "")
    return language.partition("-")[0]


def _speak(
    pipeline: SpeechModel, piece: Piece, voice: str, context: JobContext
) -> NDArray[np.float32]:
    """Return the piece's samples and the pause after it."""
    request = context.job.request
    assert isinstance(request, SpeechRequest)
    silence = np.zeros(
        int((piece.pause / request.speed + piece.silence) * pipeline.rate), np.float32
    )
    if not is_speakable(piece.text):
        return silence
    samples = pipeline.synthesize(
        piece.text, voice, request.speed, request.seed or 0, context.is_cancelled
    )
    return np.concatenate([np.clip(trim(samples, pipeline.rate), -1, 1), silence])


def trim(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return the samples with 40 ms of silence at both ends, where voices put 0.3 to 0.7 s."""
    window = rate // 100
    count = len(samples) // window
    loudness = (
        np.sqrt(np.mean(samples[: count * window].reshape(count, window) ** 2, axis=1))
        if count
        else np.zeros(0)
    )
    audible = np.flatnonzero(loudness > SILENCE)
    if not len(audible):
        return samples
    return samples[max(0, audible[0] - 4) * window : (audible[-1] + 5) * window]


def _whole(spoken: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    samples = np.concatenate(spoken) if spoken else np.zeros(0, np.float32)
    spoken.clear()  # hours of audio are gigabytes; one copy is enough
    return samples


def choose_voice(card: ModelCard, request: SpeechRequest) -> str:
    """Return the request's voice, else the first one that speaks the text's language.

    Raises StudioError if the model does not have the request's voice.
    """
    names = [voice.name for voice in card.voices]
    if request.voice:
        if names and request.voice not in names:
            raise StudioError(
                tr("{model} has no voice {voice!r}.", model=card.title, voice=request.voice),
                cause="invalid",
                cure=tr("It has {voices}.", voices=", ".join(names)),
            )
        return request.voice
    language = speech_text.language_of(request.prompt[:LANGUAGE_SAMPLE], "en")
    matching = [voice.name for voice in card.voices if voice.language.partition("-")[0] == language]
    return (matching or names or [""])[0]
