"""The whole program, killed while a person types: at most two seconds of typing are lost."""

import itertools
import subprocess
import sys
import time

import pytest

from studio.documents.pending import written_part
from studio.documents.store import DocumentStore

LOST_SECONDS = 2.0
LONGEST_PAUSE = 0.05
"""Of a person who types on and on; a longer one is the machine's, which stops the program."""
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


def read_until(child, lines, is_enough):
    """Read the lines of the program that types, until there are enough."""
    while not is_enough():
        line = child.stdout.readline()
        assert line, "the program ended"
        lines.append(line)


def length_before(typed, seconds):
    """Return how long the text was before the last seconds of typing."""
    for (begun, length), (ended, _length) in reversed(list(itertools.pairwise(typed))):
        if seconds <= 0:
            return length
        seconds -= min(ended - begun, LONGEST_PAUSE)
    return 0


@pytest.mark.parametrize("seconds", [0.3, 1.1, 2.4, 3.7, 5.2])
def test_at_most_two_seconds_of_typing_are_lost(data, seconds):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data.root)], stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            lines = []
            read_until(child, lines, lambda: lines)
            end = time.monotonic() + seconds
            read_until(child, lines, lambda: time.monotonic() > end)
            killed = time.monotonic()
        finally:
            child.kill()
        lines += child.stdout.read().splitlines()
    typed = [(float(moment), int(length)) for moment, length in map(str.split, lines)]
    store = DocumentStore(data.documents)
    text = store.load(store.list()[0].id).text
    store.close()
    assert text == ("ab " * len(text))[: len(text)]
    assert len(text) >= length_before([one for one in typed if one[0] <= killed], LOST_SECONDS)
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
            lines = []
            read_until(child, lines, lambda: lines and int(lines[-1].split()[1]) >= 20)
            stored = DocumentStore(data.documents)
            read_until(child, lines, lambda: stored.list()[0].characters >= 10)
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
