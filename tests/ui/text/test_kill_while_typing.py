"""The whole program, killed while a person types: at most two seconds of typing are lost."""

import signal
import subprocess
import sys
import time

import pytest

from studio.documents.pending import written_part
from studio.documents.store import DocumentStore

LOST_SECONDS = 2.0
PROGRAM = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from studio.app import Studio
from studio.core.paths import DataFolder
from studio.core.settings_store import update

data = DataFolder(Path(sys.argv[1]))
update(data, {"text_view": "document"})
studio = Studio(data, fake=True)
studio.start()
editor = studio.window.text_tab.document_page.editor
timer = QTimer()

def type_one():
    if not editor.isReadOnly():
        QTest.keyClicks(editor, "ab "[len(editor.text) % 3])
        print(time.monotonic(), len(editor.text), flush=True)

timer.timeout.connect(type_one)
timer.start(10)
studio.application.exec()
"""


@pytest.mark.parametrize("seconds", [0.3, 1.1, 2.4, 3.7, 5.2])
def test_at_most_two_seconds_of_typing_are_lost(data, seconds):
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data.root)], stdout=subprocess.PIPE, text=True
    )
    lines = [child.stdout.readline()]
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        lines.append(child.stdout.readline())
    killed = time.monotonic()
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.read().splitlines()
    child.stdout.close()
    child.wait()
    typed = [
        (float(line.split()[0]), int(line.split()[1])) for line in lines if len(line.split()) == 2
    ]
    assert typed
    store = DocumentStore(data.documents)
    text = store.load(store.list()[0].id).text
    store.close()
    assert text == ("ab " * len(text))[: len(text)]
    due = [length for moment, length in typed if moment <= killed - LOST_SECONDS]
    assert len(text) >= max(due, default=0)
    assert len(text) <= typed[-1][1] + 1


STREAMING = PROGRAM.replace(
    """        QTest.keyClicks(editor, "ab "[len(editor.text) % 3])
""",
    """        if not editor.text:
            studio.session.engine._step_seconds = 0.03
            QTest.keyClicks(editor, "ab ")
            studio.window.text_tab.document_page.model_writing.go_on()
""",
)


def test_text_that_streams_in_at_the_kill_is_known_as_undecided(data):
    with subprocess.Popen(
        [sys.executable, "-c", STREAMING, str(data.root)], stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            while int(child.stdout.readline().split()[1]) < 20:
                assert child.poll() is None
            stored = DocumentStore(data.documents)
            while stored.list()[0].characters < 10:
                child.stdout.readline()
            stored.close()
        finally:
            child.kill()
    store = DocumentStore(data.documents)
    loaded = store.repair(store.list()[0].id)
    store.close()
    assert loaded.pending is not None
    start, end = written_part(loaded.document.origins, loaded.pending.job)
    assert (start, end) == (2, len(loaded.document.text))
    assert end >= 10
    assert loaded.pending.before == " "
