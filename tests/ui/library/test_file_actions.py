"""Actions on many files in the background of the real window: progress, cancel, failures, undo."""

from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from studio.jobs.library import file_actions
from studio.library.file_actions import run as run_module
from studio.library.file_actions.action import FileAction, new_action_id
from studio.library.file_actions.journal import ActionJournal, Step
from studio.library.file_actions.results import FileChange
from studio.ui.library.export_dialog import ExportDialog
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import choose, make_item, press
from tests.ui.library.test_actions import open_menu

COUNT = 6
CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def steps(monkeypatch):
    """Hold each export until the test lets it go on; return the event."""
    go_on = Event()
    export = run_module.export_item

    def wait(*arguments):
        export(*arguments)
        assert go_on.wait(PATIENCE / 1000)

    monkeypatch.setattr(run_module, "export_item", wait)
    yield go_on
    go_on.set()


def export_all(page, qtbot, target):
    """Select all items and export them with the dialog."""
    press(page, Qt.Key.Key_A, CONTROL)
    open_menu(page, 0)
    choose(qtbot, "Export")
    qtbot.waitUntil(lambda: page.findChild(ExportDialog) is not None, timeout=PATIENCE)
    dialog = page.findChild(ExportDialog)
    dialog.folder.setText(str(target))
    QTest.mouseClick(dialog.export_button, LEFT)
    assert not dialog.isVisible()


def last_toast(studio, qtbot):
    toasts = studio.window.toasts
    qtbot.waitUntil(lambda: bool(toasts.shown), timeout=PATIENCE)
    return toasts.shown[-1]


def test_an_export_goes_on_in_another_tab_and_is_cancelled(
    open_library, fill_library, folder, qtbot, tmp_path, steps
):
    fill_library(*(make_item(folder, number) for number in range(COUNT)))
    studio, page = open_library()
    bar = studio.window.file_action_bar
    assert not bar.isVisible()
    export_all(page, qtbot, tmp_path / "out")
    qtbot.waitUntil(bar.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: (tmp_path / "out" / "0000.png").exists(), timeout=PATIENCE)
    studio.window.show_tab("text")
    assert bar.title.whole == f"Exporting 0 of {COUNT}"
    QTest.mouseClick(bar.cancel_button, LEFT)
    qtbot.waitUntil(lambda: "stopping" in bar.title.whole, timeout=PATIENCE)
    assert not bar.cancel_button.isEnabled()
    steps.set()
    toast = last_toast(studio, qtbot).toast
    assert (toast.text, toast.button) == (f"Stopped: 1 of {COUNT} files exported", "Show")
    qtbot.waitUntil(lambda: not bar.isVisible(), timeout=PATIENCE)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0000.png"]
    assert not list(studio.shared.data.file_actions.iterdir())


def test_failures_are_shown_once_until_they_are_closed(
    open_library, fill_library, folder, qtbot, tmp_path
):
    items = [make_item(folder, number) for number in range(COUNT)]
    fill_library(*items)
    studio, page = open_library()
    Path(items[1].path).unlink()
    export_all(page, qtbot, tmp_path / "out")
    assert last_toast(studio, qtbot).toast.text == f"{COUNT - 1} files exported"
    bar = studio.window.file_action_bar
    assert bar.isVisible()
    assert bar.notice.message == "1 file not exported."
    (tmp_path / "a file").write_text("x")
    export_all(page, qtbot, tmp_path / "a file")
    qtbot.waitUntil(lambda: f"{COUNT} files not exported" in bar.notice.message, timeout=PATIENCE)
    assert "1 file not exported" in bar.notice.message
    ok = bar.notice._buttons.itemAt(1).widget()
    QTest.mouseClick(ok, LEFT)
    assert not bar.isVisible()


