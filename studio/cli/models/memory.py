"""`studio models memory` and the option `--memory`: how models are loaded."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import typer

from studio.cli import output
from studio.cli.context import Context, unsaved
from studio.core.errors import StudioError
from studio.core.settings import MAX_UNLOAD_MINUTES, LoadPreference, LoadStrategy
from studio.core.settings_store import load_settings, update

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_WAYS: tuple[LoadPreference, ...] = ("auto", *get_args(LoadStrategy))
WAYS = ", ".join(_WAYS)


def read_way(text: str) -> LoadPreference:
    """Return the way that a person named. Raises StudioError."""
    for way in _WAYS:
        if way == text:
            return way
    raise StudioError(
        f"There is no way {text!r} to load a model.", cause="invalid", cure=f"There are: {WAYS}."
    )


def memory_command(
    ctx: typer.Context,
    way: Annotated[str, typer.Argument(metavar="[WAY]", help=f"Keep this: {WAYS}.")] = "",
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="For one model only.")] = "",
    unload: Annotated[
        float | None,
        typer.Option("--unload", metavar="MINUTES", help="When unused models leave; 0 is never."),
    ] = None,
    warm_start: Annotated[
        bool | None,
        typer.Option(
            "--warm-start/--no-warm-start", help="Load the model used last when the window is open."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show or set how models are loaded, and how long they stay."""
    data = ctx.obj.data
    ctx.obj.report_damage()
    settings = load_settings(data)
    try:
        if model and model not in settings.model_memory:  # one that is gone can be taken out
            _check_there(ctx.obj, model)
        change = _change(way, model, unload, warm_start)
        if change:
            settings = update(data, change)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    except OSError as error:
        output.explain(unsaved(error))
        raise typer.Exit(output.FAILED) from None
    if as_json:
        output.as_json(
            {
                "memory": settings.memory,
                "models": settings.model_memory,
                "unload_minutes": settings.unload_minutes,
                "warm_start": settings.warm_start,
            }
        )
        return
    output.result(f"All models: {settings.memory}")
    for name, kept in sorted(settings.model_memory.items()):
        output.result(f"{name}: {kept}")
    minutes = settings.unload_minutes
    output.result(
        f"Unused models leave after {minutes:g} minutes"
        if minutes
        else "Unused models stay until others need the room"
    )
    output.result(
        f"The model used last is loaded with the window: {'yes' if settings.warm_start else 'no'}"
    )


def _change(way: str, model: str, unload: float | None, warm_start: bool | None) -> dict[str, Any]:
    """Return the settings that the options change. Raises StudioError."""
    change: dict[str, Any] = {}
    if way and model:
        chosen = read_way(way)
        change["model_memory"] = {model: None if chosen == "auto" else chosen}
    elif way:
        change["memory"] = read_way(way)
    if unload is not None:
        change["unload_minutes"] = _minutes(unload)
    if warm_start is not None:
        change["warm_start"] = warm_start
    return change


def _check_there(context: Context, model: str) -> None:
    """Raise StudioError where no model has this name: a typing mistake would be kept, and change
    nothing.
    """
    if model not in {card.name for card in context.registry.list()}:
        raise StudioError(
            f"There is no model {model!r} installed.",
            cause="invalid",
            cure="See `studio models list`.",
        )


def _minutes(value: float) -> float:
    if not 0 <= value <= MAX_UNLOAD_MINUTES:
        raise StudioError(f"The minutes must be from 0 to {MAX_UNLOAD_MINUTES:,}.", cause="invalid")
    return value
