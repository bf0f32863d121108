"""Files that change outside the window, added folders, dropped files, and a rebuilt index."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from studio.jobs.library import folder_watch, live_library
from studio.library.annotations import Annotated, read_annotations, save_annotations
from studio.library.items import Annotation, Query
from studio.library.library import Library
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import choose, found, make_item


@pytest.fixture(autouse=True)
def _watch_at_once(monkeypatch):
    monkeypatch.setattr(live_library, "START_MS", 0)
    monkeypatch.setattr(folder_watch, "SETTLE_MS", 20)
    monkeypatch.setattr(folder_watch, "REST_SHARE", 0)


def drop(widget, *paths) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    place = QPointF(widget.rect().center())
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    modifiers = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), action, data, button, modifiers)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(place, action, data, button, modifiers))


def paths(page) -> set[str]:
    items = (page.results.item(item_id) for item_id in page.results.ids)
    return {Path(item.path).name for item in items if item is not None}


def make_result(studio, qtbot, tab: str = "text") -> Path:
    window = studio.window
    window.show_tab(tab)
    window.current().prompt.setPlainText("a short story")
    window.generate()
    qtbot.waitUntil(
        lambda: bool(studio.shared.queue.jobs()) and studio.shared.queue.jobs()[-1].state.over,
        timeout=PATIENCE,
    )
    window.show_tab("library")
    page = window.window_library.page
    qtbot.waitUntil(lambda: len(paths(page)) == len(page.results.ids) == 1, timeout=PATIENCE)
    return Path(page.results.item(page.results.ids[0]).path)


def test_new_artifacts_appear_at_once(open_studio, qtbot):
    studio = open_studio()
    studio.window.show_tab("library")
    page = studio.window.window_library.page
    qtbot.waitUntil(lambda: page.results.is_complete, timeout=PATIENCE)
    assert make_result(studio, qtbot).exists()


def test_a_file_that_is_moved_outside_is_followed(open_studio, qtbot):
    studio = open_studio()
    path = make_result(studio, qtbot, "image")
    page = studio.window.window_library.page
    page.view.select(page.results.ids[0])
    path.rename(path.with_name("renamed.png"))
    qtbot.waitUntil(lambda: paths(page) == {"renamed.png"}, timeout=PATIENCE)
    assert page.view.selection.ids == set(page.results.ids)


def test_a_deleted_file_is_marked_and_not_forgotten(open_studio, qtbot):
    studio = open_studio()
    path = make_result(studio, qtbot)
    page = studio.window.window_library.page
    close_studio(studio)
    path.unlink()
    studio = open_studio()
    studio.window.show_tab("library")
    page = studio.window.window_library.page
    qtbot.waitUntil(
        lambda: [page.results.item(i).missing for i in page.results.ids] == [True], timeout=PATIENCE
    )


def test_a_file_that_is_moved_while_studio_is_closed_keeps_its_notes_and_children(
    open_studio, fill_library, folder, data, qtbot, tmp_path
):
    parent = make_item(folder, 1)
    child_id, parent_id = fill_library(
        make_item(folder, 0, parents={"image": parent.sha256}), parent
    )
    library = Library(data)
    noted = Annotation(rating=4, tags=("sky",), collections=("Best",))
    library.annotate([parent_id], lambda _old: noted)
    library.close()

    def start():
        studio = open_studio()
        studio.window.show_tab("library")
        page = studio.window.window_library.page
        qtbot.waitUntil(lambda: page.results.item(parent_id) is not None, timeout=PATIENCE)
        return studio, page

    away = tmp_path / "away.png"
    Path(parent.path).rename(away)
    studio, page = start()
    qtbot.waitUntil(lambda: page.results.item(parent_id).missing, timeout=PATIENCE)
    close_studio(studio)
    (folder / "new").mkdir()
    away.rename(folder / "new" / "another name.png")

    studio, page = start()
    qtbot.waitUntil(lambda: not page.results.item(parent_id).missing, timeout=PATIENCE)
    assert paths(page) == {"0000.png", "another name.png"}
    page.show_query(Query(collection="Best"))
    qtbot.waitUntil(lambda: found(page) == [parent_id], timeout=PATIENCE)
    assert studio.shared.library.index.annotation(parent_id) == noted
    lines = read_annotations(folder / "new")
    assert lines["another name.png"].annotation == noted
    page.show_query(Query(made_from=parent.sha256))
    qtbot.waitUntil(lambda: found(page) == [child_id], timeout=PATIENCE)
    page.view.select(child_id)
    lineage = page.details.lineage
    qtbot.waitUntil(lambda: lineage.isVisible() and bool(lineage.buttons), timeout=PATIENCE)
    QTest.mouseClick(lineage.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.view.selection.ids == {parent_id}, timeout=PATIENCE)


def test_dropped_files_and_folders_are_added_where_they_lie(open_library, qtbot, tmp_path, folder):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for number in (1, 2):
        make_item(folder, number)
    single = tmp_path / "single"
    single.mkdir()
    make_item(single, 3)
    studio, page = open_library()
    drop(page, single / "0003.png", folder)
    qtbot.waitUntil(lambda: len(page.results.ids) == 3, timeout=PATIENCE)
    qtbot.waitUntil(lambda: paths(page) == {"0001.png", "0002.png", "0003.png"}, timeout=PATIENCE)
    make_item(folder, 4)  # the folder is watched from now on
    qtbot.waitUntil(lambda: len(page.results.ids) == 4, timeout=PATIENCE)
    assert (folder / "0001.png").exists()
    assert studio.window.toasts.shown[-1].toast.text == "Added 3 files to the library"


def test_a_folder_is_added_with_the_menu(open_library, qtbot, tmp_path, monkeypatch):
    folder = tmp_path / "images"
    folder.mkdir()
    make_item(folder, 1)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(folder))
    _studio, page = open_library()
    QTest.mouseClick(page.bar.more_button, Qt.MouseButton.LeftButton)
    choose(qtbot, "Add folder")
    qtbot.waitUntil(lambda: len(page.results.ids) == 1, timeout=PATIENCE)


def test_the_index_is_built_again(open_studio, qtbot):
    studio = open_studio()
    make_result(studio, qtbot)
    page = studio.window.window_library.page
    ids = found(page)
    studio.shared.library.index.remove(ids)
    QTest.mouseClick(page.bar.more_button, Qt.MouseButton.LeftButton)
    choose(qtbot, "Build the index again")
    qtbot.waitUntil(
        lambda: list(studio.shared.library.index.ids()) == found(page) == ids, timeout=PATIENCE
    )


def test_a_folder_that_vanishes_is_reported_once(open_library, qtbot, tmp_path, folder):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    make_item(folder, 1)
    studio, page = open_library()
    library, posted = studio.shared.library, []
    drop(page, folder)
    qtbot.waitUntil(lambda: len(page.results.ids) == 1, timeout=PATIENCE)
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    folder.rename(tmp_path / "unplugged")

    def is_missing() -> bool:
        item = page.results.item(page.results.ids[0])
        return item is not None and item.missing

    qtbot.waitUntil(is_missing, timeout=PATIENCE)
    library.rebuild()  # a second scan that does not find it
    qtbot.waitUntil(lambda: bool(posted), timeout=PATIENCE)
    assert [text.partition(":")[0] for text in posted] == [str(folder)]
    assert "Its files stay in the library" in posted[0]


def test_a_folder_that_comes_back_has_its_files_again(open_library, qtbot, tmp_path):
    folder = tmp_path / "drive" / "images"
    (folder / "below").mkdir(parents=True)
    make_item(folder / "below", 1)
    _studio, page = open_library()
    drop(page, folder)

    def missing() -> list[bool]:
        items = (page.results.item(item_id) for item_id in page.results.ids)
        return [item.missing for item in items if item is not None]

    qtbot.waitUntil(lambda: missing() == [False], timeout=PATIENCE)
    folder.rename(tmp_path / "unplugged")
    qtbot.waitUntil(lambda: missing() == [True], timeout=PATIENCE)
    (tmp_path / "unplugged").rename(folder)
    qtbot.waitUntil(lambda: missing() == [False], timeout=PATIENCE)


def test_notes_that_a_scan_reads_are_shown(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0)
    (item_id,) = fill_library(item)
    studio, page = open_library()
    qtbot.waitUntil(lambda: page.results.item(item_id) is not None, timeout=PATIENCE)
    note = Annotation(rating=4)
    save_annotations(studio.shared.data, [Annotated(item.path, item.sha256, note)])
    studio.shared.library.start()
    qtbot.waitUntil(lambda: page.results.item(item_id).rating == 4, timeout=PATIENCE)


def test_what_a_command_changed_is_shown_when_the_window_is_active_again(
    open_library, fill_library, folder, qtbot
):
    (item_id,) = fill_library(make_item(folder, 0))
    studio, page = open_library()
    assert page.results.item(item_id).rating == 0
    command = Library(studio.shared.data)  # as `studio library rate` has it
    command.annotate([item_id], lambda _old: Annotation(rating=4))
    command.close()
    other = QWidget()
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not studio.window.isActiveWindow(), timeout=PATIENCE)
    other.close()
    studio.window.activateWindow()
    qtbot.waitUntil(lambda: page.results.item(item_id).rating == 4, timeout=PATIENCE)
