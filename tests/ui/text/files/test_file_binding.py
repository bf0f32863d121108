"""Saves and readings of a document's file, held back at chosen points."""

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from studio.documents import files
from studio.ui.text.files import file_binding
from tests.ui.conftest import PATIENCE
from tests.ui.text.test_document_page import press, stored

CONTROL = Qt.KeyboardModifier.ControlModifier


class Held:
    """Stands for a function of files: the calls that are chosen wait until they are released."""

    def __init__(self, monkeypatch, name):
        self._function = getattr(files, name)
        self.is_chosen = lambda *_arguments: True
        self.arrived = threading.Event()
        self.released = threading.Event()
        monkeypatch.setattr(file_binding, name, self)

    def __call__(self, *arguments):
        if self.is_chosen(*arguments) and not self.released.is_set():
            self.arrived.set()
            assert self.released.wait(PATIENCE / 1000)
        return self._function(*arguments)


def save(page):
    QTest.keyClick(page.editor, Qt.Key.Key_S, CONTROL)


@pytest.fixture
def bound_page(qtbot, open_page, monkeypatch, tmp_path):
    """A page whose document "mine" is saved to a.txt, which is read again."""
    page, path = open_page(), tmp_path / "a.txt"
    page.editor.insertPlainText("mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    save(page)
    qtbot.waitUntil(lambda: page.document.file == str(path), timeout=PATIENCE)
    with qtbot.waitSignal(page.files.binding.settled, timeout=PATIENCE):
        page.files.binding.check()
    return page, path


def wait_until_idle(qtbot, page):
    """Wait for everything that was begun, and for a reading of the file as it is now."""
    done = []
    page.files.binding.complete_saves(PATIENCE)
    page.files.binding.settled.connect(lambda: done.append(1))
    page.files.binding.changed_on_disk.connect(lambda *_what: done.append(1))
    page.files.binding.check()
    qtbot.waitUntil(lambda: bool(done), timeout=PATIENCE)


def test_quick_saves_are_written_in_their_order(qtbot, bound_page, monkeypatch):
    page, path = bound_page
    held, running = Held(monkeypatch, "write_text_file"), []
    monkeypatch.setattr(
        file_binding,
        "write_text_file",
        lambda *arguments: (running.append(arguments[1]), held(*arguments))[1],
    )
    for word in (" one", " two", " three"):
        page.editor.insertPlainText(word)
        save(page)
    assert held.arrived.wait(PATIENCE / 1000)
    assert page.files.binding._pool.activeThreadCount() == 1
    held.released.set()
    wait_until_idle(qtbot, page)
    assert running == ["mine one", "mine one two", "mine one two three"]
    assert path.read_text() == "mine one two three"
    assert not page.files.notice.isVisible()


def test_reading_that_was_begun_before_a_save_raises_no_question_about_our_own_text(
    qtbot, bound_page, monkeypatch
):
    page, path = bound_page
    held = Held(monkeypatch, "file_sha256")
    page.files.binding.check()
    assert held.arrived.wait(PATIENCE / 1000)
    for word in (" one", " two"):
        page.editor.insertPlainText(word)
        save(page)
    held.released.set()
    wait_until_idle(qtbot, page)
    assert path.read_text() == "mine one two"
    assert not page.files.notice.isVisible()


def test_late_reading_of_a_text_that_was_decided_about_asks_no_second_time(
    qtbot, bound_page, monkeypatch
):
    page, path = bound_page
    path.write_text("theirs")
    page.editor.insertPlainText(" and more")
    save(page)
    notice = page.files.notice
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    held = Held(monkeypatch, "file_sha256")
    page.files.binding.check()
    assert held.arrived.wait(PATIENCE / 1000)
    press(notice, "Keep mine")
    page.editor.insertPlainText(" of this")
    save(page)
    held.released.set()
    wait_until_idle(qtbot, page)
    assert path.read_text() == "mine and more of this"
    assert not notice.isVisible()


def test_save_that_was_begun_before_the_decision_is_made_after_it(qtbot, bound_page, monkeypatch):
    page, path = bound_page
    path.write_text("theirs")
    page.files.binding.check()
    notice = page.files.notice
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    keep = page.files._keep_mine
    content = files.read_text_file(path)
    held = Held(monkeypatch, "write_text_file")
    page.editor.insertPlainText(" and more")
    save(page)
    assert held.arrived.wait(PATIENCE / 1000)
    keep(content, saves=False)
    held.released.set()
    qtbot.waitUntil(lambda: path.read_text() == "mine and more", timeout=PATIENCE)
    wait_until_idle(qtbot, page)
    assert not notice.isVisible()


def test_keep_mine_makes_the_save_that_was_refused(qtbot, bound_page):
    page, path = bound_page
    path.write_text("theirs")
    page.editor.insertPlainText(" and more")
    save(page)
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    assert path.read_text() == "theirs"
    press(page.files.notice, "Keep mine")
    qtbot.waitUntil(lambda: path.read_text() == "mine and more", timeout=PATIENCE)


def test_file_that_changes_again_after_the_decision_is_not_replaced(qtbot, bound_page):
    page, path = bound_page
    path.write_text("theirs")
    page.editor.insertPlainText(" and more")
    save(page)
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    path.write_text("theirs again")
    press(page.files.notice, "Keep mine")
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    page.files.binding.complete_saves(PATIENCE)
    assert path.read_text() == "theirs again"


def test_text_that_was_written_before_may_not_be_replaced_once_it_is_another_programs(
    qtbot, bound_page
):
    page, path = bound_page
    page.editor.insertPlainText(" two")
    save(page)
    wait_until_idle(qtbot, page)
    path.write_text("theirs")
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    press(page.files.notice, "Load theirs")
    path.write_text("mine two")
    page.editor.insertPlainText("!")
    save(page)
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    assert path.read_text() == "mine two"


def test_question_ends_when_the_file_has_the_known_text_again(qtbot, bound_page):
    page, path = bound_page
    path.write_text("theirs")
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    path.write_text("mine")
    qtbot.waitUntil(lambda: not page.files.notice.isVisible(), timeout=PATIENCE)
    path.unlink()
    qtbot.waitUntil(page.files.notice.isVisible, timeout=PATIENCE)
    path.write_text("mine")
    qtbot.waitUntil(lambda: not page.files.notice.isVisible(), timeout=PATIENCE)


def test_file_with_the_text_of_the_document_needs_no_question(qtbot, bound_page):
    page, path = bound_page
    page.editor.insertPlainText(" and theirs")
    path.write_text("mine and theirs")
    wait_until_idle(qtbot, page)
    assert not page.files.notice.isVisible()
    assert page.document.file_sha256 == files.file_sha256(path)


def test_save_to_another_file_is_followed_by_saves_to_that_file(
    qtbot, bound_page, monkeypatch, tmp_path
):
    page, path = bound_page
    other = tmp_path / "b.txt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(other), ""))
    held = Held(monkeypatch, "write_text_file")
    page.files.save_as()
    page.editor.insertPlainText(" two")
    save(page)
    held.released.set()
    wait_until_idle(qtbot, page)
    assert (path.read_text(), other.read_text()) == ("mine", "mine two")
    assert page.document.file == str(other)


def test_file_that_is_no_text_now_is_not_replaced(qtbot, bound_page, monkeypatch):
    page, path = bound_page
    shown = []
    monkeypatch.setattr(
        "studio.ui.text.files.document_files.show_message", lambda *texts: shown.append(texts[2])
    )
    path.write_bytes(bytes(range(256)) * 20)
    save(page)
    qtbot.waitUntil(lambda: bool(shown), timeout=PATIENCE)
    assert shown == [
        "Another program replaced a.txt, and it is no text now. Save under another name."
    ]
    assert path.read_bytes() == bytes(range(256)) * 20


def test_save_that_runs_when_the_window_closes_is_written_and_known(
    qtbot, bound_page, monkeypatch, data
):
    page, path = bound_page
    held = Held(monkeypatch, "write_text_file")
    page.editor.insertPlainText(" and more")
    save(page)
    threading.Timer(0.05, held.released.set).start()
    assert page.window().close()
    assert path.read_text() == "mine and more"
    assert stored(data)[0].file_sha256 == files.file_sha256(path)


def test_saved_file_keeps_permissions_and_a_link_stays_one(qtbot, bound_page, tmp_path):
    page, path = bound_page
    path.rename(tmp_path / "real.txt")
    path.symlink_to(tmp_path / "real.txt")
    (tmp_path / "real.txt").chmod(0o600)
    page.editor.insertPlainText(" two")
    save(page)
    wait_until_idle(qtbot, page)
    assert path.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "mine two"
    assert (tmp_path / "real.txt").stat().st_mode & 0o777 == 0o600
