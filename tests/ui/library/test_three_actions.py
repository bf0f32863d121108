"""A person finds a result of last week and reopens it in at most three actions."""

import datetime
import os
import types
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QInputMethodEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.library import artifacts
from studio.ui.help.palette import Palette
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import found
from tests.ui.test_window import press_generate, type_prompt

LAST_WEEK = datetime.timedelta(days=7)
CONTROL = Qt.KeyboardModifier.ControlModifier
OLD = (
    ("text", "a letter from the lighthouse"),
    ("image", "a red fox in the snow"),
    ("image", "一座古老的灯塔"),
    ("text", "雨后的山村"),
)
NEW = (("text", "ten names for a bakery"), ("image", "a blue boat"), ("text", "今天的天气"))
WANTED = [
    pytest.param("text", "a letter from the lighthouse", "lighth", id="English text"),
    pytest.param("image", "a red fox in the snow", "fox", id="English image"),
    pytest.param("image", "一座古老的灯塔", "灯塔", id="Chinese image"),
    pytest.param("text", "雨后的山村", "山村", id="Chinese text"),
]


class Person:
    """Counts what is done: a shortcut, typing one text, a key, or a double click is one action."""

    def __init__(self):
        self.actions = []

    def press(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        self.actions.append(f"press {key}")
        QTest.keyClick(QApplication.focusWidget(), key, modifiers)

    def search(self, text):
        """Type a text, with Ctrl+F before it and Return after it where the place needs them."""
        self.actions.append(f"search {text}")
        if text.isascii():
            QTest.keyClicks(QApplication.focusWidget(), text)
        else:
            event = QInputMethodEvent()
            event.setCommitString(text)
            QApplication.sendEvent(QApplication.focusWidget(), event)

    def click(self, widget, place, *, double=False):
        self.actions.append("double click" if double else "click")
        act = QTest.mouseDClick if double else QTest.mouseClick
        act(widget, Qt.MouseButton.LeftButton, pos=place)

    def scroll(self, widget, is_reached):
        """Turn the wheel until something is in view."""
        self.actions.append("scroll")
        place, no_key = QPointF(widget.rect().center()), Qt.KeyboardModifier.NoModifier
        for _notch in range(20):
            if is_reached():
                break
            wheel = QWheelEvent(
                place,
                widget.mapToGlobal(place),
                QPoint(),
                QPoint(0, -120),
                Qt.MouseButton.NoButton,
                no_key,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(widget, wheel)
        assert is_reached()


@pytest.fixture
def person():
    person = Person()
    yield person
    assert 2 <= len(person.actions) <= 3, person.actions


def make(qtbot, studio, wanted):
    """Generate results in the window."""
    window, queue = studio.window, studio.shared.queue
    for name, prompt in wanted:
        window.show_tab(name)
        tab = window.current()
        tab.prompt.clear()
        type_prompt(tab, prompt)
        with qtbot.waitSignal(studio.shared.library.items_added, timeout=PATIENCE):
            press_generate(tab)
        qtbot.waitUntil(lambda: queue.counts.open == 0, timeout=PATIENCE)


@pytest.fixture
def window(qtbot, open_studio, monkeypatch, data):
    """Return the window on a later day, with results of last week and of today."""

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.now(tz) - LAST_WEEK

    studio = open_studio()
    with monkeypatch.context() as patch:
        clock = types.SimpleNamespace(datetime=Clock, UTC=datetime.UTC)
        patch.setattr(artifacts, "datetime", clock)
        make(qtbot, studio, OLD)
    for path in Path(studio.shared.output_folder()).rglob("*.*"):
        seconds = path.stat().st_mtime - LAST_WEEK.total_seconds()
        os.utime(path, (seconds, seconds))
    queue = studio.shared.queue
    queue.remove([job.id for job in queue.jobs()])
    qtbot.waitUntil(lambda: not queue.jobs(), timeout=PATIENCE)
    make(qtbot, studio, NEW)
    close_studio(studio)
    window = open_studio().window
    for name in ("text", "image"):
        window.show_tab(name)
        window.current().prompt.clear()
    window.show_tab("audio")
    return window


def check_reopened(qtbot, window, name, prompt):
    """Wait until the result of last week is shown, with its settings in the form."""

    def is_shown():
        tab = window.current()
        return (
            window.tabs.currentWidget().isAncestorOf(tab)
            and tab.prompt.toPlainText() == prompt
            and tab.stage.header.prompt.whole == prompt
        )

    qtbot.waitUntil(is_shown, timeout=PATIENCE)
    stage = window.current().stage
    qtbot.waitUntil(lambda: bool(stage.current_path()), timeout=PATIENCE)
    path = Path(stage.current_path())
    recipe = artifacts.read_recipe(path)
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(recipe.created)
    assert recipe.request.prompt == prompt
    assert age >= LAST_WEEK
    if name == "text":
        text = path.read_text(encoding="utf-8")
        qtbot.waitUntil(lambda: window.text_tab.view.text() == text, timeout=PATIENCE)
    else:
        image = window.image_tab.view.image
        qtbot.waitUntil(lambda: image.path == str(path), timeout=PATIENCE)


@pytest.mark.parametrize(("name", "prompt", "word"), WANTED)
def test_with_the_palette(qtbot, window, person, name, prompt, word):
    person.press(Qt.Key.Key_K, CONTROL)
    palette = window.findChild(Palette)
    qtbot.waitUntil(palette.search.hasFocus, timeout=PATIENCE)
    person.search(word)
    qtbot.waitUntil(
        lambda: [entry.title for entry in palette.model.entries][:1] == [prompt], timeout=PATIENCE
    )
    person.press(Qt.Key.Key_Return)
    check_reopened(qtbot, window, name, prompt)


@pytest.mark.parametrize(("name", "prompt", "word"), WANTED)
def test_with_a_search_in_the_library(qtbot, window, person, name, prompt, word):
    person.press(Qt.Key.Key_0, CONTROL)
    page = window.window_library.page
    QTest.keyClick(page.view, Qt.Key.Key_F, CONTROL)
    person.search(word)
    QTest.keyClick(page.bar.text, Qt.Key.Key_Return)
    qtbot.waitUntil(page.view.hasFocus, timeout=PATIENCE)
    assert len(found(page)) == 1
    person.press(Qt.Key.Key_Return)
    check_reopened(qtbot, window, name, prompt)


@pytest.mark.parametrize(("name", "prompt", "word"), WANTED[:1])
def test_with_the_mouse_by_the_date(qtbot, window, person, name, prompt, word):
    bar = window.tabs.tabBar()
    person.click(bar, bar.tabRect(bar.count() - 1).center())
    page = window.window_library.page
    qtbot.waitUntil(lambda: page.results.is_complete, timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(found(page)) == len(OLD) + len(NEW), timeout=PATIENCE)
    sections = page.view._layout.sections
    assert [section.size for section in sections] == [3, 4]
    prompts = [page.results.item(one).prompt for one in found(page)]
    area = page.view.viewport().rect()

    def place():
        return page.view.rect_in_view(prompts.index(prompt))

    person.scroll(page.view.viewport(), lambda: area.contains(place()))
    person.click(page.view.viewport(), place().center(), double=True)
    check_reopened(qtbot, window, name, prompt)


def test_a_search_without_a_match_keeps_the_keyboard_in_the_field(qtbot, window):
    QTest.keyClick(window, Qt.Key.Key_0, CONTROL)
    page = window.window_library.page
    QTest.keyClick(page.view, Qt.Key.Key_F, CONTROL)
    QTest.keyClicks(page.bar.text, "zebra")
    QTest.keyClick(page.bar.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.results.is_complete and not found(page), timeout=PATIENCE)
    assert page.bar.text.hasFocus()
