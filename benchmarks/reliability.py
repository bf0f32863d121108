"""Kill the program and its child at random instants of a run of mixed jobs, then look for anything lost or doubled.

    python -m benchmarks.reliability --jobs 60 --child-kills 200 --program-kills 50 --seed 1

Real parts only: `studio queue run` as a program of its own, its real child, real (tiny and starter) models, real files. Prints
one JSON object; exit code 1 where something was lost, doubled, damaged or left behind.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec
import psutil

from studio.core.files import PART_SUFFIX, sha256_of
from studio.core.jobs import Job, JobState, Target, new_id
from studio.core.paths import DataFolder
from studio.core.requests import ImageRequest, Request, SpeechRequest
from studio.jobs.store import JobStore
from studio.library.artifacts import read_recipe

PROGRAM = [sys.executable, "-m", "studio"]
GONE_WITHIN_SECONDS = 10.0
"""Generous: the machine is shared; how long it took is in the report."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--child-kills", type=int, default=200)
    parser.add_argument("--program-kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), options.jobs, options.child_kills, options.program_kills, random.Random(options.seed))
    print(json.dumps(report, indent=2))
    return 0 if report["ok"] else 1


def run(root: Path, jobs: int, child_kills: int, program_kills: int, chance: random.Random) -> dict[str, object]:
    """Run the jobs under the given kills; return what was found."""
    data = DataFolder(root=root / "data")
    data.create()
    submitted = submit(data, jobs)
    begun = time.monotonic()
    tally = kill_until_done(data, child_kills, program_kills, chance)
    findings = examine(data, submitted)
    return {
        "ok": not any(findings.values()) and not tally["left_behind"],
        "jobs": jobs,
        "child_kills": tally["child"],
        "program_kills": tally["program"],
        "set_aside_and_retried": tally["retried"],
        "processes_left_behind": tally["left_behind"],
        "seconds": round(time.monotonic() - begun),
        **findings,
    }


def submit(data: DataFolder, count: int) -> list[Job]:
    """Put mixed jobs with fixed seeds into the queue of a program that is not running."""
    jobs = []
    for number in range(count):
        request: Request
        if number % 3 == 2:
            request = SpeechRequest(prompt=f"This is sentence number {number}. " * 12, seed=number, format="flac")
        else:
            request = ImageRequest(
                prompt="a red apple",
                width=64,
                height=64,
                num_inference_steps=40,
                seed=number,
                num_images_per_prompt=1 + number % 2,
            )
        job_id = new_id()
        jobs.append(Job(id=job_id, request=request, target=Target(folder=str(data.outputs), stem=f"{number:03}-{job_id}")))
    store = JobStore.open(data.database)
    placed = store.add(jobs)
    store.close()
    return placed


def kill_until_done(data: DataFolder, child_kills: int, program_kills: int, chance: random.Random) -> Counter[str]:
    """Run the queue until every job is over, killing on the way; jobs that were set aside are retried, as a person would."""
    tally: Counter[str] = Counter()
    while True:
        program = start(data)
        family = watch(program, data, child_kills, program_kills, chance, tally)
        tally["left_behind"] += wait_gone(family)
        states = states_of(data)
        if any(state not in ("completed", "failed") for state in states.values()):
            continue
        failed = [job_id for job_id, state in states.items() if state == "failed"]
        if not failed:
            return tally
        store = JobStore.open(data.database)
        tally["retried"] += len(store.retry(failed))
        store.close()


def start(data: DataFolder) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, "--data-dir", str(data.root), "queue", "run"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def watch(
    program: subprocess.Popen[bytes],
    data: DataFolder,
    child_kills: int,
    program_kills: int,
    chance: random.Random,
    tally: Counter[str],
) -> list[psutil.Process]:
    """Kill the child, or the program, at random instants until the program ends; return its processes."""
    family: dict[int, psutil.Process] = {}
    fatal = time.monotonic() + chance.uniform(2, 9) if tally["program"] < program_kills else None
    while program.poll() is None:
        program_wait = chance.uniform(0.02, 0.6)
        try:
            program.wait(program_wait)
        except subprocess.TimeoutExpired:
            pass
        else:
            break
        for process in descendants(program.pid):
            family[process.pid] = process
        running = any(state == "running" for state in states_of(data).values())
        if fatal is not None and time.monotonic() > fatal and running:
            program.kill()
            program.wait()
            tally["program"] += 1
            break
        if tally["child"] < child_kills and running and (child := leaf(program.pid)):
            child.kill()
            tally["child"] += 1
    return list(family.values())


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def leaf(pid: int) -> psutil.Process | None:
    """Return the child that runs models: the youngest descendant that has no children of its own and is not the fork server."""
    deep = [process for process in descendants(pid) if process.ppid() != pid]
    return max(deep, key=lambda process: process.create_time(), default=None)


def wait_gone(family: list[psutil.Process]) -> int:
    _gone, alive = psutil.wait_procs(family, timeout=GONE_WITHIN_SECONDS)
    return len(alive)


def states_of(data: DataFolder) -> dict[str, str]:
    connection = sqlite3.connect(f"{data.database.as_uri()}?mode=ro", uri=True, timeout=10)
    try:
        return dict(connection.execute("SELECT id, state FROM jobs").fetchall())
    except sqlite3.OperationalError:  # the program is making it
        return {}
    finally:
        connection.close()


def examine(data: DataFolder, submitted: list[Job]) -> dict[str, list[str]]:
    """Compare queue, index and files with what was submitted. Every list should be empty."""
    store = JobStore.open(data.database)
    now = {job.id: job for job in store.jobs()}
    indexed = {artifact.path: artifact for job in submitted for artifact in store.artifacts(job.id)}
    store.close()
    on_disk = {str(path): path for path in data.outputs.rglob("*") if path.is_file()}
    expected = sum(job.request.result_count for job in submitted)
    return {
        "lost_jobs": [job.id for job in submitted if now.get(job.id, job).state is not JobState.COMPLETED],
        "changed_requests": [job.id for job in submitted if job.id in now and now[job.id].request != job.request],
        "not_on_disk": sorted(set(indexed) - set(on_disk)),
        "not_in_index": sorted(set(on_disk) - set(indexed)),
        "parts_left": [name for name in on_disk if name.endswith(PART_SUFFIX)],
        "wrong_hash": [
            path for path, artifact in indexed.items() if path in on_disk and sha256_of(Path(path)) != artifact.sha256
        ],
        "wrong_recipe": [path for path, artifact in indexed.items() if path in on_disk and not _own(path, artifact.job_id, now)],
        "wrong_count": [] if len(indexed) == expected else [f"{len(indexed)} artifacts, {expected} expected"],
    }


def _own(path: str, job_id: str, jobs: dict[str, Job]) -> bool:
    recipe = read_recipe(Path(path))
    return (
        recipe is not None
        and recipe.job_id == job_id
        and msgspec.structs.replace(recipe.request, model="") == msgspec.structs.replace(jobs[job_id].request, model="")
    )


if __name__ == "__main__":
    sys.exit(main())
