"""The library of 100 000 artifacts in the real window: first paint, scrolling, search, memory.

`python -m benchmarks.library_window [--count 100000]`. Run it on a display, such as Xvfb, for the
figures of docs/performance.md, or with `QT_QPA_PLATFORM=offscreen`. The files of the newest items
exist, so that thumbnails are made while the window scrolls.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QColor, QImage

from benchmarks.measure import report
from studio.app import Studio
from studio.core.paths import data_folder
from studio.library.index import LibraryIndex
from studio.library.items import NewItem, Query

FIRST_PAINT_MS = 50.0
FRAME_MS = 16.0
SEARCH_MS = 5.0
ADD_MS = 5.0
MEMORY_MB = 150.0
FRAMES = 300
FILES = 200
"""Different images, which many items share."""
_SEARCHES = ("lighthouse", "霓虹", "dragon robot", "no12345", "storm")
_WORDS = ["cat", "dog", "river", "mountain", "night", "market", "neon", "rain", "lighthouse"]
_WORDS += ["storm", "harbor", "dragon", "robot"]
_CHINESE = ["明月", "山水", "夜市", "霓虹", "灯塔", "风暴", "森林", "茶杯", "小猫", "春天"]


def fill(root: Path, count: int) -> None:
    """Make a library of `count` items in a data folder."""
    data = data_folder(str(root))
    data.create()
    digests = [_make_image(data.outputs / f"{number}.png", number) for number in range(FILES)]
    index = LibraryIndex(data.library)
    now = time.time()
    for start in range(0, count, 2_000):
        index.add(
            _item(data.outputs, number, digests, now - 97.0 * (count - number))
            for number in range(start, min(count, start + 2_000))
        )
    index.close()


def _make_image(path: Path, number: int) -> str:
    image = QImage(512, 512, QImage.Format.Format_RGB32)
    image.fill(QColor.fromHsv(number * 37 % 360, 180, 200))
    image.save(str(path))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _item(folder: Path, number: int, digests: list[str], created: float) -> NewItem:
    chance = random.Random(number)
    prompt = (
        "，".join(chance.choices(_CHINESE, k=6))
        if number % 4 == 0
        else " ".join(chance.choices(_WORDS, k=12))
    )
    is_text = number % 4 == 3
    file = number % FILES
    return NewItem(
        path=str(folder / f"{number:06}.txt" if is_text else folder / f"{number:06}.png"),
        sha256=f"{number:064x}" if is_text else digests[file],
        size=100_000,
        modified=number,
        media="text" if is_text else "image",
        kind="text" if is_text else "image",
        created=created,
        model=f"model-{number % 9}",
        prompt=f"{prompt} no{number}",
        body=" ".join(chance.choices(_WORDS, k=80)) if is_text else "",
        seed=number,
        width=512,
        height=512,
        job_id=f"job{number}",
        program="Studio",
    )


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Run the event loop until a condition holds; other threads run meanwhile."""
    loop = QEventLoop()
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() else None)
    timer.start(1)
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
    timer.stop()
    assert condition(), "took too long"


class Paints:
    """Times of a view's paint events."""

    def __init__(self, view) -> None:
        self.durations: list[float] = []
        self.last_with_items = 0.0
        paint = type(view).paintEvent

        def timed(event) -> None:
            started = time.perf_counter()
            paint(view, event)
            ended = time.perf_counter()
            self.durations.append(ended - started)
            if view._ids and view.results.item(view._ids[0]) and not self.last_with_items:
                self.last_with_items = ended

        view.paintEvent = timed


def memory() -> float:
    """Return the memory of this process in MB."""
    return psutil.Process().memory_info().rss / 1e6


def measure(root: Path) -> dict[str, float]:
    """Open the window on a library and measure."""
    studio = Studio(data_folder(str(root)), fake=True)
    window = studio.window
    window.resize(1280, 800)
    window.show()
    studio.prepare_first_jobs()  # as after each start, when the window is painted
    studio.shared.library.write_soon(lambda: studio.shared.library.index.count())  # as the scan
    done: list[bool] = []
    QTimer.singleShot(1_500, lambda: done.append(True))
    wait_until(lambda: bool(done))
    figures = _measure_page(studio)
    window._may_close = lambda _count: True
    window.close()
    studio.close()
    return figures


