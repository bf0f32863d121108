"""Kill the program and its child at random instants of one batch, and run it again with --resume until every row is there.

    python -m benchmarks.reliability_batch --rows 500 --kills 300 --seed 1

Real parts only: `studio batch FILE --resume` as a program of its own, its real child, the models that come with Studio.
Three of four kills hit the child. Prints one JSON object; exit code 1 where a row was lost, doubled or damaged, or something was
written outside the chosen folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from benchmarks import measure
from benchmarks.reliability import PROGRAM, descendants, leaf, states_of, wait_gone
from studio.core.files import PART_SUFFIX, sha256_of
from studio.core.paths import DataFolder
from studio.jobs.store import JobStore
from studio.library.artifacts import SIDECAR_FOLDER, read_recipe

CHILD_SHARE = 0.75
LEFT_SECONDS = 60
OPTIONS = ("--kind", "image", "--name", "{row:04}", "--collect", "jsonl", "--resume")
Key = tuple[str, int, int]
"""(kind, seed, which of the row's results)."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), options.rows, options.kills, random.Random(options.seed))
    sys.stderr.write(json.dumps(report, indent=2) + "\n")
    ok = bool(report.pop("ok"))
    kills = int(str(report["child_kills"])) + int(str(report["program_kills"]))
    measure.report("kills of a batch that lost, doubled or damaged nothing", f">= {options.kills}", kills, ok, **report)
    return 0 if ok else 1


def run(root: Path, rows: int, kills: int, chance: random.Random) -> dict[str, object]:
    """Run the batch under the given kills; return what was found."""
    data, out, file = DataFolder(root=root / "data"), root / "out", root / "rows.csv"
    data.create()
    expected = write_rows(file, rows)
    begun = time.monotonic()
    tally = kill_until_done(data, file, out, kills, chance)
    findings = examine(data, file, out, expected, rows)
    return {
        "ok": not any(findings.values()) and not tally["left_behind"],
        "rows": rows,
        "results": len(expected),
        "child_kills": tally["child"],
        "program_kills": tally["program"],
        "runs": tally["runs"],
        "processes_left_after_10_s": tally["slow_to_go"],
        "processes_left_behind": tally["left_behind"],
        "seconds": round(time.monotonic() - begun),
        **findings,
    }


def write_rows(file: Path, count: int) -> set[Key]:
    """Write the batch file; return the results that it should make."""
    expected: set[Key] = set()
    with file.open("w", newline="", encoding="utf-8") as output:
        writer = csv.writer(output)
        writer.writerow(["kind", "prompt", "seed", "steps", "width", "height", "count"])
        for number in range(count):
            if number % 4 == 3:
                writer.writerow(["speech", "This is one of many sentences.", number, "", "", "", ""])
                expected.add(("speech", number, 0))
            else:
                pictures = 1 + number % 2
                writer.writerow(["image", "a red apple", number, 20, 64, 64, pictures])
                expected |= {("image", number, ordinal) for ordinal in range(pictures)}
    return expected


def kill_until_done(data: DataFolder, file: Path, out: Path, kills: int, chance: random.Random) -> Counter[str]:
    """Run the batch until all of its rows are there, killing on the way; as a person would, with the same command each time."""
    tally: Counter[str] = Counter()
    command = [*PROGRAM, "--data-dir", str(data.root), "batch", str(file), "-o", str(out), *OPTIONS]
    while True:
        program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tally["runs"] += 1
        family = watch(program, data, kills, chance, tally)
        slow = wait_gone(family)  # the fork server hears of the end when it has imported what it preloads
        tally["slow_to_go"] += slow
        tally["left_behind"] += len(psutil.wait_procs(family, timeout=LEFT_SECONDS)[1]) if slow else 0
        if program.returncode == 0:
            return tally


def watch(
    program: subprocess.Popen[bytes], data: DataFolder, kills: int, chance: random.Random, tally: Counter[str]
) -> list[psutil.Process]:
    """Kill the child, or the program, at random instants while rows run; return the program's processes."""
    family: dict[int, psutil.Process] = {}
    wants_child = chance.random() < CHILD_SHARE  # drawn before, because a child is not there yet for a second or two
    while program.poll() is None:
        try:
            program.wait(chance.uniform(0.02, 0.6))
        except subprocess.TimeoutExpired:
            pass
        else:
            break
        family |= {process.pid: process for process in descendants(program.pid)}
        if tally["child"] + tally["program"] >= kills or not data.database.exists():
            continue
        if "running" not in states_of(data).values():
            continue
        if not wants_child:
            program.kill()
            program.wait()
            tally["program"] += 1
        elif child := leaf(program.pid):
            child.kill()
            tally["child"] += 1
            wants_child = chance.random() < CHILD_SHARE
    return list(family.values())


def examine(data: DataFolder, file: Path, out: Path, expected: set[Key], rows: int) -> dict[str, list[str]]:
    """Compare what is on disk and in the index with the file. Every list should be empty."""
    made: Counter[Key] = Counter()
    damaged, results = [], []
    for path in sorted(out.iterdir()):
        if path.name.startswith(("report", "collected", SIDECAR_FOLDER)):
            continue
        results.append(str(path))
        recipe = read_recipe(path)
        if recipe is None or not _opens(path):
            damaged.append(path.name)
        else:
            made[recipe.request.kind, recipe.request.seed or 0, recipe.ordinal] += 1
    store = JobStore.open(data.database)
    jobs = store.jobs()
    indexed = {artifact.path: artifact for job in jobs for artifact in store.artifacts(job.id)}
    store.close()
    reported = {
        line["line"]
        for report in out.glob("report*.jsonl")
        for line in map(json.loads, report.read_text(encoding="utf-8").splitlines())
        if line["state"] == "completed"
    }
    inside = (file, out, data.root)
    return {
        "lost": [str(key) for key in sorted(expected - made.keys())],
        "doubled": [str(key) for key, count in made.items() if count > 1],
        "nobody_asked_for": [str(key) for key in sorted(made.keys() - expected)],
        "damaged": damaged,
        "wrong_hash": [path for path in results if path in indexed and sha256_of(Path(path)) != indexed[path].sha256],
        "not_in_index": sorted(set(results) - indexed.keys()),
        "not_on_disk": sorted(indexed.keys() - set(results)),
        "parts_left": [path.name for path in out.rglob(f"*{PART_SUFFIX}")],
        "outside": [
            str(path)
            for path in [*file.parent.rglob("*"), *data.outputs.iterdir()]
            if not any(path.is_relative_to(place) for place in inside) or path.parent == data.outputs
        ],
        "still_open": [job.id for job in jobs if not job.state.over],
        "not_reported": [] if len(reported) == rows else [f"{rows - len(reported)} rows"],
    }


def _opens(path: Path) -> bool:
    try:
        if path.suffix == ".png":
            from PIL import Image

            with Image.open(path) as picture:
                picture.load()
        else:
            import soundfile

            soundfile.read(path)
    except (OSError, RuntimeError, ValueError):  # soundfile's errors are RuntimeErrors
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
