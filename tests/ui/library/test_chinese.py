"""The library in Chinese."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFormLayout

from studio.ui.library.export_dialog import ExportDialog
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import click, make_item, menu_of, press
from tests.ui.visible_controls import hidden_controls


def titles_in(menu):
    for action in menu.actions():
        yield action.text()
        if action.menu() is not None:
            yield from titles_in(action.menu())


@pytest.fixture
def page(chinese, open_library, fill_library, folder, qtbot):
    fill_library(*(make_item(folder, number, prompt="一座城堡", model="") for number in range(4)))
    studio, page = open_library()
    studio.window.resize(1024, 700)
    qtbot.waitUntil(lambda: len(page.sidebar.tree.rows()) > 2, timeout=PATIENCE)
    return page


def test_the_page_is_chinese_and_fits(page, qtbot):
    click(page, 0)
    values = page.details._values
    qtbot.waitUntil(lambda: values.rowCount() > 3, timeout=PATIENCE)
    item = page.view.current_item()
    files = {page.details.title.text(), item.path.rpartition("/")[0]}
    assert english_in(set(texts_of(page)) - files) == []
    names = [
        values.itemAt(row, QFormLayout.ItemRole.LabelRole).widget().text()
        for row in range(values.rowCount())
    ]
    assert "种子" in names
    assert english_in(row.text(0) for row in page.sidebar.tree.rows()) == []
    assert english_in([page.view.accessibleDescription()]) == []
    assert hidden_controls(page) == []


def test_menus_and_the_export_are_chinese(page, qtbot):
    click(page, 0)
    page.view.menu_requested.emit(page.view.mapToGlobal(page.view.rect().center()))
    menu = menu_of(qtbot)
    models = {card.title for card in page.shared.all_cards()}
    assert english_in(set(titles_in(menu)) - models) == []
    menu.close()
    QTest.mouseClick(page.bar.filter_button, Qt.MouseButton.LeftButton)
    menu = menu_of(qtbot)
    assert english_in(set(titles_in(menu))) == []
    menu.close()
    page.item_actions.export_requested.emit(page.view.selected_ids())
    dialog = page.findChild(ExportDialog)
    folder = {dialog.folder.text()}
    assert english_in(set(texts_of(dialog)) - folder) == []
    assert hidden_controls(dialog) == []


def test_a_change_and_its_undo_are_named_in_chinese(page, qtbot):
    click(page, 0)
    press(page, Qt.Key.Key_F)
    commands = page.item_actions.commands
    qtbot.waitUntil(lambda: commands.undo_title == "收藏", timeout=PATIENCE)
