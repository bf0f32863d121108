"""`studio models list|show|check`: installed models and the catalog, cards, file checks."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer
from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from studio.cli import output
from studio.cli.context import Context
from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.settings_store import load_settings
from studio.core.translation import tr, tr_marked
from studio.models.card import ADAPTER, ModelCard
from studio.models.catalog import CatalogEntry
from studio.models.registry import ModelRegistry

Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]


def register(models_app: typer.Typer) -> None:
    """Add the commands to `studio models`."""
    models_app.command(
        "list", help=tr("Show the installed models, the default of each kind first, then adapters.")
    )(list_command)
    models_app.command(
        "show",
        help=tr("Show a model's card: purpose, license, memory, how it is loaded, how to get it."),
    )(show_command)
    models_app.command(
        "check",
        help=tr("Verify an installed model: compare the hash of its weights with the stored one."),
    )(check_command)


def list_command(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help=tr("Also show models of the catalog."))
    ] = False,
    task: Annotated[
        str,
        typer.Option(
            "--task",
            help=tr("Show only this task (text-to-image …) or kind (text, image, adapter …)."),
        ),
    ] = "",
    fitting: Annotated[
        bool,
        typer.Option(
            "--fits", help=tr("Show only what this computer can run. Takes some seconds.")
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the installed models, the default of each kind first, then adapters."""
    from studio.models.catalog import listed, why_not_run
    from studio.models.memory.choose_plan import fits
    from studio.models.memory.hardware import probe_machine

    installed = _installed(ctx.obj.registry)
    names = {card.name for card in installed}
    entries = [entry for entry in listed(installed) if everything or entry.card.name in names]
    if task:
        entries = [
            entry
            for entry in entries
            if task in (entry.card.kind, *entry.card.tasks)
            or (task == ADAPTER and entry.card.adapter)
        ]
    if fitting:
        machine = probe_machine(gpu=load_settings(ctx.obj.data).gpu)
        entries = [
            entry
            for entry in entries
            if fits(entry.card, machine) is not False and not why_not_run(entry.card)
        ]
    if as_json:
        output.as_json({"models": [_table(entry, names) for entry in entries]})
        return
    wide = max((len(_what(entry.card)) for entry in entries), default=0)
    for entry in entries:
        card, mark = entry.card, "" if entry.card.name in names else f"  {tr('(not installed)')}"
        size = f"{card.size / 1e6:8.0f} MB" if card.size else " " * 11
        mark = mark if everything else ""
        output.result(
            f"{_what(card):{max(wide, 7)}} {card.name:40}{size}  "
            f"{card.license or tr('license unknown')}{mark}"
        )
    if not entries:
        output.note(
            tr("No such model exists.") if everything else tr("No such model is installed.")
        )
    _suggest_starter(installed)


def _suggest_starter(installed: list[ModelCard]) -> None:
    """Name the starter model of texts while none is installed."""
    kinds = {card.kind for card in installed}
    for name, kind in KINDS.items():
        if kind.starter_note and name not in kinds:
            output.note(
                tr(
                    "To install {model}: studio models install {starter}",
                    model=tr_marked(kind.model_noun),
                    starter=kind.starter,
                )
            )


def _what(card: ModelCard) -> str:
    return card.adapter if card.kind == ADAPTER else card.kind


def show_command(ctx: typer.Context, name: str, as_json: Json = False) -> None:
    """Show a model's card: purpose, license, memory, how it is loaded, how to get it."""
    installed = _installed(ctx.obj.registry)
    try:
        entry = _entry(installed, name)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    if as_json:
        output.as_json(
            {
                **_table(entry, {card.name for card in installed}),
                "loads": _loading(ctx.obj, entry.card),
            }
        )
        return
    for line in _lines(entry, {card.name for card in installed}, _loading(ctx.obj, entry.card)):
        output.result(line)


def check_command(ctx: typer.Context, name: str, as_json: Json = False) -> None:
    """Verify an installed model: compare the hash of its weights with the stored one."""
    from studio.models.install.verify import check

    console = Console(stderr=True)
    try:
        card = next(
            (card for card in _installed(ctx.obj.registry) if name in (card.name, card.title)), None
        )
        if card is None:
            raise StudioError(
                tr("The model {name!r} is not installed.", name=name),
                cause="invalid",
                cure=tr("See `studio models list`."),
            )
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            bar = progress.add_task(card.title, total=None)
            found = check(
                ctx.obj.data,
                card,
                lambda done, total: progress.update(bar, completed=done, total=total),
            )
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG if error.cause == "invalid" else output.FAILED) from None
    except KeyboardInterrupt:
        output.note(tr("Stopped."))
        raise typer.Exit(output.INTERRUPTED) from None
    if as_json:
        output.as_json({"name": card.name, **msgspec.to_builtins(found)})
    else:
        output.result(found.words)
    if found.state == "changed":
        raise typer.Exit(output.FAILED)


