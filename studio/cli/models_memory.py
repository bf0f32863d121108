"""`studio models memory` and the option `--memory`: how models are loaded."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from studio.cli import output
from studio.cli.context import Context
from studio.core.errors import StudioError
from studio.core.settings import MemoryWish, Rung, load_settings, save_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_WAYS: tuple[MemoryWish, ...] = ("auto", *get_args(Rung))
WAYS = ", ".join(_WAYS)


def read_way(text: str) -> MemoryWish:
    """Return the way that a person named. Raises StudioError."""
    for way in _WAYS:
        if way == text:
            return way
    raise StudioError(f"There is no way {text!r} to load a model.", cause="invalid", cure=f"There are: {WAYS}.")


def memory_command(
    ctx: typer.Context,
    way: Annotated[str, typer.Argument(metavar="[WAY]", help=f"Keep this: {WAYS}.")] = "",
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="For one model only.")] = "",
    unload: Annotated[
        float | None, typer.Option("--unload", metavar="MINUTES", help="When unused models leave; 0 is never.")
    ] = None,
    warm_start: Annotated[
        bool | None, typer.Option("--warm-start/--no-warm-start", help="Load the model used last when the window is open.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show or set how models are loaded, and how long they stay."""
    data = ctx.obj.data
    settings = load_settings(data)
    try:
        if model and model not in settings.model_memory:  # one that is gone can be taken out
            _check_there(ctx.obj, model)
        if way:
            _keep(settings.model_memory, model, read_way(way))
            settings.memory = settings.memory if model else read_way(way)
        if unload is not None:
            settings.unload_minutes = _minutes(unload)
        if warm_start is not None:
            settings.warm_start = warm_start
        if way or unload is not None or warm_start is not None:
            save_settings(data, settings)
    except (StudioError, OSError) as error:
        output.explain(error if isinstance(error, StudioError) else StudioError(str(error)))
        raise typer.Exit(output.WRONG) from None
    if as_json:
        output.as_json(
            {
                "memory": settings.memory, "models": settings.model_memory, "unload_minutes": settings.unload_minutes,
                "warm_start": settings.warm_start,
            }
        )  # fmt: skip
        return
    output.result(f"All models: {settings.memory}")
    for name, kept in sorted(settings.model_memory.items()):
        output.result(f"{name}: {kept}")
    minutes = settings.unload_minutes
    output.result(
        f"Unused models leave after {minutes:g} minutes" if minutes else "Unused models stay until others need the room"
    )
    output.result(f"The model used last is loaded with the window: {'yes' if settings.warm_start else 'no'}")


def _keep(kept: dict[str, MemoryWish], model: str, way: MemoryWish) -> None:
    if model and way == "auto":
        kept.pop(model, None)
    elif model:
        kept[model] = way


def _check_there(context: Context, model: str) -> None:
    """Raise StudioError where no model has this name: a typing mistake would be kept, and change nothing."""
    from studio.models.installed import list_installed

    if model not in {card.name for card in list_installed(context.data)}:
        raise StudioError(f"There is no model {model!r} installed.", cause="invalid", cure="See `studio models list`.")


def _minutes(value: float) -> float:
    if not 0 <= value <= 100_000:
        raise StudioError("The minutes cannot be negative.", cause="invalid")
    return value
