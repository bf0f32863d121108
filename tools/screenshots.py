"""Take the screenshots of README.md with the real program and the starter models.

    python -m tools.screenshots docs/images [NAME …] --models DATA_FOLDER

`DATA_FOLDER` is a data folder with the starter models (`studio models install starter`, `kokoro`).
Its models are linked into temporary data folders, and nothing in it changes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QWidget

from studio.app import Studio
from studio.core.paths import DataFolder
from studio.core.settings_store import update
from studio.ui.batch.dialog import BatchDialog
from studio.ui.help.palette import Palette
from studio.ui.tabs.form_tab import FormTab

SIZE = (1280, 800)
SMALL = (1024, 700)
PATIENCE = 300.0
"""Seconds; a text of the starter model takes most of a minute on a slow computer."""
STORY = "Write a short story about a lighthouse keeper who finds a letter."
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
    """Whether the starter models are there."""
    size: tuple[int, int] = SIZE


class Session:
    """A running window in its own data folder; a context manager."""

    def __init__(self, folder: Path, models: Path | None, shot: Shot) -> None:
        data = DataFolder(folder)
        data.create()
        if models is not None:
            shutil.copytree(
                models / "models", data.models, copy_function=os.link, dirs_exist_ok=True
            )
        update(data, {"theme": shot.theme})
        self._size = shot.size
        self.folder = folder
        self._studio = Studio(data)
        self.window = self._studio.window

    def __enter__(self) -> Session:
        self.window.resize(*self._size)
        self._studio.start()
        QTest.qWait(1000)
        return self

    def __exit__(self, *_error: object) -> None:
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
            QTest.qWait(50)
        QTest.qWait(500)

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


def click(button: QPushButton) -> None:
    """Click a button with the mouse."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.qWait(300)


def dialogs() -> list[QDialog]:
    """Return the dialogs that are open."""
    windows = QApplication.topLevelWidgets()
    return [widget for widget in windows if isinstance(widget, QDialog) and widget.isVisible()]


def take_welcome(session: Session) -> QWidget:
    """The first start, without the starter text model."""
    return session.window


def take_examples(session: Session) -> QWidget:
    """The first start, with the examples of the Image tab."""
    session.window.show_tab("image")
    QTest.qWait(300)
    return session.window


def take_bar(session: Session) -> QWidget:
    """The queue's bar while an image is generated, and a toast."""
    session.tab("image", "a red apple")
    session.generate()
    session.pause()
    for prompt in ("a yellow boat", "一只蓝色的鸟"):
        click(session.tab("image", prompt).generate_button)
    session.wait(lambda: session.open_jobs == 2)
    return session.window


def take_text(session: Session) -> QWidget:
    """A story in the Text tab."""
    session.tab("text", STORY)
    session.generate()
    return session.window


def take_image(session: Session) -> QWidget:
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


def take_audio(session: Session) -> QWidget:
    """Speech in the Audio tab."""
    session.tab("audio", SPEECH)
    session.generate()
    return session.window


def take_queue(session: Session) -> QWidget:
    """The queue with jobs in several states."""
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
    return session.window


def take_batch(session: Session) -> QWidget:
    """A batch file with an error in one row, before it runs."""
    path = session.folder / "prompts.csv"
    path.write_text("\n".join(ROWS) + "\n", encoding="utf-8")
    session.window.dialogs.show_batch(path, "image", "")
    session.wait(lambda: bool(dialogs()))
    dialog = dialogs()[0]
    assert isinstance(dialog, BatchDialog)
    dialog.resize(*SIZE)
    session.wait(lambda: dialog.rows.rowCount() == len(ROWS) - 1)
    return dialog


def take_models(session: Session) -> QWidget:
    """The Models window."""
    session.window.dialogs.show_models()
    session.wait(lambda: bool(dialogs()))
    QTest.qWait(3000)
    return dialogs()[0]


def take_settings(session: Session) -> QWidget:
    """The settings, with the group Results."""
    session.window.dialogs.show_settings("file_name")
    session.wait(lambda: bool(dialogs()))
    dialogs()[0].resize(900, 640)
    QTest.qWait(300)
    return dialogs()[0]


def take_palette(session: Session) -> QWidget:
    """The command palette with a search."""
    session.window.dialogs.show_palette()
    session.wait(lambda: bool(dialogs()))
    palette = dialogs()[0]
    assert isinstance(palette, Palette)
    QTest.keyClicks(palette.search, "the")
    QTest.qWait(1000)
    return palette


SHOTS = {
    "welcome-light": Shot(take_welcome, "light", False),
    "welcome-dark": Shot(take_welcome, "dark", False),
    "welcome-light-small": Shot(take_examples, "light", False, SMALL),
    "welcome-dark-small": Shot(take_examples, "dark", False, SMALL),
    "queue-bar-light": Shot(take_bar, "light", True),
    "queue-bar-dark-small": Shot(take_bar, "dark", True, SMALL),
    "text-light": Shot(take_text, "light", True),
    "image-light": Shot(take_image, "light", True),
    "image-dark": Shot(take_image, "dark", True),
    "audio-light": Shot(take_audio, "light", True),
    "audio-dark": Shot(take_audio, "dark", True),
    "queue-light": Shot(take_queue, "light", True),
    "batch-light": Shot(take_batch, "light", True),
    "models-light": Shot(take_models, "light", True),
    "settings-light": Shot(take_settings, "light", False),
    "settings-dark": Shot(take_settings, "dark", False),
    "palette-dark": Shot(take_palette, "dark", False),
}
"""File name → what to show."""


def main() -> int:
    """Take all screenshots, or those that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("names", nargs="*", default=list(SHOTS))
    options = parser.parse_args()
    for name in options.names:
        shot = SHOTS[name]
        with (
            tempfile.TemporaryDirectory() as scratch,
            Session(Path(scratch), options.models if shot.has_models else None, shot) as session,
        ):
            if not shot.take(session).grab().save(str(options.folder / f"{name}.png")):
                sys.exit(f"{name}.png cannot be written")
            for open_dialog in dialogs():
                open_dialog.close()
        sys.stdout.write(f"{name}.png\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
