"""The options that choose items, shared by the commands of `studio library`."""

from __future__ import annotations

import datetime
import functools
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.kinds import KINDS
from studio.core.paths import input_path
from studio.core.translation import tr
from studio.library.annotations import split_names
from studio.library.items import MAX_RATING, Media, Query

MEDIA: tuple[Media, ...] = ("image", "text", "audio", "video")
_DAYS = re.compile(r"(\d{1,5})d")
_HASH = re.compile(r"[0-9a-f]{64}")

Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind", help=tr("Only this kind: {kinds}. May be repeated.", kinds=", ".join(KINDS))
    ),
]
MediaOption = Annotated[
    list[str] | None,
    typer.Option("--media", help=tr("Only {media}. May be repeated.", media=", ".join(MEDIA))),
]
Models = Annotated[
    list[str] | None, typer.Option("--model", help=tr("Only of this model. May be repeated."))
]
Batch = Annotated[str | None, typer.Option("--batch", help=tr("Only of the batch with this id."))]
Program = Annotated[
    str | None, typer.Option("--program", help=tr("Only of this program, such as ComfyUI."))
]
Since = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="DATE", help=tr("Made on this day or later: 2026-11-30, or 7d.")
    ),
]
Until = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help=tr("Made on this day or earlier."))
]
Rating = Annotated[
    int, typer.Option("--rating", min=0, max=MAX_RATING, help=tr("With this many stars or more."))
]
Favorite = Annotated[bool, typer.Option("--favorite", help=tr("Only favorites."))]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help=tr("With this tag. May be repeated: all of them."))
]
Collection = Annotated[
    str | None, typer.Option("--collection", help=tr("Only of this collection."))
]
HasSeed = Annotated[bool, typer.Option("--has-seed", help=tr("Only with a known seed."))]
MinSide = Annotated[
    int,
    typer.Option("--min-side", min=0, metavar="PIXELS", help=tr("Lower limit of the longer side.")),
]
MadeFrom = Annotated[
    str | None,
    typer.Option(
        "--made-from", metavar="FILE", help=tr("Only made from this file, or its SHA-256.")
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", parser=input_path, metavar="FOLDER", help=tr("Only below this folder.")
    ),
]
Missing = Annotated[bool, typer.Option("--missing", help=tr("Only files that are gone."))]

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "kinds": (Kinds, None),
    "media": (MediaOption, None),
    "models": (Models, None),
    "batch": (Batch, None),
    "program": (Program, None),
    "since": (Since, None),
    "until": (Until, None),
    "rating": (Rating, 0),
    "favorite": (Favorite, False),
    "tags": (Tags, None),
    "collection": (Collection, None),
    "has_seed": (HasSeed, False),
    "min_side": (MinSide, 0),
    "made_from": (MadeFrom, None),
    "folder": (Folder, None),
    "missing": (Missing, False),
}
"""Parameter → its option and default."""


_OPTION_NAMES = {
    "kinds": "--kind",
    "media": "--media",
    "models": "--model",
    "batch": "--batch",
    "program": "--program",
    "since": "--from",
    "until": "--to",
    "tags": "--tag",
    "collection": "--collection",
    "made_from": "--made-from",
}
"""Those with a text, which is never empty."""


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the options, which it gets as `query`; its own options come first."""

    @functools.wraps(command)
    def run(ctx: typer.Context, **values: Any) -> None:
        chosen = {name: values.pop(name) for name in _OPTIONS}
        command(ctx, query=make_query(**chosen), **values)

    own = inspect.signature(command, eval_str=True).parameters.values()
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in own
        if parameter.name != "query"
    ]
    parameters += [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
        )
        for name, (annotation, default) in _OPTIONS.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # for typer
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def make_query(**chosen: Any) -> Query:
    """Return the query for the options' values. Raises StudioError."""
    for name, option in _OPTION_NAMES.items():
        values = [chosen[name]] if isinstance(chosen[name], str) else chosen[name] or ()
        if not all(value.strip(" ,，") for value in values):  # an unset variable of a shell
            raise _invalid(
                tr("{option} has no value.", option=option), tr("Leave it out, or write one.")
            )
    for name, values, known in (
        ("--kind", chosen["kinds"] or (), tuple(KINDS)),
        ("--media", chosen["media"] or (), MEDIA),
    ):
        for value in values:
            if value not in known:
                raise _invalid(
                    tr("{option} {value} is unknown.", option=name, value=value[:40]),
                    tr("Use {choices}.", choices=", ".join(known)),
                )
    return Query(
        kinds=tuple(chosen["kinds"] or ()),
        media=cast("tuple[Media, ...]", tuple(chosen["media"] or ())),
        models=tuple(chosen["models"] or ()),
        batch=chosen["batch"] or "",
        program=chosen["program"] or "",
        created_from=_day(chosen["since"], "--from") if chosen["since"] else None,
        created_to=_day(chosen["until"], "--to", after=1) if chosen["until"] else None,
        min_rating=chosen["rating"],
        favorite=chosen["favorite"],
        tags=tuple(tag for text in chosen["tags"] or () for tag in split_names(text)),
        collection=chosen["collection"] or "",
        has_seed=chosen["has_seed"],
        min_side=chosen["min_side"],
        made_from=_hash(chosen["made_from"]) if chosen["made_from"] else "",
        folder=str(chosen["folder"].absolute()) if chosen["folder"] else "",
        missing=True if chosen["missing"] else None,
    )


def _day(text: str, option: str, after: int = 0) -> float:
    """Return the beginning of a day, or of the day `after` it, as Unix time."""
    match = _DAYS.fullmatch(text.strip())
    today = datetime.datetime.combine(datetime.date.today(), datetime.time())
    try:
        day = (
            today - datetime.timedelta(days=int(match.group(1)))
            if match
            else datetime.datetime.combine(
                datetime.date.fromisoformat(text.strip()), datetime.time()
            )
        )
        return (day + datetime.timedelta(days=after)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise _invalid(
            tr("{option} {date} is no date.", option=option, date=text[:40]),
            tr("Write 2026-11-30, or 7d for the last seven days."),
        ) from None


def _hash(text: str) -> str:
    if _HASH.fullmatch(text.lower()):
        return text.lower()
    cure = tr("Name a file, or its SHA-256.")
    path = input_path(text)
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device may never end
            raise _invalid(tr("--made-from {path}: this is not a file.", path=text[:200]), cure)
        return sha256_of(path)
    except OSError as error:
        raise _invalid(f"--made-from {text[:200]}: {error.strerror or error}.", cure) from error


def _invalid(message: str, cure: str) -> StudioError:
    return StudioError(message, cause="invalid", cure=cure)