def _measure_page(studio: Studio) -> dict[str, float]:
    window, library = studio.window, studio.shared.library
    page = window.window_library.page
    paints = Paints(page.view)
    started = time.perf_counter()
    cpu = time.process_time()
    window.show_tab("library")
    if not library.index.count(Query(kinds=("image",))):  # an empty library, for its memory
        wait_until(lambda: page.results.is_complete)
        return {"memory": memory()}
    wait_until(lambda: bool(paints.last_with_items))
    figures = {
        "first": 1e3 * (paints.last_with_items - started),
        "first_cpu": 1e3 * (time.process_time() - cpu),
    }
    wait_until(lambda: page.results.is_complete)
    figures |= _measure_scrolling(page, paints)
    figures |= _measure_search(page)
    figures |= _measure_new_item(studio, page)
    figures["memory"] = memory()
    return figures


def _measure_scrolling(page, paints: Paints) -> dict[str, float]:
    """Scroll by a third of a screen for each frame, through the whole library and back."""
    bar, view = page.view.verticalScrollBar(), page.view
    frames: list[float] = []
    chance = random.Random(1)
    state = {"left": FRAMES, "value": 0}

    def step() -> None:
        state["left"] -= 1
        if state["left"] % 50 == 0:
            state["value"] = chance.randrange(bar.maximum())
        state["value"] += view.viewport().height() // 3
        started = time.perf_counter()
        bar.setValue(state["value"])
        view.viewport().repaint()
        frames.append(time.perf_counter() - started)

    timer = QTimer()
    timer.timeout.connect(step)
    timer.start(16)
    wait_until(lambda: state["left"] <= 0)
    timer.stop()
    frames.sort()
    return {"frame": 1e3 * frames[round(0.95 * (len(frames) - 1))], "frame_max": 1e3 * frames[-1]}


def _measure_search(page) -> dict[str, float]:
    """From a search to the first results in the view's list, without the wait for more keys."""
    times = []
    for text in _SEARCHES * 3:
        seen: list[float] = []
        page.results.changed.connect(lambda seen=seen: seen.append(time.perf_counter()))
        started = time.perf_counter()
        page.results.search(Query(text=text))
        wait_until(lambda seen=seen: bool(seen))
        times.append(seen[0] - started)
        wait_until(lambda: page.results.is_complete)
    page.results.search(Query())
    wait_until(lambda: page.results.is_complete)
    times.sort()
    return {"search": 1e3 * times[len(times) // 2], "search_max": 1e3 * times[-1]}


def _measure_new_item(studio: Studio, page) -> dict[str, float]:
    """The time of the GUI thread for one more item; the index is written in another thread."""
    library, times = studio.shared.library, []
    insert = page.results._insert

    def timed(ids, items) -> None:
        started = time.perf_counter()
        insert(ids, items)
        page.view.viewport().repaint()
        times.append(time.perf_counter() - started)

    page.results._insert = timed
    folder = studio.data.outputs
    for number in range(15):
        item = _item(folder, 200_003 + 4 * number, ["0" * 64] * FILES, time.time() + number)
        added = library.index.add([item])
        library.items_added.emit(added)
        wait_until(lambda number=number: len(times) > number)
    times.sort()
    return {"add": 1e3 * times[len(times) // 2], "add_max": 1e3 * times[-1]}


def _in_process(root: Path) -> dict[str, float]:
    """Measure in a process of its own, for its memory."""
    import json

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.library_window", "--data", str(root)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--data", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.data:
        import json

        print(json.dumps(measure(Path(chosen.data))))
        return
    with tempfile.TemporaryDirectory() as name:
        empty, full = Path(name) / "empty", Path(name) / "full"
        fill(empty, 0)
        fill(full, chosen.count)
        base, found = _in_process(empty), _in_process(full)
    more = found["memory"] - base["memory"]
    count = f"library window, {chosen.count:,} items"
    rows = (
        ("first paint with items", FIRST_PAINT_MS, found["first"], {"cpu": found["first_cpu"]}),
        ("scroll frame p95", FRAME_MS, found["frame"], {"max": found["frame_max"]}),
        ("search", SEARCH_MS, found["search"], {"max": found["search_max"]}),
        ("one more item", ADD_MS, found["add"], {"max": found["add_max"]}),
    )
    for title, limit, value, extra in rows:
        shown = {key: round(number, 1) for key, number in extra.items()}
        report(f"{count}: {title}", f"<= {limit:g} ms", value, value <= limit, **shown)
    report(f"{count}: memory", f"<= {MEMORY_MB:g} MB", more, more <= MEMORY_MB)


if __name__ == "__main__":
    main()
