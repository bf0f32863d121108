"""The start of the program: what it imports, the saved window, and what can go wrong."""

import json
import os
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
from studio.core.kinds import TABS
from studio.core.paths import data_folder
from studio.core.settings import Settings
from studio.core.settings_store import update
from studio.jobs.folder_lock import acquire
from studio.ui.actions import ACTIONS
from studio.ui.desktop.window_shell import WindowShell
from studio.ui.widgets import theme
from tests.ui.conftest import PATIENCE, close_studio


@pytest.fixture
def start_studio(qapp, data):
    """Return a function that starts the program as the command does, in the tests' event loop."""
    started = []

    def start(*, fake=True):
        studio = Studio(data, fake=fake)
        started.append(studio)
        studio.start()
        return studio

    yield start
    for studio in started:
        close_studio(studio)


PROGRAM = """
import json, sys
from studio.cli import main
from studio.ui.main_window import MainWindow

build, paint, seen = MainWindow.__init__, MainWindow.paintEvent, {"paints": []}

def built(window, shared):
    from PySide6.QtWidgets import QApplication
    seen["sheet_while_built"] = QApplication.instance().styleSheet()
    build(window, shared)

def painted(window, event):
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication
    paint(window, event)
    if not seen["paints"]:
        seen["sheet"] = QApplication.instance().styleSheet()
        seen["modules_at_paint"] = list(sys.modules)
        seen["widgets"] = len(QApplication.allWidgets())
        QTimer.singleShot(1500, window.close)
    if event.rect() == window.rect():
        seen["paints"].append(window.focusWidget() is window.text_tab.prompt)

MainWindow.__init__, MainWindow.paintEvent = built, painted
sys.argv = ["studio"]
try:
    main()
finally:
    print(json.dumps({**seen, "modules": list(sys.modules)}))
"""
HEAVY = {"torch", "transformers", "diffusers", "onnxruntime", "numpy", "PIL", "typer", "rich"}
NOT_BEFORE_PAINT = (
    "PySide6.QtNetwork",
    "ctypes",
    "hashlib",
    "logging.handlers",
    "multiprocessing",
    "psutil",
    "wakepy",
    "studio.batch.",
    "studio.documents",
    "studio.engine.process.launcher",
    "studio.jobs.ipc",
    "studio.text_checks",
    "studio.text_tasks",
    "studio.ui.batch",
    "studio.ui.help.",
    "studio.ui.image",
    "studio.ui.library.page",
    "studio.ui.models.dialog",
    "studio.ui.queue.panel",
    "studio.ui.settings",
    "studio.ui.stage.candidates.column",
    "studio.ui.tabs.audio",
    "studio.ui.tabs.chat.",
    "studio.ui.tabs.image",
    "studio.ui.tabs.story.",
    "studio.ui.tabs.tasks.task_panel",
    "studio.ui.text.",
    "studio.ui.video",
)
"""Beginnings of modules that a start needs later than the first paint, or not at all."""
BUT = {
    "studio.batch.form_prompt",
    "studio.batch.form_prompt.texts",
    "studio.batch.output",
    "studio.batch.output.finished_batch",
    "studio.ui.help.menu",
    "studio.ui.tabs.chat.prompt_keys",
    "studio.ui.tabs.story.story_job",
    "studio.ui.tabs.story.story_link",
    "studio.ui.text.text_views",
}
"""Small ones of those."""
MAX_MODULES = 250
"""Modules of Studio until the first paint: each takes about 0.5 ms."""
MAX_WIDGETS = 400


