"""The menus: mnemonics, shortcuts, marks and separators."""

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QToolBar

from studio.core.kinds import TABS
from studio.ui.actions import ACTIONS, add_mnemonics
from tests.ui.conftest import PATIENCE

pytestmark = pytest.mark.qt_log_ignore("grabbing the keyboard")  # offscreen

CONTROL = Qt.KeyboardModifier.ControlModifier
PAUSE = "toggle_pause"


def mnemonic(title):
    return QKeySequence.mnemonic(title).toString()


def menus(window):
    return [action.menu() for action in window.menuBar().actions()]


@pytest.mark.parametrize(
    ("titles", "shown"),
    [
        (["Save", "Save as…"], ["&Save", "Save &as…"]),
        (["Go", "Og"], ["&Go", "&Og"]),
        (["Go", "Og", "Gogo"], ["&Go", "&Og", "Gogo(&A)"]),
        (["打开", "保存"], ["打开(&A)", "保存(&B)"]),
        (["A & B", "A & C"], ["&A && B", "A && &C"]),
        ([""], ["(&A)"]),
        (["打开…"], ["打开(&A)…"]),
    ],
)
def test_mnemonics_are_unique(titles, shown):
    assert list(add_mnemonics(titles).values()) == shown


def test_each_menu_and_entry_has_its_own_mnemonic(open_studio):
    window = open_studio().window
    bars = [[menu.title() for menu in menus(window)]]
    bars += [
        [entry.text() for entry in menu.actions() if not entry.isSeparator()]
        for menu in menus(window)
    ]
    for titles in bars:
        letters = [mnemonic(title) for title in titles]
        assert "" not in letters, titles
        assert len(set(letters)) == len(letters), titles


def test_shortcuts_are_unique_and_shown(open_studio):
    window = open_studio().window
    shortcuts = [action.shortcut for action in ACTIONS if action.shortcut]
    assert len(set(shortcuts)) == len(shortcuts)
    for action in ACTIONS:
        item = window._actions[action.key]
        text = "\t".join([item.text(), item.shortcut().toString()])
        assert action.shortcut in text


def test_separators_are_between_entries(open_studio):
    for menu in menus(open_studio().window):
        separators = [entry.isSeparator() for entry in menu.actions()]
        assert not separators[0]
        assert not separators[-1]
        assert (True, True) not in itertools.pairwise(separators)


def test_a_menu_opens_with_its_mnemonic_and_an_entry_with_its_own(open_studio, qtbot):
    window = open_studio().window
    QTest.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.AltModifier)
    (view,) = (menu for menu in menus(window) if menu.isVisible())
    QTest.keyClick(view, Qt.Key.Key_D)
    assert window.shared.settings.theme == "dark"
    window.set_theme("system")


def test_the_theme_has_radio_marks(open_studio):
    window = open_studio().window
    entries = {mode: window._actions[f"set_theme:{mode}"] for mode in ("system", "light", "dark")}
    for mode in ("dark", "light", "system"):
        entries[mode].trigger()
        assert window.shared.settings.theme == mode
        assert [name for name, entry in entries.items() if entry.isChecked()] == [mode]
        entries[mode].trigger()  # the chosen one stays chosen
        assert entries[mode].isChecked()


def test_a_change_elsewhere_is_marked_when_the_menu_opens(open_studio):
    window = open_studio().window
    window.shared.change_settings(theme="light")
    view = next(menu for menu in menus(window) if "View" in menu.title().replace("&", ""))
    view.popup(window.pos())
    assert window._actions["set_theme:light"].isChecked()
    view.close()


def test_the_pause_is_marked(open_studio, qtbot):
    window = open_studio().window
    entry = window._actions[PAUSE]
    assert not entry.isChecked()
    QTest.keyClick(window, Qt.Key.Key_P, CONTROL)
    qtbot.waitUntil(lambda: bool(window.shared.queue.paused), timeout=PATIENCE)
    assert entry.isChecked()
    window.shared.queue.resume()
    assert not entry.isChecked()


def test_the_queue_is_marked_in_menu_and_toolbar(open_studio, qtbot):
    window = open_studio().window
    entry = window._actions["toggle_queue"]
    button = window.findChild(QToolBar).widgetForAction(entry)
    assert not entry.isChecked()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.queue_dock.isVisible()
    assert entry.isChecked()
    window.queue_dock.close()
    qtbot.waitUntil(lambda: not entry.isChecked(), timeout=PATIENCE)
    assert button.text() == "Queue"


@pytest.mark.parametrize("name", [*TABS, "library"])
def test_no_two_actions_that_act_at_once_have_the_same_keys(open_studio, name):
    window = open_studio().window
    window.show_tab(name)
    window.show_queue()
    contexts = Qt.ShortcutContext
    everywhere, places = [], {}
    for one in [*window.findChildren(QAction), *window.findChildren(QShortcut)]:
        is_action = isinstance(one, QAction)
        parent = one.parent()
        if not is_action and not parent.isVisible():
            continue  # Qt ignores it
        keys = [key.toString() for key in (one.shortcuts() if is_action else one.keys())]
        context = one.shortcutContext() if is_action else one.context()
        if context in (contexts.WindowShortcut, contexts.ApplicationShortcut):
            everywhere += filter(None, keys)
        else:
            places.setdefault(parent, []).extend(filter(None, keys))
    assert len(everywhere) > 10
    assert sorted(set(everywhere)) == sorted(everywhere)
    for place, names in places.items():
        assert sorted(set(names)) == sorted(names), place


def test_menus_of_forms_library_and_queue_have_no_mnemonic_twice(open_studio, qtbot):
    window = open_studio().window
    for name in (*TABS, "library"):
        window.show_tab(name)
    window.show_queue()
    others = [menu for menu in window.findChildren(QMenu) if menu not in menus(window)]
    assert others
    for menu in others:
        letters = [mnemonic(entry.text()) for entry in menu.actions() if not entry.isSeparator()]
        used = [letter for letter in letters if letter]
        assert len(set(used)) == len(used), [entry.text() for entry in menu.actions()]
