"""The whole program, killed while a person types a prompt and while an answer streams."""

import signal
import subprocess
import sys
import time

import pytest

from studio.core.drafts import load_drafts
from studio.documents.store import DocumentStore
from tests.ui.conftest import PATIENCE
from tests.ui.tabs.chat.conftest import click, shown

LOST_SECONDS = 2.0
PROGRAM = """
import sys, time
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from studio.app import Studio
from studio.core.paths import DataFolder
from studio.core.settings_store import update

data = DataFolder(Path(sys.argv[1]))
update(data, {"text_view": "chat"})
studio = Studio(data, fake=True)
studio.start()
studio.session.engine._step_seconds = 0.2
tab = studio.window.text_tab
tab.prompt.replace_text("Hi")
sent = []
timer = QTimer()

def work():
    page = tab.chat_page
    if not page.open_chat.is_open:
        return
    if not sent:
        sent.append(True)
        QTest.mouseClick(tab.generate_button, Qt.MouseButton.LeftButton)
        return
    QTest.keyClicks(tab.prompt, "a")
    answers = [view.text for view in list(page.turns.views.values())[1:]]
    answer = len(answers[0]) if answers else 0
    print(time.monotonic(), len(tab.prompt.toPlainText()), answer, flush=True)

timer.timeout.connect(work)
timer.start(20)
studio.application.exec()
"""


def kill_after(data, seconds):
    """Run the program; return (moment, characters typed, of the answer) and when it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data.root)], stdout=subprocess.PIPE, text=True
    )
    lines: list[list[float]] = []
    begun = 0.0
    while not begun or time.monotonic() - begun < seconds:
        lines.append([float(part) for part in child.stdout.readline().split()])
        if not begun and lines[-1][2]:
            begun = time.monotonic()
    killed = time.monotonic()
    child.send_signal(signal.SIGKILL)
    child.stdout.close()
    child.wait()
    return lines, killed


@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_a_kill_loses_at_most_two_seconds(qtbot, data, open_chat, seconds):
    lines, killed = kill_after(data, seconds)
    due = [line for line in lines if line[0] <= killed - LOST_SECONDS] or [[0, 0, 0]]
    store = DocumentStore(data.documents)
    (info,) = store.chats.list()
    question, answer = store.chats.load(info.id).path()
    store.close()
    assert question.text == "Hi"
    assert answer.finish == ""
    assert due[-1][2] <= len(answer.text) <= lines[-1][2] + 100
    assert len(str(load_drafts(data).get("text", {}).get("prompt", ""))) >= due[-1][1]
    studio, _tab, page = open_chat()
    qtbot.waitUntil(lambda: len(shown(page)) == 2, timeout=PATIENCE)
    assert shown(page) == ["Hi", answer.text]
    if not answer.text:
        return
    view = list(page.turns.views.values())[1]
    assert not view.continue_button.isHidden()
    click(view.continue_button)
    qtbot.waitUntil(lambda: page.chat.path()[1].job != answer.job, timeout=PATIENCE)
    studio.shared.queue.resume()
    qtbot.waitUntil(lambda: page.chat.path()[1].finish == "stop", timeout=PATIENCE)
    text = page.chat.path()[1].text
    assert text.startswith(answer.text)
    assert len(text) > len(answer.text)
    old = studio.shared.queue.job(answer.job)
    assert old is None or old.state == "cancelled"
