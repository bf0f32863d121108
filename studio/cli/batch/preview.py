"""`studio batch --check`: show each row after expansion, and its file name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from studio.batch.batch_file import BatchFile
from studio.batch.plan import Row
from studio.batch.resume import Resumed
from studio.cli import output
from studio.cli.batch.problems import show_problems
from studio.core.jobs import Job
from studio.core.requests import Request
from studio.core.translation import mark, tr, tr_marked

_CANNOT_RUN, _SETTLED, _TO_RUN = mark("cannot run"), mark("done or waiting"), mark("to run")
_ALWAYS_SHOWN = {"kind", "model", "seed", "prompt", "task"}


def show(
    batch_file: BatchFile, jobs: Sequence[Job], resumed: Resumed | None, *, as_json: bool
) -> int:
    """Print the rows and return the exit code."""
    settled = resumed.rows if resumed else frozenset()
    stems = iter(job.target.stem for job in jobs)
    rows = []
    for index, row in enumerate(batch_file.rows):
        state = _state(row, index in settled)
        finished = resumed.done.get(index) if resumed else None
        # A finished row shows the alternatives that were drawn then.
        request = finished.request if finished else row.request
        rows.append((row, request, state, next(stems, "") if state == _TO_RUN else ""))
    if as_json:
        table = {
            "encoding": batch_file.encoding,
            "warning": batch_file.warning,
            "rows": [_as_table(*row) for row in rows],
        }
        output.as_json(table)
        return output.WRONG if batch_file.bad else output.DONE
    varying = _varying([request for _row, request, _state, _stem in rows if request is not None])
    for row, request, state, stem in rows:
        if request is not None:
            output.result(_line(row, request, varying, stem or tr_marked(state)))
    show_problems(batch_file)
    output.note(_summary(batch_file, len(settled) if resumed else None))
    return output.WRONG if batch_file.bad else output.DONE


def _state(row: Row, settled: bool) -> str:
    if row.request is None:
        return _CANNOT_RUN
    return _SETTLED if settled else _TO_RUN


def _summary(batch_file: BatchFile, settled: int | None) -> str:
    """Return how many rows can run; `settled`: the rows that are done or wait, with --resume."""
    good, bad, encoding = len(batch_file.good), len(batch_file.bad), batch_file.encoding
    if settled is None:
        return tr(
            "{good} rows can run, {bad} cannot ({encoding})",
            good=good,
            bad=bad,
            encoding=encoding,
        )
    return tr(
        "{good} rows can run, {bad} cannot, {settled} are done or waiting ({encoding})",
        good=good,
        bad=bad,
        settled=settled,
        encoding=encoding,
    )


def _varying(requests: Sequence[Request]) -> frozenset[str]:
    """Return the settings that differ between rows, which the user wants to compare."""
    first: dict[type[Request], dict[str, Any]] = {}  # per kind, the settings equal so far
    found: set[str] = set()
    for request in requests:
        same = first.get(type(request))
        if same is None:
            values = msgspec.structs.asdict(request)
            same = first[type(request)] = {
                name: values[name] for name in values if name not in _ALWAYS_SHOWN
            }
        for name in [name for name, value in same.items() if getattr(request, name) != value]:
            found.add(name)
            del same[name]
    return frozenset(found)


def _line(row: Row, request: Request, varying: frozenset[str], name: str) -> str:
    settings = f", task {row.task}" if row.task else ""
    if varying:
        values = msgspec.structs.asdict(request)
        settings += "".join(
            [
                f", {field} {value}"
                for field, value in values.items()
                if field in varying and value != ""
            ]
        )
    return tr(
        "line {line}: {kind}, {model}, seed {seed}{settings} → {name}: {prompt}",
        line=row.line,
        kind=request.kind,
        model=request.model,
        seed=request.seed,
        settings=settings,
        name=name,
        prompt=request.prompt,
    )


def _as_table(row: Row, request: Request | None, state: str, stem: str) -> dict[str, Any]:
    return {
        "line": row.line,
        "state": state,
        "name": stem,
        "task": row.task,
        "request": request,
        "problems": row.problems,
    }
