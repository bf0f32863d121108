"""Documents in other formats: written with their authors and label, and read again."""

from threading import Event

import pytest
from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QFileDialog

from studio.documents.document import insertion
from studio.documents.formats import write
from studio.documents.formats.read import read_document
from studio.documents.formats.write import document_bytes
from studio.documents.origins import Origin
from tests.ui.conftest import PATIENCE
from tests.ui.text.test_document_page import choose, press

MODEL = Origin("model", "job-1")


def export(page, monkeypatch, path):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path), ""))
    choose(page.header.more_menu, "Export…")


@pytest.mark.parametrize("suffix", ["docx", "odt", "epub", "html", "md", "txt", "pdf"])
def test_document_is_exported_and_opened_again(qtbot, open_page, monkeypatch, tmp_path, suffix):
    page, path = open_page(), tmp_path / f"rain.{suffix}"
    page.editor.apply(insertion(0, "A model wrote this.\n\n", MODEL))
    page.editor.insertPlainText("I wrote that 光.")
    export(page, monkeypatch, path)
    qtbot.waitUntil(path.exists, timeout=PATIENCE)
    text = read_document(path).text
    assert "A model wrote this." in text
    assert "I wrote that 光." in text
    assert "with the help of an AI model" in text
    if suffix == "html":
        assert "&quot;origins&quot;" in path.read_text(encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        choose(page.header.title_menu, "Open a file…")
    assert "A model wrote this." in page.editor.text
    assert page.document.origins[0].origin.kind == "imported"


def test_label_can_be_left_out_and_a_failure_is_shown(qtbot, open_page, monkeypatch, tmp_path):
    page, path = open_page(), tmp_path / "rain.html"
    page.editor.apply(insertion(0, "A model wrote this.", MODEL))
    choose(page.header.more_menu, "Label AI text in exports")
    export(page, monkeypatch, path)
    qtbot.waitUntil(path.exists, timeout=PATIENCE)
    assert "An AI model" not in read_document(path).text
    export(page, monkeypatch, tmp_path / "missing" / "rain.docx")
    notice = page.files.work.notice
    qtbot.waitUntil(lambda: "cannot be written" in notice.message, timeout=PATIENCE)


@pytest.mark.parametrize("answer", [True, False])
def test_file_whose_name_the_dialog_did_not_see_is_replaced_after_a_question(
    qtbot, open_page, monkeypatch, tmp_path, answer
):
    page, path = open_page(), tmp_path / "rain.docx"
    page.editor.insertPlainText("new")
    path.write_text("old")
    asked = []
    monkeypatch.setattr(
        "studio.ui.widgets.replace_file.confirm",
        lambda _parent, _title, question, *_buttons: asked.append(question) or answer,
    )
    export(page, monkeypatch, tmp_path / "rain")
    assert asked == ["rain.docx exists already."]
    qtbot.waitUntil(lambda: not page.files.work.is_running, timeout=PATIENCE)
    assert (path.read_bytes() == b"old") != answer


def test_cancelled_export_leaves_the_file_as_it_was(qtbot, open_page, monkeypatch, tmp_path):
    monkeypatch.setattr("studio.ui.text.files.document_files.may_write", lambda *_arguments: True)
    page, path, is_cancelled = open_page(), tmp_path / "rain.docx", Event()

    def content_after_cancel(*arguments):
        assert is_cancelled.wait(PATIENCE / 1000)
        return document_bytes(*arguments)

    monkeypatch.setattr(write, "document_bytes", content_after_cancel)
    page.editor.insertPlainText("Some words of a paragraph.")
    path.write_text("old")
    export(page, monkeypatch, path)
    notice = page.files.work.notice
    qtbot.waitUntil(notice.isVisible, timeout=PATIENCE)
    press(notice, "Cancel")
    is_cancelled.set()
    assert not page.files.work.is_running
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["rain.docx"]
    assert path.read_text() == "old"
