"""Documents of other programs are opened in the window: progress, Cancel, notices, drops."""

import psutil
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent

from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.write import write_document
from tests.documents.formats.pdf_files import pdf_of_pages
from tests.ui.conftest import PATIENCE
from tests.ui.text.test_document_page import press


@pytest.mark.parametrize("name", ["docx", "odt", "epub", "html", "pdf"])
def test_documents_of_other_programs_are_opened(qtbot, open_page, open_file, tmp_path, name):
    page, path = open_page(), tmp_path / f"a.{name}"
    if name == "pdf":
        path.write_bytes(pdf_of_pages(["Words of a page"]))
    else:
        write_document(path, "# 标题\n\n**bold**", DocumentMetadata(title="A title"))
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        open_file(page, path)
    document = page.document
    assert document.title == "A title"
    assert ("**bold**" in document.text) == (name != "pdf")
    assert document.format == ("txt" if name == "pdf" else "md")
    assert document.origins[0].origin.kind == "imported"
    assert document.file == "", "saving asks for a name: the file has another format"


def test_what_was_left_out_is_shown(qtbot, open_page, open_file, tmp_path):
    page, path = open_page(), tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        open_file(page, path)
    notice = page.files.work.notice
    assert "times of the subtitles" in notice.message
    press(notice, "OK")
    assert not notice.isVisible()


def test_a_file_that_cannot_be_read_is_named_on_the_page(qtbot, open_page, open_file, tmp_path):
    page, path = open_page(), tmp_path / "scan.pdf"
    path.write_bytes(pdf_of_pages(["", ""]))
    before = page.document.id
    open_file(page, path)
    notice = page.files.work.notice
    qtbot.waitUntil(lambda: "images of pages" in notice.message, timeout=PATIENCE)
    assert "OCR" in notice.accessibleName()
    assert page.document.id == before


def test_reading_is_shown_and_cancelled(qtbot, open_page, open_file, monkeypatch, tmp_path):
    page, path = open_page(), tmp_path / "long.pdf"
    path.write_bytes(pdf_of_pages([["word " * 12] * 40] * 1_500))
    before = page.document.id
    open_file(page, path)
    notice = page.files.work.notice
    qtbot.waitUntil(lambda: notice.isVisible() and "%" in notice.message, timeout=PATIENCE)
    assert "long.pdf" in notice.message
    press(notice, "Cancel")
    assert not notice.isVisible()
    qtbot.waitUntil(
        lambda: not any("child.main" in " ".join(one.cmdline()) for one in _children()),
        timeout=PATIENCE,
    )
    assert page.document.id == before


def _children():
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.status() != psutil.STATUS_ZOMBIE
    ]


def test_a_document_is_dropped_on_the_page(qtbot, open_page, tmp_path):
    page, path = open_page(), tmp_path / "a.docx"
    write_document(path, "dropped")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    assert not page.editor.canInsertFromMimeData(data)
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    left = Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPointF(9, 9).toPoint(), copy, data, left, none)
    page.dragEnterEvent(enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        page.dropEvent(QDropEvent(QPointF(9, 9), copy, data, left, none))
    assert page.document.text == "dropped\n"
    other = QMimeData()
    other.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
    enter = QDragEnterEvent(QPointF(9, 9).toPoint(), copy, other, left, none)
    enter.ignore()
    page.dragEnterEvent(enter)
    assert not enter.isAccepted()
