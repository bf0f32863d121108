"""The queue, its menus and its dialogs in Chinese."""

import pytest
from PySide6.QtWidgets import QDialog

from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.conftest import PATIENCE
from tests.ui.library.test_chinese import titles_in


@pytest.fixture
def studio(chinese, open_studio, qtbot):
    studio = open_studio()
    queue = studio.shared.queue
    request = TextRequest(prompt="一座城堡", model="fake-text")
    queue.submit([new_job(request, studio.shared.output_folder())])
    qtbot.waitUntil(lambda: queue.counts.over == 1, timeout=PATIENCE)
    queue.pause()
    queue.submit([new_job(request, studio.shared.output_folder())])
    qtbot.waitUntil(lambda: len(queue.jobs()) == 2, timeout=PATIENCE)
    studio.window.toggle_queue()
    return studio


def test_the_table_and_its_menus_are_chinese(studio):
    panel = studio.window.queue_dock.panel
    panel.table.selectAll()
    actions = panel.job_actions
    actions.cancel_selected()
    menu = actions.create_menu()
    assert english_in(set(titles_in(menu))) == []
    panel.pause_menu.aboutToShow.emit()
    assert english_in(set(titles_in(panel.pause_menu))) == []
    assert english_in(set(texts_of(panel))) == []
    assert english_in(set(texts_of(studio.window.queue_bar))) == []


def test_the_dialogs_of_a_pause_are_chinese(studio, monkeypatch):
    shown = []

    def note(dialog):
        shown.append(set(texts_of(dialog)))
        return QDialog.DialogCode.Rejected

    monkeypatch.setattr(QDialog, "exec", note)
    menu = studio.window.queue_dock.panel.pause_menu
    menu.pause_time.trigger()
    (texts,) = shown
    assert english_in(texts) == []
    assert {"确定", "取消"} <= {text.partition("(")[0] for text in texts}
