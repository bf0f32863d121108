"""Parse the values of options: pairs, times, files."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.batch.tables.read_file import reason_of
from studio.core.errors import StudioError
from studio.core.regular_file import read_regular
from studio.core.translation import tr
from studio.jobs.pause import Limit

MAX_DEFAULTS_BYTES = 2**20


def pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """Return NAME=VALUE texts as a dict. Raises StudioError."""
    table: dict[str, str] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise StudioError(
                tr("{option} {text!r} is not NAME=VALUE.", option=option, text=text[:40]),
                cause="invalid",
                cure=tr("For example: {option} style=oil", option=option),
            )
        if name in table:
            raise StudioError(
                tr("{option} names {name!r} twice.", option=option, name=name[:40]),
                cause="invalid",
                cure=tr("Name it once."),
            )
        table[name] = value
    return table


_LONG_NAME = re.compile(
    r"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){33}"""
)
"""a.b.c and so on, for which tomllib takes quadratic time: two minutes for 200 kB."""


def read_defaults(path: Path | None) -> dict[str, Any]:
    """Return the settings of a .toml file. Raises StudioError."""
    if path is None:
        return {}
    try:
        text = read_regular(path, MAX_DEFAULTS_BYTES).decode("utf-8-sig")
        if _LONG_NAME.search(text):
            raise _unreadable(path, tr("it is nested too deeply"))
        return tomllib.loads(text)
    except (OSError, ValueError) as error:  # tomllib's errors are ValueErrors
        raise _unreadable(path, reason_of(error)) from error
    except RecursionError as error:
        raise _unreadable(path, tr("it is nested too deeply")) from error


def _unreadable(path: Path, why: str) -> StudioError:
    return StudioError(
        tr("{name} cannot be read: {reason}.", name=path.name, reason=why),
        cause="invalid",
        cure=tr("Write lines such as steps = 20."),
    )


def read_limit(until: str, at_most: int | None) -> Limit | None:
    """Return the limit of a run, or None. Raises StudioError."""
    if at_most is not None and at_most < 1:
        raise StudioError(
            tr("--at-most cannot be {number}.", number=at_most),
            cause="invalid",
            cure=tr("Choose a number above 0."),
        )
    if not until and not at_most:
        return None
    return Limit(
        jobs=at_most or 0, until=read_time(until, datetime.datetime.now()) if until else 0.0
    )


def read_time(text: str, now: datetime.datetime) -> float:
    """Parse `07:30` (the next one) or `2026-12-24 18:00` as a Unix time. Raises StudioError."""
    try:
        if len(text) <= len("00:00:00"):
            time = datetime.datetime.combine(now.date(), datetime.time.fromisoformat(text))
            time += datetime.timedelta(days=time <= now)
        else:
            time = datetime.datetime.fromisoformat(text)
        is_past = time.timestamp() <= now.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise StudioError(
            tr("--until {time!r} is not a time.", time=text[:40]),
            cause="invalid",
            cure=tr("Write 07:30, or 2026-12-24T18:00 for a date."),
        ) from error
    if is_past:
        raise StudioError(
            tr("--until {time} is in the past.", time=text),
            cause="invalid",
            cure=tr("Use a time in the future."),
        )
    return time.timestamp()


def report_path(path: Path | None) -> Path | None:
    """Return the report's file; in a folder, it is report.csv."""
    if path is None:
        return None
    path = path.absolute()
    return path / "report.csv" if path.is_dir() or not path.suffix else path
