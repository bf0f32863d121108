"""The command palette in the real window, by keyboard."""

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.core.presets import Preset, presets, save_preset
from studio.ui.help.matching import Entry
from studio.ui.help.palette import Palette
from studio.ui.settings.window import SettingsWindow
from tests.ui.conftest import PATIENCE

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def program(open_studio):
    return open_studio()


@pytest.fixture
def open_palette(program, qtbot):
    """Return a function that opens the palette with its shortcut."""

    def show():
        program.window.activateWindow()
        assert QTest.qWaitForWindowActive(program.window, PATIENCE)
        QTest.keyClick(program.window, Qt.Key.Key_K, CONTROL)
        palette = next(one for one in program.window.findChildren(Palette) if one.isVisible())
        assert QTest.qWaitForWindowActive(palette, PATIENCE)
        qtbot.waitUntil(lambda: palette.model.rowCount() > 0, timeout=PATIENCE)
        return palette

    return show


def look_for(palette, text, qtbot, first):
    palette.search.clear()
    QTest.keyClicks(palette.search, text)
    qtbot.waitUntil(
        lambda: bool(palette.model.entries) and palette.model.entries[0].title == first,
        timeout=PATIENCE,
    )


def press(palette, key):
    QTest.keyClick(palette.search, key)
    QApplication.processEvents()


def test_an_action_is_found_with_its_shortcut_and_run(program, open_palette, qtbot):
    palette = open_palette()
    look_for(palette, "theme dark", qtbot, "Theme: dark")
    press(palette, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: program.shared.settings.theme == "dark", timeout=PATIENCE)
    assert not any(one.isVisible() for one in program.window.findChildren(Palette))
    program.window.set_theme("system")
    program.shared.change_settings(shortcuts={"toggle_queue": "Ctrl+U"})
    palette = open_palette()
    look_for(palette, "queue", qtbot, "Queue")
    index = palette.list.currentIndex()
    assert "Ctrl+U" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_arrows_choose_and_esc_closes(program, open_palette, qtbot):
    palette = open_palette()
    look_for(palette, "theme", qtbot, "Theme")
    first = palette.list.currentIndex().row()
    press(palette, Qt.Key.Key_Down)
    assert palette.list.currentIndex().row() == first + 1
    for _press in range(200):
        press(palette, Qt.Key.Key_PageDown)
    assert palette.list.currentIndex().row() == palette.model.rowCount() - 1
    press(palette, Qt.Key.Key_PageUp)
    press(palette, Qt.Key.Key_Up)
    press(palette, Qt.Key.Key_Escape)
    assert not any(one.isVisible() for one in program.window.findChildren(Palette))
    assert program.shared.settings.theme == "system"


def test_a_setting_opens_at_its_place(program, open_palette, qtbot):
    palette = open_palette()
    look_for(palette, "cpu threads", qtbot, "CPU threads")
    press(palette, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: program.window.findChild(SettingsWindow) is not None, timeout=PATIENCE)
    settings = program.window.findChild(SettingsWindow)
    qtbot.waitUntil(
        settings.sections["devices"].rows["threads"].editor.control.hasFocus, timeout=PATIENCE
    )


def test_a_model_and_a_preset_fill_the_form(program, open_palette, qtbot, data):
    save_preset(data, "text", Preset("My haiku", {"prompt": "A haiku about …"}))
    palette = open_palette()
    look_for(palette, "fake music", qtbot, "Fake music")
    press(palette, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: program.window.current().kind == "music", timeout=PATIENCE)
    palette = open_palette()
    look_for(palette, "haiku", qtbot, "My haiku")
    press(palette, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: program.window.current().kind == "text", timeout=PATIENCE)
    assert program.window.text_tab.prompt.toPlainText() == "A haiku about …"
    title = presets("text")[0].title
    look_for(open_palette(), title, qtbot, title)


def test_a_recent_result_is_shown_again(program, open_palette, qtbot):
    tab = program.window.text_tab
    tab.prompt.insertPlainText("灯塔的故事")
    tab.generate()
    qtbot.waitUntil(lambda: program.shared.queue.counts.over == 1, timeout=PATIENCE)
    program.window.show_tab("image")
    palette = open_palette()
    commit = QInputMethodEvent("灯", [])
    QApplication.sendEvent(palette.search, commit)  # a composition that is not committed yet
    assert palette.search.text() == ""
    done = QInputMethodEvent()
    done.setCommitString("灯塔")
    QApplication.sendEvent(palette.search, done)
    qtbot.waitUntil(
        lambda: [entry.title for entry in palette.model.entries] == ["灯塔的故事"],
        timeout=PATIENCE,
    )
    press(palette, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: program.window.current().kind == "text", timeout=PATIENCE)


def test_a_result_of_the_library_is_found_when_its_job_is_gone(program, open_palette, qtbot):
    tab = program.window.text_tab
    tab.prompt.insertPlainText("灯塔的故事")
    with qtbot.waitSignal(program.shared.library.items_added, timeout=PATIENCE):
        tab.generate()
    queue = program.shared.queue
    qtbot.waitUntil(lambda: queue.counts.over == 1, timeout=PATIENCE)
    queue.remove([job.id for job in queue.jobs()])
    qtbot.waitUntil(lambda: not queue.jobs(), timeout=PATIENCE)
    program.window.show_tab("image")
    palette = open_palette()
    palette.search.insert("灯塔")
    qtbot.waitUntil(
        lambda: [entry.title for entry in palette.model.entries] == ["灯塔的故事"],
        timeout=PATIENCE,
    )
    press(palette, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: program.window.current().kind == "text", timeout=PATIENCE)


def test_search_without_matches_shows_a_message(open_palette, qtbot):
    palette = open_palette()
    QTest.keyClicks(palette.search, "xyzzyxyzzy")
    qtbot.waitUntil(palette.nothing.isVisible, timeout=PATIENCE)
    press(palette, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_a_library_of_10_000_does_not_stop_the_window(program, open_palette, qtbot):
    ran = []
    many = [
        Entry(f"a lighthouse at night {number}", "Image", lambda n=number: ran.append(n))
        for number in range(10_000)
    ]
    program.window.dialogs.palette_providers.append(lambda: [lambda _query: many])
    palette = open_palette()
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(palette.model.entries[0].title))
    timer.start(0)
    look_for(palette, "lighthouse 9999", qtbot, "a lighthouse at night 9999")
    timer.stop()
    assert ticks[0] != "a lighthouse at night 9999", "the event loop runs while it searches"
    press(palette, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: ran == [9_999], timeout=PATIENCE)
