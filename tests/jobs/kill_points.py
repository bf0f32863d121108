"""Ends a run of a small batch with SIGKILL at each change of a file from its last row on, and looks
at what the next start does.

    LD_PRELOAD=kill_at.so python -m tests.jobs.kill_points FOLDER

Prints one JSON object: how many points there were, and what was wrong. One process imports
everything; each run is a fork.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEventLoop

import studio.batch.output.collected
import studio.batch.output.contact_sheet
import studio.library.artifacts  # noqa: F401  imported here once
from studio.batch.plan import plan, read_batch
from studio.core.paths import DataFolder
from studio.engine.fake import FakeEngine
from studio.jobs.session import Session
from studio.models.card import fake_card

ROWS = 3
MOST = 400


def main() -> int:
    root = Path(sys.argv[1])
    wrong: list[str] = []
    number = 0
    for number in range(1, MOST + 1):
        place = root / str(number)
        place.mkdir()
        if (
            run_forked(lambda place=place, number=number: run_batch(place, number)) == 0
        ):  # it was never reached
            break
        if run_forked(lambda place=place: start_again(place)) != 0:
            wrong.append(f"{number}: the next start failed")
        wrong += [f"{number}: {what}" for what in faults_of(place)]
    sys.stdout.write(json.dumps({"points": number - 1, "wrong": wrong}))
    return 0


def run_forked(work) -> int:
    """Return the exit code, or the signal's number as a negative one."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _pid, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), code
    return code


def run_batch(place: Path, number: int) -> None:
    application = QCoreApplication([])
    file = place / "rows.csv"
    file.write_text("prompt,max_new_tokens\n" + "".join(f"row {n},2\n" for n in range(2, ROWS + 2)))
    found = read_batch(file, lambda kind, _name: fake_card(kind))
    batch, jobs = plan(found, place / "out", collect="csv", report=place / "reports" / "mine.csv")

    def arm(job):
        if job.row == ROWS + 1:
            os.environ["KILL_AT"] = str(number)

    session = Session(DataFolder(root=place / "data"), FakeEngine(fail_on=arm))
    over = []
    session.queue.batch_finished.connect(over.append)
    session.queue.submit(jobs, batch)
    session.start()
    while not over:
        application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    session.close()


def start_again(place: Path) -> None:
    application = QCoreApplication([])
    session = Session(DataFolder(root=place / "data"), FakeEngine())
    idle = []
    session.queue.idle_reached.connect(lambda: idle.append(True))
    session.start()
    while not idle:
        application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    session.close()  # waits for the journal


def faults_of(place: Path) -> list[str]:
    out = place / "out"
    names = sorted(
        path.name for path in out.rglob("*") if path.is_file() and path.parent.name != ".studio"
    )
    rows = [f"{n:04}-row-{n}.txt" for n in range(2, ROWS + 2)]
    wrong = (
        []
        if names == [*rows, "collected.csv", "report.csv", "report.jsonl"]
        else [f"in the folder: {names}"]
    )
    reports = (
        sorted(path.name for path in (place / "reports").iterdir())
        if (place / "reports").exists()
        else []
    )
    wrong += [] if reports == ["mine.csv"] else [f"further reports: {reports}"]
    wrong += [f"left behind: {part}" for part in place.rglob("*.part")]
    lines = (
        [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
        if not wrong
        else []
    )
    states = [(line["line"], line["state"], line["files"]) for line in lines]
    expected = [(n, "completed", [name]) for n, name in enumerate(rows, start=2)]
    return wrong + ([f"the report: {states}"] if lines and states != expected else [])


if __name__ == "__main__":
    sys.exit(main())
