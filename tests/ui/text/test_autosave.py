"""What is typed is stored while the window has no time for its timers."""

import time

from PySide6.QtTest import QTest

from studio.documents.store import DocumentStore
from studio.ui.text.autosave import SAVE_MS
from tests.ui.conftest import PATIENCE
from tests.ui.text.conftest import wait_saved


def test_typing_without_a_pause_is_stored(qtbot, open_page, data):
    page = open_page()
    begun = time.monotonic()
    while time.monotonic() - begun < 1.2 * SAVE_MS / 1000:
        QTest.keyClick(page.editor, "a")  # no event loop runs in between
    page.documents.wait(PATIENCE)
    store = DocumentStore(data.documents)
    assert store.load(store.list()[0].id).text.startswith("aaa")
    store.close()
    QTest.keyClick(page.editor, "b")
    wait_saved(qtbot, page)
    store = DocumentStore(data.documents)
    assert store.load(store.list()[0].id).text == page.editor.text
    store.close()
