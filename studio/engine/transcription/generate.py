"""Runner of transcripts: reads a recording window by window, so that its length does not matter."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics, TextDelta
from studio.core.files import sha256_of
from studio.core.requests import TranscribeRequest
from studio.core.translation import tr
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.transcription.recognizer import Attempt, Recognizer
from studio.engine.transcription.tokens import spans_of
from studio.engine.transcription.windows import Windows, is_silent, silent_start
from studio.library.results import Result, TextResult
from studio.media.speech_samples import RATE, Samples, SpeechFile, open_speech
from studio.media.transcript import FORMATS, Segment, Transcript
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

_LEAST_SECONDS = 0.1
"""Less audio than this holds no word."""


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> Recognizer:
    """Load the model of a card as planned."""
    return Recognizer(card, plan)


def generate(context: JobContext, recognizer: Recognizer) -> Generator[Result, None, Statistics]:
    """Yield the transcript. See `protocol.Runner.generate`."""
    request = context.job.request
    assert isinstance(request, TranscribeRequest)
    path, started = Path(request.audio), time.monotonic()
    _check_language(context.card, recognizer, request)
    digest = sha256_of(path, lambda _size: context.check())
    file = open_speech(path)
    transcriber = _Transcriber(context, recognizer, file, request.language_code)
    segments: list[Segment] = []
    is_partial = False
    try:
        for segment in transcriber.segments():
            context.emit(TextDelta(text=("\n" if segments else "") + segment.text))
            segments.append(segment)
    except JobCancelledError:
        is_partial = True
    finally:
        file.close()
    transcript = Transcript(transcriber.language, tuple(segments))
    if segments or not is_partial:
        yield TextResult(
            text=FORMATS[request.format](transcript),
            partial=is_partial,
            transcript=transcript,
            inputs={"audio": digest},
        )
    if is_partial:
        raise JobCancelledError
    return Statistics(
        run_seconds=time.monotonic() - started,
        units=round(transcriber.windows.seconds),
        unit="second",
    )


def _check_language(card: ModelCard, recognizer: Recognizer, request: TranscribeRequest) -> None:
    known = recognizer.special.languages or {"en": 0}
    if request.language_code and request.language_code not in known:
        raise StudioError(
            tr(
                "{model} does not know the language {language}.",
                model=card.title,
                language=request.language,
            ),
            cause="invalid",
            cure=tr("Choose another language, or leave it empty to detect it."),
        )


class _Transcriber:
    """Goes through one file."""

    def __init__(
        self, context: JobContext, recognizer: Recognizer, file: SpeechFile, language: str
    ) -> None:
        self._context, self._recognizer, self._file = context, recognizer, file
        self.language = language
        """Empty until it is detected in the first window with speech."""
        self.windows = Windows(file.blocks())

    def segments(self) -> Iterator[Segment]:
        """Yield what is spoken, in order. Raises JobCancelledError and StudioError."""
        while True:
            self._context.check()
            samples = self.windows.window()
            if len(samples) < _LEAST_SECONDS * RATE:
                return
            self._report()
            if silent := silent_start(samples):
                self.windows.advance(silent)
                continue
            yield from self._segments_in(samples)

    def _segments_in(self, samples: Samples) -> Iterator[Segment]:
        import torch

        start = self.windows.seconds
        with torch.inference_mode():
            encoded = self._recognizer.encode(samples)
            language = self.language or self._recognizer.detect_language(encoded)
            attempt = self._recognizer.write(
                encoded, language, self.windows.position % 2**32, self._context.check
            )
        if attempt.is_no_speech or attempt.repeats or not attempt.text:
            self.windows.advance(len(samples))
            return
        self.language = language
        segments, done = self._found(attempt, samples, start)
        self.windows.advance(max(1, round(done * RATE)))
        yield from segments

    def _found(
        self, attempt: Attempt, samples: Samples, start: float
    ) -> tuple[list[Segment], float]:
        seconds = len(samples) / RATE
        spans, done = spans_of(attempt.tokens, self._recognizer.special, seconds)
        segments = []
        for span in spans:
            text = self._recognizer.text_of(span.tokens)
            spoken = samples[int(span.start * RATE) : math.ceil(span.end * RATE)]
            if text and len(spoken) and not is_silent(spoken):
                segments.append(
                    Segment(round(start + span.start, 2), round(start + span.end, 2), text)
                )
        return segments, done

    def _report(self) -> None:
        """Report how many seconds are done. The header's length may be wrong."""
        done = int(self.windows.seconds)
        total = max(done + 1, math.ceil(self._file.seconds))
        self._context.emit(Progress(step=done, total=total, unit="second"))
