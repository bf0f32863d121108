"""Test that windows and dialogs fit small screens and every control stays reachable."""

import json
import os
import subprocess
import sys

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox

from studio.core.settings_store import update
from studio.ui.desktop.screens import DECORATION, move_onto_screen
from studio.ui.widgets import factory
from tests.ui.conftest import PATIENCE, close_studio

REPORT = """
import sys
from pathlib import Path
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QMessageBox
from studio.app import Studio
from studio.core.paths import data_folder
from studio.ui.batch.dialog import BatchDialog
from studio.ui.models.download_dialog import DownloadDialog
from studio.ui.models.scan_dialog import ScanDialog
from studio.ui.models.hub_dialog import HubDialog
from studio.ui.models.dialog import ModelsDialog
from studio.ui.widgets.factory import show_message
from studio.ui.desktop.screens import DECORATION

studio = Studio(data_folder(), fake=True)
studio.window.show()
studio.start_background()
window, area = studio.window, studio.window.screen().availableGeometry()
room = area.size() - DECORATION
LONG = "A sentence of a failure, which is long enough for several lines where there is little room. " * 3

def check(name, shown):
    QTest.qWait(50)
    print(name, *shown.size().toTuple(), shown.size().boundedTo(room) == shown.size(), area.contains(shown.geometry()))

def check_inside(name, widget):
    corner = widget.mapTo(window, widget.rect().bottomRight())
    print(name, corner.x(), corner.y(), widget.isVisible(), window.rect().contains(corner))

check("window", window)
window.queue_banner.show_until_closed(LONG)
window.show_settings_message(LONG, LONG)
window.install_banner.banner.show_message(LONG, LONG)
window.queue_dock.show()
for tab in (window.text_tab, window.image_tab, *window.audio_tab.pages):
    window.tabs.setCurrentIndex({"text": 0, "image": 1}.get(tab.kind, 2))
    if tab.kind in ("speech", "music"):
        window.audio_tab.for_kind(tab.kind)
    tab.notice.show_message(LONG, LONG)
    tab.bar.show()
    tab.status.setText("Step 1 of 12")
    check(tab.kind, window)
    for name in ("generate_button", "stop_button", "status", "bar"):
        check_inside(f"{tab.kind} {name}", getattr(tab, name))
rows = Path(sys.argv[1])
rows.write_text("prompt\\na cat\\n")
for make in (
    lambda: BatchDialog(studio.shared, rows, parent=window), lambda: ModelsDialog(studio.shared, window),
    lambda: ScanDialog(studio.shared, [rows.parent], window), lambda: DownloadDialog(studio.shared, window),
    lambda: HubDialog(studio.shared, window),
):
    dialog = make()
    dialog.open()
    if hasattr(dialog, "notice"):
        dialog.notice.show_message(LONG, LONG)
    pages = getattr(dialog, "pages", None)
    for page in range(pages.count() if pages is not None else 1):
        if pages is not None:
            pages.setCurrentIndex(page)
        check(f"{type(dialog).__name__} {page}", dialog)
    dialog.close()
QMessageBox.exec = lambda box: (box.show(), check(box.windowTitle().replace(" ", "-"), box), box.close())
from studio.ui.help.about import AboutWindow
from studio.ui.help.documents_window import DocumentsWindow
from studio.ui.help.shortcuts_window import ShortcutsWindow
from studio.ui.settings.window import SettingsWindow

for make in (SettingsWindow, ShortcutsWindow, AboutWindow, DocumentsWindow):
    dialog = make(studio.shared, window)
    dialog.show()
    check(make.__name__, dialog)
    dialog.close()
show_message(window, "long", "\\n".join(["a line"] * 500), "details")
show_message(window, "word", "w" * 200_000)
studio.window._may_close = lambda _waiting: True
studio.window.close()
studio.close()
"""  # noqa: E501


@pytest.mark.parametrize(
    ("width", "height"), [(1024, 700), (910, 512)], ids=["1024 x 700", "1366 x 768 at 150 %"]
)
def test_windows_and_dialogs_fit_a_small_screen(data, tmp_path, width, height):
    screens = tmp_path / "screens.json"
    screen = {
        "name": "one",
        "x": 0,
        "y": 0,
        "width": width,
        "height": height,
        "logicalDpi": 96,
        "logicalBaseDpi": 96,
        "dpr": 1,
    }
    screens.write_text(json.dumps({"screens": [screen]}))
    command = [sys.executable, "-c", REPORT, str(tmp_path / "rows.csv")]
    environment = {**os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={screens}"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=180, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > 35
    assert [line for line in lines if not line.endswith("True True")] == []


def test_new_window_fits_the_screen(open_studio):
    window = open_studio().window
    area = window.screen().availableGeometry()
    assert window.size().boundedTo(area.size() - DECORATION) == window.size()


def test_window_saved_off_screen_is_moved_onto_it(open_studio, data):
    for place in (
        QRect(5_000, 4_000, 760, 600),
        QRect(-700, -900, 760, 600),
        QRect(100, 700, 760, 600),
    ):
        studio = open_studio()
        studio.window.setGeometry(place)
        close_studio(studio)
        again = open_studio()
        area = again.window.screen().availableGeometry()
        assert area.contains(again.window.geometry()), (place, again.window.geometry())
        assert again.window.geometry().top() >= area.top() + 20  # the title bar, too
        close_studio(again)
        update(data, {"geometry": ""})


def test_window_on_the_screen_keeps_its_position(open_studio):
    window = open_studio().window
    place = QRect(30, 60, 730, 500)
    window.setGeometry(place)
    move_onto_screen(window)
    assert window.geometry() == place
    assert QGuiApplication.primaryScreen().availableGeometry().contains(place)


def test_long_message_moves_into_the_details(qapp, monkeypatch):
    seen = []
    monkeypatch.setattr(
        QMessageBox, "exec", lambda box: seen.append((box.text(), box.detailedText()))
    )
    factory.show_message(None, "x", "short", "details")
    factory.show_message(None, "x", "many lines\n" * 1_000, "details")
    assert seen[0] == ("short", "details")
    text, details = seen[1]
    assert text.count("\n") <= factory.LABEL_LINES
    assert details == "many lines\n" * 1_000 + "\n\ndetails"


def test_long_banner_stays_small_and_keeps_its_full_text(qtbot, open_studio):
    bar = open_studio().window.settings_banner
    bar.show_message("/" + "w" * 200_000)
    qtbot.waitUntil(bar.isVisible, timeout=PATIENCE)
    assert bar.message == "/" + "w" * 200_000
    assert bar.sizeHint().height() < 600
