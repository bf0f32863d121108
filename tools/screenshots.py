"""Take the screenshots of README.md and docs/ with the real program and the starter models.

    python -m tools.screenshots docs/images [NAME …] --models DATA_FOLDER

`DATA_FOLDER` is a data folder with the starter models (`studio models install starter`, `kokoro`).
Its models are linked into a temporary data folder, where the window generates the results that
the screenshots show; nothing in `DATA_FOLDER` changes. A name without an ending takes every size
and theme of it.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget

from studio.app import Studio
from studio.core.paths import DataFolder
from studio.core.settings_store import update
from studio.core.translation import ENGLISH, use_language
from studio.ui.batch.dialog import BatchDialog
from studio.ui.help.palette import Palette
from studio.ui.library.compare.window import CompareWindow
from studio.ui.models.hardware_probe import HardwareProbe
from studio.ui.tabs.form_tab import FormTab
from studio.ui.video.video_window import VideoWindow

SIZE = (1280, 800)
SMALL = (1024, 700)
PATIENCE = 300.0
"""Seconds; a text of the starter model takes most of a minute on a slow computer."""
TOAST_MILLISECONDS = 10_000
"""Until a toast is gone."""
STORY = "Write a short story about a lighthouse keeper who finds a letter."
CODE_QUESTION = "Write a Python function that returns the sum of the even numbers in a list."
IMAGES = (
    "a red apple",
    "a small castle",
    "一只蓝色的鸟",
    "a yellow boat",
    "a brown dog",
    "一棵绿色的树",
    "a white house",
    "a purple flower",
)
CLIP_RATE = 25
"""Frames per second of the video, and how many lie between two images."""
MUSIC = "a calm piano melody"
SPEECH = "Good morning! The train to London leaves at 9:45 and costs £12.50."
ROWS = (
    "prompt,width,height,steps,count",
    "a red apple,64,64,20,2",
    "a blue bird on a branch,64,64,20,1",
    "a small castle at night,64,64,20,1",
    "a yellow boat,64,64,many,1",
    "一只红色的猫,64,64,20,1",
)


class Shot(NamedTuple):
    """One screenshot."""

    take: Callable[[Session], QWidget]
    theme: str
    has_models: bool
    """Whether the starter models and results are there."""
    size: tuple[int, int] = SIZE
    language: str = ENGLISH


def run_events(milliseconds: int) -> None:
    """Run the event loop for a while. QTest.qWait would keep Python's other threads waiting."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Session:
    """A running window in its own data folder; a context manager."""

    def __init__(
        self, folder: Path, theme: str, size: tuple[int, int], language: str = ENGLISH
    ) -> None:
        data = DataFolder(folder)
        use_language(language)
        data.create()
        clean = {"last_tab": 0, "geometry": "", "window_state": "", "larger_declined": True}
        update(data, {"theme": theme, **clean})
        self._size = size
        self.folder = folder
        self._studio = Studio(data)
        self.window = self._studio.window

    def __enter__(self) -> Session:
        self.window.resize(*self._size)
        self._studio.start()
        run_events(1000)
        return self

    def __exit__(self, *_error: object) -> None:
        for dialog in dialogs():
            dialog.close()
        self._studio.session.queue.cancel_all()
        self.wait(lambda: not self.open_jobs)
        self.window.close()
        self._studio.close()

    def wait(self, is_reached: Callable[[], bool]) -> None:
        """Run the event loop until something is true. Raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while not is_reached():
            if time.monotonic() > deadline:
                raise TimeoutError("the window did not reach the state for a screenshot")
            run_events(50)
        run_events(500)

    def tab(self, name: str, prompt: str) -> FormTab:
        """Show a tab and type a prompt into it."""
        self.window.show_tab(name)
        tab = self.window.current()
        tab.prompt.setFocus()
        QTest.keySequence(tab.prompt, "Ctrl+A")
        tab.prompt.insertPlainText(prompt)  # key events cannot type Chinese
        return tab

    def generate(self) -> None:
        """Click Generate and wait until the queue is empty."""
        queue = self._studio.session.queue
        over = queue.counts.over
        click(self.window.current().generate_button)
        self.wait(lambda: queue.counts.over > over and not self.open_jobs)

    @property
    def open_jobs(self) -> int:
        """The number of jobs that wait or run."""
        return self._studio.session.queue.counts.open

    def pause(self) -> None:
        """Pause the queue."""
        self._studio.session.queue.pause()

    def clear(self) -> None:
        """Continue the queue, without the finished jobs."""
        queue = self._studio.session.queue
        queue.resume()
        queue.remove([job.id for job in queue.jobs()])
        self.wait(lambda: not queue.counts.states.total())  # `generate` counts the jobs


def click(button: QAbstractButton) -> None:
    """Click a button with the mouse."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    run_events(300)


