"""Music from a model that writes notes (family `symbolic-music`): events are generated bar by bar, and played by our own instruments.

It runs on the CPU everywhere: the model is small, one token waits for the one before, and so the same seed gives the same
notes on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.engine.music_events import STEPS_A_BEAT, Bar, Brief, decode, vocabulary
from studio.engine.music_grammar import Grammar
from studio.engine.music_mix import Mixer
from studio.engine.music_score import Playing, Stroke, midi_file, play
from studio.engine.music_sound import RATE
from studio.engine.music_words import Wish, describe, read
from studio.engine.protocol import JobCancelledError, Run
from studio.engine.text_stream import Clock
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard
from studio.models.inspect import EVENTS_FILE

FAMILY = "symbolic-music"
_TOP_P = 0.98
_KEPT_BARS = 6
"""So many bars the model still sees when its positions are full."""
_RING = 2.0
"""Seconds at the end for the last chord, in pieces that are long enough."""


class SymbolicModel(NamedTuple):
    """A loaded model. `positions`: how many tokens it can see."""

    model: Any
    positions: int


def load(card: ModelCard) -> SymbolicModel:
    """Load the model from the card's folder. Raises StudioError where its events are not those that Studio plays."""
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
    model = AutoModelForCausalLM.from_pretrained(card.path, dtype=torch.float32, local_files_only=True).eval()
    return SymbolicModel(model, int(model.config.max_position_embeddings))


def generate(run: Run, pipeline: SymbolicModel) -> Generator[Result, None, Statistics]:
    """Yield the music; see `protocol.Kind.generate`. When cancelled, the bars that are whole are kept."""
    request = run.job.request
    assert isinstance(request, MusicRequest)
    wish, seed = read(request.prompt), request.seed or 0
    plan = plan_length(wish, request.seconds)
    playing = Playing(wish.brief.style, wish.brief.steps, plan.bpm, wish.key, wish.instruments, seed)
    mixer, clock, strokes = Mixer(playing, request.seconds), Clock(), list[Stroke]()
    made = 0
    for bar in compose(run, pipeline, wish.brief, plan.bars, seed, request.temperature, clock):
        strokes += (new := play(bar, made, playing, plan.fermata if made == plan.bars - 1 else 0.0))
        mixer.add(new)
        made += 1
        run.emit(Progress(step=made, total=plan.bars, unit="bar"))
    partial = made < plan.bars
    bar_seconds = wish.brief.steps / STEPS_A_BEAT * 60 / plan.bpm
    seconds = min(request.seconds, made * bar_seconds + 0.5) if partial else request.seconds
    clock.stop()
    if made:
        read_as = describe(wish)
        midi = midi_file(strokes, playing, f"Studio, job {run.job.id}: {read_as}")
        sound = mixer.finish(seconds)
        yield AudioResult(samples=sound, sampling_rate=RATE, seed=seed, partial=partial, midi=midi, prompt_read=read_as)
    if partial:
        raise JobCancelledError
    return Statistics(run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token")


class Plan(NamedTuple):
    """How a length in seconds becomes bars."""

    bars: int
    bpm: float
    fermata: float
    """Seconds that the last chord is held beyond its bar."""


def plan_length(wish: Wish, seconds: float) -> Plan:
    """Return the bars and the tempo with which a piece ends, its last chord rung out, just when `seconds` are over.

    A tempo that the prompt names in beats a minute is changed by at most 3 %, another by at most 15 %; what is left is the ring.
    """
    ring = min(_RING, 0.2 * seconds)
    beats = wish.brief.steps / STEPS_A_BEAT
    freedom = 0.03 if wish.bpm_said else 0.15
    exact = (seconds - ring) * wish.bpm / 60 / beats
    bars = max(1, round(exact))
    if bars > 1 and bars > exact * (1 + freedom):
        bars -= 1
    bpm = wish.bpm * min(1 + freedom, max(1 - freedom, bars / exact))
    over = seconds - bars * beats * 60 / bpm
    return Plan(bars, bpm, min(3.0, max(0.0, over - 0.6 * _RING)))


def compose(
    run: Run, pipeline: SymbolicModel, brief: Brief, bars: int, seed: int, temperature: float, clock: Clock
) -> Iterator[Bar]:
    """Yield the bars as the model writes them; ends early where the job is cancelled."""
    tokens: list[int] = []
    for token in sample(pipeline, brief, Grammar(brief, bars), seed, temperature):
        clock.tick()
        tokens.append(token)
        if run.cancelled():
            return
        if _ends_a_bar(token, tokens):
            yield from decode(tokens)
            tokens = [token]


def _ends_a_bar(token: int, tokens: list[int]) -> bool:
    text = vocabulary().tokens[token]
    return text == "<end>" or (text.startswith("left:") and len(tokens) > 1)


def sample(pipeline: SymbolicModel, brief: Brief, grammar: Grammar, seed: int, temperature: float) -> Iterator[int]:
    """Yield token after token, drawn among those that the grammar allows, until the piece is over."""
    import torch

    random = np.random.default_rng(seed)
    head = vocabulary().encode(brief.tokens())
    past, new, cache = list[int](), head, None
    while not grammar.over:
        allowed = grammar.allowed()
        if len(head) + len(past) + 1 >= pipeline.positions:
            past = _last_bars(past)
            new, cache = head + past, None
        with torch.inference_mode():
            output = pipeline.model(input_ids=torch.tensor([new]), past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
        token = draw(output.logits[0, -1].float().numpy(), allowed, temperature, random)
        grammar.push(token)
        past.append(token)
        new = [token]
        yield token


def _last_bars(tokens: list[int]) -> list[int]:
    """Return the last bars, from the beginning of one on."""
    begins = [at for at, token in enumerate(tokens) if vocabulary().tokens[token].startswith("left:")]
    return tokens[begins[-min(len(begins), _KEPT_BARS)] :]


def draw(
    logits: NDArray[np.float32], allowed: NDArray[np.bool_], temperature: float, random: np.random.Generator
) -> int:
    """Return one of the allowed tokens, drawn from the likeliest that have `_TOP_P` of the chance together."""
    choices = np.flatnonzero(allowed)
    scores = logits[choices].astype(np.float64)
    if not np.isfinite(scores).all():
        raise StudioError("The model made numbers that are no music (NaN).", cause="model", cure="Its files may be damaged.")
    chances = np.exp((scores - scores.max()) / temperature)
    order = np.argsort(-chances, kind="stable")
    chances = chances[order] / chances.sum()
    kept = int(np.searchsorted(np.cumsum(chances), _TOP_P)) + 1
    return int(choices[order[:kept]][random.choice(len(chances[:kept]), p=chances[:kept] / chances[:kept].sum())])
