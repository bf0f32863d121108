"""Print each control that a screen of a given size cuts off: `python -m tests.ui.screen_report`.

Run by `test_fits_screens.py` in a fresh process per screen, since Qt reads sizes and scale factors
only at its start. Opens the window with each tab, with and without the queue's table, the library
with and without its panel, and every dialog. Prints "ok NAME", or a line per problem.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QMessageBox,
    QScrollArea,
    QTabWidget,
    QWidget,
)

from studio.app import Studio
from studio.core.paths import data_folder
from studio.ui.actions import ACTIONS
from studio.ui.desktop.screens import DECORATION
from studio.ui.main_window import MainWindow
from studio.ui.tabs.base import GenerateTab
from studio.ui.tabs.prompt_history import PromptList
from tests.ui.all_windows import Content, make_content, makers
from tests.ui.visible_controls import hidden_controls, name_of

KINDS = ("text", "image", "speech", "music")
WAITS = 200
SETTLE = 20


def report(name: str, find_problems: Callable[[], list[str]]) -> None:
    """Print the problems that stay when the layout is done."""
    for _ in range(SETTLE):
        problems = find_problems()
        if not problems:
            break
        QTest.qWait(50)
    sys.stdout.write("".join(f"{name}: {one}\n" for one in problems) or f"ok {name}\n")


def outside(window: QWidget) -> list[str]:
    """Return why a window with its frame is not on the screen."""
    area = window.screen().availableGeometry()
    if window.size().boundedTo(area.size() - DECORATION) != window.size():
        return [f"{window.size().toTuple()} is larger than {area.size().toTuple()}"]
    place = window.geometry()
    return [] if area.contains(place) else [f"{place.getRect()} is not in {area.getRect()}"]


def not_in_view(controls: list[QWidget]) -> list[str]:
    """Return the controls that are hidden in part, although they should not need scrolling."""
    return [
        f"{name_of(control)!r} needs scrolling"
        for control in controls
        if control.isVisible() and control.visibleRegion().boundingRect() != control.rect()
    ]


def check_tabs(window: MainWindow) -> None:
    """Check each tab, empty and with a result, with and without the queue's table."""
    for name in KINDS:
        window.show_kind(name)
        form = window.current()
        assert isinstance(form, GenerateTab)
        for state in ("empty", "result"):
            if state == "result":
                form.examples_page.buttons[0].click()
                wait_for(lambda form=form: form.stage.is_over and bool(form.stage.current_path()))
            for with_table in (False, True):
                (window.show_queue if with_table else window.queue_dock.hide)()
                QTest.qWait(50)
                table = "with the queue" if with_table else "without the queue"
                needed = [form.prompt, form.generate_button, form.stop_button]
                needed += form.stage.findChildren(QAbstractButton)
                report(
                    f"{name}, {state}, {table}",
                    lambda needed=needed: (
                        outside(window) + hidden_controls(window) + not_in_view(needed)
                    ),
                )


def wait_for(is_reached: Callable[[], bool]) -> None:
    """Run the event loop until something is true."""
    for _ in range(WAITS):
        if is_reached():
            break
        QTest.qWait(50)
    else:
        raise TimeoutError
    QTest.qWait(50)


def open_dialogs() -> Iterator[QDialog]:
    """Yield the dialogs that are shown."""
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            yield widget


def check_dialog(name: str, dialog: QWidget) -> None:
    """Check all pages of a dialog, and close it."""
    tabs = dialog.findChild(QTabWidget)
    for page in range(tabs.count() if tabs is not None else 1):
        if tabs is not None:
            tabs.setCurrentIndex(page)
        QTest.qWait(50)
        # The buttons that end a dialog are not in a part that scrolls.
        fixed = [
            made
            for made in dialog.findChildren(QAbstractButton)
            if not is_in_scroll_area(made) and made.isVisible()
        ]
        report(
            f"{name} {page}",
            lambda fixed=fixed: outside(dialog) + hidden_controls(dialog) + not_in_view(fixed),
        )
    dialog.close()
    dialog.deleteLater()
    QTest.qWait(1)


def is_in_scroll_area(control: QWidget) -> bool:
    """True for a control that scrolls."""
    parent = control.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent is not None


def check_dialogs(window: MainWindow, content: Content) -> None:
    """Check the dialogs that the menus open, then every other one."""
    for action in ACTIONS:
        if action.method.startswith("dialogs.show_"):
            window._actions[action.key].trigger()
            QTest.qWait(100)
            for dialog in list(open_dialogs()):
                check_dialog(action.method, dialog)
    for name, make in makers(window, content).items():
        dialog = make()
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        if isinstance(dialog, PromptList):
            dialog.open_at(window.image_tab.prompt)
        else:
            dialog.show()
        check_dialog(name, dialog)


def check_library(window: MainWindow, content: Content) -> None:
    """Check the library's page and panel, empty and with an item of each medium."""
    window.show_tab("library")
    page = window.window_library.page
    wait_for(lambda: page.results.is_complete)
    for name, items in content.items.items():
        page.view.select(items[0].id)
        QTest.qWait(100)
        needed = [
            page.bar.text,
            page.bar.filter_button,
            page.bar.saved_button,
            page.bar.more_button,
        ]
        report(
            f"library, {name}",
            lambda needed=needed: outside(window) + hidden_controls(window) + not_in_view(needed),
        )
    for tab in ("library", "text", "image", "audio"):
        window.show_tab(tab)
        window.window_library.panel.show()
        panel = window.window_library.panel.page
        wait_for(lambda panel=panel: panel.results.is_complete)
        needed = [panel.bar.text, panel.bar.filter_button]
        report(
            f"panel next to {tab}",
            lambda needed=needed: outside(window) + hidden_controls(window) + not_in_view(needed),
        )
    window.window_library.panel.hide()


def main() -> None:
    """Check the window, then the dialogs; `argv[1]` is a folder to write to."""
    studio = Studio(data_folder(), fake=True)
    studio.start()
    QTest.qWait(200)
    report("window", lambda: outside(studio.window))
    window = studio.window
    area = window.screen().availableGeometry()
    border, title = DECORATION.width() // 2, DECORATION.height() - DECORATION.width() // 2
    window.setGeometry(area.adjusted(border, title, -border, -border))  # as a maximized window

    def show(box: QMessageBox) -> int:
        box.show()
        return 0

    QMessageBox.exec = show  # type: ignore[method-assign]  # it would wait for the user
    check_tabs(window)
    content = make_content(window.shared, Path(sys.argv[1]) / "results")
    check_library(window, content)
    check_dialogs(window, content)
    window._may_close = lambda _waiting: True  # type: ignore[method-assign]
    window.close()
    studio.close()


if __name__ == "__main__":
    main()