def dialogs() -> list[QDialog]:
    """Return the dialogs that are open."""
    windows = QApplication.topLevelWidgets()
    return [widget for widget in windows if isinstance(widget, QDialog) and widget.isVisible()]


def take_welcome(session: Session) -> QWidget:
    """The first start, without the starter text model."""
    return session.window


def take_larger(session: Session) -> QWidget:
    """The offer of a larger text model, and a prompt that the small one cannot read."""
    session.tab("text", "为一篇关于小镇洪水的文章写五个标题。")
    session.wait(session.window.text_tab.language_note.isVisible)
    session.window.shared.larger_requested.emit()
    session.wait(session.window.install_banner.larger.isVisible)
    return session.window


def take_examples(session: Session) -> QWidget:
    """The first start, with the examples of the Image tab."""
    session.window.show_tab("image")
    run_events(300)
    return session.window


def take_bar(session: Session) -> QWidget:
    """The queue's bar with two jobs that wait, and a toast."""
    session.clear()
    session.tab("image", "a red apple")
    session.generate()
    session.pause()
    for prompt in ("a yellow boat", "一只蓝色的鸟"):
        click(session.tab("image", prompt).generate_button)
    session.wait(lambda: session.open_jobs == 2)
    return session.window


def take_text(session: Session) -> QWidget:
    """The last story, after a restart."""
    session.window.show_tab("text")
    session.wait(lambda: bool(session.window.text_tab.stage.current_path()))
    return session.window


def take_chat(session: Session) -> QWidget:
    """A question about code, answered in a chat."""
    session.tab("text", "")
    tab = session.window.text_tab
    tab.show_view("chat")
    session.wait(lambda: tab.chat_page.open_chat.is_open)
    tab.set_values({"seed": 1, "temperature": 0.0, "repetition_penalty": 1.0})
    session.tab("text", CODE_QUESTION)
    session.generate()
    session.wait(lambda: bool(tab.chat_page.chat.path()[-1].finish))
    return session.window


def take_start_image(session: Session) -> QWidget:
    """Image to image: a castle becomes a red one."""
    session.tab("image", "a small castle")
    session.generate()
    tab = session.window.image_tab
    click(tab.stage.start_button)
    session.wait(lambda: not tab.source.thumbnail.pixmap().isNull())
    session.tab("image", "a red castle")
    session.generate()
    session.wait(tab.stage.start_button.isEnabled)  # the file is read in the background
    return session.window


def take_image(session: Session) -> QWidget:
    """The last image, after a restart."""
    session.window.show_tab("image")
    session.wait(session.window.image_tab.stage.start_button.isEnabled)
    return session.window


def take_audio(session: Session) -> QWidget:
    """The last speech, after a restart."""
    session.window.show_kind("speech")
    session.wait(lambda: bool(session.window.audio_tab.speech.stage.current_path()))
    return session.window


