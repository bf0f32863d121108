"""Music from a model that writes notes (family `symbolic-music`): events are made bar by bar, and
played by our own instruments.

It runs on the CPU everywhere: the model is small, one token waits for the one before, and so the
same seed gives the same notes on every machine.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.text.streaming import Clock
from studio.library.results import AudioResult, Result
from studio.models.card import EVENTS_FILE, ModelCard
from studio.symbolic_music.continuation import lead_in, merge, read_continuation
from studio.symbolic_music.events import STEPS_A_BEAT, Bar, Brief, decode, vocabulary
from studio.symbolic_music.grammar import Grammar
from studio.symbolic_music.mixer import Mixer
from studio.symbolic_music.prompt import describe, read
from studio.symbolic_music.score import SWING, Playing, Stroke, midi_file, play
from studio.symbolic_music.synth import RATE
from studio.symbolic_music.types import Continuation, MusicPrompt

_TOP_P = 0.98
_KEPT_BARS = 6
"""So many bars the model still sees when its positions are full."""
_RING = 2.0
"""Seconds at the end for the last chord, in pieces that are long enough."""
_LET_GO = 0.8
"""Seconds before the end at which the last chord is let go."""
_LONGEST_END = 0.36
"""Share of a piece that its last chord may fill; the last bar is that chord alone."""
_END = 0.3
"""Share that it fills where whole bars would make it longer."""


class SymbolicModel(NamedTuple):
    """A loaded model. `positions`: how many tokens it can see."""

    model: Any
    positions: int


def load(card: ModelCard) -> SymbolicModel:
    """Load the model from the card's folder. Raises StudioError where its events are not those that
    Studio plays.
    """
    import torch
    from transformers import AutoModelForCausalLM

    # All tokens by id.
    known = json.loads((Path(card.path) / EVENTS_FILE).read_text(encoding="utf-8"))
    if tuple(known) != vocabulary().tokens:
        raise StudioError(
            f"{card.title} writes other events than this version of Studio plays.",
            cause="model",
            cure="Take the model that came with this version.",
        )
    model = AutoModelForCausalLM.from_pretrained(
        card.path, dtype=torch.float32, local_files_only=True
    ).eval()
    return SymbolicModel(model, int(model.config.max_position_embeddings))


def generate(run: JobContext, pipeline: SymbolicModel) -> Generator[Result, None, Statistics]:
    """Yield the music; see `protocol.Runner.generate`. When cancelled, the bars that are whole are
    kept.

    A MIDI file that is given is played too, before what goes on from it.
    """
    request = run.job.request
    assert isinstance(request, MusicRequest)
    wish, seed, given = read(request.prompt), request.seed or 0, None
    if request.continue_from:
        given = read_continuation(Path(request.continue_from), request.seconds)
        wish = merge(wish, given)
    plan = (
        plan_length(wish, request.seconds) if given is None else plan_more(given, request.seconds)
    )
    swing = SWING.get(wish.brief.style, 0.0) if given is None else given.swing
    playing = Playing(
        swing, wish.brief.steps, plan.bpm, wish.key, wish.brief.mode, wish.instruments, seed
    )
    before = given.bars if given is not None else ()
    mixer, clock, strokes = Mixer(playing, plan.seconds), Clock(), list[Stroke]()

    def add(bar: Bar, number: int) -> None:
        new = play(
            bar, number, playing, plan.fermata if number == len(before) + plan.bars - 1 else 0.0
        )
        new = _from(new, plan.upbeat)
        strokes.extend(new)  # in the MIDI file the bars stay where they are, behind a rest
        mixer.add([stroke._replace(begin=stroke.begin - plan.upbeat) for stroke in new])

    for number, bar in enumerate(before):
        run.check()
        add(bar, number)
    made = 0
    first = lead_in(wish.brief, given, plan.bars) if given is not None else []
    entering = "".join(set(wish.brief.parts) - set(given.parts)) if given is not None else ""
    for bar in compose(
        run, pipeline, wish.brief, plan.bars, seed, request.temperature, clock, first, entering
    ):
        add(bar, len(before) + made)
        made += 1
        run.emit(Progress(step=made, total=plan.bars, unit="bar"))
    partial = made < plan.bars
    bar_seconds = wish.brief.steps / STEPS_A_BEAT * 60 / plan.bpm
    there = (len(before) + made) * bar_seconds - plan.upbeat + 0.5
    seconds = min(plan.seconds, max(0.5, there)) if partial else plan.seconds
    clock.stop()
    if made:
        read_as = (
            f"continues {given.name.replace(':', ' ')}: " if given is not None else ""
        ) + describe(wish)
        midi = midi_file(strokes, playing, f"Studio, job {run.job.id}: {read_as}")
        sound = mixer.finish(seconds)
        yield AudioResult(
            samples=sound,
            sampling_rate=RATE,
            seed=seed,
            partial=partial,
            midi=midi,
            prompt_read=read_as,
        )
    if partial:
        raise JobCancelledError
    return Statistics(
        run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token"
    )


class Plan(NamedTuple):
    """How a length in seconds becomes bars."""

    bars: int
    bpm: float
    fermata: float
    """Seconds that the last chord is held beyond its bar; negative where it ends before it."""
    seconds: float
    """Of the whole sound."""
    upbeat: float = 0.0
    """Seconds of the first bar that are left out: a short piece begins within a bar."""


def plan_length(wish: MusicPrompt, seconds: float) -> Plan:
    """Return the bars and the tempo with which a piece ends, its last chord rung out, just when
    `seconds` are over.

    A tempo that the prompt names in beats a minute is changed by at most 3 %, another by at most 15
    %; what is left is the ring. Where whole bars would leave a short piece little but its last
    chord, it begins within a bar.
    """
    plan = _plan_whole_bars(wish, seconds)
    bar = wish.brief.steps / STEPS_A_BEAT * 60 / plan.bpm
    if seconds - (plan.bars - 1) * bar <= _LONGEST_END * seconds:
        return plan
    return _plan_upbeat(wish, seconds) or plan


def _plan_upbeat(wish: MusicPrompt, seconds: float) -> Plan | None:
    """Return a plan in whole beats before the last chord; None where not one of them fits."""
    exact = (1 - _END) * seconds * wish.bpm / 60
    nearest = max(1, round(exact))
    plans = (_plan_beats(wish, seconds, beats, exact) for beats in (nearest, nearest - 1) if beats)
    return next((plan for plan in plans if plan is not None), None)


def _plan_beats(wish: MusicPrompt, seconds: float, beats: int, exact: float) -> Plan | None:
    """Return the plan with so many beats before the last chord; None where they leave it too little
    time.
    """
    beats_a_bar, freedom = wish.brief.steps // STEPS_A_BEAT, 0.03 if wish.exact_bpm else 0.15
    bpm = wish.bpm * min(1 + freedom, max(1 - freedom, beats / exact))
    beat = 60 / bpm
    held = seconds - beats * beat
    if held < _END / 2 * seconds:
        return None
    bars = -(-beats // beats_a_bar)
    fermata = held - min(_LET_GO, held / 3) - beats_a_bar * beat
    return Plan(bars + 1, bpm, fermata, seconds, (bars * beats_a_bar - beats) * beat)


def _from(strokes: Sequence[Stroke], begin: float) -> list[Stroke]:
    """Return what is played from a time on; a note that sounds there begins there."""
    return [
        stroke
        if stroke.begin >= begin
        else stroke._replace(begin=begin, seconds=stroke.begin + stroke.seconds - begin)
        for stroke in strokes
        if stroke.begin >= begin - 0.01
        or (stroke.part != "D" and stroke.begin + stroke.seconds > begin + 0.1)
    ]


def _plan_whole_bars(wish: MusicPrompt, seconds: float) -> Plan:
    ring = min(_RING, 0.2 * seconds)
    beats = wish.brief.steps / STEPS_A_BEAT
    freedom = 0.03 if wish.exact_bpm else 0.15
    exact = (seconds - ring) * wish.bpm / 60 / beats
    bars = max(1, round(exact))
    if bars > 1 and bars > exact * (1 + freedom):
        bars -= 1
    bpm = wish.bpm * min(1 + freedom, max(1 - freedom, bars / exact))
    over = seconds - bars * beats * 60 / bpm
    return Plan(bars, bpm, min(3.0, max(0.0, over - _LET_GO)), seconds)


def plan_more(given: Continuation, seconds: float) -> Plan:
    """Return the bars that go on from what is given, at its tempo: as many as fit in `seconds`, at
    least one, and the ring.
    """
    bar = given.steps / STEPS_A_BEAT * 60 / given.bpm
    ring = min(_RING, 0.2 * seconds)
    bars = max(1, int((seconds - ring) / bar))
    over = min(3.0, max(ring, min(seconds - bars * bar, 0.25 * seconds)))
    return Plan(bars, given.bpm, max(0.0, over - _LET_GO), given.seconds + bars * bar + over)


def compose(
    run: JobContext,
    pipeline: SymbolicModel,
    brief: Brief,
    bars: int,
    seed: int,
    temperature: float,
    clock: Clock,
    given: Sequence[int] = (),
    entering: str = "",
) -> Iterator[Bar]:
    """Yield the bars as the model writes them, after those that are `given` as tokens; ends early
    where the job is cancelled.
    """
    tokens: list[int] = []
    for token in sample(
        pipeline, brief, Grammar(brief, bars, entering=entering), seed, temperature, given
    ):
        clock.tick()
        tokens.append(token)
        if run.is_cancelled():
            return
        if _ends_a_bar(token, tokens):
            yield from decode(tokens)
            tokens = [token]


def _ends_a_bar(token: int, tokens: list[int]) -> bool:
    text = vocabulary().tokens[token]
    return text == "<end>" or (text.startswith("left:") and len(tokens) > 1)


def sample(
    pipeline: SymbolicModel,
    brief: Brief,
    grammar: Grammar,
    seed: int,
    temperature: float,
    given: Sequence[int] = (),
) -> Iterator[int]:
    """Yield token after token, drawn among those that the grammar allows, until the piece is over.
    `given` stands before them.
    """
    import torch

    random = np.random.default_rng(seed)
    head = vocabulary().encode(brief.tokens())
    past, cache = list(given), None
    new, cache_name = head + past, _cache_name(pipeline.model)
    while not grammar.over:
        allowed = grammar.allowed()
        if len(head) + len(past) + 1 >= pipeline.positions:
            past = _last_bars(past, pipeline.positions - len(head) - 2)
            new, cache = head + past, None
        with torch.inference_mode():
            inputs = {"input_ids": torch.tensor([new]), cache_name: cache}
            output = pipeline.model(**inputs, use_cache=True, logits_to_keep=1)
        cache = output[cache_name]
        token = draw(output.logits[0, -1].float().numpy(), allowed, temperature, random)
        grammar.push(token)
        past.append(token)
        new = [token]
        yield token


def _cache_name(model: Any) -> str:
    """Return what the model calls its memory of the tokens before: transformers renamed it in
    5.2x.
    """
    named = inspect.signature(model.forward).parameters if hasattr(model, "forward") else {}
    return "cache" if "cache" in named else "past_key_values"


def _last_bars(tokens: list[int], room: int) -> list[int]:
    """Return the last bars, from the beginning of one on, that leave half of the `room` for more; a
    longer one is cut.
    """
    begins = [
        at for at, token in enumerate(tokens) if vocabulary().tokens[token].startswith("left:")
    ]
    fitting = [at for at in begins[-_KEPT_BARS:] if len(tokens) - at <= room // 2]
    return tokens[fitting[0] :] if fitting else tokens[-(room // 2) :]


def draw(
    logits: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    temperature: float,
    random: np.random.Generator,
) -> int:
    """Return one of the allowed tokens, drawn from the likeliest that have `_TOP_P` of the chance
    together.
    """
    choices = np.flatnonzero(allowed)
    scores = logits[choices].astype(np.float64)
    if not np.isfinite(scores).all():
        raise StudioError(
            "The model made numbers that are no music (NaN).",
            cause="model",
            cure="Its files may be damaged.",
        )
    chances = np.exp((scores - scores.max()) / temperature)
    order = np.argsort(-chances, kind="stable")
    chances = chances[order] / chances.sum()
    kept = int(np.searchsorted(np.cumsum(chances), _TOP_P)) + 1
    return int(
        choices[order[:kept]][
            random.choice(len(chances[:kept]), p=chances[:kept] / chances[:kept].sum())
        ]
    )
