"""`studio models get` and `studio models hub`: models from a hub."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studio.cli import output
from studio.cli.context import unsaved
from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import tr

if TYPE_CHECKING:
    from studio.models.card import ModelCard
    from studio.models.hub.download import DownloadEstimate
    from studio.models.hub.repository import Hub, Repository
    from studio.models.install.wheel_download import InstallProgress

Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
Endpoint = Annotated[
    str, typer.Option("--endpoint", metavar="URL", help=tr("Use another hub, such as a mirror."))
]


def get_command(
    ctx: typer.Context,
    repository: Annotated[
        str,
        typer.Argument(metavar="REPO[@REVISION]", help=tr("organization/name, or the page's URL.")),
    ],
    file: Annotated[
        str, typer.Option("--file", metavar="NAME.gguf", help=tr("Download this file of several."))
    ] = "",
    endpoint: Endpoint = "",
    offline: Annotated[bool, typer.Option("--offline", help=tr("Do not use the network."))] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help=tr("Show what would be downloaded, and download nothing.")),
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help=tr("Delete the files of an unfinished download."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Download a model from a hub, or continue a download. Ctrl+C pauses it."""
    try:
        from studio.models.hub.repository import Repository, hub_for, parse_repository

        hub = hub_for(ctx.obj.data, endpoint, offline=offline)
        wanted = parse_repository(repository, hub)
        if file:
            wanted = Repository(wanted.repo, wanted.revision, (file,))
        if discard:
            _discard(ctx.obj.data, wanted, as_json)
        elif check:
            _check(ctx.obj.data, wanted, hub, as_json)
        else:
            _get(ctx.obj.data, wanted, hub, as_json)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG if error.cause == "invalid" else output.FAILED) from None
    except KeyboardInterrupt:
        output.note(tr("Paused. Run the command again to continue."))
        raise typer.Exit(output.INTERRUPTED) from None


def _get(data: DataFolder, wanted: Repository, hub: Hub, as_json: bool) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from studio.models.hub.download import download
    from studio.models.hub.progress import pace_text

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(wanted.repo, total=None, pace="")

        def show(now: InstallProgress) -> None:
            progress.update(
                bar,
                description=now.phase,
                completed=now.done,
                total=now.total or None,
                pace=pace_text(now),
            )

        card = download(data, wanted, show, hub=hub)
    _show_card(card, as_json)


def _show_card(card: ModelCard, as_json: bool) -> None:
    if as_json:
        output.as_json(card)
    else:
        output.result(card.name)


def _check(data: DataFolder, wanted: Repository, hub: Hub, as_json: bool) -> None:
    from studio.models.hub.download import query

    estimate = query(data, wanted, hub=hub)
    if as_json:
        output.as_json(estimate)
    else:
        _show_estimate(estimate)
    if estimate.contents.closed is not None:
        raise estimate.contents.closed.error()


def _show_estimate(estimate: DownloadEstimate) -> None:
    contents = estimate.contents
    repo = estimate.repository.repo
    output.result(tr("{repo}, commit {commit}", repo=repo, commit=contents.commit))
    for file in contents.files:
        output.result(f"{file.size / 1e6:10.1f} MB  {file.path}")
    if contents.files:
        output.result(
            tr(
                "{size:10.1f} MB  in total; {downloaded:.1f} MB are downloaded",
                size=contents.size / 1e6,
                downloaded=estimate.downloaded / 1e6,
            )
        )
    others = [file for file in contents.choices if file not in contents.files]
    for file in others:
        output.result(
            tr(
                "{size:10.1f} MB  {path} (instead, with --file)",
                size=file.size / 1e6,
                path=file.path,
            )
        )
    output.result(
        tr(
            "Disk: {need:.1f} GB needed, {free:.1f} GB free",
            need=estimate.need / 1e9,
            free=estimate.free / 1e9,
        )
    )
    name = contents.license or tr("unknown", context="license")
    if contents.license_link:
        name += f" ({contents.license_link})"
    output.result(
        tr("License: {license}; accept its terms on the hub first", license=name)
        if contents.gated
        else tr("License: {license}", license=name)
    )


def _discard(data: DataFolder, wanted: Repository, as_json: bool) -> None:
    from studio.models.hub.download_folder import discard_partial_download

    size = discard_partial_download(data, wanted)
    if as_json:
        output.as_json({"repository": wanted.repo, "deleted": size})
    else:
        output.result(
            tr("{size:.1f} MB of {repo} were deleted.", size=size / 1e6, repo=wanted.repo)
        )


def hub_command(
    ctx: typer.Context,
    endpoint: Annotated[
        str | None,
        typer.Option(
            "--endpoint", metavar="URL", help=tr("Store another hub; empty for the default one.")
        ),
    ] = None,
    offline: Annotated[
        bool | None, typer.Option("--offline/--online", help=tr("Disable or enable downloads."))
    ] = None,
    login: Annotated[
        bool,
        typer.Option(
            "--login",
            help=tr(
                "Store a token in the desktop's keyring; asks for it, or reads standard input."
            ),
        ),
    ] = False,
    logout: Annotated[bool, typer.Option("--logout", help=tr("Delete the token."))] = False,
    as_json: Json = False,
) -> None:
    """Show or change the hub, the account, and whether Studio may download."""
    from studio.core.settings_store import update
    from studio.models.hub.credentials import store_token, token_for
    from studio.models.hub.download_folder import partial_downloads
    from studio.models.hub.repository import hub_for

    data = ctx.obj.data
    try:
        ctx.obj.report_damage()
        if change := _hub_settings(endpoint, offline):
            update(data, change)
        hub = hub_for(data)
        if login or logout:
            store_token(hub, _ask_token() if login else "")
        logged_in = bool(token_for(hub))
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG if error.cause == "invalid" else output.FAILED) from None
    except OSError as error:
        output.explain(unsaved(error))
        raise typer.Exit(output.FAILED) from None
    _show_hub(hub, logged_in, partial_downloads(data), as_json)


def _hub_settings(endpoint: str | None, offline: bool | None) -> dict[str, Any]:
    """Return the settings that the options change. Raises StudioError."""
    from studio.core.settings_catalog.endpoint import checked_endpoint

    change: dict[str, Any] = {}
    if endpoint is not None:
        change["endpoint"] = checked_endpoint(endpoint) if endpoint else ""
    if offline is not None:
        change["offline"] = offline
    return change


def _show_hub(hub: Hub, logged_in: bool, partial: Mapping[str, int], as_json: bool) -> None:
    """Print the hub and the unfinished downloads (repository → bytes)."""
    from studio.models.catalog import meant_by

    if as_json:
        output.as_json(
            {
                "endpoint": hub.endpoint,
                "offline": hub.offline,
                "logged_in": logged_in,
                "unfinished": partial,
            }
        )
        return
    output.result(
        tr("Hub: {address} (offline)", address=hub.endpoint)
        if hub.offline
        else tr("Hub: {address}", address=hub.endpoint)
    )
    output.result(tr("Account: token stored") if logged_in else tr("Account: none"))
    for name, size in partial.items():
        output.result(
            tr(
                "Unfinished: {name}, {size:.1f} MB (studio models get {model})",
                name=name,
                size=size / 1e6,
                model=meant_by(name),
            )
        )


def _ask_token() -> str:
    return (
        getpass.getpass(tr("Token (not shown): "), sys.stderr)
        if sys.stdin.isatty()
        else sys.stdin.readline()
    )