def take_queue(session: Session) -> QWidget:
    """The queue with jobs in several states."""
    session.clear()
    for prompt in ("a red apple", "a green tree", "一只蓝色的鸟"):
        session.tab("image", prompt)
        session.generate()
    session.pause()
    waiting = ("a yellow boat", "a brown dog", "a white house")
    for prompt in waiting:
        click(session.tab("image", prompt).generate_button)
    if not session.window.queue_dock.isVisible():
        session.window.toggle_queue()
    session.wait(lambda: session.open_jobs == len(waiting))
    run_events(TOAST_MILLISECONDS)
    return session.window


def take_batch(session: Session) -> QWidget:
    """A batch file with an error in one row, before it runs."""
    path = session.folder / "prompts.csv"
    path.write_text("\n".join(ROWS) + "\n", encoding="utf-8")
    session.window.dialogs.show_batch(path, "image", "")
    session.wait(lambda: bool(dialogs()))
    dialog = dialogs()[0]
    assert isinstance(dialog, BatchDialog)
    dialog.resize(session.window.size())
    session.wait(lambda: dialog.rows.rowCount() == len(ROWS) - 1)
    return dialog


def take_models(session: Session) -> QWidget:
    """The Models window."""
    session.window.dialogs.show_models()
    session.wait(lambda: bool(dialogs()) and HardwareProbe.known is not None)
    return dialogs()[0]


def take_settings(session: Session) -> QWidget:
    """The settings, with the group Results."""
    session.window.dialogs.show_settings("file_name")
    session.wait(lambda: bool(dialogs()))
    dialogs()[0].resize(session.window.size() * 0.78)
    run_events(300)
    return dialogs()[0]


def make_results(session: Session) -> None:
    """Generate what the library and the stages show."""
    for prompt in IMAGES:
        session.tab("image", prompt)
        session.generate()
    session.tab("text", STORY)
    session.generate()
    session.tab("audio", SPEECH)
    session.generate()
    session.window.show_kind("music")
    session.tab("audio", MUSIC)
    session.generate()
    session.window.show_kind("speech")
    take_start_image(session)
    grid = show_library(session)
    for key in (Qt.Key.Key_5, Qt.Key.Key_F):
        QTest.keyClick(grid, key)


def show_library(session: Session) -> QWidget:
    """Show the library, with the keyboard in the grid."""
    session.window.show_tab("library")
    grid = session.window.window_library.page.view
    session.wait(lambda: session.window.window_library.page.results.is_complete)
    run_events(1500)  # the thumbnails are drawn
    grid.setFocus()
    QTest.keyClick(grid, Qt.Key.Key_Home)
    return grid


def take_library(session: Session) -> QWidget:
    """The library with a rated favorite."""
    show_library(session)
    side = session.window.window_library.page.sidebar
    assert side is not None
    session.wait(lambda: any(row.text(1) == "1" for row in side.tree.rows()))
    return session.window


def take_compare(session: Session) -> QWidget:
    """The castle and the red castle that was made from it, under the slider."""
    grid = show_library(session)
    QTest.keyClick(grid, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(grid, Qt.Key.Key_C)
    session.wait(lambda: bool(dialogs()))
    compare = dialogs()[0]
    assert isinstance(compare, CompareWindow)
    compare.resize(session.window.size())
    session.wait(lambda: compare.content is not None)
    click(compare.mode_buttons[1])
    return compare


def write_clip(path: Path, images: list[Path]) -> None:
    """Write a video in which each image turns into the next one. Raises OSError."""
    import av
    import numpy as np
    from PIL import Image

    shown = [Image.open(one).convert("RGB").resize((480, 480)) for one in images]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=CLIP_RATE)
        stream.width, stream.height, stream.pix_fmt = 480, 480, "yuv420p"
        for first, second in itertools.pairwise(shown):
            for step in range(CLIP_RATE):
                pixels = np.asarray(Image.blend(first, second, step / CLIP_RATE))
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                file.mux(stream.encode(frame))
        file.mux(stream.encode())


