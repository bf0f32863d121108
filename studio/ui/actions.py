"""The window's actions: one table for the menus, the toolbar and the page of shortcuts."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from operator import attrgetter
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from studio.core.translation import mark, tr_marked
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.icons import icon

Shortcuts = Mapping[str, str]
"""Key of an action → the shortcut that the user chose; empty for none."""


class Action(NamedTuple):
    """One thing that a user can do."""

    method: str
    """Of the window or, after a dot, of one of its attributes; called with `argument`, if any."""
    title: str
    """Shown with `tr_marked`, like `tip` and `menu`."""
    tip: str
    menu: str
    shortcut: str = ""
    icon: str = ""
    toolbar: bool = False
    argument: str = ""
    state: str = ""
    """Attribute of the window that the mark shows: true for a check mark, or the argument of the
    chosen one among exclusive actions. Empty for an action without a mark."""
    current_title: str = ""
    """Attribute of the window: what its title is now, empty while it can do nothing. The shortcut
    works in the widgets that the action is added to."""
    starts_group: bool = False
    """Whether a separator precedes it in its menu."""

    @property
    def key(self) -> str:
        """Its unique name."""
        return f"{self.method}:{self.argument}" if self.argument else self.method


MENUS = (mark("File"), mark("Edit"), mark("View"), mark("Queue"), mark("Models"), mark("Help"))
"""In the order of the menu bar. Mnemonics are chosen by `add_mnemonics`."""
PAGE_TITLES = {
    "text": mark("Text"),
    "image": mark("Image"),
    "audio": mark("Audio"),
    "video": mark("Video"),
    "library": mark("Library"),
}
"""Page of the window → its title."""
_TABS = (
    ("text", mark("Text tab"), mark("Go to the text tab")),
    ("image", mark("Image tab"), mark("Go to the image tab")),
    ("audio", mark("Audio tab"), mark("Go to the audio tab")),
    ("video", mark("Video tab"), mark("Go to the video tab")),
)
ACTIONS = (
    Action(
        "generate",
        mark("Generate"),
        mark("Start the job of this tab"),
        "File",
        "Ctrl+Return",
        "play",
    ),
    Action(
        "stop",
        mark("Stop"),
        mark("Stop the job of this tab and keep partial results"),
        "File",
        "Esc",
        "stop",
    ),
    Action(
        "choose_task",
        mark("Write…"),
        mark("Write a headline, summary, article, poem … with a form for it"),
        "File",
        "Ctrl+Shift+W",
        "text",
        starts_group=True,
    ),
    Action(
        "file_opener.ask_for_batch",
        mark("Batch from a file…"),
        mark("Run every prompt of a text, CSV, Excel or JSON file"),
        "File",
        "Ctrl+B",
        "batch",
        toolbar=True,
        starts_group=True,
    ),
    Action(
        "file_opener.ask_for_batch_folder",
        mark("Batch from a folder…"),
        mark("Run every .txt file of a folder as a prompt"),
        "File",
        "Ctrl+Shift+B",
    ),
    Action(
        "file_opener.ask_for_artifact",
        mark("Open a result…"),
        mark("Fill the form from a file made with Studio"),
        "File",
        "Ctrl+O",
        "folder",
        starts_group=True,
    ),
    Action(
        "save_as", mark("Save as…"), mark("Save the result of this tab"), "File", "Ctrl+S", "save"
    ),
    Action(
        "dialogs.choose_output_folder",
        mark("Folder for results…"),
        mark("Choose where new results are saved"),
        "File",
    ),
    Action("close", mark("Quit"), mark("Close Studio"), "File", "Ctrl+Q", starts_group=True),
    Action(
        "window_library.undo",
        mark("Undo"),
        mark("Take back the last change in the library"),
        "Edit",
        "Ctrl+Z",
        "undo",
        current_title="window_library.undo_title",
    ),
    Action(
        "copy_result",
        mark("Copy result"),
        mark("Copy the result of this tab"),
        "Edit",
        "Ctrl+Shift+C",
        "copy",
    ),
    Action(
        "dialogs.show_settings",
        mark("Settings…"),
        mark("Change how Studio looks, saves and runs models"),
        "Edit",
        "Ctrl+,",
        starts_group=True,
    ),
    Action(
        "dialogs.show_models",
        mark("Models…"),
        mark("See, add and remove models"),
        "Models",
        "Ctrl+M",
        "models",
        toolbar=True,
    ),
    Action(
        "install_banner.install_starter",
        mark("Get the starter text model"),
        mark("Download a small text model"),
        "Models",
    ),
    *(
        Action(
            "show_tab",
            title,
            tip,
            "View",
            f"Ctrl+{number}",
            argument=name,
        )
        for number, (name, title, tip) in enumerate(_TABS, 1)
    ),
    Action(
        "show_tab", mark("Library"), mark("Go to the library"), "View", "Ctrl+0", argument="library"
    ),
    Action(
        "window_library.toggle_panel",
        mark("Library panel"),
        mark("Show or hide the library next to the tab"),
        "View",
        "Ctrl+L",
        state="window_library.is_panel_shown",
        starts_group=True,
    ),
    Action(
        "toggle_form",
        mark("Form"),
        mark("Show or hide the form next to the result"),
        "View",
        "F9",
        state="is_form_shown",
    ),
    Action(
        "toggle_queue",
        mark("Queue"),
        mark("Show or hide the queue"),
        "View",
        "Ctrl+J",
        "queue",
        toolbar=True,
        state="is_queue_shown",
    ),
    Action(
        "show_full_screen",
        mark("Full screen"),
        mark("Show the image or video on the full screen, until Esc"),
        "View",
        "F11",
        "full-screen",
    ),
    Action(
        "toasts.take_focus",
        mark("Last message"),
        mark("Move the focus to the last message and its button"),
        "View",
        "F8",
    ),
    *(
        Action(
            "set_theme",
            title,
            tip,
            "View",
            argument=mode,
            state="shared.settings.theme",
            starts_group=mode == "system",
        )
        for mode, title, tip in (
            ("system", mark("Theme: system"), mark("Light or dark, like the desktop")),
            ("light", mark("Theme: light"), mark("Always light")),
            ("dark", mark("Theme: dark"), mark("Always dark")),
        )
    ),
    Action(
        "toggle_pause",
        mark("Pause the queue"),
        mark("Start no job after the running one, or continue"),
        "Queue",
        "Ctrl+P",
        "pause",
        state="shared.queue.paused",
    ),
    Action(
        "queue_dock.cancel_waiting",
        mark("Cancel waiting jobs"),
        mark("Cancel all jobs that have not begun"),
        "Queue",
        icon="stop",
        starts_group=True,
    ),
    Action(
        "queue_dock.clear_finished",
        mark("Clear finished jobs"),
        mark("Remove jobs that are over from the list; their files stay"),
        "Queue",
        icon="trash",
    ),
    Action(
        "dialogs.show_palette",
        mark("Find an action…"),
        mark("Find actions, models, presets, settings and results by typing"),
        "Help",
        "Ctrl+K",
    ),
    Action(
        "help.show_shortcuts", mark("Keyboard shortcuts"), mark("Show all shortcuts"), "Help", "F1"
    ),
    Action(
        "help.show_documents",
        mark("Documentation"),
        mark("Read how to use Studio"),
        "Help",
        "Shift+F1",
    ),
    Action(
        "help.show_doctor",
        mark("Check the installation…"),
        mark("Check what Studio needs on this computer"),
        "Help",
        starts_group=True,
    ),
    Action("help.open_logs", mark("Log folder"), mark("Open the folder of log files"), "Help"),
    Action(
        "help.copy_report",
        mark("Copy details for a report"),
        mark("Copy versions, platform and hardware, without prompts, names and paths"),
        "Help",
    ),
    Action(
        "help.show_licenses",
        mark("Licenses"),
        mark("Show the licenses of Studio and its libraries"),
        "Help",
        starts_group=True,
    ),
    Action("help.show_about", mark("About Studio"), mark("Version and license"), "Help"),
)
ACTIONS_BY_KEY = {action.key: action for action in ACTIONS}
# A tab has these shortcuts itself, so that they reach the form that has the focus.
SHORTCUTS_OF_TABS = {"generate", "stop"}


class WindowActions:
    """The window's actions as Qt shows them, in its menus and toolbar."""

    def __init__(self, window: QMainWindow, toolbar: QToolBar) -> None:
        self._window = window
        self._items = {action.key: _make(action, window) for action in ACTIONS}
        self._group_exclusive()
        menus = dict.fromkeys((*MENUS, *(action.menu for action in ACTIONS)))
        for title, shown in add_mnemonics(menus).items():
            menu = window.menuBar().addMenu(shown)
            self._fill_menu(menu, [action for action in ACTIONS if action.menu == title])
            menu.aboutToShow.connect(self.show_states)
        self.apply_shortcuts({})  # before the toolbar shows the tooltips
        for action in ACTIONS:
            if action.toolbar:
                item = self._items[action.key]
                toolbar.addAction(item)
                title = tr_marked(action.title)
                name_control(toolbar.widgetForAction(item), title, item.toolTip())

    def __getitem__(self, key: str) -> QAction:
        return self._items[key]

    def _fill_menu(self, menu: QMenu, actions: list[Action]) -> None:
        titles = add_mnemonics(action.title for action in actions)
        for number, action in enumerate(actions):
            if action.starts_group and number:
                menu.addSeparator()
            item = self._items[action.key]
            item.setIconText(tr_marked(action.title))  # the toolbar shows no mnemonic
            item.setText(titles[action.title])
            menu.addAction(item)

    def _group_exclusive(self) -> None:
        """Show radio marks for actions of which one is chosen."""
        groups: dict[str, QActionGroup] = {}
        for action in ACTIONS:
            if action.state and action.argument:
                group = groups.setdefault(action.method, QActionGroup(self._window))
                group.addAction(self._items[action.key])

    def apply_shortcuts(self, chosen: Shortcuts) -> None:
        """Use the user's shortcuts, and show them in menus and tooltips."""
        for action in ACTIONS:
            item, keys = self._items[action.key], QKeySequence(shortcut_of(action, chosen))
            shown = keys.toString(QKeySequence.SequenceFormat.NativeText)
            tip = tr_marked(action.tip)
            item.setToolTip(f"{tip} ({shown})" if shown else tip)
            if action.method in SHORTCUTS_OF_TABS:  # shown only
                title = item.text().partition("\t")[0]
                item.setText(f"{title}\t{shown}" if shown else title)
            else:
                item.setShortcut(keys)

    def show_states(self) -> None:
        """Set the marks and titles of the actions to the window's state."""
        for action in ACTIONS:
            if action.current_title:
                title = attrgetter(action.current_title)(self._window)
                self._items[action.key].setEnabled(bool(title))
                shown = title or action.title
                self._items[action.key].setText(add_mnemonics([shown])[shown])
            if action.state:
                value = attrgetter(action.state)(self._window)
                on = value == action.argument if action.argument else bool(value)
                self._items[action.key].setChecked(on)

    def update_icons(self) -> None:
        """Draw the icons in the theme's color."""
        for action in ACTIONS:
            if action.icon:
                self._items[action.key].setIcon(icon(action.icon))


