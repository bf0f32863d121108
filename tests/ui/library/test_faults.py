"""An index that is damaged, deleted or locked while the window is open is explained once."""

import sqlite3

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from studio.jobs.library import live_library
from studio.library.index_sql import schema
from studio.ui.library import page as page_module
from tests.library.test_damaged_index import damage
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import found, make_item

COUNT = 40


@pytest.fixture
def items(fill_library, folder):
    return fill_library(*(make_item(folder, number) for number in range(COUNT)))


@pytest.fixture
def _hurry(monkeypatch):
    monkeypatch.setattr(schema, "_BUSY_SECONDS", 0.05)
    monkeypatch.setattr(live_library, "RETRY_MS", 100)
    monkeypatch.setattr(page_module, "TRY_AGAIN_MS", 100)


def search_again(page) -> None:
    """Search for something that all items have, also those that were read from their files."""
    page.bar.text.setText("png")


def is_all_found(page) -> bool:
    results = page.results
    return results.query.text == "png" and results.is_complete and len(results.ids) == COUNT


def toasts(studio) -> list[str]:
    """Return the toasts that follow."""
    posted: list[str] = []
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    return posted


def click(page, title: str) -> None:
    (chosen,) = (one for one in page.notice.findChildren(QPushButton) if one.text() == title)
    QTest.mouseClick(chosen, Qt.MouseButton.LeftButton)


def test_damaged_index_is_explained_and_built_again(open_library, items, data, qtbot):
    studio, page = open_library()
    damage(data.library)
    with studio.shared.library.index.reading() as connection:
        connection.execute("PRAGMA shrink_memory")
    search_again(page)
    qtbot.waitUntil(lambda: page.notice.isVisible(), timeout=PATIENCE)
    assert page.notice.message == "The library's index is damaged."
    click(page, "Build the index again")
    qtbot.waitUntil(lambda: is_all_found(page), timeout=PATIENCE)
    assert not page.notice.isVisible()


def test_index_that_is_deleted_is_built_again_by_itself(open_library, items, data, qtbot):
    _studio, page = open_library()
    for part in data.root.glob("library.db*"):
        part.unlink()
    search_again(page)
    qtbot.waitUntil(lambda: data.library.exists(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: is_all_found(page), timeout=PATIENCE)


@pytest.mark.usefixtures("_hurry")
def test_locked_library_is_shown_as_soon_as_it_is_free(open_studio, items, data, qtbot):
    other = sqlite3.connect(data.library, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    studio = open_studio()
    studio.window.show_tab("library")
    page = studio.window.window_library.page
    qtbot.waitUntil(lambda: page.notice.isVisible(), timeout=PATIENCE)
    assert page.notice.message == "Another program uses the library."
    other.close()
    qtbot.waitUntil(lambda: len(found(page)) == COUNT, timeout=PATIENCE)
    assert not page.notice.isVisible()


@pytest.mark.usefixtures("_hurry")
def test_result_is_added_when_the_library_is_free_and_the_fault_reported_once(
    open_library, data, qtbot
):
    studio, page = open_library()
    posted = toasts(studio)
    other = sqlite3.connect(data.library, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    window = studio.window
    window.show_tab("text")
    window.current().prompt.setPlainText("a short story")
    window.generate()

    def faults() -> list[str]:
        return [text for text in posted if text.startswith("Another program")]

    qtbot.waitUntil(lambda: len(faults()) == 1, timeout=PATIENCE)
    for _retry in range(3):  # is refused, and not reported again
        with qtbot.waitSignal(studio.shared.library._write_failed, timeout=PATIENCE):
            pass
    other.execute("ROLLBACK")
    other.close()
    window.show_tab("library")
    qtbot.waitUntil(lambda: len(found(page)) == 1, timeout=PATIENCE)
    assert len(faults()) == 1
