"""A 1080p30 clip with audio in the player: frames shown, and the delay of a timer of the window.

`python -m benchmarks.video_playback`. Frames that are late are left out, so frames shown per second
show whether decoder, pipe and painting keep up.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.measure import report

FRAME_RATE = 30
SECONDS = 10
IDLE_SECONDS = 6.0
SIZE = (1920, 1080)


def make_clip(path: Path) -> None:
    """Write a clip whose content moves, with fine detail and a tone."""
    import av

    width, height = SIZE
    y, x = np.mgrid[0 : height + 400, 0 : width + 400]
    noise = np.random.default_rng(1).integers(0, 24, (height + 400, width + 400))
    plane = ((x // 3 + y // 5 + noise) % 256).astype(np.uint8)
    world = np.stack([plane, plane[::-1], 255 - plane], -1)
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=Fraction(FRAME_RATE))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"preset": "veryfast", "crf": "23"}
        audio = file.add_stream("aac", rate=48_000, layout="stereo")
        for number in range(SECONDS * FRAME_RATE):
            at = number % 400
            pixels = np.ascontiguousarray(world[at : at + height, at : at + width])
            file.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(video.encode())
        for number in range(SECONDS * 50):
            silence = av.AudioFrame.from_ndarray(
                np.zeros((1, 2 * 960), np.int16), format="s16", layout="stereo"
            )
            silence.sample_rate = 48_000
            silence.pts, silence.time_base = number * 960, Fraction(1, 48_000)
            file.mux(audio.encode(silence))
        file.mux(audio.encode())


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import psutil
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from studio.ui.video.video_view import VideoView
    from studio.ui.widgets import theme

    application = QApplication([])
    theme.apply(application, "light")
    intervals: list[float] = []
    last = [0.0]

    def tick() -> None:
        now = time.perf_counter()
        intervals.append((now - last[0]) * 1000)
        last[0] = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)

    def watch(seconds: float) -> np.ndarray:
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        intervals.clear()
        last[0] = time.perf_counter()
        timer.start(16)
        loop.exec()
        timer.stop()
        return np.array(intervals)

    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        make_clip(clip)
        view = VideoView(backends=["NULL"])
        view.resize(1280, 800)
        view.show()
        watch(1.0)
        idle = watch(IDLE_SECONDS)
        shown: list[float] = []
        late: list[float] = []

        def note(frame) -> None:
            shown.append(frame.seconds)
            late.append(view.player.position - frame.seconds)

        view.load(clip, plays=True)
        watch(1.5)
        view.player.frame_shown.connect(note)
        own, child = time.process_time(), psutil.Process(view.player.decoder_pid)
        decoder = sum(child.cpu_times()[:2])
        began, position = time.perf_counter(), view.player.position
        busy = watch(IDLE_SECONDS)
        elapsed, played = time.perf_counter() - began, view.player.position - position
        own, decoder = time.process_time() - own, sum(child.cpu_times()[:2]) - decoder
        memory = child.memory_info().rss
        size = view.player.frame.image.size().toTuple() if view.player.frame is not None else ()
        view.close_player()
    rate = len(shown) / elapsed
    report(
        "video: frames shown per second of a 1080p30 clip",
        ">= 29",
        rate,
        rate >= 29,
        played_per_second=round(played / elapsed, 3),
        shown_size=size,
        late_ms_p95=round(float(np.percentile(late, 95)) * 1000, 1),
        window_cpu=round(own / elapsed, 2),
        decoder_cpu=round(decoder / elapsed, 2),
        decoder_mb=round(memory / 1e6),
    )
    for name, limit, of in (("p99", 1.2, lambda all_: np.percentile(all_, 99)), ("max", 1.5, max)):
        ratio = of(busy) / of(idle)
        report(
            f"video: UI timer interval {name}, playing / idle",
            f"<= {limit}",
            ratio,
            ratio <= limit,
            playing_ms=round(float(of(busy)), 2),
            idle_ms=round(float(of(idle)), 2),
        )


if __name__ == "__main__":
    sys.exit(main())
