"""Collections and saved searches at the library's side: show, drop, create, rename, delete."""

import threading

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QThreadPool, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog

from studio.library.items import Annotation, Query
from studio.ui.library import sidebar
from studio.ui.library.grid.library_view import ITEMS_FORMAT
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import choose, click, found, make_item, press

COPY, LEFT = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
NOTHING = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


def rows(page) -> list[tuple[str, str]]:
    return [(shown.text(0), shown.text(1)) for shown in page.sidebar.tree.rows()]


def row_of(page, name: str):
    return next(shown for shown in page.sidebar.tree.rows() if shown.text(0) == name)


def place_of(page, name: str) -> QPoint:
    return page.sidebar.tree.visualItemRect(row_of(page, name)).center()


def choose_row(page, name: str) -> None:
    QTest.mouseClick(page.sidebar.tree.viewport(), LEFT, NOTHING, place_of(page, name))


def dragged(ids) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(f"/x/{item_id}") for item_id in ids])
    data.setData(ITEMS_FORMAT, ",".join(map(str, ids)).encode())
    return data


def drop(page, name: str, ids) -> bool:
    """Drag items over a row and drop them; return whether the row took them."""
    target, place, data = page.sidebar.tree.viewport(), place_of(page, name), dragged(ids)
    enter = QDragEnterEvent(place, COPY, data, LEFT, NOTHING)
    QApplication.sendEvent(target, enter)
    move = QDragMoveEvent(place, COPY, data, LEFT, NOTHING)
    QApplication.sendEvent(target, move)
    if enter.isAccepted() and move.isAccepted():
        QApplication.sendEvent(target, QDropEvent(QPointF(place), COPY, data, LEFT, NOTHING))
        assert page.sidebar.tree.currentItem().text(0) == "Everything", "what is shown"
        return True
    return False


@pytest.fixture
def library(open_library, fill_library, folder, qtbot):
    """Return (studio, page, ids) with a collection and a saved search."""
    ids = fill_library(*(make_item(folder, number) for number in range(4)))
    studio, page = open_library()
    index = studio.shared.library.index
    index.annotate({ids[0]: Annotation(collections=("Harbor",), favorite=True)})
    studio.shared.library.library.save_search("Prompt 3", Query(text="3"))
    page.sidebar.read()
    qtbot.waitUntil(lambda: ("Harbor", "1") in rows(page), timeout=PATIENCE)
    return studio, page, ids


def test_a_click_shows_a_collection_a_search_and_everything(library, qtbot):
    _studio, page, ids = library
    assert rows(page) == [
        ("Everything", "4"),
        ("Favorites", "1"),
        ("Collections", ""),
        ("Harbor", "1"),
        ("Searches", ""),
        ("Prompt 3", ""),
    ]
    assert page.sidebar.tree.currentItem().text(0) == "Everything"
    choose_row(page, "Harbor")
    qtbot.waitUntil(lambda: found(page) == [ids[0]], timeout=PATIENCE)
    assert page.bar._chips.isVisible()
    choose_row(page, "Prompt 3")
    qtbot.waitUntil(lambda: found(page) == [ids[3]], timeout=PATIENCE)
    assert page.bar.text.text() == "3"
    choose_row(page, "Everything")
    qtbot.waitUntil(lambda: found(page) == ids, timeout=PATIENCE)
    page.bar.text.setText("prompt")
    qtbot.waitUntil(lambda: page.sidebar.tree.currentItem() is None, timeout=PATIENCE)


def test_arrows_and_return_show_a_row(library, qtbot):
    _studio, page, ids = library
    tree = page.sidebar.tree
    tree.setFocus()
    for _step in range(3):  # over the heading
        QTest.keyClick(tree, Qt.Key.Key_Down)
    assert tree.currentItem().text(0) == "Harbor"
    QTest.keyClick(tree, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: found(page) == [ids[0]], timeout=PATIENCE)


def test_items_are_dropped_into_a_collection(library, qtbot):
    studio, page, ids = library
    index = studio.shared.library.index
    assert drop(page, "Harbor", ids[1:3])
    qtbot.waitUntil(lambda: ("Harbor", "3") in rows(page), timeout=PATIENCE)
    assert studio.window.toasts.shown[-1].toast.text == "Added 2 items to Harbor"
    QTest.mouseClick(studio.window.toasts.shown[-1].first_button, LEFT)
    qtbot.waitUntil(lambda: ("Harbor", "1") in rows(page), timeout=PATIENCE)
    assert drop(page, "Favorites", [ids[2]])
    qtbot.waitUntil(lambda: index.annotation(ids[2]).favorite, timeout=PATIENCE)
    assert not drop(page, "Prompt 3", ids)
    assert not drop(page, "Everything", ids)


def test_the_count_of_favorites_follows_the_key(library, qtbot):
    _studio, page, _ids = library
    click(page, 1)
    press(page, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: ("Favorites", "2") in rows(page), timeout=PATIENCE)
    press(page, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: ("Favorites", "1") in rows(page), timeout=PATIENCE)


