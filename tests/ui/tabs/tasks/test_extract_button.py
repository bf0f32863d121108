"""A summary without a model, from the guided form."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QSpinBox

from studio.text_tasks.extraction import extract_summary
from studio.ui.stage.candidates.summary_sources import SummarySources
from tests.ui.conftest import PATIENCE
from tests.ui.tabs.tasks.test_task_form import (
    choose,
    control,
    main_editor,
    open_tab,  # noqa: F401  a fixture
)

TEXT = (
    "Snow fell on the road. Mayor Ines Valdur promised 2.4 million crowns for the harbour. "
    "It was quiet. A ferry named Osprey carried 611 passengers in May. People waited."
)


def click(widget):
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_the_sentences_of_the_command_are_shown_next_to_the_text_and_copied(
    qtbot,
    open_tab,  # noqa: F811
):
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    panel = tab.tasks.panel
    main_editor(tab).replace_text(TEXT)
    control(tab, panel.title_of("sentences"), QSpinBox).setValue(2)
    panel.extract.button.setFocus()
    QTest.keyClick(panel.extract.button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: studio.window.findChild(SummarySources) is not None, timeout=PATIENCE)
    window = studio.window.findChild(SummarySources)
    expected = [one.text for one in extract_summary(TEXT, 2).sentences]
    rows = [window.sentences.item(row).text() for row in range(window.sentences.count())]
    assert rows == expected
    buttons = window.findChildren(QPushButton)
    click(next(one for one in buttons if one.text() == "Copy"))
    assert QGuiApplication.clipboard().text() == "\n".join(expected)
    assert panel.extract.button.isEnabled()
    window.close()


def test_an_empty_form_names_what_is_missing(qtbot, open_tab):  # noqa: F811
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    extract = tab.tasks.panel.extract
    click(extract.button)
    assert extract.notice.isVisible()
    assert studio.window.findChild(SummarySources) is None


def test_other_tasks_do_not_offer_it(open_tab):  # noqa: F811
    _studio, tab = open_tab()
    choose(tab.tasks.write_button, "poem")
    assert not tab.tasks.panel.extract.isVisible()
