"""Runner of speech requests: speaks piece by piece, so that the first sentence plays early."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Collection, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import AudioChunk, Progress, Statistics
from studio.core.requests import SpeechRequest
from studio.core.requests.prompt_syntax import pronunciations
from studio.core.translation import tr
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.speech import loudness
from studio.engine.speech.base import SpeechModel
from studio.engine.speech.hibari import Hibari
from studio.engine.speech.kokoro import Kokoro
from studio.engine.speech.piper import Piper
from studio.engine.speech.recording import Recording
from studio.engine.speech.sentences import Piece, is_speakable
from studio.engine.speech.utterances import Reading
from studio.engine.speech.vits import VitsModel
from studio.engine.speech.voices import (
    check_speakers,
    choose_voice,
    language_of_voice,
    voice_for_sentence,
)
from studio.engine.text.streaming import Clock
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.memory.load_plan import LoadPlan
from studio.models.speech_languages import refusal

FADE_SECONDS = 0.005
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
    reading = Reading(
        pipeline,
        languages,
        language_of_voice(context.card, voice),
        pronunciations.parse(request.dictionary),
        check_speakers(context.card, request),
    )
    utterances = reading.utterances(request.prompt)
    total = sum(len(utterance.pieces) for utterance in utterances)
    clock, recording = Clock(), Recording(pipeline.rate)
    with contextlib.suppress(JobCancelledError):
        for utterance in utterances:
            speaker = utterance.voice or voice
            if not request.voice and not utterance.voice:
                speaker = voice_for_sentence(context.card, voice, utterance.text)
            for piece in utterance.pieces:
                context.check()
                samples = _speak(pipeline, piece, speaker, context)
                chunk = recording.add(samples, _silence(piece, request.speed, pipeline.rate))
                clock.tick()
                context.emit(AudioChunk(pcm=chunk.tobytes(), sampling_rate=pipeline.rate))
                context.emit(Progress(step=recording.count, total=total, unit="sentence"))
            recording.end_sentence(utterance.text, "" if speaker == voice else speaker)
    clock.stop()
    partial, frames, sentences = recording.count < total, recording.frames, recording.sentences
    samples = recording.take()
    if np.any(samples):
        whole = samples[:, None]
        if request.lufs is not None:
            whole = loudness.normalized(whole, pipeline.rate, request.lufs)
        yield AudioResult(
            samples=whole,
            sampling_rate=pipeline.rate,
            seed=request.seed,
            partial=partial,
            sentences=tuple(sentences),
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
    utterances = Reading(pipeline, languages, default).utterances(text)
    return [piece for utterance in utterances for piece in utterance.pieces]


def _speak(
    pipeline: SpeechModel, piece: Piece, voice: str, context: JobContext
) -> NDArray[np.float32]:
    """Return the piece's samples, without the pause after it."""
    request = context.job.request
    assert isinstance(request, SpeechRequest)
    if not is_speakable(piece.text):
        return np.zeros(0, np.float32)
    samples = pipeline.synthesize(
        piece.text, voice, request.speed, request.seed or 0, context.is_cancelled
    )
    return faded(np.clip(trim(samples, pipeline.rate), -1, 1), pipeline.rate)


def _silence(piece: Piece, speed: float, rate: int) -> int:
    """Return the frames of the pause after a piece."""
    return int((piece.pause / speed + piece.silence) * rate)


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


def faded(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return the samples with ends that rise and fall within 5 ms, which join without a click."""
    size = min(int(rate * FADE_SECONDS), len(samples) // 2)
    if not size:
        return samples
    result, ramp = samples.copy(), np.linspace(0, 1, size, dtype=np.float32)
    result[:size] *= ramp
    result[-size:] *= ramp[::-1]
    return result
