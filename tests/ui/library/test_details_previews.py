"""Previews and lineage of the details come from the loader of thumbnails, as in the list."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from studio.ui.widgets import theme
from tests.ui.conftest import PATIENCE, choose_theme
from tests.ui.library.conftest import click, make_item, press


def test_an_item_that_was_shown_before_has_its_preview_at_once(
    open_library, fill_library, folder, qtbot
):
    first, second = fill_library(*(make_item(folder, number) for number in range(2)))
    studio, page = open_library()
    details, index = page.details, studio.shared.library.index
    items = [index.items([item_id])[0] for item_id in (first, second)]
    for number in range(2):
        click(page, number)
        qtbot.waitUntil(
            lambda n=number: details.item == items[n] and details.preview.isVisible(),
            timeout=PATIENCE,
        )
    details.show_item(items[0])
    assert details.preview.isVisible()
    image = details.preview.pixmap().toImage()
    shown, expected = image.pixelColor(image.rect().center()), QColor.fromHsv(0, 200, 200)
    assert abs(shown.green() - expected.green()) < 6  # the other one's differs by 97


def test_nothing_is_read_for_a_library_that_is_not_seen(open_library, fill_library, folder, qtbot):
    parent = make_item(folder, 1)
    child = make_item(folder, 0, parents={"image": parent.sha256})
    fill_library(parent, child)
    studio, page = open_library()
    details = page.details
    item = studio.shared.library.index.find(child.path)
    studio.window.show_tab("image")
    assert not details.isVisible()
    details.show_item(item)
    qtbot.waitUntil(lambda: len(details.lineage.buttons) == 1, timeout=PATIENCE)
    assert details.previews.is_idle
    assert details.previews.used_bytes == 0
    assert details.lineage.thumbnails.used_bytes == 0

    studio.window.show_tab("library")

    qtbot.waitUntil(details.preview.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not details.lineage.buttons[0].icon().isNull(), timeout=PATIENCE)


def test_a_preview_appears_when_its_file_can_be_read_again(
    open_library, fill_library, folder, qtbot
):
    item = make_item(folder, 0)
    content = Path(item.path).read_bytes()
    Path(item.path).write_bytes(b"no image")
    fill_library(item, make_item(folder, 1))
    _studio, page = open_library()
    details = page.details
    click(page, 0)
    qtbot.waitUntil(details.no_preview.isVisible, timeout=PATIENCE)
    Path(item.path).write_bytes(content)
    press(page, Qt.Key.Key_Right)
    qtbot.waitUntil(details.preview.isVisible, timeout=PATIENCE)
    press(page, Qt.Key.Key_Left)
    qtbot.waitUntil(
        lambda: details.item.path == item.path and details.preview.isVisible(), timeout=PATIENCE
    )
    assert details.no_preview.isHidden()


def test_lineage_has_text_cards_in_the_colors_of_the_theme(
    open_library, fill_library, folder, qtbot
):
    parent = make_item(folder, 1, media="text")
    fill_library(parent, make_item(folder, 0, parents={"prompt": parent.sha256}))
    studio, page = open_library()
    studio.shared.change_settings(theme="dark")
    click(page, 0)
    lineage = page.details.lineage
    qtbot.waitUntil(
        lambda: bool(lineage.buttons) and not lineage.buttons[0].icon().isNull(), timeout=PATIENCE
    )
    card = lineage.buttons[0].icon().pixmap(48, 48).toImage()
    assert card.pixelColor(1, 1) == QColor(theme.DARK.hover)


def test_previews_and_lineage_follow_a_theme_of_the_menu_at_once(
    open_library, fill_library, folder, qtbot
):
    parent = make_item(folder, 1, media="text")
    fill_library(parent, make_item(folder, 0, parents={"prompt": parent.sha256}))
    studio, page = open_library()
    choose_theme(studio.window, "light")
    click(page, 0)
    lineage = page.details.lineage

    def ground() -> QColor:
        if not lineage.buttons or lineage.buttons[0].icon().isNull():
            return QColor()
        return lineage.buttons[0].icon().pixmap(48, 48).toImage().pixelColor(1, 1)

    qtbot.waitUntil(lambda: ground() == QColor(theme.LIGHT.hover), timeout=PATIENCE)
    choose_theme(studio.window, "dark")
    qtbot.waitUntil(lambda: ground() == QColor(theme.DARK.hover), timeout=PATIENCE)
