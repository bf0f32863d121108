"""A quatrain in the window: the starter poem model writes it, unless another is chosen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from studio.app import Studio
from studio.core.requests import TextRequest
from studio.library.artifacts import read_recipe
from studio.models.card_store import write_card
from studio.text_checks.verse import check_form
from tests.engine.text.quatrain.models import make_tiny
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.tasks.test_task_form import choose, control, generate, main_editor
from tests.ui.test_window import is_over


@pytest.fixture
def studio(qapp, data, tmp_path, monkeypatch):
    """The program with the real engine, and another text model than the starter poem."""
    card = make_tiny(tmp_path / "other", monkeypatch)
    other = {"name": "other", "title": "Other", "only_task": "", "parameters": 10**9}
    import msgspec

    write_card(msgspec.structs.replace(card, **other), data.models / "other")
    opened = Studio(data)
    opened.window.show()
    opened.start_background()
    yield opened
    close_studio(opened)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def open_form(qtbot, studio):
    tab = studio.window.text_tab
    studio.window.action("choose_task").trigger()
    menu = tab.tasks.write_button.menu()
    qtbot.waitUntil(lambda: len(menu.actions()) > 5, timeout=PATIENCE)
    menu.close()
    choose(tab.tasks.write_button, "poem")
    return tab


def choose_value(tab, name, value):
    combo = control(tab, name, QComboBox)
    combo.setFocus()
    QTest.keyClick(combo, Qt.Key.Key_Home)
    while combo.currentData() != value:
        before = combo.currentIndex()
        QTest.keyClick(combo, Qt.Key.Key_Down)
        assert combo.currentIndex() > before


def test_a_quatrain_is_written_by_the_starter_poem_model(qtbot, studio, data):
    tab = open_form(qtbot, studio)
    writer = control(tab, "Written by", QComboBox)
    assert not writer.isVisible(), "it is the chosen model's poem"
    choose_value(tab, "Form of the text", "五言绝句")
    assert writer.isVisible()
    main_editor(tab).setPlainText("秋天的月亮")
    generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    (path,) = data.outputs.glob("*.txt")
    assert check_form(path.read_text(encoding="utf-8"), "五言绝句").passed
    recipe = read_recipe(path)
    assert isinstance(recipe.request, TextRequest)
    assert recipe.request.model == "starter-poem"
    assert all(check.passed for check in recipe.review.checks)


def test_the_writer_can_be_changed(qtbot, studio):
    tab = open_form(qtbot, studio)
    main_editor(tab).setPlainText("秋天的月亮")
    assert tab.request().model == "other", "a free poem"
    choose_value(tab, "Form of the text", "七言绝句")
    assert tab.request().model == "starter-poem"
    main_editor(tab).setPlainText("autumn moon")
    assert tab.request().model == "other", "it needs a Chinese subject"
    main_editor(tab).setPlainText("秋天的月亮")
    choose_value(tab, "Written by", "chosen model")
    assert tab.request().model == "other"
    choose_value(tab, "Form of the text", "七言律诗")
    assert not control(tab, "Written by", QComboBox).isVisible()
    assert tab.request().model == "other"
