"""Calls a function after each step of a diffusion pipeline."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def on_each_step(
    pipe: Any,
    parameters: frozenset[str],
    arguments: dict[str, Any],
    on_step: Callable[[Any], None],
) -> Generator[None, None, None]:
    """Call `on_step` with the latents (None if unknown) after each step of one call of `pipe`.

    Adds the pipeline's callback to `arguments`; a pipeline without one (`parameters` are those of
    its call) has its scheduler's step wrapped. Raising in `on_step` cancels every pipeline.
    """
    if "callback_on_step_end" in parameters:
        arguments["callback_on_step_end"] = _callback(on_step)
        yield
        return
    scheduler = pipe.scheduler
    step: Callable[..., Any] = scheduler.step

    def wrapped(*values: Any, **more: Any) -> Any:
        result = step(*values, **more)
        on_step(result[0] if isinstance(result, tuple) else result.prev_sample)
        return result

    scheduler.step = wrapped
    try:
        yield
    finally:
        del scheduler.step


def _callback(on_step: Callable[[Any], None]) -> Callable[..., dict[str, Any]]:
    def on_step_end(
        _pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        on_step(tensors.get("latents"))
        return tensors

    return on_step_end