def take_video(session: Session) -> QWidget:
    """A video of the library's images in its window."""
    path = session.folder / "a-red-apple-to-a-white-house.mp4"
    outputs = DataFolder(session.folder).outputs
    write_clip(path, sorted(outputs.glob("*.png"), key=lambda one: one.stat().st_mtime)[:5])
    session.window.dialogs.show_video(path)
    session.wait(lambda: bool(dialogs()))
    window = dialogs()[0]
    assert isinstance(window, VideoWindow)
    player = window.view.player
    session.wait(lambda: player.is_playing and player.position > 0)
    player.pause()
    player.seek(1.0)
    run_events(1000)
    return window


def take_chinese(session: Session) -> QWidget:
    """The Image tab in Chinese."""
    session.tab("image", "一棵绿色的树")
    session.generate()
    session.wait(session.window.image_tab.stage.start_button.isEnabled)
    return session.window


def take_palette(session: Session) -> QWidget:
    """The command palette with a search."""
    session.window.dialogs.show_palette()
    session.wait(lambda: bool(dialogs()))
    palette = dialogs()[0]
    assert isinstance(palette, Palette)
    QTest.keyClicks(palette.search, "the")
    run_events(1000)
    return palette


THEMES = ("light", "dark")
SIZES = {"": SIZE, "-small": SMALL}


def every(
    name: str, take: Callable[[Session], QWidget], *, has_models: bool = True
) -> dict[str, Shot]:
    """Return a screenshot in each theme and size."""
    return {
        f"{name}-{theme}{ending}": Shot(take, theme, has_models, size)
        for theme in THEMES
        for ending, size in SIZES.items()
    }


def two(name: str, take: Callable[[Session], QWidget]) -> dict[str, Shot]:
    """Return a light screenshot, and a small dark one."""
    return {
        f"{name}-light": Shot(take, "light", True),
        f"{name}-dark-small": Shot(take, "dark", True, SMALL),
    }


SHOTS = {
    **every("welcome", take_welcome, has_models=False),
    **every("settings", take_settings, has_models=False),
    **every("library", take_library),
    **every("compare", take_compare),
    **two("larger", take_larger),
    **two("text", take_text),
    "chat-dark-small": Shot(take_chat, "dark", True, SMALL),
    **two("image", take_image),
    **two("audio", take_audio),
    "audio-dark": Shot(take_audio, "dark", True),
    **two("batch", take_batch),
    "video-light": Shot(take_video, "light", True),
    "video-dark": Shot(take_video, "dark", True),
    "models-light": Shot(take_models, "light", True),
    "palette-dark": Shot(take_palette, "dark", False),
    "examples-light": Shot(take_examples, "light", False),
    "chinese-light": Shot(take_chinese, "light", True, language="zh_CN"),
    **two("queue", take_queue),
    **two("queue-bar", take_bar),
}
"""File name → what to show."""


def save(shown: QWidget, path: Path) -> None:
    """Save what a widget shows as a small PNG of 256 colors. Raises OSError."""
    from PIL import Image

    if not shown.grab().save(str(path)):
        raise OSError(f"{path} cannot be written")
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def chosen(names: list[str]) -> list[str]:
    """Return the screenshots with these names, or all."""
    return [
        name
        for name in SHOTS
        if not names or any(name == one or name.startswith(f"{one}-") for one in names)
    ]


def main() -> int:
    """Take all screenshots, or those that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HOME"] = scratch  # the window shows paths in it with ~
        folder = Path(scratch) / "Studio"
        shutil.copytree(options.models / "models", folder / "models", copy_function=os.link)
        names = chosen(options.names)
        if any(SHOTS[name].has_models for name in names):
            with Session(folder, "light", SIZE) as session:
                make_results(session)
        for name in names:
            shot = SHOTS[name]
            data = folder if shot.has_models else Path(scratch) / name
            with Session(data, shot.theme, shot.size, shot.language) as session:
                save(shot.take(session), options.folder / f"{name}.png")
            sys.stdout.write(f"{name}.png\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
