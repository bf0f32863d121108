"""Hostile prompts and wildcard files in the real window: it stays fast, and reports each once."""

import time

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from tests.ui.conftest import PATIENCE

TOO_LONG = "Prompt: is longer than 200,000 characters"
NESTED = "{a|{b|" * 30_000 + "c" + "}}" * 1_000
PROMPTS = {
    "control characters": ("".join(map(chr, range(1, 256))) + "\u2028\u2029\ufeff", ""),
    "direction overrides": ("a\u202eb\u2066c" * 1_000, ""),
    "lone surrogates": ("a\ud800b\udfffc", ""),
    "2 MB without a line break": ("x" * 2_000_000, TOO_LONG),
    "nested alternatives": (NESTED, ""),
    "closed alternatives": ("{a|" * 50_000 + "b" + "}" * 49_000, ""),
    "many wildcards": ("__animal__ " * 18_000, ""),
}
FACTOR = 25
"""Of the time that as many letters in words take."""
LINE_FACTOR = 20
"""Of the time that 1 000 letters take."""


@pytest.fixture
def program(open_studio, monkeypatch):
    def refuse(box):
        raise AssertionError(f"a modal message: {box.text()}")

    monkeypatch.setattr(QMessageBox, "exec", refuse)
    return open_studio()


@pytest.fixture
def posted(program):
    toasts = []
    program.shared.toast_posted.connect(lambda toast: toasts.append(toast.text))
    return toasts


def paste(tab, text) -> float:
    """Replace the prompt as a paste does; return the CPU seconds."""
    data = QMimeData()
    data.setText(text)
    begun = time.process_time()
    tab.prompt.selectAll()
    tab.prompt.insertFromMimeData(data)
    QTest.keyClick(tab.prompt, "y")
    QApplication.processEvents()
    return time.process_time() - begun


@pytest.mark.parametrize(("text", "hint"), PROMPTS.values(), ids=PROMPTS.keys())
def test_a_hostile_prompt_is_generated_or_refused_without_delay(qtbot, program, posted, text, hint):
    tab, queue = program.window.text_tab, program.shared.queue
    ordinary = "word " * (min(len(text), MAX_PROMPT_CHARACTERS) // 5)
    limit = FACTOR * max(paste(tab, ordinary), 0.02)
    assert paste(tab, text) < limit
    assert tab._hint.text() == hint
    if hint:
        assert not tab.generate_button.isEnabled()
        return
    shown = tab.prompt.toPlainText()
    tab.generate()
    qtbot.waitUntil(lambda: queue.counts.over == 1, timeout=PATIENCE)
    (job,) = queue.jobs()
    assert job.state == "completed"
    assert job.request.prompt == shown
    assert posted == []


def paste_seconds(tab, text) -> float:
    """CPU seconds of the window's thread for Ctrl+V and a key after it: the least of several."""
    spent = []
    for _ in range(3):
        tab.prompt.setPlainText("")
        QApplication.clipboard().setText(text)
        QTest.qWait(1)
        begun = time.thread_time()
        QTest.keyClick(tab.prompt, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(tab.prompt, "y")
        QApplication.processEvents()
        spent.append(time.thread_time() - begun)
        assert tab.prompt.toPlainText() == text + "y"
    return min(spent)


@pytest.mark.parametrize("line", ["河水漫过了小镇的街道。", "water" * 10, "The river rose. "])
def test_a_long_line_is_pasted_nearly_as_fast_as_a_short_one(program, line):
    tab = program.window.text_tab
    short, long = ((line * length)[:length] for length in (1_000, MAX_PROMPT_CHARACTERS - 1))
    # A line that is laid out whole takes 50 times as long, a broken one 6.
    assert paste_seconds(tab, long) < LINE_FACTOR * paste_seconds(tab, short)


@pytest.fixture
def image_tab(program):
    program.window.show_tab("image")
    return program.window.image_tab


def problem_of(tab) -> str:
    return tab.alternatives._problem.text()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"cat\n" * 100_000, "100,000"),
        (b"cat\n" * 100_001, "has more than 100,000 lines"),
        (b"c" * 10_000_000, "more than 200,000 characters"),
        (b"{a|" * 100_000, "nests more than 16 braces"),
        (b"__big__\n", "__big__"),
    ],
    ids=["100 000 lines", "one more", "10 MB line", "nested", "itself"],
)
def test_a_hostile_wildcard_file_is_counted_or_reported_once(
    qtbot, program, image_tab, posted, content, problem
):
    folder = program.shared.data.wildcards
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "big.txt").write_bytes(content)
    tab, shown = image_tab, []
    tab.alternatives.changed.connect(lambda: shown.append(problem_of(tab)))
    QTest.keyClicks(tab.prompt, "a __big__")
    for letter in " in a box":  # while the file is being read
        QTest.keyClick(tab.prompt, letter)

    def texts() -> str:
        return f"{problem_of(tab)} {tab.alternatives._title.text()}"

    qtbot.waitUntil(lambda: problem in texts(), timeout=PATIENCE)
    assert posted == []
    assert tab.generate_button.isEnabled() == (problem == "100,000")


def test_a_text_that_changes_while_it_is_counted_is_counted_again(qtbot, image_tab):
    row = image_tab.alternatives
    QTest.keyClicks(image_tab.prompt, "{a|b}")
    qtbot.waitUntil(lambda: not row._counting.isActive(), timeout=PATIENCE)
    QTest.keyClicks(image_tab.prompt, " {c|d|e}")
    qtbot.waitUntil(lambda: row._title.text() == "6 alternatives", timeout=PATIENCE)
