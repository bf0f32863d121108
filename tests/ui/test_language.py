"""The window in Chinese, and the choice of its language."""

import subprocess
import sys

from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QMessageBox,
    QToolBar,
)

from studio.core.kinds import TABS
from studio.core.settings_catalog.catalog import SETTINGS
from studio.core.settings_store import load_settings, update
from studio.core.translation import VARIABLE
from studio.ui.actions import PAGE_TITLES
from studio.ui.desktop.language import translate_qt
from studio.ui.settings.window import SettingsWindow
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.conftest import PATIENCE
from tests.ui.visible_controls import hidden_controls

OURS = ("文件", "编辑", "查看", "队列", "模型", "帮助")


def test_every_tab_has_a_title():
    assert set(TABS) < set(PAGE_TITLES)


def test_menus_toolbar_and_tabs_are_chinese(chinese, open_studio):
    window = open_studio().window
    bar = window.menuBar().actions()
    assert [menu.text().partition("(")[0] for menu in bar] == list(OURS)
    assert bar[0].text() == "文件(&F)"
    items = [item for menu in bar for item in menu.menu().actions() if not item.isSeparator()]
    assert english_in(item.text().partition("\t")[0] for item in items) == []
    assert english_in(tip for item in items for tip in (item.toolTip(), item.statusTip())) == []
    toolbar = window.findChild(QToolBar)
    assert english_in(texts_of(toolbar)) == []
    titles = [window.tabs.tabText(at) for at in range(window.tabs.count())]
    assert titles == ["文本", "图像", "音频", "视频", "作品库"]


def test_a_menu_opens_with_the_key_of_its_english_title(chinese, open_studio):
    window = open_studio().window
    QTest.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.AltModifier)
    (view,) = (menu.menu() for menu in window.menuBar().actions() if menu.menu().isVisible())
    assert view.title() == "查看(&V)"
    QTest.keyClick(view, Qt.Key.Key_D)
    assert window.shared.settings.theme == "dark"
    window.set_theme("system")


def test_the_settings_are_chinese_and_fit(chinese, open_studio):
    window = open_studio().window
    window.resize(1024, 700)
    window.action("dialogs.show_settings").trigger()
    settings = window.findChild(SettingsWindow)
    for at in range(settings.groups.count()):
        settings.groups.setCurrentRow(at)
        QTest.qWait(50)
        assert hidden_controls(settings) == []
    devices = settings.sections["audio"].rows["audio_device"].editor.control
    names = {devices.itemText(at) for at in range(1, devices.count())}  # the system's own
    assert english_in(set(texts_of(settings)) - names) == []
    table = settings.sections["shortcuts"].shortcuts.table
    cells = [table.item(row, column).text() for row in range(table.rowCount()) for column in (0, 1)]
    assert english_in(cells) == []


def test_a_search_finds_chinese_and_the_name_of_a_setting(chinese, open_studio):
    window = open_studio().window
    window.action("dialogs.show_settings").trigger()
    settings = window.findChild(SettingsWindow)
    searches = {"主题": "theme", "text_size": "text_size", "深色": "theme", "隐私": "keep_drafts"}
    for words, key in searches.items():
        settings.search.setText(words)
        shown = [
            row.setting.key
            for section in settings.sections.values()
            for row in section.rows.values()
            if row.isVisible()
        ]
        assert key in shown, words
        assert len(shown) < len(SETTINGS)


def test_a_job_runs_and_closing_asks_in_chinese(chinese, open_studio, qtbot, monkeypatch):
    studio = open_studio()
    window = studio.window
    QTest.keyClicks(window.text_tab.prompt, "Hi")
    window.action("generate").trigger()
    queue = studio.shared.queue
    qtbot.waitUntil(lambda: any(job.state.over for job in queue.jobs()), timeout=PATIENCE)
    assert queue.jobs()[0].state == "completed"
    asked = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box))
    assert not window._may_close(2)
    (box,) = asked
    assert box.text().startswith("还有 2 个任务未完成。")
    assert [one.text() for one in box.buttons()] == ["关闭", "留在这里"]


def test_qt_speaks_chinese_too(chinese, open_studio):
    open_studio()
    box = QMessageBox()
    box.setStandardButtons(QMessageBox.StandardButton.Cancel)
    assert box.button(QMessageBox.StandardButton.Cancel).text().replace("&", "") == "取消"
    assert QLocale().language() is QLocale.Language.Chinese


def test_qt_speaks_english_again(chinese, open_studio, qapp):
    open_studio()
    translate_qt(qapp, "en")
    box = QMessageBox()
    box.setStandardButtons(QMessageBox.StandardButton.Cancel)
    assert box.button(QMessageBox.StandardButton.Cancel).text().replace("&", "") == "Cancel"
    assert QLocale() == QLocale.system()


PROGRAM = """
import sys
catalogs = []

def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".mo"):
        catalogs.append(arguments[0])

sys.addaudithook(watch)
from studio.ui.main_window import MainWindow
from PySide6.QtCore import QTimer
show = MainWindow.showEvent

def shown(window, event):
    show(window, event)
    menus = [menu.text().replace("&", "") for menu in window.menuBar().actions()]
    sys.stdout.buffer.write(("|".join(menus) + "\\n" + str(bool(catalogs))).encode())
    QTimer.singleShot(500, window.close)

MainWindow.showEvent = shown
sys.argv = ["studio", "--fake"]
from studio.cli import main
main()
"""


def start_program():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    menus, has_catalog = done.stdout.decode().splitlines()
    return menus.split("|"), has_catalog == "True"


def test_the_language_chosen_in_the_settings_is_that_of_the_next_start(
    open_studio, qtbot, data, monkeypatch
):
    studio = open_studio()
    studio.window.action("dialogs.show_settings").trigger()
    settings = studio.window.findChild(SettingsWindow)
    row = settings.sections["appearance"].rows["language"]
    assert "started again" in row._description.text()
    box = row.editor.control
    box.setFocus()
    while box.currentText() != "简体中文":
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert studio.window.menuBar().actions()[0].text() == "&File"
    qtbot.waitUntil(lambda: load_settings(data).language == "zh_CN", timeout=PATIENCE)
    settings.close()
    studio.window.close()
    studio.close()
    studio.is_closed = True
    monkeypatch.delenv(VARIABLE)
    menus, has_catalog = start_program()
    assert [menu.partition("(")[0] for menu in menus] == list(OURS)
    assert has_catalog


def test_a_start_follows_the_desktop_and_english_opens_no_catalog(data, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    menus, has_catalog = start_program()
    assert menus[0] == "File"
    assert not has_catalog
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    menus, _has_catalog = start_program()
    assert menus[0] == "文件(F)"
    update(data, {"language": "en"})
    menus, _has_catalog = start_program()
    assert menus[0] == "File"
