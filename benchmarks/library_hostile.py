"""How late a 16 ms timer of the window is while hostile folders are added to the library.

`python -m benchmarks.library_hostile`: 10 000 files that are no artifacts; a text of 1 GB, an image
of 100 megapixels, 20 MB of metadata, deep JSON, decompression bombs; 1 000 files that vanish.
"""

from __future__ import annotations

import os
import random
import struct
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
P99_RATIO, LONGEST_RATIO = 1.2, 1.5
_SUFFIXES = (".png", ".jpg", ".wav", ".mp4", ".mid", ".webp", ".flac", ".txt", ".ogg", ".gif")


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from studio.app import Studio
    from studio.core.paths import DataFolder

    with tempfile.TemporaryDirectory() as name:
        folders = {
            f"{OTHERS:,} files that are no artifacts": fill_others(Path(name) / "others"),
            "hostile files": fill_hostile(Path(name) / "hostile"),
            f"{VANISHING:,} files that vanish": fill_vanishing(Path(name) / "vanishing"),
        }
        _application = QApplication([])
        studio = Studio(DataFolder(Path(name) / "data"), fake=True)
        studio.window.show()
        studio.start_background()
        studio.window.show_tab("library")
        page = studio.window.window_library.page
        ticks: list[float] = []
        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
        timer.start(TIMER_MS)

        def watch(is_over: Callable[[], bool]) -> NDArray[np.float64]:
            loop, look = QEventLoop(), QTimer()
            look.timeout.connect(lambda: loop.quit() if is_over() else None)
            look.start(50)
            ticks.clear()
            loop.exec()
            return np.diff(np.array(ticks)) * 1000

        def idle() -> NDArray[np.float64]:
            end = time.monotonic() + IDLE_SECONDS
            return watch(lambda: time.monotonic() > end)

        idle()  # also the first scan
        for title, folder in folders.items():
            base, done = idle(), []
            page.bar.added.connect(done.append)
            if folder.name == "vanishing":
                threading.Thread(target=delete_half, args=(folder,)).start()
            started = time.monotonic()
            page.bar.add([folder])
            found = watch(lambda done=done: bool(done))
            _report(title, base, found, time.monotonic() - started, done[0])
        studio.window.close()
        studio.close()


def _report(
    title: str, base: NDArray[np.float64], found: NDArray[np.float64], seconds: float, added: int
) -> None:
    p99, longest = (np.percentile(found, q) / np.percentile(base, q) for q in (99, 100))
    memory = psutil.Process().memory_info().rss / 2**20
    more = {"seconds": round(seconds, 1), "added": added, "megabytes": round(memory)}
    limits = (("p99", P99_RATIO, p99), ("longest", LONGEST_RATIO, longest))
    for name, limit, value in limits:
        report(
            f"{title}: timer {name} against idle", f"<= {limit} x", value, value <= limit, **more
        )
    report(f"{title}: longest interval", "", float(found.max()), True, idle=round(base.max(), 1))


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