def _installed(registry: ModelRegistry) -> list[ModelCard]:
    adapters = [card for card in registry.of_kind(ADAPTER) if card.kind == ADAPTER]
    specialists = [card for card in registry.list() if card.only_task]
    of_kinds = (card for kind in KINDS for card in registry.of_kind(kind))
    return [*of_kinds, *specialists, *adapters]


def _entry(installed: list[ModelCard], name: str) -> CatalogEntry:
    """Return the model with this name, title, alias or repository. Raises StudioError."""
    from studio.models.catalog import listed

    wanted = name.casefold()
    entries = listed(installed)
    for entry in entries:
        card = entry.card
        if wanted in {
            word.casefold() for word in (card.name, card.title, card.repo, *entry.aliases)
        }:
            return entry
    near = [
        entry.card.name
        for entry in entries
        if wanted in f"{entry.card.name} {entry.card.title}".casefold()
    ][:8]
    cure = (
        tr("Similar names: {names}.", names=", ".join(near))
        if near
        else tr("`studio models list --all` shows all.")
    )
    raise StudioError(tr("The model {name!r} is unknown.", name=name), cause="invalid", cure=cure)


def _table(entry: CatalogEntry, installed: set[str]) -> dict[str, Any]:
    from studio.models.catalog import how_to_get, why_not_run
    from studio.models.memory.hardware import memory_needs

    known, hindrance = memory_needs(entry.card), why_not_run(entry.card)
    return {
        **msgspec.to_builtins(entry.card),
        "memory": known and known[0],
        "memory_computed": bool(known and known[1]),
        "installed": entry.card.name in installed,
        "runs": not hindrance,
        "get": how_to_get(entry),
    }


def _loading(context: Context, card: ModelCard) -> str:
    """Return how an idle computer would load the model, or why it cannot."""
    from studio.models.memory.choose_plan import choose
    from studio.models.memory.folder_facts import facts_of
    from studio.models.memory.hardware import probe_machine

    if card.base or card.adapter:
        return ""
    try:
        plan = choose(
            card,
            probe_machine(gpu=load_settings(context.data).gpu).at_rest,
            facts=facts_of(card),
            preference=context.load_preference(card.name),
        )
    except StudioError as error:
        return f"{error.message} {error.cure}"
    return plan.details


def _lines(entry: CatalogEntry, installed: set[str], loading: str) -> list[str]:
    from studio.models.catalog import how_to_get, license_terms, why_not_run
    from studio.models.memory.hardware import memory_needs

    card, known, hindrance = entry.card, memory_needs(entry.card), why_not_run(entry.card)
    about = "" if known is None or not known[1] else tr(", computed from its size")
    terms = license_terms().get(card.license)
    memory = (
        [
            tr(
                "{size} GB in {precision}",
                size=f"{value / 1e9:.{1 if value >= 5e7 else 3}f}",
                precision=title,
            )
            for title, value in _precisions(known[0])
        ]
        if known
        else []
    )
    license_text = card.license or tr("unknown", context="license")
    license_text = f"{license_text}. {tr_marked(terms.summary) if terms else ''}".strip()
    rows = {
        tr("Name", context="a model"): card.name,
        tr("Kind", context="a model"): ", ".join((card.kind, *card.tasks)),
        tr("For", context="a model"): tr_marked(card.description),
        tr("Runs", context="a model"): tr("not yet: {reason}", reason=hindrance)
        if hindrance
        else "",
        tr("Size", context="a model"): f"{card.size / 1e9:.2f} GB"
        if card.size >= 5e6
        else f"{card.size / 1e6:.2f} MB"
        if card.size
        else "",
        tr("License", context="a model"): license_text,
        tr("Account", context="a model"): tr("needs an account that accepted the license")
        if card.gated
        else "",
        tr("Fits", context="a model"): card.family if card.kind == ADAPTER else "",
        tr("Trigger words", context="a model"): ", ".join(card.trigger_words),
        tr("Languages", context="a model"): ", ".join(card.languages),
        tr("Can", context="a model"): ", ".join(card.abilities),
        tr("Memory", context="a model"): f"{', '.join(memory)}{about}"
        if memory
        else ""
        if card.adapter
        else tr("unknown", context="memory"),
        tr("Loads here", context="a model"): loading,
        tr("Source", context="a model"): " ".join(
            filter(None, (card.repo or card.source, card.revision))
        ),
        tr("Folder", context="a model"): card.path if card.name in installed else "",
        tr("How to get it", context="a model"): tr("installed")
        if card.name in installed
        else how_to_get(entry),
    }
    return [
        card.title,
        *(f"  {set_cell_size(name, 15)}{value}" for name, value in rows.items() if value),
    ]


def _precisions(memory: Any) -> list[tuple[str, int]]:
    pairs = (("16-bit", memory.bf16), ("8-bit", memory.int8), ("4-bit", memory.int4))
    return [(title, value) for title, value in pairs if value]