def add_mnemonics(titles: Iterable[str]) -> dict[str, str]:
    """Return title → translated title with "&" before a letter that no other title has.

    Prefers the first letter of a word. A translation gets the letter of the English title in
    parentheses, as is usual in Chinese: 打开(&O)… So does a title without a free letter.
    """
    used: set[str] = set()
    shown = {}
    for title in titles:
        starts = [at for at in range(len(title)) if title[at - 1 : at] in ("", " ")]
        places = [*starts, *(at for at in range(len(title)) if at not in starts)]
        usable = (at for at in places if title[at].isascii() and title[at].isalnum())
        place = next((at for at in usable if title[at].lower() not in used), None)
        letter = title[place] if place is not None else _free_letter(used)
        used.add(letter.lower())
        translated = tr_marked(title)
        if place is not None and translated == title:
            before, after = title[:place].replace("&", "&&"), title[place:].replace("&", "&&")
            shown[title] = f"{before}&{after}"
        else:
            shown[title] = _append_mnemonic(translated.replace("&", "&&"), letter.upper())
    return shown


def _free_letter(used: Container[str]) -> str:
    return next((one for one in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if one.lower() not in used), "")


def _append_mnemonic(title: str, letter: str) -> str:
    if not letter:
        return title
    name = title.removesuffix("…")
    return f"{name}(&{letter}){title[len(name) :]}"


def shortcut_of(action: Action, chosen: Shortcuts) -> str:
    """Return an action's shortcut: the user's choice if it is one, else the standard one."""
    keys = chosen.get(action.key, action.shortcut)
    return action.shortcut if keys and not QKeySequence(keys).toString() else keys


def _make(action: Action, window: QMainWindow) -> QAction:
    item = QAction(tr_marked(action.title), window)
    item.setStatusTip(tr_marked(action.tip))
    item.setCheckable(bool(action.state))
    item.setIconVisibleInMenu(not action.state)  # its mark is there
    if action.current_title:
        item.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    if action.icon:
        item.setIcon(icon(action.icon))
    item.triggered.connect(lambda _checked=False: run(action, window))
    return item


def run(action: Action, window: QMainWindow) -> None:
    """Do what an action stands for."""
    arguments = (action.argument,) if action.argument else ()
    attrgetter(action.method)(window)(*arguments)
