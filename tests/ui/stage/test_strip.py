"""The strip of the latest results: of this session, of earlier ones, and of other programs."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.core.jobs import JobState, new_job
from studio.core.requests import SpeechRequest
from studio.ui.stage.result_item import StoredResults
from studio.ui.widgets import theme
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.stage.test_image_stage import generate
from tests.ui.stage.test_stage import submit_text, wait_over


@pytest.fixture
def studio(open_studio):
    return open_studio()


def prompts(strip):
    return [item.prompt for item in strip.results.items()]


def make_texts(qtbot, studio, *words):
    for word in words:
        wait_over(qtbot, studio, submit_text(studio, word).id)
    strip = studio.window.text_tab.stage.strip
    qtbot.waitUntil(lambda: prompts(strip)[: len(words)] == [*reversed(words)], timeout=PATIENCE)
    return strip


def colors(strip):
    """Return the colors of the first cell's inner area."""
    image = strip.viewport().grab(strip.visualRect(strip.results.index(0))).toImage()
    area = image.rect().adjusted(9, 9, -9, -9)
    return {
        image.pixelColor(x, y).name()
        for x in range(area.left(), area.right())
        for y in range(area.top(), area.bottom())
    }


def text_of(studio, word):
    (path,) = Path(studio.shared.output_folder()).glob(f"*{word}*.txt")
    return path.read_text(encoding="utf-8")


def test_the_strip_lists_the_newest_first_and_arrow_keys_step(qtbot, studio):
    strip = make_texts(qtbot, studio, "one", "two", "three")
    tab = studio.window.text_tab
    assert strip.isVisible()
    assert strip.currentIndex().row() == 0
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tab.view.text() == text_of(studio, "two"), timeout=PATIENCE)
    assert tab.stage.header.prompt.whole == "two"
    QTest.keyClick(strip, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tab.view.text() == text_of(studio, "one"), timeout=PATIENCE)
    QTest.keyClick(tab.view.view, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "two", timeout=PATIENCE)


def test_last_result_is_restored_after_a_restart(qtbot, open_studio):
    studio = open_studio()
    make_texts(qtbot, studio, "before", "last")
    expected = text_of(studio, "last")
    close_studio(studio)
    again = open_studio()
    tab = again.window.text_tab
    qtbot.waitUntil(lambda: tab.view.text() == expected, timeout=PATIENCE)
    assert prompts(tab.stage.strip) == ["last", "before"]
    assert tab.stage.header.prompt.whole == "last"
    assert tab.stage.is_over
    job = submit_text(again, "next")
    wait_over(qtbot, again, job.id)
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "next", timeout=PATIENCE)
    assert prompts(tab.stage.strip) == ["next", "last", "before"]


def test_the_strip_has_only_results_of_its_kind(qtbot, studio):
    strip = make_texts(qtbot, studio, "words")
    request = SpeechRequest(prompt="said aloud", model="fake-speech")
    job = new_job(request, studio.shared.output_folder())
    studio.shared.queue.submit([job])
    wait_over(qtbot, studio, job.id)
    studio.window.show_tab("audio")
    speech = studio.window.audio_tab.speech.stage
    qtbot.waitUntil(lambda: prompts(speech.strip) == ["said aloud"], timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(speech.path), timeout=PATIENCE)
    accent = theme.colors(QApplication.instance()).accent.lower()
    qtbot.waitUntil(lambda: accent in colors(speech.strip), timeout=PATIENCE)  # the outline
    assert prompts(strip) == ["words"]
    assert prompts(studio.window.audio_tab.music.stage.strip) == []


def test_images_of_one_job_are_stepped_through_in_order(qtbot, studio):
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    generate(qtbot, tab, 1, prompt="older")
    generate(qtbot, tab, 3, prompt="cats")
    assert prompts(tab.stage.strip) == ["cats", "cats", "cats", "older"]
    tab.view.image.setFocus()
    tab.view.show_grid(False)
    names = [Path(tab.view.image.path).name[-5]]
    for _ in range(2):
        QTest.keyClick(tab.view.image, Qt.Key.Key_Right)
        names.append(Path(tab.view.image.path).name[-5])
    assert names == ["1", "2", "3"]
    QTest.keyClick(tab.view.image, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "older", timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: bool(tab.view.image.path) and tab.view.grid.count() == 1, timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: len(colors(tab.stage.strip)) > 40, timeout=PATIENCE)  # the images


