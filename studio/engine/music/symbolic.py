"""Music from a model that writes notes (family `symbolic-music`), played by Studio's instruments.

It runs on the CPU everywhere: the model is small, tokens come one at a time, and so the same seed
gives the same notes on every computer.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.core.translation import tr
from studio.engine.music.symbolic_length import plan_continuation, plan_length
from studio.engine.music.symbolic_sampling import SymbolicModel, sample
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.text.streaming import Clock
from studio.library.results import AudioResult, Result
from studio.models.card import EVENTS_FILE, ModelCard
from studio.symbolic_music.continuation import lead_in, merge, read_continuation
from studio.symbolic_music.description import describe
from studio.symbolic_music.events import STEPS_A_BEAT, Bar, decode, vocabulary
from studio.symbolic_music.grammar import Grammar
from studio.symbolic_music.mixer import Mixer
from studio.symbolic_music.prompt import read
from studio.symbolic_music.score import SWING, Playing, Stroke, midi_file, play
from studio.symbolic_music.synth import RATE
from studio.symbolic_music.types import Continuation, MusicPrompt

_PARTIAL_TAIL = 0.5
"""Seconds that a cancelled piece rings after its last bar."""


def load(card: ModelCard) -> SymbolicModel:
    """Load the model from the card's folder.

    Raises StudioError if its events are not those that this version plays.
    """
    import torch
    from transformers import AutoModelForCausalLM

    tokens = json.loads((Path(card.path) / EVENTS_FILE).read_text(encoding="utf-8"))
    if tuple(tokens) != vocabulary().tokens:
        raise StudioError(
            tr(
                "{model} was made for another version of Studio: it writes other events.",
                model=card.title,
            ),
            cause="model",
            cure=tr("Use the model that came with this version."),
        )
    model = AutoModelForCausalLM.from_pretrained(
        card.path, dtype=torch.float32, local_files_only=True
    ).eval()
    return SymbolicModel(model, int(model.config.max_position_embeddings))


def generate(context: JobContext, pipeline: SymbolicModel) -> Generator[Result, None, Statistics]:
    """Yield the music; see `protocol.Runner.generate`. A cancelled job keeps its complete bars.

    A MIDI file to continue is played first.
    """
    request = context.job.request
    assert isinstance(request, MusicRequest)
    prompt, seed, source = read(request.prompt), request.seed or 0, None
    if request.continue_from:
        source = read_continuation(Path(request.continue_from), request.seconds)
        prompt = merge(prompt, source)
    piece, clock = _Piece(prompt, source, request.seconds, seed), Clock()
    for bar in piece.source_bars:
        context.check()
        piece.add(bar)
    for bar in _compose(context, pipeline, piece, seed, request.temperature, clock):
        piece.add(bar)
        context.emit(Progress(step=piece.new_bars, total=piece.length.bars, unit="bar"))
    clock.stop()
    if piece.new_bars:
        yield piece.result(context.job.id, seed)
    if not piece.is_complete:
        raise JobCancelledError
    return Statistics(
        run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token"
    )


class _Piece:
    """A piece in the making: collects bars as notes and as audio."""

    def __init__(
        self, prompt: MusicPrompt, source: Continuation | None, seconds: float, seed: int
    ) -> None:
        self.prompt = prompt
        self.source = source
        if source is None:
            self.source_bars: tuple[Bar, ...] = ()
            self.length = plan_length(prompt, seconds)
            swing = SWING.get(prompt.brief.style, 0.0)
        else:
            self.source_bars = source.bars
            self.length = plan_continuation(source, seconds)
            swing = source.swing
        brief = prompt.brief
        self._playing = Playing(
            swing, brief.steps, self.length.bpm, prompt.key, brief.mode, prompt.instruments, seed
        )
        self._mixer = Mixer(self._playing, self.length.seconds)
        self._strokes: list[Stroke] = []
        self._bars = 0

    @property
    def new_bars(self) -> int:
        """How many bars were added after those of the source."""
        return self._bars - len(self.source_bars)

    @property
    def is_complete(self) -> bool:
        """True if all planned bars were added."""
        return self.new_bars == self.length.bars

    def add(self, bar: Bar) -> None:
        """Append a bar."""
        is_last = self.new_bars == self.length.bars - 1
        fermata = self.length.fermata if is_last else 0.0
        upbeat = self.length.upbeat
        strokes = _strokes_from(play(bar, self._bars, self._playing, fermata), upbeat)
        self._strokes.extend(strokes)  # the MIDI file has a rest in place of the omitted beats
        self._mixer.add([stroke._replace(begin=stroke.begin - upbeat) for stroke in strokes])
        self._bars += 1

    def result(self, job_id: str, seed: int) -> AudioResult:
        """Return audio and MIDI file; partial if bars are missing."""
        seconds = self.length.seconds
        if not self.is_complete:
            bar_seconds = self.prompt.brief.steps / STEPS_A_BEAT * 60 / self.length.bpm
            played = self._bars * bar_seconds - self.length.upbeat + _PARTIAL_TAIL
            seconds = min(seconds, max(_PARTIAL_TAIL, played))
        prompt_read = describe(self.prompt)
        if self.source is not None:
            prompt_read = f"continues {self.source.name.replace(':', ' ')}: {prompt_read}"
        return AudioResult(
            samples=self._mixer.finish(seconds),
            sampling_rate=RATE,
            seed=seed,
            partial=not self.is_complete,
            midi=midi_file(self._strokes, self._playing, f"Studio, job {job_id}: {prompt_read}"),
            prompt_read=prompt_read,
        )


def _strokes_from(strokes: Sequence[Stroke], begin: float) -> list[Stroke]:
    """Return the strokes from `begin` on; one that is playing then starts there."""
    return [
        stroke
        if stroke.begin >= begin
        else stroke._replace(begin=begin, seconds=stroke.begin + stroke.seconds - begin)
        for stroke in strokes
        if stroke.begin >= begin - 0.01
        or (stroke.part != "D" and stroke.begin + stroke.seconds > begin + 0.1)
    ]


def _compose(
    context: JobContext,
    pipeline: SymbolicModel,
    piece: _Piece,
    seed: int,
    temperature: float,
    clock: Clock,
) -> Iterator[Bar]:
    """Yield the bars that the model writes; ends early when the job is cancelled."""
    brief, bars, source = piece.prompt.brief, piece.length.bars, piece.source
    first_tokens: list[int] = []
    entering = ""
    if source is not None:
        first_tokens = lead_in(brief, source, bars)
        entering = "".join(set(brief.parts) - set(source.parts))
    grammar = Grammar(brief, bars, entering=entering)
    tokens: list[int] = []
    for token in sample(pipeline, brief, grammar, seed, temperature, first_tokens):
        clock.tick()
        tokens.append(token)
        if context.is_cancelled():
            return
        if _ends_bar(token, tokens):
            yield from decode(tokens)
            tokens = [token]


def _ends_bar(token: int, tokens: list[int]) -> bool:
    text = vocabulary().tokens[token]
    return text == "<end>" or (text.startswith("left:") and len(tokens) > 1)
