"""Speech: a text is spoken piece by piece, so that the first sentence plays while the rest is made."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import AudioChunk, Progress, Statistics
from studio.core.requests import SpeechRequest
from studio.engine.protocol import JobCancelledError, Run
from studio.engine.sentences import split
from studio.engine.voices import Hibari, Kokoro, Speaker
from studio.engine.waveform_model import SpokenByTransformers
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard


def load(card: ModelCard) -> Speaker:
    """Return the speaker for the card's runner."""
    if card.runner == "hibari":
        return Hibari()
    if card.runner == "kokoro":
        return Kokoro(card)
    return SpokenByTransformers(card)


def generate(run: Run, pipeline: Speaker) -> Generator[Result, None, Statistics]:
    """Yield the whole speech as one sound; see `protocol.Kind.generate`."""
    request = run.job.request
    assert isinstance(request, SpeechRequest)
    voice = choose_voice(run.card, request)
    pieces = split(request.prompt)
    begun, first = time.monotonic(), 0.0
    spoken: list[NDArray[np.float32]] = []
    for number, piece in enumerate(pieces):
        if run.cancelled():
            break
        samples = pipeline.say(piece.text, voice, request.speed, request.seed or 0)
        silence = np.zeros(int(piece.pause * pipeline.rate / request.speed), np.float32)
        chunk = np.concatenate([np.clip(samples, -1, 1), silence])
        first = first or time.monotonic() - begun
        spoken.append(chunk)
        run.emit(AudioChunk(pcm=chunk.astype("<f4").tobytes(), sampling_rate=pipeline.rate))
        run.emit(Progress(step=number + 1, total=len(pieces), unit="sentence"))
    yield from _result(run, request, spoken, pipeline)
    if run.cancelled():
        raise JobCancelledError
    return Statistics(
        run_seconds=time.monotonic() - begun, first_seconds=first, units=sum(map(len, spoken)), unit="sample"
    )  # fmt: skip


def _result(
    run: Run, request: SpeechRequest, spoken: list[NDArray[np.float32]], pipeline: Speaker
) -> Generator[Result, None, None]:
    if not spoken and run.cancelled():
        return
    whole: Any = np.concatenate(spoken) if spoken else np.zeros(0, np.float32)
    if not np.any(whole):
        raise StudioError(
            "There is nothing in the text that this voice can speak.",
            cause="invalid",
            cure="Write words in a language of the voice.",
        )
    yield AudioResult(samples=whole[:, None], sampling_rate=pipeline.rate, seed=request.seed, partial=run.cancelled())


def choose_voice(card: ModelCard, request: SpeechRequest) -> str:
    """Return the voice's name: the request's, else the model's first one that speaks the text's language. Raises StudioError."""
    from studio.engine.phonemes import is_chinese

    names = [voice.name for voice in card.voices]
    if request.voice:
        if names and request.voice not in names:
            raise StudioError(
                f"{card.title} has no voice {request.voice!r}.", cause="invalid", cure=f"It has {', '.join(names)}."
            )
        return request.voice
    language = "zh" if is_chinese(request.prompt) else "en"
    fitting = [voice.name for voice in card.voices if voice.language.partition("-")[0] == language]
    return (fitting or names or [""])[0]
