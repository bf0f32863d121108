"""Run hostile argument vectors and report what is wrong with how they end; also for
`benchmarks/argument_fuzz.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studio.core.paths import DataFolder
from tests.cli.fork_server import Call, Ended, ForkServer
from tests.cli.hostile_arguments import calls, make_files

MAX_CPU_SECONDS = 2.0
MAX_BYTES = 700 << 20


@dataclass
class Found:
    """What was tried and seen."""

    count: int = 0
    codes: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    """Seconds of CPU."""
    largest: int = 0
    """Bytes of memory."""


def run_all(seed: int, count: int, folder: Path, data: DataFolder) -> Found:
    """Run `count` vectors in `folder`; the data folder must not exist yet, or be offline."""
    data.root.mkdir(exist_ok=True)
    data.settings.write_text('{"offline": true}')
    make_files(folder)
    found = Found()
    with ForkServer() as server:
        for call in calls(seed, count, folder, data.root):
            ended = server.run(call)
            found.count += 1
            found.codes[ended.code] = found.codes.get(ended.code, 0) + 1
            found.slowest = max(found.slowest, ended.cpu)
            found.largest = max(found.largest, ended.memory)
            found.faults += [
                f"{fault}: {call} -> {ended.code} {ended.err[-600:]!r}"
                for fault in _faults(call, ended)
            ]
    return found


def _faults(call: Call, ended: Ended) -> Iterator[str]:
    if ended.hung:
        yield "hangs"
    if ended.code not in (0, 1, 2):
        yield f"exit code {ended.code}"
    if "Traceback" in ended.err + ended.out or "Exception ignored" in ended.err:
        yield "traceback"
    if (
        ended.code
        and call.stderr == call.stdout == "file"
        and not ended.err.strip()
        and not ended.out.strip()
    ):
        yield "says nothing"
    if ended.cpu > MAX_CPU_SECONDS:
        yield f"takes {ended.cpu:.1f} s of CPU"
    if ended.memory > MAX_BYTES:
        yield f"takes {ended.memory >> 20} MB"
