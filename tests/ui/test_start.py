"""The start as it is: the frame is painted first, then filled in pieces; what is typed or pressed
meanwhile is not lost.
"""

import subprocess
import sys

import platformdirs
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio import app
from studio.app import Studio
from studio.cli.window_entry import WindowOptions, window_options
from studio.core.paths import data_folder
from studio.core.settings import Settings
from studio.core.settings_store import update
from studio.jobs.folder_lock import acquire
from studio.ui.widgets import theme
from studio.ui.window_shell import StartupSettings, look
from tests.ui.conftest import PATIENCE, close_studio

LONG = 60_000


@pytest.fixture
def begin(qapp, data):
    """Return a function that starts the program as the command does, and leaves it to the event
    loop.
    """
    begun = []

    def start(*, fake=True):
        studio = Studio(data, fake=fake)
        begun.append(studio)
        studio.start()
        return studio

    yield start
    for studio in begun:
        if not getattr(studio, "is_closed", False):
            studio.begin_now()
            close_studio(studio)


def painted(studio, qtbot):
    """Go on until the first paint, and no further."""
    qtbot.waitUntil(lambda: studio.window._was_painted, timeout=PATIENCE)
    return studio


PROGRAM = """
import sys
from studio.cli import main

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "studio.jobs.folder_lock":
            sys.meta_path.remove(self)
            from studio.ui.window_shell import WindowShell
            paint = WindowShell.paintEvent

            def painted(window, event):
                if not window._was_painted:
                    from PySide6.QtCore import QTimer
                    QTimer.singleShot(0, lambda: print(*sorted(sys.modules)))
                    window.whole.connect(lambda: print("whole"))
                    window.whole.connect(window.close)
                paint(window, event)

            WindowShell.paintEvent = painted

sys.meta_path.insert(0, Watch())
sys.argv = ["studio"]
main()
"""


def test_little_is_imported_before_the_first_paint(data):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    modules, whole, *_rest = done.stdout.splitlines()
    assert whole == "whole"
    late = {
        "msgspec",
        "typer",
        "rich",
        "json",
        "dataclasses",
        "sqlite3",
        "multiprocessing",
        "platformdirs",
        "numpy",
        "torch",
    }
    assert late & set(modules.split()) == set()
    ours = {name for name in modules.split() if name.startswith("studio.")}
    packages = {name.rpartition(".")[0] for name in ours}
    assert ours - packages == {
        "studio.app",
        "studio.cli.output",
        "studio.cli.window_entry",
        "studio.core.environment",
        "studio.core.paths",
        "studio.core.regular_file",
        "studio.jobs.folder_lock",
        "studio.ui.actions",
        "studio.ui.window_shell",
        "studio.ui.desktop.screens",
        "studio.ui.main_window",
        "studio.ui.widgets.icons",
        "studio.ui.widgets.theme",
    }


def test_the_window_answers_between_the_pieces(begin, qtbot):
    studio = begin()
    turns = []
    go_on = studio._go_on
    studio._go_on = lambda: (turns.append(studio.window.is_whole), go_on())
    with qtbot.waitSignal(studio.window.whole, timeout=LONG):
        pass
    assert len(turns) > 15
    qtbot.waitUntil(
        lambda: studio._door is not None and studio.session.worker.isRunning(), timeout=LONG
    )


def test_the_prompt_has_the_focus_at_the_end(begin, qtbot):
    studio = begin()
    qtbot.waitUntil(lambda: studio.window.is_whole, timeout=LONG)
    assert studio.window.focusWidget() is studio.window.text_tab.prompt


def test_what_is_typed_before_the_tab_is_there_stands_in_its_prompt(begin, qtbot):
    studio = painted(begin(), qtbot)
    assert not studio.window.is_whole
    QTest.keyClicks(QApplication.focusWidget() or studio.window, "Hi there")
    qtbot.waitUntil(lambda: studio.window.is_whole, timeout=LONG)
    assert studio.window.text_tab.prompt.toPlainText() == "Hi there"


def test_what_is_typed_first_is_sent_by_ctrl_enter(begin, qtbot):
    studio = painted(begin(), qtbot)
    QTest.keyClicks(studio.window, "Hi")
    QTest.keyClick(studio.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: studio.window.is_whole, timeout=LONG)
    qtbot.waitUntil(lambda: bool(studio.shared.queue.jobs()), timeout=LONG)
    assert studio.shared.queue.jobs()[0].request.prompt == "Hi"