@pytest.fixture(scope="module")
def seen_start(tmp_path_factory):
    """Return what a start of the program in its own process did."""
    environment = {**os.environ, "STUDIO_DATA_DIR": str(tmp_path_factory.mktemp("start"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_window_is_painted_once_and_imports_nothing_heavy(seen_start):
    assert seen_start["paints"] == [True], "is the prompt focused, for each paint of the window"
    assert HEAVY & set(seen_start["modules"]) == set()


def test_no_page_imports_anything_heavy():
    pages = [f"studio.ui.tabs.{name}" for name in TABS]
    pages += ["studio.ui.tabs.chat.chat_page", "studio.ui.text.document_page"]
    script = f"import sys, {', '.join(pages)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
    )
    assert HEAVY & set(done.stdout.split()) == set()


def test_what_is_not_shown_is_neither_imported_nor_built_before_the_first_paint(seen_start):
    modules = set(seen_start["modules_at_paint"])
    early = {name for name in modules if name.startswith(NOT_BEFORE_PAINT)}
    assert early - BUT == set()
    ours = [name for name in modules if name.startswith("studio.")]
    assert len(ours) <= MAX_MODULES, "import what is not shown at the start where it is used"
    assert seen_start["widgets"] <= MAX_WIDGETS, "build what is not shown when it is first shown"


def test_the_style_sheet_is_set_when_the_window_is_built(seen_start):
    assert seen_start["sheet_while_built"] == "", "a style sheet makes building much slower"
    assert "QLabel" in seen_start["sheet"]


def test_the_window_is_usable_when_it_is_shown(start_studio, qtbot):
    studio = start_studio()
    studio.window.activateWindow()
    assert QTest.qWaitForWindowActive(studio.window, PATIENCE)
    assert QApplication.focusWidget() is studio.window.text_tab.prompt
    QTest.keyClicks(studio.window.text_tab.prompt, "Hi")
    QTest.keyClick(
        studio.window.text_tab.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier
    )
    qtbot.waitUntil(lambda: bool(studio.shared.queue.jobs()), timeout=PATIENCE)
    assert studio.shared.queue.jobs()[0].request.prompt == "Hi"


def test_the_queue_runs_soon_after_the_window_is_shown(start_studio, qtbot):
    studio = start_studio()
    qtbot.waitUntil(studio.session.worker.isRunning, timeout=PATIENCE)


def test_the_queue_runs_in_a_window_that_is_never_painted(start_studio, qtbot, monkeypatch):
    monkeypatch.setattr(WindowShell, "paintEvent", lambda _window, _event: None)
    studio = start_studio()
    qtbot.waitUntil(studio.session.worker.isRunning, timeout=PATIENCE)


def test_every_action_names_a_method_and_is_in_a_menu(start_studio, monkeypatch):
    window = start_studio().window
    called = []
    for action in ACTIONS:
        *path, method = action.method.split(".")
        target = getattr(window, path[0]) if path else window
        assert callable(getattr(target, method))
        monkeypatch.setattr(target, method, lambda *arguments: called.append(arguments))
        window._actions[action.key].setEnabled(True)
        window._actions[action.key].trigger()
        assert called[-1] == ((action.argument,) if action.argument else ())
        monkeypatch.undo()
    assert len(called) == len(ACTIONS)
    in_menus = [
        item for menu in window.menuBar().actions() for item in menu.menu().actions() if item.text()
    ]
    assert len(in_menus) == len(ACTIONS)


def test_size_tab_and_queue_dock_are_restored(start_studio, qtbot, data):
    studio = start_studio()
    qtbot.waitUntil(studio.session.worker.isRunning, timeout=PATIENCE)
    studio.window.resize(760, 600)
    studio.window.show_tab("image")
    studio.window.queue_dock.show()
    close_studio(studio)
    restarted = start_studio()
    with qtbot.waitExposed(restarted.window):
        pass
    window = restarted.window
    assert window.size().toTuple() == (760, 600)
    assert window.tabs.currentIndex() == 1
    assert window.focusWidget() is window.image_tab.prompt
    assert window.queue_dock.isVisible()
    assert window.dockWidgetArea(window.queue_dock) is Qt.DockWidgetArea.BottomDockWidgetArea


def test_the_draft_of_a_form_that_was_not_shown_is_kept(start_studio):
    studio = start_studio()
    studio.window.audio_tab.for_kind("music").prompt.setPlainText("calm piano")
    close_studio(studio)
    studio = start_studio()
    audio = studio.window.audio_tab
    audio.speech.prompt.setPlainText("Good morning!")
    assert audio.forms() == [audio.speech], "a form is built when it is shown"
    close_studio(studio)
    audio = start_studio().window.audio_tab
    assert audio.speech.prompt.toPlainText() == "Good morning!"
    assert audio.music.prompt.toPlainText() == "calm piano"


@pytest.mark.parametrize("last_tab", [-1, 99])
def test_invalid_tab_in_the_settings_is_ignored(start_studio, data, last_tab):
    update(data, {"last_tab": last_tab})
    assert start_studio().window.current().prompt.isVisible()


def test_window_closed_at_once_exits_cleanly(qapp, data):
    studio = Studio(data, fake=True)
    studio.start()
    assert studio.window.close()
    studio.close()
    qapp.processEvents()  # the background would start now
    assert not studio.session.worker.isRunning()
    studio.window.deleteLater()
    lock = acquire(data)
    assert lock is not None
    assert not lock.unclean
    lock.lock.unlock()


def test_a_database_that_cannot_be_opened_is_explained(data):
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


def test_a_log_file_that_cannot_be_written_is_explained(data):
    (data.logs / "studio.log").mkdir(parents=True)
    script = "from PySide6 import QtWidgets\n"
    script += "QtWidgets.QMessageBox.exec = lambda box: print(box.text())\n"
    script += "import sys; sys.argv = ['studio', '--fake']\nfrom studio.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "studio.log" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_failure_while_the_window_is_built_frees_the_data_folder(qapp, data, monkeypatch):
    def fail(*_arguments):
        raise OSError("no settings")

    monkeypatch.setattr(app, "load_settings", fail)
    with pytest.raises(OSError, match="no settings"):
        Studio(data, fake=True)
    lock = acquire(data)
    assert lock is not None
    lock.lock.unlock()


def test_missing_display_is_reported(data, monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert app.run_window(data) == 2
    assert "no desktop" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{ not json",
        b"[1, 2]",
        b'{"theme": 3, "last_tab": "x", "geometry": 5}',
        b'{"geometry": "AAAA", "window_state": "\\u00e4"}',
        b"\xff\xfe{}",
        b"null",
    ],
)
def test_the_window_opens_with_damaged_settings(start_studio, data, content):
    data.settings.write_bytes(content)
    studio = start_studio()
    assert studio.settings.last_tab == 0
    assert studio.settings.theme == Settings().theme
    assert studio.window.isVisible()


def test_a_second_start_activates_the_first_window(start_studio, qtbot, data):
    studio = start_studio()
    qtbot.waitUntil(studio.session.worker.isRunning, timeout=PATIENCE)
    studio.window.hide()
    script = "import studio.ui.main_window as main_window\nmain_window.MainWindow.__init__ = None\n"
    script += "import sys; sys.argv = ['studio', '--fake']\nfrom studio.cli import main\nmain()"
    second = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=PATIENCE)
    assert second.communicate() == (b"", b"")
    assert second.returncode == 0
    qtbot.waitUntil(studio.window.isVisible, timeout=PATIENCE)


def test_the_window_starts_with_the_chosen_theme_and_text_size(start_studio, qapp, data):
    update(data, {"theme": "dark", "text_size": 150})
    start_studio()
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == theme.DARK.window
    assert qapp.font().pixelSize() == round(theme.TEXT_PIXELS * 1.5)
    assert theme.DARK.border in qapp.styleSheet()
    assert theme.LIGHT.border not in qapp.styleSheet()
    theme.apply(qapp, "light")


@pytest.mark.parametrize(("mode", "colors"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_theme_sets_the_colors(qapp, mode, colors):
    theme.apply(qapp, mode)
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == colors.window
    assert qapp.palette().color(QPalette.ColorRole.WindowText).name() == colors.text
    theme.apply(qapp, "light")


@pytest.mark.parametrize("home", ["", "  ", "/tmp/数据"])
def test_data_folder_follows_platformdirs(monkeypatch, home):
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
def test_window_start_skips_the_command_line_parser(arguments, options):
    assert window_options(arguments) == options
