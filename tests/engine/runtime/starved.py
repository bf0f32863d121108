"""A program that runs jobs with little memory, for `test_memory.py`: the system itself refuses what
is beyond the limit.

`python -m tests.engine.runtime.starved FOLDER JOBS`: a data folder with models, and a file of parts
(msgpack). A limit is a share of what the last part without a limit took. Prints what happened as
JSON lines.
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
from studio.core.settings import LoadPreference
from studio.core.settings_store import update
from studio.engine.image import tiled_decode
from studio.engine.local import LocalEngine
from studio.engine.runtime.memory import release_memory as release_memory
from studio.engine.text.prompt_cache import PromptCache
from studio.library.artifacts import read_recipe


class Starved(msgspec.Struct):
    """Jobs, how models are loaded, and shares of memory that there are for them, one after the
    other until memory runs out.

    What a job needs differs by libraries and by what they keep, so that no single share would do
    everywhere.
    """

    jobs: list[Job]
    shares: tuple[float, ...] = ()
    """None for no limit."""
    notes: int = 1
    """So much has to be done against it until that is enough."""
    memory: LoadPreference = "auto"
    reads_prompts: bool = False
    """Prompts are read whole, as if the cache of prompts had none of them."""
    decoding: tuple[float, ...] = ()
    """Limits for the first, second … try to decode an image, as shares of what decoding took in the
    last part without limits.

    The limit holds during that try alone, so that neither other programs nor what libraries keep
    decide which try succeeds.
    """


class _DecodeLimit:
    """Limits the memory of each try to decode an image, in place of `tiled_decode.try_decode`."""

    def __init__(self) -> None:
        self._try_decode = tiled_decode.try_decode
        self._needed = 0
        self._shares: list[float] = []
        tiled_decode.try_decode = self._limited

    def begin(self, shares: tuple[float, ...]) -> None:
        """Set the limits for the next job; none: measure."""
        self._shares = list(shares)

    def _limited(self, decode: Any) -> Any:
        release_memory()
        if not self._shares:
            Path("/proc/self/clear_refs").write_text(
                "5", encoding="ascii"
            )  # VmHWM begins again at VmRSS
            before = _size("VmRSS")
            found = self._try_decode(decode)
            self._needed = _size("VmHWM") - before
            return found
        _limit(_size("VmSize") + int(self._shares.pop(0) * self._needed))
        try:
            return self._try_decode(decode)
        finally:
            _limit(resource.RLIM_INFINITY)


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))


LESS = tuple(0.95 * 0.85**number for number in range(24))


def main() -> None:
    """Run and print."""
    data, whole = DataFolder(root=Path(sys.argv[1])), 0
    engine, decode_limit = LocalEngine(data), _DecodeLimit()
    for part in msgspec.msgpack.decode(Path(sys.argv[2]).read_bytes(), type=list[Starved]):
        update(data, {"memory": part.memory})
        decode_limit.begin(part.decoding)
        if part.reads_prompts:
            PromptCache.find = lambda _cache, _tokens: None
        before = _size("VmSize")
        outcomes = [_run(engine, part.jobs)] if not part.shares else []
        whole = whole if part.shares else _size("VmPeak") - before
        for number, share in enumerate(part.shares):
            _limit(_size("VmSize") + int(share * whole))
            outcomes = [_run(engine, [_again(job, number) for job in part.jobs])]
            _limit(resource.RLIM_INFINITY)
            if any(len(one["notes"]) >= part.notes for one in outcomes[0]):
                break
        sys.stdout.write(json.dumps(outcomes[0]) + "\n")
        sys.stdout.flush()


def _again(job: Job, number: int) -> Job:
    """Return the same job under another id and name."""
    target = msgspec.structs.replace(job.target, stem=f"{job.target.stem}-{number}")
    return msgspec.structs.replace(job, id=f"{job.id}-{number}", target=target)


def _run(engine: LocalEngine, jobs: list[Job]) -> list[dict[str, Any]]:
    received: dict[str, list[Any]] = {job.id: [] for job in jobs}
    engine.run(
        jobs, lambda event: received[event.job_id].append(event.event), lambda _job_id: False
    )
    return [_outcome(events) for events in received.values()]


def _outcome(events: list[Any]) -> dict[str, Any]:
    last = events[-1]
    artifacts = getattr(last, "artifacts", ())
    return {
        "phases": [event.phase for event in events if isinstance(event, Loading)],
        "steps": sum(isinstance(event, Progress) for event in events),
        "end": type(last).__name__,
        "failure": [last.failure.message, last.failure.cure, last.failure.details]
        if isinstance(last, Failed)
        else [],
        "notes": list(last.statistics.notes) if isinstance(last, Finished) else [],
        "memory": last.statistics.memory if isinstance(last, Finished) else "",
        "files": [artifact.path for artifact in artifacts],
        "recipes": [read_recipe(Path(artifact.path)).memory for artifact in artifacts],
    }


def _size(name: str) -> int:
    """Return the bytes of address space that this program has, or had at most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