def test_a_slow_read_does_not_replace_a_newer_one(library, qtbot, monkeypatch):
    _studio, page, _ids = library
    newer_is_shown, read = threading.Event(), sidebar.read_content
    slow = iter([True])
    ended = []

    def read_content(index):
        content, is_slow = read(index), next(slow, False)
        if is_slow:
            newer_is_shown.wait(PATIENCE / 1000)
            ended.append(content.favorites)
        return content

    monkeypatch.setattr(sidebar, "read_content", read_content)
    page.sidebar.read()
    click(page, 1)
    press(page, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: ("Favorites", "2") in rows(page), timeout=PATIENCE)
    newer_is_shown.set()
    QThreadPool.globalInstance().waitForDone()
    qtbot.wait(50)
    assert ended == [1]
    assert ("Favorites", "2") in rows(page)


def test_items_dropped_on_the_heading_make_a_collection(library, qtbot, monkeypatch):
    _studio, page, ids = library
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: (" 港口 ", True))
    assert drop(page, "Collections", ids[:2])
    qtbot.waitUntil(lambda: ("港口", "2") in rows(page), timeout=PATIENCE)


def test_items_that_are_dropped_on_the_library_itself_do_nothing(library):
    studio, page, ids = library
    data = dragged(ids)
    event = QDragEnterEvent(QPoint(200, 200), COPY, data, LEFT, NOTHING)
    QApplication.sendEvent(page, event)
    assert event.isAccepted(), "else the window would open them"
    assert event.dropAction() == Qt.DropAction.IgnoreAction
    assert studio.window.tabs.currentWidget().isAncestorOf(page)


def test_a_collection_is_created_renamed_and_deleted_with_undo(library, qtbot, monkeypatch):
    studio, page, ids = library
    index, tree = studio.shared.library.index, page.sidebar.tree
    answers = iter(["Boats", "Ships"])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: (next(answers), True))
    QTest.mouseClick(page.sidebar.new_button, LEFT)
    qtbot.waitUntil(lambda: ("Boats", "0") in rows(page), timeout=PATIENCE)
    choose_row(page, "Harbor")
    qtbot.waitUntil(lambda: found(page) == [ids[0]], timeout=PATIENCE)
    QTest.keyClick(tree, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: ("Ships", "1") in rows(page), timeout=PATIENCE)
    qtbot.waitUntil(lambda: found(page) == [ids[0]], timeout=PATIENCE)
    assert page.bar.query == Query(collection="Ships")
    QTest.keyClick(tree, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: index.collections() == {"Boats": 0}, timeout=PATIENCE)
    qtbot.waitUntil(lambda: found(page) == ids, timeout=PATIENCE)
    action = studio.window.action("window_library.undo")
    qtbot.waitUntil(lambda: action.text() == "&Undo delete collection", timeout=PATIENCE)
    QTest.keyClick(tree, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: index.collections() == {"Boats": 0, "Ships": 1}, timeout=PATIENCE)
    qtbot.waitUntil(lambda: action.text() == "&Undo rename collection", timeout=PATIENCE)
    QTest.keyClick(tree, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: index.collections() == {"Boats": 0, "Harbor": 1}, timeout=PATIENCE)
    assert index.annotation(ids[0]) == Annotation(collections=("Harbor",), favorite=True)


def test_a_search_is_renamed_and_deleted_with_undo(library, qtbot, monkeypatch):
    studio, page, _ids = library
    index, tree = studio.shared.library.index, page.sidebar.tree
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: ("Third", True))
    choose_row(page, "Prompt 3")
    QTest.keyClick(tree, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: ("Third", "") in rows(page), timeout=PATIENCE)
    assert list(index.saved_searches()) == ["Third"]
    tree.customContextMenuRequested.emit(place_of(page, "Third"))
    choose(qtbot, "Delete")
    qtbot.waitUntil(lambda: index.saved_searches() == {}, timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: "delete search" in studio.window.window_library.undo_title, timeout=PATIENCE
    )
    studio.window.action("window_library.undo").trigger()
    qtbot.waitUntil(lambda: index.saved_searches() == {"Third": Query(text="3")}, timeout=PATIENCE)


def test_the_side_can_be_hidden_also_after_a_restart(library, open_studio, qtbot):
    studio, page, _ids = library
    assert page.sidebar.isVisible()
    QTest.mouseClick(page.bar.sidebar_button, LEFT)
    assert not page.sidebar.isVisible()
    close_studio(studio)
    page = open_studio().window.window_library.page
    assert page.sidebar.isHidden()
    assert not page.bar.sidebar_button.isChecked()


def test_dragged_items_carry_their_files_for_other_programs(library, monkeypatch):
    _studio, page, ids = library
    sent = []
    monkeypatch.setattr(
        "studio.ui.library.grid.library_view.QDrag.exec",
        lambda drag, _action: sent.append(drag.mimeData()),
    )
    press(page, Qt.Key.Key_A, CONTROL)
    start = page.view.rect_in_view(0).center()
    QTest.mousePress(page.view.viewport(), LEFT, NOTHING, start)
    QTest.mouseMove(page.view.viewport(), start + QPoint(40, 0))
    QTest.mouseRelease(page.view.viewport(), LEFT, NOTHING, start)
    assert [url.fileName() for url in sent[0].urls()] == [f"{number:04}.png" for number in range(4)]
    assert len(page.view.selection.ids) == 4, "a drag keeps the selection"
    click(page, 0)
    assert page.view.selected_ids() == [ids[0]]
