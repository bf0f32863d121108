"""Cut and kill a download at random bytes until it is done, then look for anything wrong, and for
bytes that were fetched twice.

    python -m benchmarks.download_cuts --events 100 --megabytes 32 --seed 1

Real parts only: a hub on loopback, the program in a process of its own, its real downloading child,
a checkpoint that the real classes wrote. Prints one JSON object; exit code 1 where a byte is wrong,
a half model was in the list, or more was fetched twice than a chunk for each event.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import psutil

from benchmarks import measure
from studio.core.paths import DataFolder
from studio.models.hub.repository import Hub
from studio.models.registry import ModelRegistry
from tests.checkpoints.text import make_gpt2
from tests.models.hub.server import Fault, LoopbackHub, digest, files_of

CHUNK = 1 << 20
"""What may be fetched twice for one cut or kill: what was on its way. (The library's own chunk is
10 MB.)
"""
WEIGHTS = "model.safetensors"
REPOSITORY = "org/cut"
BYTES_A_POSITION = 128
KINDS = ("cut", "reset", "child", "program")
PROGRAM = """
import sys, msgspec
from studio.core.errors import StudioError
from studio.core.paths import data_folder
from studio.models.hub.download import download
from studio.models.hub.repository import Hub, Repository
hub = msgspec.json.decode(sys.argv[1], type=Hub)
try:
    print(download(data_folder(sys.argv[3]), Repository(sys.argv[2]), hub=hub).sha256)
except StudioError as error:
    sys.exit(f"{error.cause}: {error.message}")
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--megabytes", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = run(
            Path(folder), options.events, options.megabytes << 20, random.Random(options.seed)
        )
    ok = bool(report.pop("ok"))
    measure.report(
        "cuts of a download that ended in verified files",
        f">= {options.events}",
        options.events,
        ok,
        **report,
    )
    return 0 if ok else 1


def run(root: Path, events: int, size: int, chance: random.Random) -> dict[str, object]:
    """Download once under so many cuts and kills; return what was found."""
    make_gpt2(root / "made", positions=size // BYTES_A_POSITION)
    files = files_of(root / "made")
    data = DataFolder(root / "data")
    data.create()
    begun = time.monotonic()
    with LoopbackHub() as hub:
        hub.add(REPOSITORY, files)
        tally = interrupt(hub, data, planned(events, len(files[WEIGHTS]), chance))
    findings = examine(data, files)
    twice = again(hub.sent[WEIGHTS])
    most, total = max(twice, default=0), sum(twice)
    return {
        "ok": not any(findings.values())
        and not tally["left_behind"]
        and not tally["half_in_list"]
        and most <= CHUNK,
        "events": {kind: tally[kind] for kind in KINDS},
        "file_bytes": len(files[WEIGHTS]),
        "fetched_twice_bytes": total,
        "fetched_twice_share": round(total / len(files[WEIGHTS]), 4),
        "most_at_one_event_bytes": most,
        "programs_started": tally["started"],
        "half_in_list": tally["half_in_list"],
        "processes_left_behind": tally["left_behind"],
        "seconds": round(time.monotonic() - begun),
        **findings,
    }


def planned(events: int, size: int, chance: random.Random) -> list[tuple[int, str]]:
    """Return where in the file what happens, in the order of the file."""
    kinds = [KINDS[number % len(KINDS)] for number in range(events)]
    chance.shuffle(kinds)
    return list(zip(sorted(chance.sample(range(1, size), events)), kinds, strict=True))


def interrupt(hub: LoopbackHub, data: DataFolder, events: list[tuple[int, str]]) -> dict[str, int]:
    """Run the program again and again until all events were and the model is there."""
    tally = dict.fromkeys((*KINDS, "started", "left_behind", "half_in_list"), 0)
    while True:
        tally["started"] += 1
        kill = next(
            (
                number
                for number, (_place, kind) in enumerate(events)
                if kind in ("child", "program")
            ),
            len(events),
        )
        now, events = events[: kill + 1], events[kill + 1 :]
        hub.paused.clear()
        hub.faults[WEIGHTS] = [fault_of(place, kind) for place, kind in now]
        for _place, kind in now:
            tally[kind] += 1
        program = start(hub, data)
        if not now or now[-1][1] not in ("child", "program"):
            _out, errors = program.communicate(timeout=600)
            if program.returncode:
                raise AssertionError(errors)
            return tally
        assert hub.paused.wait(120), "the hub was never asked for the byte"
        children = psutil.Process(program.pid).children()
        assert children
        (children[0] if now[-1][1] == "child" else program).kill()
        program.communicate(timeout=60)
        _gone, alive = psutil.wait_procs(children, 10)
        tally["left_behind"] += len(alive)
        tally["half_in_list"] += sum(not card.builtin for card in ModelRegistry(data).list())


def fault_of(place: int, kind: str) -> Fault:
    if kind in ("child", "program"):
        return Fault(pause_at=place)
    return Fault(cut_at=place, reset=kind == "reset")


def start(hub: LoopbackHub, data: DataFolder) -> subprocess.Popen[str]:
    how = msgspec.json.encode(
        Hub(endpoint=hub.endpoint, token="", first_wait_seconds=0.01)
    ).decode()
    command = [sys.executable, "-c", PROGRAM, how, REPOSITORY, str(data.root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def examine(data: DataFolder, files: dict[str, bytes]) -> dict[str, object]:
    """Return what is wrong with what is there now."""
    cards = [card for card in ModelRegistry(data).list() if not card.builtin]
    there = files_of(cards[0].folder) if cards else {}
    return {
        "models_missing": int(len(cards) != 1),
        "files_wrong": sum(
            digest(name, there.get(name, b"")) != digest(name, content)
            for name, content in files.items()
        ),
        "left_over": [path.name for path in data.downloads.rglob("*")]
        if data.downloads.is_dir()
        else [],
    }


def again(answers: list[tuple[int, int]]) -> list[int]:
    """Return for each answer how many of its bytes had been sent before."""
    twice, reached = [], 0
    for begin, end in answers:
        twice.append(max(0, min(end, reached) - begin))
        reached = max(reached, end)
    return twice


if __name__ == "__main__":
    sys.exit(main())
