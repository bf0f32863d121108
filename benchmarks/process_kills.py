"""Kill the program and its processes at random instants, and count the processes that are left.

    python -m benchmarks.process_kills --kills 100 --load 4 --seed 1

Runs the command line (`studio image`) and the window (offscreen), with the real child and the
starter images. Each run kills the child, the fork server or the resource tracker now and then,
sometimes with a child that was stopped (SIGSTOP) before, and at the end the program itself. Then it
waits until every process of that run is gone, found by a mark in its environment: no process that
was missed while it started, or that has another parent now, escapes. `--load` is the number of busy
loops beside it. Linux only. Prints one JSON object; exit code 1 if a process stayed longer than 5
s. Nothing here is imported from Studio.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

import psutil

MARK = "STUDIO_PROCESS_KILLS"
GONE_SECONDS = 5.0
GIVE_UP_SECONDS = 60.0
CHILD_SHARE, KILL_CHANCE, EARLY_KILL_CHANCE = 0.7, 0.5, 0.1
ROLES = {
    "forkserver import main": "fork server",
    "resource_tracker import main": "resource tracker",
    "lifeline.py": "launcher",
    "studio.models.": "helper",
}
COMMAND = ("image", "a red apple", "--width", "64", "--height", "64", "--steps", "400")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100, help="of all kinds together")
    parser.add_argument("--load", type=int, default=0)
    parser.add_argument("--longest", type=float, default=14.0, help="seconds of a run, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(options.load)
    ]
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = run(Path(folder), options.kills, options.longest, random.Random(options.seed))
    finally:
        for process in busy:
            process.kill()
            process.wait()
    report["load_average"] = round(os.getloadavg()[0], 1)
    print(json.dumps(report, indent=2))
    return 1 if report["left_after_5_s"] else 0


def run(root: Path, kills: int, longest: float, chance: random.Random) -> dict[str, object]:
    """Kill until there were so many kills; return what was found."""
    killed: Counter[str] = Counter()
    left: Counter[str] = Counter()
    slowest, runs, begun = 0.0, 0, time.monotonic()
    while killed.total() < kills:
        kind = chance.choice(["command", "window"])
        seconds, alive = one_run(root / f"data{runs}", kind, longest, chance, killed)
        slowest, runs = max(slowest, seconds), runs + 1
        left.update(alive)
    return {
        "runs": runs,
        "kills": dict(killed),
        "left_after_5_s": dict(left),
        "slowest_seconds": round(slowest, 2),
        "seconds": round(time.monotonic() - begun),
    }


def one_run(
    data: Path, kind: str, longest: float, chance: random.Random, killed: Counter[str]
) -> tuple[float, list[str]]:
    """Start the program, kill what it starts, then kill it. Return how long its processes stayed,
    and which stayed too long.
    """
    mark = uuid.uuid4().hex
    environment = {**os.environ, MARK: mark, "QT_QPA_PLATFORM": "offscreen"}
    program = [sys.executable, "-m", "studio", "--data-dir", str(data)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    main_process = subprocess.Popen(program if kind == "window" else [*program, *COMMAND], **quiet)
    beside = None
    deadline = time.monotonic() + chance.uniform(0, longest)
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(0, min(3.0, max(0.01, deadline - time.monotonic()))))
        if kind == "window" and beside is None and (data / "studio.socket").exists():
            beside = subprocess.Popen([*program, *COMMAND], **quiet)  # runs in the window
        if chance.random() < (
            KILL_CHANCE if "child" in victims(main_process.pid, mark) else EARLY_KILL_CHANCE
        ):
            kill_one(main_process.pid, mark, chance, killed)
    if chance.random() < 0.3:
        stop_one(main_process.pid, mark, chance, killed)
    if main_process.poll() is None:
        killed[f"program ({kind})"] += 1
    for process in filter(None, (main_process, beside)):
        process.kill()
        process.wait()
    return wait_gone(mark)


def processes_of(mark: str) -> list[psutil.Process]:
    """Return all processes with this mark in their environment, whoever their parent is."""
    needle, found = f"{MARK}={mark}".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, psutil.Error):
                if needle in (entry / "environ").read_bytes():
                    found.append(psutil.Process(int(entry.name)))
    return found


def role_of(process: psutil.Process, main_pid: int) -> str:
    if process.pid == main_pid:
        return "program"
    command = " ".join(process.cmdline())
    role = next((role for word, role in ROLES.items() if word in command), "other")
    # A fork server's child has its parent's command line.
    if role == "fork server" and process.ppid() != main_pid:
        return "child"
    return role


def victims(main_pid: int, mark: str) -> dict[str, psutil.Process]:
    found = {}
    for process in processes_of(mark):
        with contextlib.suppress(psutil.Error):
            role = role_of(process, main_pid)
            if role in ("child", "fork server", "resource tracker"):
                found[role] = process
    return found


def kill_one(main_pid: int, mark: str, chance: random.Random, killed: Counter[str]) -> None:
    there = victims(main_pid, mark)
    if there:
        # A child comes up only if its fork server lives for some seconds.
        role = (
            "child"
            if "child" in there and chance.random() < CHILD_SHARE
            else chance.choice(sorted(there))
        )
        with contextlib.suppress(psutil.Error):
            there[role].kill()
            killed[role] += 1


def stop_one(main_pid: int, mark: str, chance: random.Random, killed: Counter[str]) -> None:
    there = victims(main_pid, mark)
    there.pop("resource tracker", None)
    if there:
        role = chance.choice(sorted(there))
        with contextlib.suppress(psutil.Error):
            there[role].suspend()
            killed[f"{role}, stopped before the program was killed"] += 1


def wait_gone(mark: str) -> tuple[float, list[str]]:
    begun, late = time.monotonic(), []
    while alive := [one for one in processes_of(mark) if running(one)]:
        seconds = time.monotonic() - begun
        if seconds > GONE_SECONDS and not late:
            late = [label(one) for one in alive]
        if seconds > GIVE_UP_SECONDS:
            for one in alive:
                one.kill()
            break
        time.sleep(0.02)
    return time.monotonic() - begun, late


def running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def label(process: psutil.Process) -> str:
    try:
        role = role_of(
            process, process.ppid()
        )  # without the program, a child looks like its fork server
        return f"{role} ({process.status()})"
    except psutil.Error:
        return "gone"


if __name__ == "__main__":
    sys.exit(main())
