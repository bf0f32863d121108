"""A library with real files in the data folder of the test."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from studio.library.index import LibraryIndex
from studio.library.items import NewItem
from tests.ui.conftest import PATIENCE

DAY = 86_400.0
_SUFFIXES = {"image": "png", "text": "txt", "audio": "wav", "video": "mp4"}
_KINDS = {"image": "image", "text": "text", "audio": "speech", "video": "video"}


def make_item(folder: Path, number: int, *, media: str = "image", **changes) -> NewItem:
    """Write a file, `number` days old, and describe it."""
    path = folder / f"{number:04}.{_SUFFIXES[media]}"
    if media == "image":
        image = QImage(48, 32, QImage.Format.Format_RGB32)
        image.fill(QColor.fromHsv(number * 37 % 360, 200, 200))
        image.save(str(path))
    else:
        path.write_text(f"content {number}")
    values = {
        "path": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size,
        "modified": path.stat().st_mtime_ns,
        "media": media,
        "kind": _KINDS[media],
        "created": time.time() - number * DAY,
        "model": "starter",
        "prompt": f"prompt number {number}",
        "seed": number,
        "width": 48 if media == "image" else 0,
        "height": 32 if media == "image" else 0,
        "job_id": f"job{number}",
        "program": "Studio",
    }
    return NewItem(**{**values, **changes})


@pytest.fixture
def fill_library(data):
    """Return a function that adds items to the library before the window opens; it returns ids."""

    def fill(*items: NewItem) -> list[int]:
        data.create()
        index = LibraryIndex(data.library)
        ids = index.add(items)
        index.close()
        return ids

    return fill


@pytest.fixture
def folder(data) -> Path:
    """The folder of the artifacts."""
    data.create()
    return data.outputs


@pytest.fixture
def open_library(open_studio, qtbot):
    """Return a function that opens the window and its library, as Ctrl+0 does."""

    def start():
        studio = open_studio()
        QTest.keyClick(studio.window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
        page = studio.window.window_library.page
        qtbot.waitUntil(lambda: page.results.is_complete, timeout=PATIENCE)
        return studio, page

    return start


def found(page) -> list[int]:
    return list(page.results.ids)


def press(page, key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(page.view, key, modifiers)


def click(page, index, modifiers=Qt.KeyboardModifier.NoModifier, *, double=False) -> None:
    act = QTest.mouseDClick if double else QTest.mouseClick
    place = page.view.rect_in_view(index).center()
    act(page.view.viewport(), Qt.MouseButton.LeftButton, modifiers, place)


def menu_of(qtbot) -> QMenu:
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu), timeout=PATIENCE)
    return QApplication.activePopupWidget()


def choose(qtbot, *titles: str) -> None:
    """Trigger an entry of the menu that opens, by the beginnings of the titles on the way."""
    opened = menu = menu_of(qtbot)
    for title in titles:
        action = next(one for one in menu.actions() if one.text().startswith(title))
        menu = action.menu() or menu
    action.trigger()
    opened.close()
