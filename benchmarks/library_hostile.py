"""How late a 16 ms timer of the window is while hostile folders are added to the library.

`python -m benchmarks.library_hostile`: 10 000 files that are no artifacts; a text of 1 GB, an image
of 100 megapixels, 20 MB of metadata, deep JSON, decompression bombs; 1 000 files that vanish.
`--compare ROUNDS` reads the first folder in a child, as Studio does, and in a thread in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import struct
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.measure import report

OTHERS = 10_000
VANISHING = 1_000
TIMER_MS = 16
IDLE_SECONDS = 8.0
SETTLE_SECONDS = 6.0
"""A message about what was added is shown for so long."""
COMPARE_HELP = "read files in a child and in a thread in turn, this many times each"
P99_RATIO, LONGEST_RATIO = 1.2, 1.5
_SUFFIXES = (".png", ".jpg", ".wav", ".mp4", ".mid", ".webp", ".flac", ".txt", ".ogg", ".gif")


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", type=int, default=0, metavar="ROUNDS", help=COMPARE_HELP)
    rounds = parser.parse_args().compare
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # it leads a session
            os.setsid()  # what else the terminal runs shares the CPU time of its session
    with tempfile.TemporaryDirectory() as name:
        if rounds:
            _compare(Path(name), rounds)
        else:
            _measure(Path(name))


def _measure(place: Path) -> None:
    folders = {
        f"{OTHERS:,} files that are no artifacts": fill_others(place / "others"),
        "hostile files": fill_hostile(place / "hostile"),
        f"{VANISHING:,} files that vanish": fill_vanishing(place / "vanishing"),
    }
    window = _Window(place / "data")
    for title, folder in folders.items():
        base = window.idle()
        if folder.name == "vanishing":
            threading.Thread(target=delete_half, args=(folder,)).start()
        started = time.monotonic()
        found, added = window.add(folder)
        _report(title, base, found, time.monotonic() - started, added)
    window.close()


def _compare(place: Path, rounds: int) -> None:
    """Add a folder of its own in each round and with each reader; each after an idle phase."""
    from studio.library.file_reader.reader import InProcessReader

    folders = [fill_others(place / f"others{number}") for number in range(2 * rounds)]
    window = _Window(place / "data")
    library = window.studio.shared.library.library
    readers = {"child": library._reader, "thread": InProcessReader()}
    intervals: dict[str, list[NDArray[np.float64]]] = {name: [] for name in ("idle", *readers)}
    for _round in range(rounds):
        for name, library._reader in readers.items():
            intervals["idle"].append(window.idle())
            found, _added = window.add(folders.pop())
            intervals[name].append(found)
    window.close()
    base = np.concatenate(intervals.pop("idle"))
    for name, parts in intervals.items():
        found = np.concatenate(parts)
        p99, longest = (_ratio(found, base, q) for q in (99, 100))
        ratios = {"rounds": rounds, "longest": round(longest, 2), "load": os.getloadavg()[0]}
        title = f"{OTHERS:,} files that are no artifacts, {name}: timer p99 against idle"
        report(title, f"<= {P99_RATIO} x", p99, p99 <= P99_RATIO, **ratios)


class _Window:
    """Studio's window with its library shown, and the intervals of a timer in it."""

    def __init__(self, data: Path) -> None:
        from PySide6.QtCore import Qt, QTimer
        from PySide6.QtWidgets import QApplication

        from studio.app import Studio
        from studio.core.paths import DataFolder

        self._application = QApplication([])
        self.studio = Studio(DataFolder(data), fake=True)
        self.studio.window.show()
        self.studio.start_background()
        self.studio.window.show_tab("library")
        self._ticks: list[float] = []
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self._ticks.append(time.perf_counter()))
        self._timer.start(TIMER_MS)
        self.idle()  # also the first scan

    def idle(self) -> NDArray[np.float64]:
        """Return the intervals of an idle window, in ms, after what a scan left to be painted."""
        self._watch_for(SETTLE_SECONDS)
        return self._watch_for(IDLE_SECONDS)

    def add(self, folder: Path) -> tuple[NDArray[np.float64], int]:
        """Add a folder; return the intervals meanwhile, in ms, and the number of files added."""
        done: list[int] = []
        bar = self.studio.window.window_library.page.bar
        bar.added.connect(done.append)
        bar.add([folder])
        found = self._watch(lambda: bool(done))
        bar.added.disconnect(done.append)
        return found, done[0]

    def close(self) -> None:
        """Close it."""
        self.studio.window.close()
        self.studio.close()

    def _watch_for(self, seconds: float) -> NDArray[np.float64]:
        end = time.monotonic() + seconds
        return self._watch(lambda: time.monotonic() > end)

    def _watch(self, is_over: Callable[[], bool]) -> NDArray[np.float64]:
        from PySide6.QtCore import QEventLoop, QTimer

        loop, look = QEventLoop(), QTimer()
        look.timeout.connect(lambda: loop.quit() if is_over() else None)
        look.start(50)
        self._ticks.clear()
        loop.exec()
        return np.diff(np.array(self._ticks)) * 1000


