"""Calls a function after each step of a diffusion pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

OnStep = Callable[[Any], None]
"""Gets the latents, or None if the pipeline doesn't pass them."""


@contextmanager
def on_each_step(
    pipe: Any, parameters: frozenset[str], on_step: OnStep
) -> Iterator[Mapping[str, Any]]:
    """Call `on_step` after each step of one call of `pipe`; yield the arguments for that call.

    They hold the pipeline's callback. A pipeline without one (`parameters` are those of its call)
    has its scheduler's step wrapped. Raising in `on_step` cancels every pipeline.
    """
    if "callback_on_step_end" in parameters:
        yield {"callback_on_step_end": _callback(on_step)}
        return
    scheduler = pipe.scheduler
    step: Callable[..., Any] = scheduler.step

    def step_and_report(*args: Any, **kwargs: Any) -> Any:
        result = step(*args, **kwargs)
        on_step(result[0] if isinstance(result, tuple) else result.prev_sample)
        return result

    scheduler.step = step_and_report
    try:
        yield {}
    finally:
        del scheduler.step


def _callback(on_step: OnStep) -> Callable[..., Any]:
    def on_step_end(_pipe: Any, _step: int, _timestep: Any, tensors: Any) -> Any:
        on_step(tensors.get("latents"))
        return tensors

    return on_step_end
