"""A document is saved to a file while the disk is full: nothing is lost, and it is saved later."""

import sys

import pytest
from PySide6.QtWidgets import QFileDialog

from tests.ui.conftest import PATIENCE
from tests.ui.text.files.test_file_binding import save, wait_until_idle
from tests.ui.text.test_document_page import stored

resource = pytest.importorskip("resource")
LIMIT = 4_000_000
"""Bytes of a file: what is longer cannot be written, as on a full disk."""


@pytest.fixture
def fill_disk():
    """Return a function that fills the disk, or frees it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(is_full):
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT if is_full else soft, hard))

    yield fill
    fill(False)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_file_is_whole_and_the_text_is_saved_once_there_is_space(
    qtbot, open_page, monkeypatch, tmp_path, data, fill_disk
):
    monkeypatch.setattr("studio.ui.text.autosave.RETRY_MS", 100)
    shown = []
    monkeypatch.setattr(
        "studio.ui.text.files.document_files.show_message", lambda *texts: shown.append(texts[2])
    )
    folder = tmp_path / "files"
    folder.mkdir()
    page, path = open_page(), folder / "a.txt"
    page.editor.insertPlainText("kept")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    save(page)
    qtbot.waitUntil(lambda: page.document.file == str(path), timeout=PATIENCE)
    fill_disk(True)
    page.editor.insertPlainText(" x" * LIMIT)
    save(page)
    qtbot.waitUntil(lambda: bool(shown), timeout=PATIENCE)
    assert str(path) in shown[0]
    assert "free some space" in shown[0]
    assert path.read_text() == "kept"
    assert [one.name for one in folder.iterdir()] == ["a.txt"]
    qtbot.waitUntil(page.notice.isVisible, timeout=PATIENCE)
    assert page.saved_state.text() == "Not saved"
    fill_disk(False)
    save(page)
    wait_until_idle(qtbot, page)
    assert path.stat().st_size == 4 + 2 * LIMIT
    qtbot.waitUntil(lambda: page.autosave.is_saved, timeout=PATIENCE)
    assert not page.notice.isVisible()
    assert len(stored(data)[0].text) == 4 + 2 * LIMIT
    assert len(shown) == 1
