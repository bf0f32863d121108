"""The Help menu: documentation, shortcuts, check of the installation, report, about."""

import getpass
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPushButton

from studio import __version__
from studio.core.resources import resources
from studio.core.settings import Settings
from studio.doctor import Check
from studio.ui.actions import ACTIONS, shortcut_of
from studio.ui.help.about import AboutWindow
from studio.ui.help.doctor_window import DoctorWindow
from studio.ui.help.documents import read_documents
from studio.ui.help.documents_window import DocumentsWindow
from studio.ui.help.report import redact, report_text
from studio.ui.help.shortcuts_window import ShortcutsWindow
from studio.ui.settings.window import SettingsWindow
from tests.ui.conftest import PATIENCE

CHECKS = [
    Check("Python", "ok", "3.11.7 on Linux x86_64"),
    Check("torch", "bad", f"OSError: {Path.home()}/lib/x.so is missing", "Install it"),
    Check("Data folder", "ok", "/home/jane/studio"),
    Check("Models for text", "ok", "Jane's secret model"),
    Check("Jane's secret model", "warn", "its folder is missing: /mnt/jane"),
    Check("Audio", "ok", "Jane's headphones"),
    Check("GPU", "warn", "none; models run on the CPU"),
]


@pytest.fixture
def program(open_studio, monkeypatch):
    monkeypatch.setattr("studio.ui.help.doctor_window.examine", lambda _data: CHECKS)
    monkeypatch.setattr("studio.ui.help.report.examine", lambda _data: CHECKS)
    return open_studio()


def opened(program, key, window_type):
    program.window.action(key).trigger()
    (window,) = program.window.findChildren(window_type)
    assert QTest.qWaitForWindowActive(window, PATIENCE)
    program.window.action(key).trigger()  # no second one
    assert len(program.window.findChildren(window_type)) == 1
    return window


def click(window, title):
    (button,) = [one for one in window.findChildren(QPushButton) if one.text() == title]
    button.click()


def test_the_documentation_is_read_without_a_network(program, qtbot, tmp_path):
    window = opened(program, "help.show_documents", DocumentsWindow)
    qtbot.waitUntil(lambda: window.pages.count() > 5, timeout=PATIENCE)
    assert "Studio" in window.browser.toPlainText()
    QTest.keyClicks(window.search, "exit code")
    shown = [at for at in range(window.pages.count()) if not window.pages.item(at).isHidden()]
    assert 0 < len(shown) < window.pages.count()
    window.browser.anchorClicked.emit(QUrl("docs/batch.md#resume"))
    assert window._documents[window.pages.currentRow()].path.name == "batch.md"
    window.browser.anchorClicked.emit(QUrl("https://example.org/x"))
    assert QGuiApplication.clipboard().text() == "https://example.org/x"
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    kind = QTextDocument.ResourceType.ImageResource
    found = window.browser.document().resource(kind, QUrl.fromLocalFile(str(secret)))
    assert bytes(found).strip() == b""
    window.search.clear()
    QTest.keyClicks(window.search, "xyzzyxyzzy")
    assert window._status.isVisible()


def test_licenses_open_their_page(program, qtbot):
    window = opened(program, "help.show_licenses", DocumentsWindow)
    qtbot.waitUntil(lambda: window.pages.count() > 0, timeout=PATIENCE)
    assert "GPL" in window.browser.toPlainText()


def test_every_page_is_found_and_has_a_title():
    pages = read_documents()
    names = {page.path.name for page in pages}
    docs = resources().parent / "docs"
    assert {path.name for path in docs.glob("*.md")} <= names
    assert {"README.md", "LICENSE", "THIRD_PARTY.md"} <= names
    assert all(page.title and page.text for page in pages)
    assert pages[0].title == "Overview"


def test_shortcuts_are_listed_and_follow_a_change(program):
    window = opened(program, "help.show_shortcuts", ShortcutsWindow)

    def listed():
        return {
            window.table.item(at, 1).text(): window.table.item(at, 2).text()
            for at in range(window.table.rowCount())
            if not window.table.isRowHidden(at)
        }

    assert {action.title for action in ACTIONS if shortcut_of(action, {})} <= set(listed())
    program.shared.change_settings(shortcuts={"toggle_queue": "Ctrl+U"})
    assert listed()["Queue"] == "Ctrl+U"
    QTest.keyClicks(window.search, "ctrl+u")
    assert set(listed()) == {"Queue"}
    click(window, "Change…")
    assert program.window.findChild(SettingsWindow).sections["shortcuts"].isVisible()


def test_the_check_runs_in_the_background_and_can_be_copied(program, qtbot):
    window = opened(program, "help.show_doctor", DoctorWindow)
    qtbot.waitUntil(window.copy_button.isEnabled, timeout=PATIENCE)
    assert "problem" in window.summary.text()
    assert window.table.item(0, 1).text() == "torch"  # problems first
    assert window.table.rowCount() == len(CHECKS)
    window.copy_button.click()
    assert "Install it" in QGuiApplication.clipboard().text()
    window.report_button.click()
    assert "secret" not in QGuiApplication.clipboard().text()


def test_details_for_a_report_are_copied(program, qtbot):
    QGuiApplication.clipboard().clear()
    program.window.action("help.copy_report").trigger()
    qtbot.waitUntil(lambda: __version__ in QGuiApplication.clipboard().text(), timeout=PATIENCE)


def test_a_report_has_versions_but_no_names_and_paths():
    settings = Settings(threads=3, output_folder="/home/jane/x", endpoint="https://jane.example")
    text = report_text(CHECKS, settings, "1920 × 1080 at 1")
    assert "3.11.7" in text
    assert "threads = 3" in text
    assert "endpoint = changed" in text
    assert "PROBLEM" in text
    assert "1920" in text
    for private in ("jane", "Jane", "secret", "headphones", str(Path.home())):
        assert private not in text, private


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no /home/a/b.so here", "no (path) here"),
        ("C:\\Users\\a\\b is missing", "(path) is missing"),
        ("C:\\Users\\Ann Lee\\data is full", "(path) is full"),
        ("on /mnt/Ann's big disk/x: full", "on (path): full"),
        ("/home/小明/数据 缺失/a", "(path)"),
        ("NVIDIA H200, 150 GB", "NVIDIA H200, 150 GB"),
        ("12.0 of 16.1 GB free", "12.0 of 16.1 GB free"),
    ],
)
def test_paths_are_removed(text, shown, monkeypatch):
    assert redact(text) == shown
    monkeypatch.setattr(getpass, "getuser", lambda: "jane")
    assert redact("hello jane, janet") == "hello (name), janet"


def test_about_shows_version_and_data_folder(program, data):
    window = opened(program, "help.show_about", AboutWindow)
    assert __version__ in window.versions
    click(window, "Copy version")
    assert QGuiApplication.clipboard().text() == window.versions
    click(window, "Close")
    assert not any(dialog.isVisible() for dialog in program.window.findChildren(QDialog))


def test_the_log_folder_is_opened(program, monkeypatch, data):
    opened_folders = []
    monkeypatch.setattr("studio.ui.help.menu.open_folder", opened_folders.append)
    program.window.action("help.open_logs").trigger()
    assert opened_folders == [data.logs]
