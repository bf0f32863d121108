"""The window's actions: one table for the menus, the toolbar and the page of shortcuts."""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QToolBar

from studio.core.kinds import TABS
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.icons import icon


class Action(NamedTuple):
    """One thing that a user can do."""

    method: str
    """Of the window or, after a dot, of one of its attributes; called with `argument`, if any."""
    title: str
    tip: str
    menu: str
    shortcut: str = ""
    icon: str = ""
    toolbar: bool = False
    argument: str = ""

    @property
    def key(self) -> str:
        """Its unique name."""
        return f"{self.method}:{self.argument}" if self.argument else self.method


ACTIONS = (
    Action("generate", "Generate", "Start the job of this tab", "File", "Ctrl+Return", "play"),
    Action(
        "stop", "Stop", "Stop the job of this tab and keep partial results", "File", "Esc", "stop"
    ),
    Action(
        "file_opener.ask_for_batch",
        "Batch from a file…",
        "Run every prompt of a text, CSV, Excel or JSON file",
        "File",
        "Ctrl+B",
        "batch",
        toolbar=True,
    ),
    Action(
        "file_opener.ask_for_batch_folder",
        "Batch from a folder…",
        "Run every .txt file of a folder as a prompt",
        "File",
        "Ctrl+Shift+B",
    ),
    Action(
        "file_opener.ask_for_artifact",
        "Open a result…",
        "Fill the form from a file made with Studio",
        "File",
        "Ctrl+O",
        "folder",
    ),
    Action("save_as", "Save as…", "Save the result of this tab", "File", "Ctrl+S", "save"),
    Action(
        "dialogs.choose_output_folder",
        "Folder for results…",
        "Choose where new results are saved",
        "File",
    ),
    Action("close", "Quit", "Close Studio", "File", "Ctrl+Q"),
    Action(
        "copy_result", "Copy result", "Copy the result of this tab", "Edit", "Ctrl+Shift+C", "copy"
    ),
    Action(
        "dialogs.show_models",
        "Models…",
        "See, add and remove models",
        "Models",
        "Ctrl+M",
        "models",
        toolbar=True,
    ),
    Action(
        "install_banner.install_starter",
        "Get the starter text model",
        "Download a small text model",
        "Models",
    ),
    Action(
        "toggle_queue", "Queue", "Show or hide the queue", "View", "Ctrl+J", "queue", toolbar=True
    ),
    Action(
        "toggle_pause",
        "Pause or continue",
        "Pause the queue after the running job, or continue it",
        "Queue",
        "Ctrl+P",
        "pause",
    ),
    *(
        Action(
            "show_tab",
            f"{name.title()} tab",
            f"Go to the {name} tab",
            "View",
            f"Ctrl+{number}",
            argument=name,
        )
        for number, name in enumerate(TABS, 1)
    ),
    Action(
        "set_theme", "Theme: system", "Light or dark, like the desktop", "View", argument="system"
    ),
    Action("set_theme", "Theme: light", "Always light", "View", argument="light"),
    Action("set_theme", "Theme: dark", "Always dark", "View", argument="dark"),
    Action("dialogs.show_shortcuts", "Keyboard shortcuts", "Show all shortcuts", "Help", "F1"),
    Action("dialogs.show_about", "About Studio", "Version and licenses", "Help"),
)
# A tab has these shortcuts itself, so that they reach the form that has the focus.
_SHORTCUTS_OF_TABS = {"generate", "stop"}


def add_actions(window: QMainWindow, toolbar: QToolBar) -> dict[str, QAction]:
    """Add all actions to the menus and the toolbar; return key → action."""
    menus = {
        title: window.menuBar().addMenu(title)
        for title in dict.fromkeys(action.menu for action in ACTIONS)
    }
    added = {}
    for action in ACTIONS:
        item = added[action.key] = _make(action, window)
        menus[action.menu].addAction(item)
        if action.toolbar:
            toolbar.addAction(item)
            name_control(toolbar.widgetForAction(item), action.title, item.toolTip())
    return added


def _make(action: Action, window: QMainWindow) -> QAction:
    item = QAction(action.title, window)
    item.setStatusTip(action.tip)
    item.setToolTip(f"{action.tip} ({action.shortcut})" if action.shortcut else action.tip)
    if action.icon:
        item.setIcon(icon(action.icon))
    if action.shortcut and action.method not in _SHORTCUTS_OF_TABS:
        item.setShortcut(QKeySequence(action.shortcut))
    item.triggered.connect(lambda _checked=False: run(action, window))
    return item


def run(action: Action, window: QMainWindow) -> None:
    """Do what an action stands for."""
    arguments = (action.argument,) if action.argument else ()
    attrgetter(action.method)(window)(*arguments)


def update_icons(added: dict[str, QAction]) -> None:
    """Draw the icons in the theme's color."""
    for action in ACTIONS:
        if action.icon:
            added[action.key].setIcon(icon(action.icon))


def shortcut_page() -> str:
    """Return the list of shortcuts as plain text."""
    return "\n".join(f"{action.shortcut:16}{action.title}" for action in ACTIONS if action.shortcut)
