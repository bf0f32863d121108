"""The forms, finished jobs, the player, the grid of a batch, the queue and all menus in Chinese."""

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from studio.core.jobs import Batch, new_job
from studio.core.requests import TextRequest
from studio.ui.audio.waveform import Waveform
from studio.ui.stage.examples import ExamplesPage
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.conftest import PATIENCE
from tests.ui.test_window import press_generate, type_prompt
from tests.ui.visible_controls import hidden_controls

SAME_EVERYWHERE = re.compile(
    r"BREAK|EBU R128|LUFS|SQL = sequel; Nguyen = /nwin/|Anna(: Hello)?|"
    r"MIDI|dpm\+\+|Top-[kp]|n-gram|SmolLM2 135M Instruct|Kokoro 82M|__file__|\{a\|b\}|Down|Home|"
    r"End|\[(pause:\d|verse|chorus)\]|chat|complete|"
    r"\b(jpg|png|webp|wav|mp3|ogg|flac|euler(-a)?|ddim|lcm|unipc|pndm|heun|csv|srt|vtt|lrc)\b"
)
"""Names, keys, formats, and what is typed."""


@pytest.fixture
def studio(chinese, open_studio):
    studio = open_studio()
    studio.window.resize(1024, 700)
    return studio


def left_in(widget):
    """English texts; the examples are prompts, which have a language of their own."""
    pages = widget.findChildren(ExamplesPage)
    prompts = {text for page in pages for text in texts_of(page)}
    texts = set(texts_of(widget)) - prompts
    return english_in(SAME_EVERYWHERE.sub("", text) for text in texts)


@pytest.mark.parametrize("kind", ["text", "image", "speech", "music"])
def test_a_form_is_chinese_and_fits(studio, qtbot, kind):
    window = studio.window
    window.show_kind(kind)
    tab = window.tabs.currentWidget()
    forms = [form for form in tab.findChildren(type(window.text_tab.form)) if form.isVisible()]
    for form in forms:
        form.advanced_button.setChecked(True)
    assert forms
    assert left_in(tab) == []
    qtbot.waitUntil(lambda: hidden_controls(window) == [], timeout=PATIENCE)


def test_the_mode_has_a_chinese_title_and_an_english_key(studio):
    combo = studio.window.text_tab.form.fields["mode"].editor
    assert [combo.itemData(at) for at in range(combo.count())] == ["chat", "complete"]
    assert [combo.itemText(at)[:2] for at in range(combo.count())] == ["对话", "续写"]


def test_a_finished_job_the_grid_and_the_queue_are_chinese(studio, qtbot, tmp_path):
    window, queue = studio.window, studio.shared.queue
    type_prompt(window.text_tab, "你好")
    press_generate(window.text_tab)
    qtbot.waitUntil(lambda: any(job.state.over for job in queue.jobs()), timeout=PATIENCE)
    assert left_in(window.text_tab) == []
    folder = tmp_path / "结果"
    folder.mkdir()
    batch = Batch(id="b1", source=str(folder / "城.csv"), folder=str(folder))
    request = TextRequest(prompt="猫", model="fake-text", max_new_tokens=20)
    jobs = [new_job(request, str(folder), f"r-{row}", batch="b1", row=row) for row in (2, 3)]
    queue.submit(jobs, batch)
    grid = window.text_tab.stage.grid
    qtbot.waitUntil(lambda: grid.model.rowCount() == len(jobs), timeout=PATIENCE)
    qtbot.waitUntil(lambda: all(job.state.over for job in queue.jobs()), timeout=PATIENCE)
    assert left_in(window.text_tab) == []
    window.queue_dock.show()
    panel = window.queue_dock.panel
    assert left_in(panel) == []
    table = panel.table.model()
    header = [
        table.headerData(at, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
        for at in range(table.columnCount())
    ]
    assert english_in(header) == []
    qtbot.waitUntil(lambda: hidden_controls(window) == [], timeout=PATIENCE)


def test_the_player_is_chinese(studio, qtbot):
    window, queue = studio.window, studio.shared.queue
    window.show_kind("speech")
    page = window.audio_tab.for_kind("speech")
    type_prompt(page, "你好")
    press_generate(page)
    qtbot.waitUntil(lambda: any(job.state.over for job in queue.jobs()), timeout=PATIENCE)
    wave = page.findChild(Waveform)
    qtbot.waitUntil(lambda: wave.length > 0, timeout=PATIENCE)
    assert "/" in wave.accessibleDescription()
    assert left_in(window.audio_tab) == []


def test_every_menu_is_chinese(studio):
    def texts(menu):
        menu.aboutToShow.emit()
        for action in menu.actions():
            yield from (action.text().partition("\t")[0], action.toolTip(), action.statusTip())
            if isinstance(action.menu(), QMenu):
                yield from texts(action.menu())

    found = [one for top in studio.window.menuBar().actions() for one in texts(top.menu())]
    assert len(found) > 100
    assert english_in(SAME_EVERYWHERE.sub("", text) for text in found) == []
