"""Actions are data: one table builds menus, toolbar and the page of shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from studio.ui.widgets.icons import icon


class Action(NamedTuple):
    """One thing that can be done. `method` is the window's; `menu` empty means that it is only a
    shortcut.
    """

    method: str
    title: str
    tip: str
    menu: str
    shortcut: str = ""
    icon: str = ""
    toolbar: bool = False


ACTIONS = (
    Action("generate", "Generate", "Start the job of this tab", "File", "Ctrl+Return", "play"),
    Action(
        "stop", "Stop", "Stop the job of this tab and keep what is there", "File", "Esc", "stop"
    ),
    Action(
        "open_batch",
        "Batch from a file…",
        "Run every prompt of a text, CSV or JSON file",
        "File",
        "Ctrl+B",
        "batch",
        True,
    ),
    Action(
        "open_batch_folder",
        "Batch from a folder…",
        "Run every .txt file of a folder as a prompt",
        "File",
        "Ctrl+Shift+B",
    ),
    Action(
        "open_artifact",
        "Open a result…",
        "Fill the form from a file that Studio made",
        "File",
        "Ctrl+O",
        "folder",
    ),
    Action("save_as", "Save as…", "Save the result of this tab", "File", "Ctrl+S", "save"),
    Action(
        "choose_output_folder", "Folder for results…", "Choose where new results are saved", "File"
    ),
    Action("close", "Quit", "Close Studio", "File", "Ctrl+Q"),
    Action(
        "copy_result", "Copy result", "Copy the result of this tab", "Edit", "Ctrl+Shift+C", "copy"
    ),
    Action(
        "show_models", "Models…", "See, add and remove models", "Models", "Ctrl+M", "models", True
    ),
    Action(
        "install_starter", "Get the starter text model", "Download a small text model", "Models"
    ),
    Action("toggle_queue", "Queue", "Show or hide the queue", "View", "Ctrl+J", "queue", True),
    Action(
        "toggle_pause",
        "Pause or continue",
        "Pause the queue after the running job, or let it go on",
        "Queue",
        "Ctrl+P",
        "pause",
    ),
    Action("show_text", "Text tab", "Go to the text tab", "View", "Ctrl+1"),
    Action("show_image", "Image tab", "Go to the image tab", "View", "Ctrl+2"),
    Action("show_audio", "Audio tab", "Go to the audio tab", "View", "Ctrl+3"),
    Action("theme_system", "Theme: as the desktop", "Light or dark, as the desktop is", "View"),
    Action("theme_light", "Theme: light", "Always light", "View"),
    Action("theme_dark", "Theme: dark", "Always dark", "View"),
    Action("show_shortcuts", "Keyboard shortcuts", "Show all shortcuts", "Help", "F1"),
    Action("show_about", "About Studio", "Version and licences", "Help"),
)
# These work inside a tab already, where they know which tab is meant.
_OWN_SHORTCUT_IN_TAB = {"generate", "stop"}


def show(
    window: QMainWindow, toolbar: QToolBar, act: Callable[[str], object]
) -> tuple[dict[str, QMenu], dict[str, QAction]]:
    """Make what is seen of the menus and of the toolbar; `complete` makes the rest. `act` is called
    with an action's method.
    """
    menus = {
        title: window.menuBar().addMenu(title)
        for title in dict.fromkeys(action.menu for action in ACTIONS)
    }
    made = {action.method: _make(action, window, act) for action in ACTIONS if action.toolbar}
    for item in made.values():
        toolbar.addAction(item)
    return menus, made


def complete(
    window: QMainWindow,
    toolbar: QToolBar,
    act: Callable[[str], object],
    menus: dict[str, QMenu],
    shown: dict[str, QAction],
) -> dict[str, QAction]:
    """Make what a menu shows when it is opened, shortcuts, tips and names; return method →
    action.
    """
    from studio.ui.widgets.factory import name_control

    made = {
        action.method: shown.get(action.method) or _make(action, window, act) for action in ACTIONS
    }
    for action in ACTIONS:
        item = made[action.method]
        item.setStatusTip(action.tip)
        item.setToolTip(f"{action.tip} ({action.shortcut})" if action.shortcut else action.tip)
        if action.shortcut and action.method not in _OWN_SHORTCUT_IN_TAB:
            item.setShortcut(QKeySequence(action.shortcut))
        menus[action.menu].addAction(item)
        if action.toolbar:
            name_control(toolbar.widgetForAction(item), action.title, item.toolTip())
    return made


def _make(action: Action, window: QMainWindow, act: Callable[[str], object]) -> QAction:
    item = QAction(action.title, window)
    if action.icon:
        item.setIcon(icon(action.icon))
    item.triggered.connect(lambda _checked=False: act(action.method))
    return item


def tint(actions: dict[str, QAction]) -> None:
    """Draw the icons again in the theme's colour."""
    for action in ACTIONS:
        if action.icon:
            actions[action.method].setIcon(icon(action.icon))


def shortcut_page() -> str:
    """Return the list of shortcuts as plain text."""
    return "\n".join(f"{action.shortcut:16}{action.title}" for action in ACTIONS if action.shortcut)
