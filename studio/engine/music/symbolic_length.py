"""Plans bars and tempo of symbolic music, so that a piece takes the requested seconds."""

from __future__ import annotations

from typing import NamedTuple

from studio.symbolic_music.events import STEPS_A_BEAT
from studio.symbolic_music.types import Continuation, MusicPrompt

_RING = 2.0
"""Seconds at the end for the last chord, in pieces that are long enough."""
_RELEASE = 0.8
"""Seconds before the end at which the last chord is released."""
_LONGEST_END = 0.36
"""Largest share of a piece for its last chord; the last bar is that chord alone."""
_END = 0.3
"""Its share where whole bars would make it longer."""
_LONGEST_FERMATA = 3.0
"""Seconds."""


class LengthPlan(NamedTuple):
    """How a length in seconds becomes bars."""

    bars: int
    bpm: float
    fermata: float
    """Seconds of the last chord beyond its bar; negative if it ends before the bar."""
    seconds: float
    """Length of the audio."""
    upbeat: float = 0.0
    """Seconds omitted from the first bar: a short piece begins within a bar."""


def plan_length(prompt: MusicPrompt, seconds: float) -> LengthPlan:
    """Return bars and tempo with which a piece, its last chord included, takes `seconds`.

    A tempo that the prompt names in beats per minute changes by at most 3 %, another by at most
    15 %; the rest is the ring of the last chord. A short piece that would be little but its last
    chord in whole bars begins within a bar.
    """
    plan = _plan_whole_bars(prompt, seconds)
    bar = prompt.brief.steps / STEPS_A_BEAT * 60 / plan.bpm
    if seconds - (plan.bars - 1) * bar <= _LONGEST_END * seconds:
        return plan
    return _plan_upbeat(prompt, seconds) or plan


def plan_continuation(source: Continuation, seconds: float) -> LengthPlan:
    """Return as many bars at the source's tempo as fit into `seconds`, at least one, and the ring.

    The plan's seconds include the source.
    """
    bar = source.steps / STEPS_A_BEAT * 60 / source.bpm
    ring = min(_RING, 0.2 * seconds)
    bars = max(1, int((seconds - ring) / bar))
    rest = min(_LONGEST_FERMATA, max(ring, min(seconds - bars * bar, 0.25 * seconds)))
    return LengthPlan(
        bars, source.bpm, max(0.0, rest - _RELEASE), source.seconds + bars * bar + rest
    )


def _plan_whole_bars(prompt: MusicPrompt, seconds: float) -> LengthPlan:
    ring = min(_RING, 0.2 * seconds)
    beats = prompt.brief.steps / STEPS_A_BEAT
    tolerance = _tempo_tolerance(prompt)
    exact = (seconds - ring) * prompt.bpm / 60 / beats
    bars = max(1, round(exact))
    if bars > 1 and bars > exact * (1 + tolerance):
        bars -= 1
    bpm = prompt.bpm * min(1 + tolerance, max(1 - tolerance, bars / exact))
    rest = seconds - bars * beats * 60 / bpm
    return LengthPlan(bars, bpm, min(_LONGEST_FERMATA, max(0.0, rest - _RELEASE)), seconds)


def _plan_upbeat(prompt: MusicPrompt, seconds: float) -> LengthPlan | None:
    """Return a plan in whole beats before the last chord, or None if not even one beat fits."""
    exact = (1 - _END) * seconds * prompt.bpm / 60
    nearest = max(1, round(exact))
    plans = (
        _plan_beats(prompt, seconds, beats, exact) for beats in (nearest, nearest - 1) if beats
    )
    return next((plan for plan in plans if plan is not None), None)


def _plan_beats(prompt: MusicPrompt, seconds: float, beats: int, exact: float) -> LengthPlan | None:
    """Return a plan with `beats` before the last chord, or None if that gets too little time."""
    bar_beats, tolerance = prompt.brief.steps // STEPS_A_BEAT, _tempo_tolerance(prompt)
    bpm = prompt.bpm * min(1 + tolerance, max(1 - tolerance, beats / exact))
    beat = 60 / bpm
    last_chord = seconds - beats * beat
    if last_chord < _END / 2 * seconds:
        return None
    bars = -(-beats // bar_beats)
    fermata = last_chord - min(_RELEASE, last_chord / 3) - bar_beats * beat
    return LengthPlan(bars + 1, bpm, fermata, seconds, (bars * bar_beats - beats) * beat)


def _tempo_tolerance(prompt: MusicPrompt) -> float:
    """Return by which share the tempo may change."""
    return 0.03 if prompt.exact_bpm else 0.15
