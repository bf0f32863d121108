"""Kill window, command and child at random instants of one batch, and run it again with --resume
until every row is there.

    python -m benchmarks.reliability --rows 500 --kills 300 --seed 1

Real parts only: the window (offscreen) and `studio batch FILE --resume` as programs of their own,
their real children, the models that come with Studio. In every other run the window has the queue,
and the command hands it the batch. What is left is read by
`kept_files`, which shares no code with the program. Prints one JSON object; exit code 1 where a
result was lost, doubled or damaged, a report is missing, a command hung, or something stayed
behind.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import measure
from benchmarks.kept_files import DamagedError, database_faults, recipe_of, states

PROGRAM = [sys.executable, "-m", "studio"]
CHILD_SHARE = 0.7
SPANS = (0.5, 2.0, 10.0)
"""A kill comes within one of these many seconds after a row began: while the child starts, loads,
runs, saves.
"""
GONE_SECONDS, LEFT_SECONDS, HUNG_SECONDS, READY_SECONDS = 10, 60, 60, 120
OPTIONS = ("--kind", "image", "--name", "{row:04}", "--collect", "jsonl", "--resume")
BESIDE = ("report", "collected")
Key = tuple[str, int, int]
"""(kind, seed, which of the row's results)."""


def main() -> int:
    """Run it; the exit code says whether all was well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="No kills after this time.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(
            Path(folder), options.rows, options.kills, random.Random(options.seed), options.minutes
        )
    sys.stderr.write(json.dumps(found, indent=2) + "\n")
    ok, kills = (
        bool(found.pop("ok")),
        sum(int(str(found[f"{victim}_kills"])) for victim in ("child", "command", "window")),
    )
    measure.report(
        "kills that lost, doubled or damaged nothing", f">= {options.kills}", kills, ok, **found
    )
    return 0 if ok else 1


@dataclass
class Trial:
    """One batch, under kills."""

    root: Path
    kills: int
    chance: random.Random
    until: float
    tally: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.data, self.out, self.file = (
            self.root / "data",
            self.root / "out",
            self.root / "rows.csv",
        )
        self.environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}

    @property
    def database(self) -> Path:
        """The queue's file."""
        return self.data / "studio.db"

    @property
    def kills_left(self) -> bool:
        """Whether there is more to kill."""
        done = sum(self.tally[victim] for victim in ("child", "command", "window"))
        return done < self.kills and time.monotonic() < self.until

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the program."""
        command = [*PROGRAM, "--data-dir", str(self.data), *arguments]
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment
        )

    def start_window(self) -> subprocess.Popen[bytes]:
        """Start the window and wait until it has the queue. After a kill it would be paused: a
        short command tidies up first.
        """
        self.start("queue", "cancel", "none").wait()
        window = self.start()
        deadline = time.monotonic() + READY_SECONDS
        while (
            not (self.data / "studio.lock").exists()
            and window.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        return window

    def takes_over(self, command: subprocess.Popen[bytes]) -> bool:
        """Wait until a command whose window is gone ends, or has the queue itself; return whether
        it has.
        """
        deadline = time.monotonic() + HUNG_SECONDS
        while command.poll() is None and time.monotonic() < deadline:
            if self.holder() == command.pid:
                return True
            time.sleep(0.1)
        return False

    def holder(self) -> int:
        """Return the process id in the data folder's lock file; 0 where there is none."""
        try:
            return int((self.data / "studio.lock").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def run_until_whole(self) -> None:
        """Give the same command again and again, as a person would, until it says that all rows are
        there.
        """
        while True:
            window = self.start_window() if self.kills_left and self.tally["runs"] % 2 else None
            command = self.start("batch", str(self.file), "-o", str(self.out), *OPTIONS)
            self.tally["runs"] += 1
            family = self.watch(command, window)
            if window is not None and self.takes_over(command):
                family |= self.watch(
                    command, None
                )  # the window was gone before the command asked: it has the queue itself
            self.tally["hung"] += wait_for_end(command)
            if window is not None and window.poll() is None:
                family |= {process.pid: process for process in descendants(window.pid)}
                window.kill()
                window.wait()
                self.tally["window"] += 1
            slow = psutil.wait_procs(list(family.values()), timeout=GONE_SECONDS)[1]
            self.tally["slow"] += len(slow)
            self.tally["left"] += (
                len(psutil.wait_procs(slow, timeout=LEFT_SECONDS)[1]) if slow else 0
            )
            if window is None and command.returncode == 0:
                return

    def watch(
        self, command: subprocess.Popen[bytes], window: subprocess.Popen[bytes] | None
    ) -> dict[int, psutil.Process]:
        """Kill at random instants while rows run, until the command or the window is gone; return
        their processes.
        """
        family: dict[int, psutil.Process] = {}
        owner = window or command
        wants_child = (
            self.chance.random() < CHILD_SHARE
        )  # drawn before: a child is not there yet for a second or two
        due = None
        while command.poll() is None and owner.poll() is None:
            wait(command, self.chance.uniform(0.02, 0.6))
            family |= {
                process.pid: process
                for process in (*descendants(command.pid), *descendants(owner.pid))
            }
            if not self.kills_left or "running" not in states(self.database).values():
                continue
            if due is None and (not wants_child or model_process(owner.pid)):
                due = time.monotonic() + self.chance.choice(SPANS) * self.chance.random()
            if due is None or time.monotonic() < due:
                continue
            due = None
            if not wants_child:
                victim = (
                    "window" if window is not None and self.chance.random() < 0.6 else "command"
                )
                chosen = window if window is not None and victim == "window" else command
                chosen.kill()
                chosen.wait()
                self.tally[victim] += 1
            elif child := model_process(owner.pid):
                child.kill()
                self.tally["child"] += 1
                wants_child = self.chance.random() < CHILD_SHARE
        return family


def run(
    root: Path, rows: int, kills: int, chance: random.Random, minutes: float = 60.0
) -> dict[str, object]:
    """Run the batch under the given kills; return what was found. Every list should be empty."""
    begun = time.monotonic()
    trial = Trial(root, kills, chance, begun + 60 * minutes)
    trial.data.mkdir()
    expected = write_rows(trial.file, rows)
    trial.run_until_whole()
    findings = examine(trial, expected, rows)
    tally = trial.tally
    return {
        "ok": not any(findings.values()) and not tally["left"] and not tally["hung"],
        "rows": rows,
        "results": len(expected),
        **{f"{victim}_kills": tally[victim] for victim in ("child", "command", "window")},
        "runs": tally["runs"],
        "commands_that_hung": tally["hung"],
        "processes_left_after_10_s": tally["slow"],
        "processes_left_behind": tally["left"],
        "seconds": round(time.monotonic() - begun),
        **findings,
    }


def write_rows(file: Path, count: int) -> set[Key]:
    """Write the batch file; return the results that it should make."""
    expected: set[Key] = set()
    with file.open("w", newline="", encoding="utf-8") as output:
        writer = csv.writer(output)
        writer.writerow(["kind", "prompt", "seed", "steps", "width", "height", "count", "format"])
        for number in range(count):
            if number % 4 == 3:
                writer.writerow(
                    ["speech", "This is one of many sentences.", number, "", "", "", "", "wav"]
                )
                expected.add(("speech", number, 0))
            else:
                images = 1 + number % 2
                writer.writerow(["image", "a red apple", number, 20, 64, 64, images, ""])
                expected |= {("image", number, ordinal) for ordinal in range(images)}
    return expected


def wait(program: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether the program ended within so many seconds."""
    try:
        program.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def wait_for_end(command: subprocess.Popen[bytes]) -> int:
    """Wait for a command whose window is gone; return 1 where it had to be killed."""
    if wait(command, HUNG_SECONDS):
        return 0
    print_stacks(command.pid)
    command.kill()
    command.wait()
    return 1


def print_stacks(pid: int) -> None:
    """Print what a command that does not end waits for; with the stacks of its threads if py-spy is
    installed.
    """
    for process in (psutil.Process(pid), *descendants(pid)):
        sys.stderr.write(f"{process.pid} {process.status()} {process.cmdline()}\n")
        if tool := shutil.which("py-spy"):
            result = subprocess.run(
                [tool, "dump", "--pid", str(process.pid)],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            sys.stderr.write(result.stdout + result.stderr)


def descendants(pid: int) -> list[psutil.Process]:
    """Return all processes below one."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def model_process(pid: int) -> psutil.Process | None:
    """Return the process that runs models: the youngest that a fork server below `pid` started."""
    deep = []
    for process in descendants(pid):
        try:
            deep += [process] if process.ppid() != pid else []
        except psutil.NoSuchProcess:
            continue
    return max(deep, key=lambda process: process.create_time(), default=None)


def examine(trial: Trial, expected: set[Key], rows: int) -> dict[str, list[str]]:
    """Compare what is on disk, in the index and in the reports with the batch file."""
    made: Counter[Key] = Counter()
    damaged = []
    results = {
        path for path in trial.out.iterdir() if path.is_file() and not path.name.startswith(BESIDE)
    }
    for path in sorted(results):
        try:
            recipe = recipe_of(path)
        except DamagedError as error:
            damaged.append(f"{path.name}: {error}")
            continue
        made[recipe["request"]["kind"], recipe["request"]["seed"], recipe.get("ordinal", 0)] += 1
    lines = [
        line
        for report in trial.out.glob("report*.jsonl")
        for line in report.read_text(encoding="utf-8").splitlines()
    ]
    reported = {line["line"] for line in map(json.loads, lines) if line["state"] == "completed"}
    inside = (trial.file, trial.out, trial.data)
    outputs = trial.data / "outputs"
    return {
        "lost": [str(key) for key in sorted(expected - made.keys())],
        "doubled": [str(key) for key, count in made.items() if count > 1],
        "nobody_asked_for": [str(key) for key in sorted(made.keys() - expected)],
        "damaged": damaged,
        "parts_left": [
            path.name for place in (trial.out, trial.data) for path in place.rglob("*.part")
        ],
        "outside": [
            str(path)
            for path in trial.root.rglob("*")
            if not any(path.is_relative_to(place) for place in inside) or path.parent == outputs
        ],
        "not_reported": [] if len(reported) == rows else [f"{rows - len(reported)} rows"],
        **database_faults(trial.database, results),
    }


if __name__ == "__main__":
    sys.exit(main())