def test_shortcuts_are_obeyed_in_their_order(begin, qtbot):
    studio = painted(begin(), qtbot)
    QTest.keyClicks(studio.window, "a")
    QTest.keyClick(studio.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(studio.window, "b")
    qtbot.waitUntil(lambda: studio.window.is_whole, timeout=LONG)
    assert studio.window.current() is studio.window.image_tab
    assert studio.window.text_tab.prompt.toPlainText() == "a"
    assert studio.window.image_tab.prompt.toPlainText() == "b"
    assert studio.settings.last_tab == 1


def test_a_tab_and_a_button_that_are_pressed_early_do_what_they_say(begin, qtbot):
    studio = painted(begin(), qtbot)
    bar = studio.window.tabs.tabBar()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    studio.window._shown["toggle_queue"].trigger()
    qtbot.waitUntil(lambda: studio.window.is_whole, timeout=LONG)
    assert studio.window.current() is studio.window.image_tab
    assert studio.settings.last_tab == 1
    assert studio.window.queue_dock.isVisible()


def test_the_tabs_stay_where_they_were_painted_first(begin, qtbot, data):
    for welcome in (True, False):
        update(data, {"starter_declined": not welcome})
        studio = painted(begin(fake=False), qtbot)
        bar = studio.window.tabs.tabBar()
        before = (
            bar.mapTo(studio.window, bar.rect().topLeft()),
            bar.size(),
            studio.window.statusBar().geometry(),
        )
        qtbot.waitUntil(lambda studio=studio: studio.window.is_whole, timeout=LONG)
        QApplication.sendPostedEvents()
        assert studio.window.installing.banner.isVisible() is welcome
        studio.window.grab()
        assert (
            bar.mapTo(studio.window, bar.rect().topLeft()),
            bar.size(),
            studio.window.statusBar().geometry(),
        ) == before
        studio.begin_now()
        close_studio(studio)


def test_place_tab_and_queue_are_those_of_the_last_time(begin, qtbot, data):
    studio = begin()
    qtbot.waitUntil(lambda: studio.window.is_whole, timeout=LONG)
    studio.window.resize(760, 600)
    studio.window.show_image()
    studio.window.queue_dock.show()
    studio.begin_now()
    close_studio(studio)
    again = Studio(data, fake=True)
    assert again.window.size().toTuple() == (760, 600)
    assert again.window.tabs.currentIndex() == 1
    again.build_now()
    again.start()
    qtbot.waitExposed(again.window)
    assert again.window.queue_dock.isVisible()
    assert (
        again.window.dockWidgetArea(again.window.queue_dock)
        is Qt.DockWidgetArea.BottomDockWidgetArea
    )
    again.begin_now()
    close_studio(again)


def test_a_window_that_is_closed_at_once_leaves_everything_as_it_was(qapp, data, qtbot):
    update(data, {"last_tab": 2})
    before = data.settings.read_bytes()
    studio = Studio(data, fake=True)
    studio.start()
    assert studio.window.close()
    studio.close()
    studio.window.deleteLater()
    assert data.settings.read_bytes() == before
    held = acquire(data)
    assert held is not None
    assert not held.unclean
    held.lock.unlock()


def test_a_database_that_cannot_be_opened_is_said_in_words(data):
    data.database.mkdir()
    script = "from PySide6 import QtWidgets\n"
    script += "QtWidgets.QMessageBox.exec = lambda box: print(box.text())\n"
    script += "import sys; sys.argv = ['studio', '--fake']\nfrom studio.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "studio.db" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{ not json",
        b"[1, 2]",
        b'{"theme": 3, "last_tab": "x", "geometry": 5}',
        b"\xff\xfe{}",
        b"null",
    ],
)
def test_damaged_settings_give_a_frame_all_the_same(qapp, data, content):
    data.settings.write_bytes(content)
    assert look(data)._replace(geometry="", window_state="") == StartupSettings()
    studio = Studio(data, fake=True)
    studio.build_now()
    studio.start()
    studio.begin_now()
    assert studio.settings == Settings()
    close_studio(studio)


def test_the_frame_sees_what_the_settings_say(data):
    update(
        data,
        {
            "theme": "dark",
            "last_tab": 2,
            "geometry": "AAAA",
            "window_state": "BBBB",
            "starter_declined": True,
        },
    )
    assert look(data) == StartupSettings("dark", "AAAA", "BBBB", 2, welcome=False)


def test_a_second_start_shows_no_frame(begin, qtbot, data):
    studio = begin()
    qtbot.waitUntil(lambda: studio._door is not None, timeout=LONG)
    studio.window.hide()
    script = "import studio.ui.window_shell as frame\nframe.WindowShell.__init__ = None\n"
    script += "import sys; sys.argv = ['studio', '--fake']\nfrom studio.cli import main\nmain()"
    second = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=LONG)
    assert second.communicate() == (b"", b"")
    assert second.returncode == 0
    qtbot.waitUntil(studio.window.isVisible, timeout=LONG)


def test_a_window_that_is_never_painted_is_filled_all_the_same(begin, qtbot, monkeypatch):
    monkeypatch.setattr(app, "UNPAINTED_MS", 1)
    studio = begin()
    studio.window.painted.disconnect()
    qtbot.waitUntil(lambda: studio.window.is_whole, timeout=LONG)


@pytest.mark.parametrize("dark", [False, True])
def test_the_first_paint_has_the_colours_of_the_last(qapp, dark):
    desktop = QPalette()
    colours = theme.DARK if dark else theme.LIGHT
    for role, colour in (
        (QPalette.ColorRole.Window, colours.window),
        (QPalette.ColorRole.WindowText, colours.text),
    ):
        desktop.setColor(role, colour)
    qapp.setPalette(desktop)
    theme.begin(qapp, "system")
    assert qapp.palette().window().color().name() == colours.window
    theme.begin(qapp, "dark")
    assert qapp.palette().window().color().name() == theme.DARK.window
    theme.apply(qapp, "light")


@pytest.mark.parametrize("home", ["", "  ", "/tmp/数据"])
def test_the_data_folder_is_where_platformdirs_says(monkeypatch, home):
    monkeypatch.delenv("STUDIO_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", home)
    assert str(data_folder().root) == platformdirs.user_data_dir("studio", appauthor=False)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], WindowOptions()),
        (["--fake", "--in-process"], WindowOptions(in_process=True, fake=True)),
        (["--data-dir", "/a b"], WindowOptions("/a b")),
        (["--data-dir=/x=y", "--fake"], WindowOptions("/x=y", fake=True)),
        (["--data-dir"], None),
        (["--data-dir="], None),
        (["--data-dir", ""], None),
        (["--fake=1"], None),
        (["--help"], None),
        (["--version"], None),
        (["text", "a cat"], None),
        (["--fake", "queue", "list"], None),
    ],
)
def test_only_a_start_of_the_window_goes_by_the_command_line(arguments, options):
    assert window_options(arguments) == options
