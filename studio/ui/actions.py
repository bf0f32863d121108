"""Actions are data: one table builds menus, toolbar and the page of shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from studio.ui.icons import icon
from studio.ui.parts import name_control


@dataclass(frozen=True)
class Action:
    """One thing that can be done. `method` is the window's; `menu` empty means that it is only a shortcut."""

    method: str
    title: str
    tip: str
    menu: str
    shortcut: str = ""
    icon: str = ""
    toolbar: bool = False


ACTIONS = (
    Action("generate", "Generate", "Start the job of this tab", "File", "Ctrl+Return", "play"),
    Action("stop", "Stop", "Stop the job of this tab and keep what is there", "File", "Esc", "stop"),
    Action("open_batch", "Batch from a file…", "Run every prompt of a text, CSV or JSON file", "File", "Ctrl+B", "batch", True),
    Action("open_batch_folder", "Batch from a folder…", "Run every .txt file of a folder as a prompt", "File", "Ctrl+Shift+B"),
    Action("open_artifact", "Open a result…", "Fill the form from a file that Studio made", "File", "Ctrl+O", "folder"),
    Action("save_as", "Save as…", "Save the result of this tab", "File", "Ctrl+S", "save"),
    Action("choose_output_folder", "Folder for results…", "Choose where new results are saved", "File"),
    Action("close", "Quit", "Close Studio", "File", "Ctrl+Q"),
    Action("copy_result", "Copy result", "Copy the result of this tab", "Edit", "Ctrl+Shift+C", "copy"),
    Action("show_models", "Models…", "See, add and remove models", "Models", "Ctrl+M", "models", True),
    Action("install_starter", "Get the starter text model", "Download a small text model", "Models"),
    Action("toggle_queue", "Queue", "Show or hide the queue", "View", "Ctrl+J", "queue", True),
    Action(
        "toggle_pause", "Pause or continue", "Pause the queue after the running job, or let it go on", "Queue", "Ctrl+P", "pause"
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


def build(window: QMainWindow, toolbar: QToolBar) -> dict[str, QAction]:
    """Make the menus and the toolbar; return method → action."""
    menus: dict[str, QMenu] = {}
    made = {}
    for action in ACTIONS:
        if action.menu not in menus:
            menus[action.menu] = window.menuBar().addMenu(action.menu)
        method: Callable[[], object] = getattr(window, action.method)
        item = QAction(action.title, window)
        item.setStatusTip(action.tip)
        item.setToolTip(f"{action.tip} ({action.shortcut})" if action.shortcut else action.tip)
        if action.shortcut and action.method not in _OWN_SHORTCUT_IN_TAB:
            item.setShortcut(QKeySequence(action.shortcut))
        if action.icon:
            item.setIcon(icon(action.icon))
        item.triggered.connect(lambda _checked=False, method=method: method())
        menus[action.menu].addAction(item)
        if action.toolbar:
            toolbar.addAction(item)
            name_control(toolbar.widgetForAction(item), action.title, item.toolTip())
        made[action.method] = item
    return made


def tint(actions: dict[str, QAction]) -> None:
    """Draw the icons again in the theme's colour."""
    for action in ACTIONS:
        if action.icon:
            actions[action.method].setIcon(icon(action.icon))


def shortcut_page() -> str:
    """Return the list of shortcuts as plain text."""
    return "\n".join(f"{action.shortcut:16}{action.title}" for action in ACTIONS if action.shortcut)
