"""*Use as*: each entry fills the form that it names, in the real window."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication

from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import choose, click, make_item, menu_of


def open_menu(page, index: int) -> None:
    click(page, index)
    place: QPoint = page.view.rect_in_view(index).center()
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, place, page.view.viewport().mapToGlobal(place)
    )
    QApplication.sendEvent(page.view.viewport(), event)


def shown_tab(studio) -> str:
    tabs = studio.window.tabs
    return tabs.tabText(tabs.currentIndex())


def test_an_image_is_used_as_start_image(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0)
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "Start image")
    source = studio.window.image_tab.source
    qtbot.waitUntil(lambda: source._preview is not None, timeout=PATIENCE)
    assert shown_tab(studio) == "Image"
    assert source.path == item.path
    assert not source.mask_path


def test_an_image_is_used_as_the_base_of_a_mask(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0)
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "Image to inpaint")
    source = studio.window.image_tab.source
    stage = studio.window.image_tab.stage
    qtbot.waitUntil(lambda: stage.open_canvas is not None, timeout=PATIENCE)
    assert shown_tab(studio) == "Image"
    assert source.path == stage.open_canvas.image == item.path
    assert stage.canvas.page.isVisible()


@pytest.mark.parametrize(
    ("title", "tab", "kind"),
    [
        ("Text to speak", "Audio", "speech"),
        ("Prompt of a text", "Text", "text"),
        ("Prompt of an image", "Image", "image"),
    ],
)
def test_a_text_is_used_in_another_form(
    open_library, fill_library, folder, qtbot, title, tab, kind
):
    item = make_item(folder, 0, media="text", body="A storm at sea, 海上的风暴")
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", title)
    form = studio.window.tab(tab.lower()).for_kind(kind)
    qtbot.waitUntil(
        lambda: form.prompt.toPlainText() == "A storm at sea, 海上的风暴", timeout=PATIENCE
    )
    assert shown_tab(studio) == tab
    assert form.prompt.hasFocus()
    assert form.sources.prompt == item.sha256, "the job will name its source"


def test_the_prompt_of_an_image_is_used(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0, prompt="一只红色的猫"))
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "Prompt")
    form = studio.window.image_tab
    assert form.prompt.toPlainText() == "一只红色的猫"
    assert shown_tab(studio) == "Image"


def test_music_is_used_as_midi_to_continue(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0, media="audio", kind="music")
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "MIDI to continue")
    music = studio.window.audio_tab.for_kind("music")
    assert shown_tab(studio) == "Audio"
    assert studio.window.current() is music
    assert music.midi.path == item.path.replace(".wav", ".mid")


def test_speech_is_no_midi_and_no_start_image(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0, media="audio"))
    _studio, page = open_library()
    open_menu(page, 0)
    menu = menu_of(qtbot)
    uses = next(one for one in menu.actions() if one.text() == "Use as").menu()
    assert [one.text() for one in uses.actions()] == ["Prompt"]
    menu.close()
