"""An engine without models, for the window's tests and `--fake`; it writes real files."""

from __future__ import annotations

import dataclasses
import functools
import math
import random
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.core.artifact import Artifact, FinishReason, TokenChoice, TokenLogprobs
from studio.core.errors import Failure, StudioError
from studio.core.events import (
    AnyEvent,
    AudioChunk,
    Cancelled,
    Failed,
    Finished,
    JobEvent,
    Loading,
    Preview,
    Progress,
    Statistics,
    TextDelta,
)
from studio.core.files import sha256_of
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.core.requests import (
    ClipRequest,
    ImageRequest,
    ImageToolRequest,
    MusicRequest,
    Request,
    SpeechRequest,
    TextRequest,
    TranscribeRequest,
    VideoRequest,
)
from studio.core.translation import tr
from studio.engine.protocol import (
    CancelCheck,
    Emit,
    EmitEvent,
    IsCancelled,
    JobCancelledError,
    JobContext,
)
from studio.engine.text.tasks.results import emit_shown, no_usable_text, task_results
from studio.engine.text.tasks.run import (
    draft_result,
    finish_task,
    summary_of,
    write_story,
    write_summary,
)
from studio.library import artifacts
from studio.library.results import AudioResult, ImageResult, Result, TextResult, VideoResult
from studio.media.transcript import FORMATS, Segment, Transcript
from studio.models.card import fake_card
from studio.text_tasks.writer import Written

_WORDS = (
    "the",
    "light",
    "of",
    "a",
    "small",
    "window",
    "falls",
    "on",
    "paper",
    "where",
    "words",
    "grow",
    "纸",
    "上",
    "的",
    "光",
    ".",
)
_RATE = 24_000


class _FakeWriter:
    """Writes the same words for the same seed. See `text_tasks.writer.Writer`."""

    chat = True
    encoder_decoder = False
    limit = 2_048

    def __init__(self, context: JobContext) -> None:
        self._context = context

    def write(
        self,
        requests: Sequence[TextRequest],
        done: Callable[[int, Written], None] = lambda _number, _text: None,
    ) -> list[Written]:
        """See `Writer`."""
        texts = []
        for number, request in enumerate(requests):
            self._context.check()
            generator = random.Random(request.seed or 0)
            count = min(request.max_new_tokens, 40)
            words = [generator.choice(_WORDS) for _word in range(count)]
            texts.append(Written(text=" ".join(words)))
            done(number, texts[-1])
        return texts

    def count_tokens(self, text: str) -> int:
        """See `Writer`."""
        return len(text.split())


def _choice(piece: str, start: int, count: int) -> TokenChoice:
    """Return a choice between words of different probabilities, this one among them."""
    token = _WORDS.index(piece.strip())
    top = [number for number in range(len(_WORDS)) if number != token][: max(0, count - 1)]
    rank = token % (len(top) + 1)
    top.insert(rank, token)
    values = [math.log(0.5**place) for place in range(1, len(top) + 1)]
    return TokenChoice(token, values[rank], start, tuple(zip(top, values, strict=True)))


