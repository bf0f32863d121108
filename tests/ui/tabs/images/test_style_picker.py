"""The style below an image prompt: searched and chosen with keys, own ones, restored, hidden."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.core.requests.prompt_syntax.styles import find_style
from studio.ui.tabs.images.style_picker import StyleList
from tests.ui.tabs.images.test_prompt_marks import SD, click

STARTER = msgspec.structs.replace(SD, name="starter", title="Starter", translate_prompts=True)


@pytest.fixture
def tab(open_studio):
    studio = open_studio()
    studio.shared._cards = [SD, STARTER]
    studio.shared.models_changed.emit()
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    tab.choose_model("sd")
    tab.prompt.setPlainText("a cat")
    return tab


def opened(tab) -> StyleList:
    click(tab.style_preset.button)
    shown = tab.window().findChildren(StyleList)[-1]
    assert shown.isVisible()
    assert shown.search.hasFocus()
    return shown


def titles(shown):
    return [shown.list.item(row).text() for row in range(shown.list.count())]


def test_a_style_is_found_and_chosen_with_keys(tab, qtbot):
    shown = opened(tab)
    assert len(titles(shown)) > 100
    QTest.keyClicks(shown.search, "portrait studio")
    assert titles(shown) == ["Photo", "Studio portrait"]
    assert "softbox" in shown._template.text()
    QTest.keyClick(shown.search, Qt.Key.Key_Return)
    assert tab.request().style_preset == "studio-portrait"
    assert tab.request().prompt == "a cat"
    assert tab.style_preset.button.text() == "Style: Studio portrait"
    click(tab.style_preset.clear_button)
    assert tab.request().style_preset == ""
    assert not tab.style_preset.clear_button.isVisible()


def test_arrow_keys_pass_over_headings(tab):
    shown = opened(tab)
    seen = [shown.list.currentItem().text()]
    for _ in range(shown.list.count()):
        QTest.keyClick(shown.search, Qt.Key.Key_Down)
        seen.append(shown.list.currentItem().text())
    assert "Painting" not in seen
    assert len(set(seen)) == len([title for title in titles(shown) if title in set(seen)])
    QTest.keyClicks(shown.search, "no such style")
    assert not shown.list.isVisible()
    assert shown._empty.isVisible()
    QTest.keyClick(shown.search, Qt.Key.Key_Return)
    assert shown.isVisible()
    QTest.keyClick(shown.search, Qt.Key.Key_Escape)
    assert tab.request().style_preset == ""


def test_an_own_style_needs_no_braces(tab):
    shown = opened(tab)
    QTest.keyClick(shown.search, Qt.Key.Key_Tab)
    assert shown.list.hasFocus()
    QTest.keyClick(shown.list, Qt.Key.Key_Tab)
    assert shown.own.hasFocus()
    QTest.keyClicks(shown.own, "ink on wet paper --no color")
    QTest.keyClick(shown.own, Qt.Key.Key_Return)
    assert tab.request().style_preset == "{prompt}, ink on wet paper --no color"
    assert "ink on wet paper" in tab.style_preset.button.text()
    assert opened(tab).own.text() == "{prompt}, ink on wet paper --no color"


def test_a_style_is_restored_and_an_unknown_one_is_refused(tab):
    tab.set_values({"prompt": "a dog", "style_preset": "golden-hour"})
    assert tab.style_preset.button.text() == f"Style: {find_style('golden-hour').title}"
    assert tab.request().style_preset == "golden-hour"
    tab.set_values({"style_preset": "gone"})
    assert tab.check() is None
    assert "is unknown: gone" in tab._hint.text()


def test_a_model_that_knows_no_styles_shows_none(tab):
    tab.set_values({"style_preset": "golden-hour"})
    tab.choose_model("starter")
    assert not tab.style_preset.isVisible()
    assert tab.request().style_preset == ""
    tab.choose_model("sd")
    assert tab.request().style_preset == "golden-hour"
