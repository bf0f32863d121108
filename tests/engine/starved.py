"""A program that runs jobs with little memory, for `test_memory.py`: the system itself refuses what is beyond the limit.

`python -m tests.engine.starved FOLDER JOBS`: a data folder whose models are there, and a file of jobs (msgpack). Each has
the bytes that the program may grow by after the first job of its model, which runs without a limit. Prints what was said.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

import msgspec

from studio.core.events import Failed, Finished, Loading, Progress
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.core.settings import MemoryWish, Settings, save_settings
from studio.engine.local import LocalEngine
from studio.library.artifacts import read_recipe


class Starved(msgspec.Struct):
    """Jobs, the bytes that are there for them beyond what the program has then (0 for no limit), and how models are loaded."""

    jobs: list[Job]
    room: int = 0
    memory: MemoryWish = "auto"


def main() -> None:
    """Run and print."""
    data = DataFolder(root=Path(sys.argv[1]))
    engine = LocalEngine(data)
    for part in msgspec.msgpack.decode(Path(sys.argv[2]).read_bytes(), type=list[Starved]):
        save_settings(data, Settings(memory=part.memory))
        limit = _size() + part.room if part.room else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        heard: dict[str, list[Any]] = {job.id: [] for job in part.jobs}
        engine.generate_together(part.jobs, lambda job_id, event, heard=heard: heard[job_id].append(event), lambda _job_id: False)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        sys.stdout.write(json.dumps([_told(events) for events in heard.values()]) + "\n")
        sys.stdout.flush()


def _told(events: list[Any]) -> dict[str, Any]:
    last = events[-1]
    artifacts = getattr(last, "artifacts", ())
    return {
        "phases": [event.phase for event in events if isinstance(event, Loading)],
        "steps": sum(isinstance(event, Progress) for event in events),
        "end": type(last).__name__,
        "failure": [last.failure.message, last.failure.cure, last.failure.details] if isinstance(last, Failed) else [],
        "notes": list(last.statistics.notes) if isinstance(last, Finished) else [],
        "memory": last.statistics.memory if isinstance(last, Finished) else "",
        "files": [artifact.path for artifact in artifacts],
        "recipes": [read_recipe(Path(artifact.path)).memory for artifact in artifacts],
    }


def _size() -> int:
    """Return the bytes of address space that this program has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main()
