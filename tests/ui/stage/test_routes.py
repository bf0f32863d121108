"""Every route to the stage shows a result together with its settings in the form."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog

from studio.core.jobs import Batch, new_job
from studio.core.requests import TextRequest
from studio.ui.help.palette import Palette
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import click
from tests.ui.stage.test_stage import submit_text, wait_over
from tests.ui.test_window import drop, type_prompt

CONTROL = Qt.KeyboardModifier.ControlModifier
WANTED, OTHER = "北京 the wanted one", "another one"


class Shown:
    """A window in another tab, with two results and a form that has other settings."""

    def __init__(self, qtbot, studio):
        self.qtbot, self.studio, self.window = qtbot, studio, studio.window
        self.tab = studio.window.text_tab
        self.job = submit_text(studio, WANTED, temperature=0.5, seed=77)
        wait_over(qtbot, studio, self.job.id)
        other = submit_text(studio, OTHER, temperature=0.9)
        wait_over(qtbot, studio, other.id)
        stage = self.tab.stage
        qtbot.waitUntil(lambda: stage.header.prompt.whole == OTHER, timeout=PATIENCE)
        index = studio.shared.library.index
        qtbot.waitUntil(lambda: len(index.of_job(self.job.id)) == 1, timeout=PATIENCE)
        self.path = Path(index.of_job(self.job.id)[0].path)
        type_prompt(self.tab, "what the user types")
        self.window.show_tab("image")

    def check(self):
        """Check that form and stage show the wanted result, and do not contradict each other."""
        stage, text = self.tab.stage, self.path.read_text(encoding="utf-8")
        self.qtbot.waitUntil(
            lambda: stage.header.prompt.whole == WANTED and self.tab.view.text() == text,
            timeout=PATIENCE,
        )
        self.qtbot.waitUntil(lambda: self.tab.prompt.toPlainText() == WANTED, timeout=PATIENCE)
        values = self.tab.form.values()
        assert (values["temperature"], values["seed"]) == (0.5, "77")
        assert "seed 77" in stage.header.facts.whole
        assert not stage.header.load_button.isVisible(), "the form is that of the result"
        assert self.window.current() is self.tab
        assert self.tab.isVisible()


def by_queue(shown, _monkeypatch):
    shown.window.show_queue()
    panel = shown.window.queue_dock.panel
    panel.job_actions.select([shown.job.id])
    QTest.keyClick(panel.table, Qt.Key.Key_Return)


def by_dialog(shown, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(shown.path), ""))
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_O, CONTROL)


def by_drop(shown, _monkeypatch):
    drop(shown.window, shown.path)


def by_library(shown, _monkeypatch):
    shown.window.show_tab("library")
    page = shown.window.window_library.page
    shown.qtbot.waitUntil(lambda: page.results.is_complete, timeout=PATIENCE)
    shown.qtbot.waitUntil(lambda: len(page.results.ids) == 2, timeout=PATIENCE)
    click(page, 1, double=True)  # the newest is the first


def by_palette(shown, _monkeypatch):
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_K, CONTROL)
    palette = next(one for one in shown.window.findChildren(Palette) if one.isVisible())
    palette.search.setText("the wanted one")
    shown.qtbot.waitUntil(
        lambda: bool(palette.model.entries) and palette.model.entries[0].title == WANTED,
        timeout=PATIENCE,
    )
    QTest.keyClick(palette.search, Qt.Key.Key_Return)


@pytest.mark.parametrize("route", [by_queue, by_dialog, by_drop, by_library, by_palette])
def test_form_and_result_agree(qtbot, open_studio, monkeypatch, route):
    shown = Shown(qtbot, open_studio())
    route(shown, monkeypatch)
    shown.check()


def test_the_end_of_a_batch_leads_to_a_row_whose_form_and_result_agree(qtbot, open_studio):
    studio = open_studio()
    shown = Shown(qtbot, studio)
    folder = shown.path.parent
    batch = Batch(id="b1", source=str(folder / "rows.csv"), folder=str(folder))
    request = TextRequest(prompt="row", model="fake-text", max_new_tokens=50, temperature=0.7)
    job = new_job(request, str(folder), "row", batch="b1", row=2)
    with qtbot.waitSignal(studio.shared.queue.batch_finished, timeout=PATIENCE):
        studio.shared.queue.submit([job], batch)
    buttons = studio.window.findChildren(QAbstractButton)
    QTest.mouseClick(
        next(one for one in buttons if one.text() == "Show"), Qt.MouseButton.LeftButton
    )
    tab, grid = shown.tab, shown.tab.stage.grid
    qtbot.waitUntil(grid.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: grid.model.rowCount() == 1 and bool(grid.model.item(0).path), timeout=PATIENCE
    )
    grid.list.setFocus()
    grid.list.setCurrentIndex(grid.model.index(0))
    QTest.keyClick(grid.list, Qt.Key.Key_Return)
    load = tab.stage.header.load_button
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "row", timeout=PATIENCE)
    qtbot.waitUntil(lambda: load.isVisible() and bool(tab.view.text()), timeout=PATIENCE)
    assert tab.prompt.toPlainText() == "what the user types"
    QTest.mouseClick(load, Qt.MouseButton.LeftButton)
    assert tab.prompt.toPlainText() == "row"
    assert tab.form.values()["temperature"] == 0.7
    assert not load.isVisible()
