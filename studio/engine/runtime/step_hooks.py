"""Sees the steps of a diffusion pipeline, whatever it makes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def on_each_step(
    pipe: Any, parameters: frozenset[str], arguments: dict[str, Any], see: Callable[[Any], None]
) -> Generator[None, None, None]:
    """Call `see` with the latents (None where they are not told) after each step of one call of
    `pipe`.

    By its callback, which is put into `arguments`, or where it has none (`parameters` are what the
    call takes) by its scheduler's step. Raising in `see` is the one way out that every pipeline
    has.
    """
    if "callback_on_step_end" in parameters:
        arguments["callback_on_step_end"] = _callback(see)
        yield
        return
    scheduler = pipe.scheduler
    step: Callable[..., Any] = scheduler.step

    def seen(*values: Any, **more: Any) -> Any:
        result = step(*values, **more)
        see(result[0] if isinstance(result, tuple) else result.prev_sample)
        return result

    scheduler.step = seen
    try:
        yield
    finally:
        del scheduler.step


def _callback(see: Callable[[Any], None]) -> Callable[..., dict[str, Any]]:
    def on_step_end(
        _pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        see(tensors.get("latents"))
        return tensors

    return on_step_end