def test_the_newest_result_does_not_hold_the_next_job_back(qtbot, studio):
    strip = make_texts(qtbot, studio, "one", "two")
    tab = studio.window.text_tab
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "one", timeout=PATIENCE)
    job = submit_text(studio, "three")
    wait_over(qtbot, studio, job.id)
    qtbot.waitUntil(lambda: prompts(strip)[0] == "three", timeout=PATIENCE)
    assert tab.stage.header.prompt.whole == "one", "the user looks at it"
    strip.setCurrentIndex(strip.results.index(0))
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "three", timeout=PATIENCE)
    job = submit_text(studio, "four")
    wait_over(qtbot, studio, job.id)
    qtbot.waitUntil(lambda: tab.stage.header.prompt.whole == "four", timeout=PATIENCE)


def test_a_result_that_was_deleted_is_left_out_or_explained(qtbot, open_studio):
    studio = open_studio()
    strip = make_texts(qtbot, studio, "gone", "kept")
    (path,) = Path(studio.shared.output_folder()).glob("*gone*.txt")
    path.unlink()
    strip.setCurrentIndex(strip.results.index(1))
    notice = studio.window.text_tab.notice
    qtbot.waitUntil(lambda: notice.message.endswith("cannot be shown."), timeout=PATIENCE)
    close_studio(studio)
    again = open_studio()
    found = again.window.text_tab.stage.strip
    qtbot.waitUntil(lambda: prompts(found) == ["kept"], timeout=PATIENCE)


def test_results_of_jobs_that_were_cleared_come_from_the_library(qtbot, studio, data):
    from studio.library.library import Library

    make_texts(qtbot, studio, "cleared 清")
    library = Library(data)
    library.catch_up()
    library.close()
    studio.shared.queue.remove([job.id for job in studio.shared.queue.jobs()])
    qtbot.waitUntil(lambda: not studio.shared.queue.jobs(), timeout=PATIENCE)
    items = StoredResults(data).latest("text", 10)
    assert [item.prompt for item in items] == ["cleared 清"]
    assert [item.state for item in items] == [JobState.COMPLETED]


def test_without_databases_there_are_no_results(data):
    assert StoredResults(data).latest("text", 10) == []
    data.database.write_bytes(b"not a database")
    data.library.write_bytes(b"not a database either")
    assert StoredResults(data).latest("text", 10) == []


class HeldResults(StoredResults):
    """Reads like `StoredResults`, but returns when `released` is set."""

    def __init__(self, data):
        super().__init__(data)
        self.has_read, self.released = threading.Event(), threading.Event()

    def latest(self, kind, limit):
        found = super().latest(kind, limit)
        self.has_read.set()
        assert self.released.wait(PATIENCE / 1_000)
        return found


def test_a_result_that_goes_while_the_strip_is_read_stays_away(qtbot, studio):
    strip = make_texts(qtbot, studio, "one", "two")
    held = HeldResults(studio.shared.data)
    strip.fill(held, "text")
    assert held.has_read.wait(PATIENCE / 1_000)
    strip.remove(strip.results.items()[0].path)
    with qtbot.waitSignal(strip.filled, timeout=PATIENCE):
        held.released.set()
    assert prompts(strip) == ["one"]


def test_an_older_reading_of_the_strip_does_not_replace_a_newer_one(qtbot, studio):
    strip = make_texts(qtbot, studio, "one")
    held = HeldResults(studio.shared.data)
    strip.fill(held, "text")
    assert held.has_read.wait(PATIENCE / 1_000)
    make_texts(qtbot, studio, "two")
    with qtbot.waitSignal(strip.filled, timeout=PATIENCE):
        strip.fill(StoredResults(studio.shared.data), "text")
    counts = []
    strip.results.rowsInserted.connect(lambda *_rows: counts.append(strip.results.rowCount()))
    strip.results.modelReset.connect(lambda: counts.append(strip.results.rowCount()))
    held.released.set()
    QThreadPool.globalInstance().waitForDone()
    QTest.qWait(0)
    assert prompts(strip) == ["two", "one"]
    assert counts == []