class FakeEngine:
    """Generates the same artifacts for the same request, without torch. See `protocol.Engine`.

    `step_seconds`: the time of a step; `fail_on` returns the failure of a job that is to fail.
    """

    def __init__(
        self,
        _data: DataFolder | None = None,
        *,
        step_seconds: float = 0.0,
        fail_on: Callable[[Job], Failure | None] = lambda _job: None,
    ) -> None:
        self._step_seconds = step_seconds
        self._fail_on = fail_on
        self._closed = threading.Event()

    def warm_up(self, kind: str = "", model: str = "") -> None:
        """Do nothing: this engine needs no time to start."""

    def close(self) -> None:
        """Stop; a running job ends with Cancelled."""
        self._closed.set()

    def run(self, jobs: Sequence[Job], emit: Emit, is_cancelled: IsCancelled) -> None:
        """Run the jobs one after the other. See `protocol.Engine.run`."""

        def stopped(job_id: str) -> bool:
            return self._closed.is_set() or is_cancelled(job_id)

        for job in jobs:

            def emit_event(event: AnyEvent, job_id: str = job.id) -> None:
                emit(JobEvent(job_id, event))

            emit_event(self._run_alone(job, emit_event, functools.partial(stopped, job.id)))

    def _run_alone(self, job: Job, emit: EmitEvent, is_cancelled: CancelCheck) -> AnyEvent:
        """Run a job and return its terminal event."""
        saved: list[Artifact] = []
        try:
            context = JobContext(job, fake_card(job.request.kind), emit, is_cancelled)
            context.check()
            emit(Loading(phase=tr("Preparing")))
            failure = self._fail_on(job)
            if failure is not None:
                return Failed(failure=failure)
            saved += [artifact for artifact in artifacts.find_complete(job) if not artifact.partial]
            complete = {artifact.ordinal for artifact in saved}
            is_complete = len(complete) == job.request.result_count
            for result in () if is_complete else self._results(job.request, context):
                if result.ordinal not in complete:
                    saved.append(artifacts.save(result, job=job, card=context.card, versions={}))
        except JobCancelledError:
            return Cancelled(artifacts=tuple(saved))
        except StudioError as error:
            return Failed(failure=error.failure(), artifacts=tuple(saved))
        except OSError as error:
            message = tr("The result could not be saved: {reason}.", reason=error.strerror)
            return Failed(failure=Failure(cause="disk", message=message, unsaved=True))
        return Finished(
            artifacts=tuple(saved),
            statistics=Statistics(run_seconds=1.0, first_seconds=0.1, units=20, unit="token"),
        )

    @functools.singledispatchmethod
    def _results(self, request: Request, context: JobContext) -> Generator[Result, None, None]:
        raise NotImplementedError(request.kind)

    def _pause(self, context: JobContext) -> None:
        self._closed.wait(self._step_seconds)
        context.check()

    @_results.register
    def _text(self, request: TextRequest, context: JobContext) -> Generator[Result, None, None]:
        if request.task is None:
            yield from self._texts(request, context)
            return
        context = dataclasses.replace(context, emit=emit_shown(context.emit, request.task))
        if request.task.story_prompts is not None:
            yield from write_story(context, request.task, _FakeWriter(context))
            return
        if summary := summary_of(context, request.task, _FakeWriter(context)):
            yield from write_summary(context, request.task, summary)
            return
        texts: list[TextResult] = []
        try:
            if request.task.draft:
                texts.append(draft_result(request, request.task))
            else:
                for result in self._texts(request, context):
                    texts.append(result)
        except JobCancelledError:
            yield from task_results(request, request.task, texts)
            raise
        results = finish_task(context, request.task, texts, _FakeWriter(context))
        yield from results
        if error := no_usable_text(results):
            raise error

    def _texts(
        self, request: TextRequest, context: JobContext
    ) -> Generator[TextResult, None, None]:
        total = min(request.max_new_tokens, 40)
        for candidate in range(request.num_return_sequences):
            generator = random.Random((request.seed or 0) + candidate)
            text, choices = request.prefix, list[TokenChoice]()
            for step in range(1, total + 1):
                try:
                    self._pause(context)
                except JobCancelledError:
                    yield TextResult(
                        text=text,
                        ordinal=candidate,
                        seed=request.seed,
                        partial=True,
                        finish_reason="cancelled",
                    )
                    raise
                piece = (" " if text else "") + generator.choice(_WORDS)
                choices.append(_choice(piece, len(text), request.top_logprobs))
                text += piece
                piece = request.prefix + piece if step == 1 else piece
                if request.num_beams == 1:
                    context.emit(TextDelta(text=piece, candidate=candidate))
                context.emit(Progress(step=step, total=total, unit="token"))
            score = -0.1 * (candidate + 1) if request.num_beams > 1 else None
            reason: FinishReason = "length" if total == request.max_new_tokens else "stop"
            yield TextResult(
                text=text,
                ordinal=candidate,
                seed=request.seed,
                score=score,
                finish_reason=reason,
                logprobs=TokenLogprobs(
                    texts={number: f" {word}" for number, word in enumerate(_WORDS)},
                    choices=tuple(choices),
                )
                if request.top_logprobs and request.num_beams == 1
                else None,
            )

    @_results.register
    def _image(self, request: ImageRequest, context: JobContext) -> Generator[Result, None, None]:
        steps, count = request.num_inference_steps, request.num_images_per_prompt
        across = np.linspace(0, 255, request.width, dtype=np.uint8)
        down = np.linspace(0, 255, request.height, dtype=np.uint8)
        for number in range(count):
            seed = (request.seed or 0) + number
            pixels = np.empty((request.height, request.width, 3), np.uint8)
            pixels[..., 0], pixels[..., 1], pixels[..., 2] = (
                across[None, :],
                down[:, None],
                seed % 256,
            )
            small = np.ascontiguousarray(
                pixels[:: max(1, request.height // 64), :: max(1, request.width // 64)]
            )
            for step in range(1, steps + 1):
                self._pause(context)
                shown = (small * (step / steps)).astype(np.uint8)
                preview = Preview(small.shape[1], small.shape[0], shown.tobytes())
                context.emit(
                    Progress(step=number * steps + step, total=steps * count, preview=preview)
                )
            yield ImageResult(pixels=pixels, ordinal=number, seed=seed)

    @_results.register
    def _image_tool(
        self, request: ImageToolRequest, context: JobContext
    ) -> Generator[Result, None, None]:
        from studio.media.image_reader import read_image

        source, digest = read_image(Path(request.image))
        for step in range(1, 5):
            self._pause(context)
            context.emit(Progress(step=step, total=4, unit="tile"))
        pixels = 255 - np.asarray(source)
        yield ImageResult(pixels=pixels, inputs={"image": digest})

    @_results.register
    def _audio(
        self, request: SpeechRequest | MusicRequest, context: JobContext
    ) -> Generator[Result, None, None]:
        chunks: list[NDArray[np.float32]] = []
        for step in range(1, 5):
            try:
                self._pause(context)
            except JobCancelledError:
                if chunks:
                    yield AudioResult(
                        samples=np.concatenate(chunks),
                        sampling_rate=_RATE,
                        seed=request.seed,
                        partial=True,
                    )
                raise
            tone = 0.3 * np.sin(2 * np.pi * 110 * (step + 1) * np.arange(_RATE // 2) / _RATE)
            chunks.append(tone.astype(np.float32)[:, None])
            context.emit(AudioChunk(pcm=chunks[-1].tobytes(), sampling_rate=_RATE))
            context.emit(Progress(step=step, total=4, unit="sentence"))
        yield AudioResult(samples=np.concatenate(chunks), sampling_rate=_RATE, seed=request.seed)

    @_results.register
    def _transcript(
        self, request: TranscribeRequest, context: JobContext
    ) -> Generator[Result, None, None]:
        segments: list[Segment] = []
        for number in range(3):
            self._pause(context)
            text = " ".join(_WORDS[4 * number : 4 * number + 4])
            segments.append(Segment(2.0 * number, 2.0 * number + 1.5, text))
            context.emit(TextDelta(text=("\n" if number else "") + text))
            context.emit(Progress(step=2 * number + 2, total=6, unit="second"))
        transcript = Transcript(request.language_code or "en", tuple(segments))
        yield TextResult(
            text=FORMATS[request.format](transcript),
            transcript=transcript,
            inputs={"audio": sha256_of(Path(request.audio))},
        )

    @_results.register
    def _video(self, request: VideoRequest, context: JobContext) -> Generator[Result, None, None]:
        frames = np.zeros((request.num_frames, request.height, request.width, 3), np.uint8)
        for number, pixels in enumerate(frames):  # a bar that goes from left to right
            at = request.width * number // request.num_frames
            pixels[:, at : at + max(1, request.width // 8)] = 200
        middle = frames[len(frames) // 2]
        small = np.ascontiguousarray(
            middle[:: max(1, request.height // 64), :: max(1, request.width // 64)]
        )
        for step in range(1, request.num_inference_steps + 1):
            self._pause(context)
            preview = Preview(small.shape[1], small.shape[0], small.tobytes())
            context.emit(Progress(step=step, total=request.num_inference_steps, preview=preview))
        yield VideoResult(frames=frames, frame_rate=request.frame_rate, seed=request.seed)

    @_results.register
    def _clip(self, request: ClipRequest, context: JobContext) -> Generator[Result, None, None]:
        from studio.engine.clips.generate import generate

        self._pause(context)
        yield from generate(context, context.card)
