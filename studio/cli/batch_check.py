"""`studio batch --check`: each row as it was resolved, and the file that it would make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from studio.cli import output
from studio.cli.batch_run import show_problems
from studio.core.jobs import Job
from studio.core.requests import Request
from studio.jobs.batch.plan import BatchFile, Row
from studio.jobs.batch.resume import Resumed

_SHOWN_ANYWAY = {"kind", "model", "seed", "prompt"}


def show(batch_file: BatchFile, jobs: Sequence[Job], resumed: Resumed | None, *, as_json: bool) -> int:
    """Print the rows and return the exit code."""
    there = resumed.rows if resumed else frozenset()
    stems = iter(job.target.stem for job in jobs)
    states = [_state(row, index in there) for index, row in enumerate(batch_file.rows)]
    named = [next(stems, "") if state == "to run" else "" for state in states]
    rows = list(zip(map(_as_done, batch_file.rows, _done(batch_file, resumed)), states, named, strict=True))
    if as_json:
        table = {"encoding": batch_file.encoding, "warning": batch_file.warning, "rows": [_as_table(*row) for row in rows]}
        output.as_json(table)
        return output.WRONG if batch_file.bad else output.DONE
    varying = _varying([row.request for row, _state, _stem in rows if row.request is not None])
    for row, state, stem in rows:
        if row.request is not None:
            output.result(_line(row, row.request, varying, stem if state == "to run" else state))
    show_problems(batch_file)
    done = f", {len(there)} are done or wait already" if resumed else ""
    output.note(f"{len(batch_file.good)} rows can run, {len(batch_file.bad)} cannot{done} ({batch_file.encoding})")
    return output.WRONG if batch_file.bad else output.DONE


def _done(batch_file: BatchFile, resumed: Resumed | None) -> list[Request | None]:
    found = [resumed.done.get(index) if resumed else None for index in range(len(batch_file.rows))]
    return [done.request if done else None for done in found]


def _as_done(row: Row, request: Request | None) -> Row:
    """Return the row with the request that it had, where it is done."""
    return replace(row, request=request) if request else row


def _state(row: Row, there: bool) -> str:
    if row.request is None:
        return "cannot run"
    return "done or waiting" if there else "to run"


def _varying(requests: Sequence[Request]) -> frozenset[str]:
    """Return the settings that are not the same in all rows: what a person wants to compare."""
    first: dict[str, dict[str, Any]] = {}
    found: set[str] = set()
    for request in requests:
        values = msgspec.structs.asdict(request)
        before = first.setdefault(request.kind, values)
        found |= {name for name, value in values.items() if value != before[name]}
    return frozenset(found - _SHOWN_ANYWAY)


def _line(row: Row, request: Request, varying: frozenset[str], named: str) -> str:
    values = msgspec.structs.asdict(request)
    settings = "".join(f", {name} {values[name]}" for name in values if name in varying)
    return f"line {row.line}: {request.kind}, {request.model}, seed {request.seed}{settings} → {named}: {request.prompt}"


def _as_table(row: Row, state: str, stem: str) -> dict[str, Any]:
    return {"line": row.line, "state": state, "name": stem, "request": row.request, "problems": row.problems}
