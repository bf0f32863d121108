"""The canvas with an image of 8192 × 8192: frames of zoom, pan, brush and lasso, steps, memory.

`python -m benchmarks.canvas [--side 8192]`. Run it on a display, such as Xvfb, for the figures of
docs/performance.md, or with `QT_QPA_PLATFORM=offscreen`. A frame is an event of the pointer and the
painting that it causes.
The limit is for its CPU time, because these machines are shared; the clock's time is printed, too.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, QPointF, QSize, Qt, QTimer
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from benchmarks.measure import report
from studio.ui.image.canvas.files import CanvasImage
from studio.ui.image.canvas.mask_tiles import from_array
from studio.ui.image.canvas.operations import Feather, Invert, Resize
from studio.ui.image.canvas.page import CanvasOptions, CanvasPage
from studio.ui.image.canvas.tools import ToolKind
from studio.ui.image.image_levels import with_levels

FRAME_MS = 16.0
FRAMES = 120


class Frames(NamedTuple):
    """Seconds of each frame, sorted."""

    cpu: list[float]
    clock: list[float]


def make_content(side: int) -> CanvasImage:
    """Return an image of noise and a mask with soft edges over most of it."""
    chance = np.random.default_rng(1)
    pixels = chance.integers(0, 256, (side, side), np.uint8)
    image = QImage(pixels.tobytes(), side, side, side, QImage.Format.Format_Grayscale8)
    y, x = np.ogrid[:side, :side]
    waves = 127 + 128 * np.sin(x / 300).astype(np.float32) * np.cos(y / 200).astype(np.float32)
    tiles = from_array(waves.clip(0, 255).astype(np.uint8))
    return CanvasImage(with_levels(image, QSize(side, side)), tiles)


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Run the event loop until a condition holds."""
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() else None)
    timer.start(1)
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
    assert condition(), "took too long"


def timed_frames(page: CanvasPage, act: Callable[[int], object], count: int = FRAMES) -> Frames:
    """Return the seconds of CPU, then those of the clock, of each event with its painting, sorted.

    Nothing else runs in the process meanwhile, but Qt paints with several threads.
    """
    cpu, clock = [], []
    for number in range(count):
        started, used = time.perf_counter(), time.process_time()
        act(number)
        QApplication.processEvents()
        cpu.append(time.process_time() - used)
        clock.append(time.perf_counter() - started)
    return Frames(sorted(cpu), sorted(clock))


def measure_view(page: CanvasPage, zoom: float) -> dict[str, Frames | float]:
    """Measure frames at a zoom; 0 for the whole image."""
    view = page.view
    if zoom:
        view.set_zoom(zoom)
    else:
        view.fit()
    QApplication.processEvents()
    middle = view.rect().center()

    def on_circle(number: int, radius: int = 220) -> QPointF:
        angle = number / 9
        return QPointF(middle) + radius * QPointF(math.cos(angle), math.sin(angle))

    result = {}
    if zoom:
        result["pan"] = timed_frames(
            page, lambda n: view.pan_by(QPointF(23, 11) * (-1) ** (n // 30))
        )
    for title, kind, brush in (
        ("brush 40 px", ToolKind.BRUSH, 40),
        ("brush 400 px", ToolKind.BRUSH, 400),
        ("lasso", ToolKind.LASSO, 40),
    ):
        page.toolbar.choose(kind)
        view.set_brush(brush)
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=on_circle(0).toPoint())
        result[title] = timed_frames(page, lambda n: QTest.mouseMove(view, on_circle(n).toPoint()))
        started = time.perf_counter()
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=on_circle(FRAMES).toPoint())
        wait_until(lambda: page.painted.is_idle)
        QApplication.processEvents()
        result[f"{title}, until it is in the mask"] = time.perf_counter() - started
    return result


def measure_wheel(page: CanvasPage) -> Frames:
    """Zoom in from the whole image to single pixels and out again."""
    view = page.view
    view.fit()
    at = QPointF(view.rect().center()) + QPointF(37, 21)

    def turn(number: int) -> None:
        delta = 60 if number % 60 < 30 else -60
        event = QWheelEvent(
            at,
            view.mapToGlobal(at),
            QPointF(0, 0).toPoint(),
            QPointF(0, delta).toPoint(),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view, event)

    return timed_frames(page, turn)


def measure_steps(page: CanvasPage) -> dict[str, tuple[float, float]]:
    """Return name → seconds until a change of the whole mask shows, and the longest frame."""
    result = {}
    for name, operation in (
        ("invert", Invert()),
        ("grow by 8 px", Resize(8)),
        ("feather by 8 px", Feather(8)),
        ("undo", None),
    ):
        started = last = time.perf_counter()
        longest = 0.0
        if operation is None:
            page.painted.undo()
        else:
            page.painted.apply(operation, name)
        while not page.painted.is_idle:
            QApplication.processEvents()
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
            time.sleep(0.001)
        QApplication.processEvents()
        longest = max(longest, time.perf_counter() - last)
        result[name] = (time.perf_counter() - started, longest)
    return result


def _report(title: str, frames: Frames) -> None:
    place = round(0.95 * (len(frames.cpu) - 1))
    p95 = 1e3 * frames.cpu[place]
    report(
        title,
        f"<= {FRAME_MS:g} ms of CPU",
        p95,
        p95 <= FRAME_MS,
        p50=round(1e3 * frames.cpu[len(frames.cpu) // 2], 1),
        clock_p50=round(1e3 * frames.clock[len(frames.clock) // 2], 1),
        clock_p95=round(1e3 * frames.clock[place], 1),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=8192)
    side = parser.parse_args().side
    application = QApplication([])
    page = CanvasPage()
    page.resize(1280, 800)
    page.show()
    content = make_content(side)
    before = psutil.Process().memory_info().rss
    page.open(content, CanvasOptions())
    application.processEvents()
    name = f"canvas {side} × {side}"
    _report(f"{name}: wheel frame p95", measure_wheel(page))
    for zoom, title in ((0.0, "whole image"), (0.4, "40 %"), (1.0, "100 %"), (4.0, "400 %")):
        for action, times in measure_view(page, zoom).items():
            if isinstance(times, float):
                report(f"{name}, {title}: {action}", "-", 1e3 * times, ok=True)
            else:
                _report(f"{name}, {title}: {action} frame p95", times)
    for step, (seconds, longest) in measure_steps(page).items():
        report(
            f"{name}: {step}, until it shows",
            "-",
            1e3 * seconds,
            ok=True,
            frame_max=round(1e3 * longest, 1),
        )
    more = (psutil.Process().memory_info().rss - before) / 1e6
    report(f"{name}: memory for the mask and its undo", "-", more, ok=True)


if __name__ == "__main__":
    main()