def _report(
    title: str, base: NDArray[np.float64], found: NDArray[np.float64], seconds: float, added: int
) -> None:
    p99, longest = (_ratio(found, base, q) for q in (99, 100))
    memory = psutil.Process().memory_info().rss / 2**20
    more = {"seconds": round(seconds, 1), "added": added, "megabytes": round(memory)}
    limits = (("p99", P99_RATIO, p99), ("longest", LONGEST_RATIO, longest))
    for name, limit, value in limits:
        report(
            f"{title}: timer {name} against idle", f"<= {limit} x", value, value <= limit, **more
        )
    report(f"{title}: longest interval", "", float(found.max()), True, idle=round(base.max(), 1))


def _ratio(found: NDArray[np.float64], base: NDArray[np.float64], percentile: int) -> float:
    return float(np.percentile(found, percentile) / np.percentile(base, percentile))


def fill_others(folder: Path) -> Path:
    """Write files with the names of media and other contents."""
    folder.mkdir()
    drawn = random.Random(1)
    for number in range(OTHERS):
        path = folder / f"{number}{_SUFFIXES[number % len(_SUFFIXES)]}"
        path.write_bytes(drawn.randbytes(drawn.choice([0, 10, 2000])))
    return folder


def fill_hostile(folder: Path) -> Path:
    """Write files that are large when they are read or decoded."""
    folder.mkdir()
    _png(folder / "large.png", _text(b"parameters", b"a red fox, " * 2_000_000))
    _png(folder / "many.png", *(_text(b"p%d" % number, b"x" * 900) for number in range(20_000)))
    _png(folder / "deep.png", _text(b"prompt", b'{"a":' * 200_000))
    bomb = b"parameters\0\0" + zlib.compress(b"a" * 300_000_000, 9)
    _png(folder / "bomb.png", _chunk(b"zTXt", bomb))
    _png(folder / "100-megapixels.png", side=10_000)
    with (folder / "text.txt").open("wb") as file:
        block = "a very long text 灯塔 ".encode() * 40_000
        for _number in range((1 << 30) // len(block)):
            file.write(block)
    (folder / ".studio").mkdir()
    (folder / ".studio" / "text.txt.json").write_text("{}")
    (folder / ".studio" / "annotations.jsonl").write_text("[" * 500_000)
    (folder / "loop").symlink_to(folder)
    return folder


def fill_vanishing(folder: Path) -> Path:
    """Write images, half of which `delete_half` deletes during the scan."""
    folder.mkdir()
    for number in range(VANISHING):
        _png(folder / f"{number}.png", _text(b"parameters", b"cat %d\nSteps: 2, Seed: 3" % number))
    return folder


def delete_half(folder: Path) -> None:
    """Delete every second file, slowly."""
    for number in range(0, VANISHING, 2):
        (folder / f"{number}.png").unlink()
        time.sleep(0.001)


def _png(path: Path, *chunks: bytes, side: int = 8) -> None:
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side + 7) // 8 + 1) * side, 1)
    parts = (_chunk(b"IHDR", head), *chunks, _chunk(b"IDAT", pixels), _chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def _text(keyword: bytes, value: bytes) -> bytes:
    return _chunk(b"tEXt", keyword + b"\0" + value)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    main()