def test_a_move_is_undone_from_its_toast_or_with_the_keyboard_but_once(
    open_library, fill_library, folder, qtbot, tmp_path, monkeypatch
):
    fill_library(*(make_item(folder, number) for number in range(2)))
    studio, page = open_library()
    target = tmp_path / "elsewhere"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(target))
    press(page, Qt.Key.Key_A, CONTROL)
    open_menu(page, 0)
    choose(qtbot, "Move to")
    toast = last_toast(studio, qtbot)
    assert toast.toast.text == "2 files moved to elsewhere"
    assert page.item_actions.commands.undo_title == "move"
    QTest.mouseClick(toast.first_button, LEFT)
    qtbot.waitUntil(lambda: (folder / "0001.png").exists(), timeout=PATIENCE)
    assert page.item_actions.commands.undo_title == ""
    qtbot.waitUntil(lambda: not list(target.glob("*.png")), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not studio.shared.file_actions.states, timeout=PATIENCE)
    press(page, Qt.Key.Key_Z, CONTROL)
    assert not studio.shared.file_actions.states


def test_what_a_kill_interrupted_is_finished_at_the_next_start(
    open_studio, fill_library, folder, qtbot, tmp_path, monkeypatch, data
):
    monkeypatch.setattr(file_actions, "START_MS", 0)
    items = [make_item(folder, number) for number in range(3)]
    ids = fill_library(*items)
    action = FileAction(
        id=new_action_id(),
        kind="export",
        files=tuple(FileChange(i, item.path, "") for i, item in zip(ids, items, strict=True)),
        folder=str(tmp_path / "out"),
    )
    journal = ActionJournal(data.file_actions)
    journal.begin(action)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "0000.png").write_bytes(b"exported before the kill")
    journal.append(
        action.id, Step(number=0, state="begun", target=str(tmp_path / "out" / "0000.png"))
    )
    journal.close()
    studio = open_studio()
    assert last_toast(studio, qtbot).toast.text == "3 files exported"
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["0000.png", "0001.png", "0002.png"]
    assert not list(data.file_actions.iterdir())


def test_closing_the_window_keeps_an_export_for_the_next_start(
    open_library, open_studio, fill_library, folder, qtbot, tmp_path, monkeypatch, steps, data
):
    monkeypatch.setattr(file_actions, "START_MS", 0)
    fill_library(*(make_item(folder, number) for number in range(COUNT)))
    studio, page = open_library()
    export_all(page, qtbot, tmp_path / "out")
    qtbot.waitUntil(lambda: (tmp_path / "out" / "0000.png").exists(), timeout=PATIENCE)
    studio.shared.file_actions._is_closing = True  # as `close` does, which waits for this file
    steps.set()
    close_studio(studio)
    assert len(list((tmp_path / "out").iterdir())) == 1
    assert len(list(data.file_actions.glob("*.jsonl"))) == 1
    again = open_studio()
    assert last_toast(again, qtbot).toast.text == f"{COUNT} files exported"
    assert len(list((tmp_path / "out").iterdir())) == COUNT


def test_journal_that_cannot_be_read_is_reported_once_and_the_others_are_continued(
    open_studio, fill_library, folder, qtbot, tmp_path, monkeypatch, data
):
    monkeypatch.setattr(file_actions, "START_MS", 0)
    item = make_item(folder, 0)
    (item_id,) = fill_library(item)
    data.file_actions.mkdir()
    unreadable = data.file_actions / "0.jsonl"  # the first one
    unreadable.mkdir()
    (unreadable / "file").touch()
    action = FileAction(
        id=new_action_id(),
        kind="export",
        files=(FileChange(item_id, item.path, ""),),
        folder=str(tmp_path / "out"),
    )
    ActionJournal(data.file_actions).begin(action)
    posted = []
    studio = open_studio()
    studio.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    qtbot.waitUntil(lambda: (tmp_path / "out" / "0000.png").exists(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "1 file exported" in posted, timeout=PATIENCE)
    (reported,) = (text for text in posted if text != "1 file exported")
    assert "is not continued" in reported
    assert "0.unreadable" in reported
    close_studio(studio)
    posted.clear()
    again = open_studio()
    again.shared.toast_posted.connect(lambda toast: posted.append(toast.text))
    qtbot.waitUntil(lambda: again.shared.file_actions._records.waitForDone(0), timeout=PATIENCE)
    assert posted == []
