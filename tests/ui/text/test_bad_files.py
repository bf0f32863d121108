"""Files that a person opens by mistake, in the window: a sentence, and the document stays."""

import pytest
from PySide6.QtTest import QTest

from studio.documents.formats.archives import package as package_module
from studio.documents.formats.write import write_document
from tests.documents.formats.pdf_files import pdf_of_pages
from tests.documents.formats.test_archives import changed
from tests.ui.conftest import PATIENCE


def large_text(path):
    with path.open("wb") as file:
        file.write(b"text\n")
        file.truncate(300 * 2**20)


def encrypted(path):
    pytest.importorskip("cryptography")
    from pypdf import PdfReader, PdfWriter

    plain = path.with_name("plain.pdf")
    plain.write_bytes(pdf_of_pages(["secret"]))
    writer = PdfWriter(clone_from=PdfReader(plain))
    writer.encrypt(user_password="x", owner_password="owner", algorithm="AES-256")
    writer.write(path)


def zip_bomb(path):
    write_document(path, "text")
    changed(path, **{"word/document.xml": b" " * (package_module.MAX_PART_BYTES + 1)})


@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    [
        ("large.txt", large_text, "larger than 80,000,000 bytes"),
        ("locked.pdf", encrypted, "password"),
        ("scan.pdf", lambda path: path.write_bytes(pdf_of_pages(["", ""])), "images of pages"),
        ("bomb.docx", zip_bomb, "unpacks to more than 64 MB"),
        ("half.pdf", lambda path: path.write_bytes(b"%PDF-1.7\n" + bytes(range(256))), "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_and_the_text_stays(
    qtbot,
    open_page,
    open_file,
    tmp_path,
    name,
    make,
    sentence,
):
    page, path = open_page(), tmp_path / name
    make(path)
    page.editor.setFocus()
    QTest.keyClicks(page.editor, "My text")
    before = page.document.id
    open_file(page, path)
    notice = page.files.work.notice
    qtbot.waitUntil(lambda: sentence in notice.accessibleName(), timeout=PATIENCE)
    assert notice.isVisible()
    assert (page.document.id, page.document.text) == (before, "My text")
    QTest.keyClicks(page.editor, "!")
    assert page.document.text == "My text!"


def test_a_thousand_pages_are_opened(qtbot, open_page, open_file, tmp_path):
    page, path = open_page(), tmp_path / "long.pdf"
    path.write_bytes(pdf_of_pages([f"Page number {number}" for number in range(1000)]))
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        open_file(page, path)
    assert "Page number 999" in page.document.text


def test_macros_are_left_out_with_a_notice(qtbot, open_page, open_file, tmp_path):
    page, path = open_page(), tmp_path / "macros.docx"
    write_document(path, "The text")
    changed(path, **{"word/vbaProject.bin": b"macro"})
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        open_file(page, path)
    assert "macros" in page.files.work.notice.message
    assert page.document.text.strip() == "The text"


def test_a_text_without_a_stated_encoding_is_opened(qtbot, open_page, open_file, tmp_path):
    page, path = open_page(), tmp_path / "old.txt"
    path.write_bytes("春天来了，花开了。我们去公园散步。".encode("gb18030") * 20)
    with qtbot.waitSignal(page.document_opened, timeout=PATIENCE):
        open_file(page, path)
    assert page.document.text.startswith("春天来了")
