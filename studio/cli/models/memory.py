"""`studio models memory` and the option `--memory`: how models are loaded."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import typer

from studio.cli import output
from studio.cli.context import Context, unsaved
from studio.core.errors import StudioError
from studio.core.settings import MAX_UNLOAD_MINUTES, LoadPreference, LoadStrategy
from studio.core.settings_store import load_settings, update
from studio.core.translation import tr

Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
_STRATEGIES: tuple[LoadPreference, ...] = ("auto", *get_args(LoadStrategy))
STRATEGIES = ", ".join(_STRATEGIES)


def read_preference(text: str) -> LoadPreference:
    """Return the strategy of this name. Raises StudioError."""
    for strategy in _STRATEGIES:
        if strategy == text:
            return strategy
    raise StudioError(
        tr("{strategy!r} is not a strategy for loading models.", strategy=text[:40]),
        cause="invalid",
        cure=tr("Use one of: {strategies}.", strategies=STRATEGIES),
    )


def memory_command(
    ctx: typer.Context,
    strategy: Annotated[
        str,
        typer.Argument(
            metavar="[STRATEGY]",
            help=tr("Store this strategy: {strategies}.", strategies=STRATEGIES),
        ),
    ] = "",
    model: Annotated[
        str, typer.Option("--model", metavar="NAME", help=tr("Store it for this model only."))
    ] = "",
    unload: Annotated[
        float | None,
        typer.Option(
            "--unload",
            metavar="MINUTES",
            help=tr("Unload models that are unused for this time; 0 is never."),
        ),
    ] = None,
    warm_start: Annotated[
        bool | None,
        typer.Option(
            "--warm-start/--no-warm-start",
            help=tr("Load the last used model when the window opens."),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show or change how models are loaded, and when they are unloaded."""
    data = ctx.obj.data
    ctx.obj.report_damage()
    settings = load_settings(data)
    try:
        if model and model not in settings.model_memory:  # a setting of a removed model may change
            _check_installed(ctx.obj, model)
        change = _change(strategy, model, unload, warm_start)
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
    output.result(tr("All models: {strategy}", strategy=settings.memory))
    for name, kept in sorted(settings.model_memory.items()):
        output.result(f"{name}: {kept}")
    minutes = settings.unload_minutes
    output.result(
        tr("Unused models are unloaded after {minutes:g} minutes", minutes=minutes)
        if minutes
        else tr("Unused models stay loaded until others need the memory")
    )
    output.result(
        tr("Load the last used model when the window opens: yes")
        if settings.warm_start
        else tr("Load the last used model when the window opens: no")
    )


def _change(
    strategy: str, model: str, unload: float | None, warm_start: bool | None
) -> dict[str, Any]:
    """Return the settings that the options change. Raises StudioError."""
    change: dict[str, Any] = {}
    if strategy and model:
        preference = read_preference(strategy)
        change["model_memory"] = {model: None if preference == "auto" else preference}
    elif strategy:
        change["memory"] = read_preference(strategy)
    if unload is not None:
        change["unload_minutes"] = _minutes(unload)
    if warm_start is not None:
        change["warm_start"] = warm_start
    return change


def _check_installed(context: Context, model: str) -> None:
    """Raise StudioError for an unknown model: a misspelled name would have no effect."""
    if model not in {card.name for card in context.registry.list()}:
        raise StudioError(
            tr("The model {name!r} is not installed.", name=model),
            cause="invalid",
            cure=tr("See `studio models list`."),
        )


def _minutes(value: float) -> float:
    if not 0 <= value <= MAX_UNLOAD_MINUTES:
        raise StudioError(
            tr("--unload cannot be {minutes:g}.", minutes=value),
            cause="invalid",
            cure=tr("Choose 0 to {limit:,} minutes.", limit=MAX_UNLOAD_MINUTES),
        )
    return value
