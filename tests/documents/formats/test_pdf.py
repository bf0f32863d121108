"""Reading PDF files."""

import contextlib

import pytest

from studio.core.errors import StudioError
from studio.documents.formats.read import read_document
from tests.documents.formats.pdf_files import pdf_of_pages
from tests.documents.formats.test_text_files import refusal

PROSE = [
    "A first paragraph whose lines are as wide as the page, so that each of them con-",
    "tinues the one before it until the paragraph ends with a line that is shorter, as",
    "here it does.",
    "A second paragraph begins after it, and its first line is as wide as the others are",
    "and ends.",
]


def test_text_title_and_pages(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(
        pdf_of_pages(["One page", "", "Third (page)".replace("(", "\\(").replace(")", "\\)")])
    )
    document = read_document(path)
    assert document.text == "One page\n\nThird (page)\n"
    assert (document.title, document.author, document.language) == ("A title", "A. Writer", "en")
    assert document.place_of(0) == "page 1"
    assert document.place_of(document.text.index("Third")) == "page 3"
    assert document.notices == ("Pages without text: 2.",)


def test_lines_are_joined_to_paragraphs(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of_pages([PROSE]))
    first, second = read_document(path).text.strip().split("\n\n")
    assert first.startswith("A first paragraph")
    assert "each of them continues the" in first
    assert first.endswith("shorter, as here it does.")
    assert second.startswith("A second")
    assert second.endswith("and ends.")


def test_headers_and_page_numbers_are_left_out(tmp_path):
    path = tmp_path / "a.pdf"
    pages = [
        ["My book", f"text {'abcdef'[number]}", *PROSE, f"- {number} -"] for number in range(6)
    ]
    path.write_bytes(pdf_of_pages(pages))
    document = read_document(path)
    assert "My book" not in document.text
    assert "- 3 -" not in document.text
    assert document.text.count("A first paragraph") == 6
    assert len(document.notices) == 1


def test_a_scan_is_named(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of_pages(["", "", ""]))
    assert "images of pages, not text" in refusal(path)


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_encrypted_files(tmp_path, algorithm):
    pytest.importorskip("cryptography")
    from pypdf import PdfReader, PdfWriter

    plain = tmp_path / "plain.pdf"
    plain.write_bytes(pdf_of_pages(["secret"]))
    for password in ("x", ""):
        writer = PdfWriter(clone_from=PdfReader(plain))
        writer.encrypt(user_password=password, owner_password="owner", algorithm=algorithm)
        path = tmp_path / f"a{password}.pdf"
        writer.write(path)
        if password:
            assert "password" in refusal(path)
        else:  # anybody may open it
            assert read_document(path).text == "secret\n"


def test_damaged_files(tmp_path):
    data = pdf_of_pages(["text"] * 5)
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 10)
    assert "damaged" in refusal(path)
    for size in range(20, len(data), 97):
        path.write_bytes(data[:size])
        with contextlib.suppress(StudioError):
            assert set(read_document(path).text.split()) <= {"text"}


def test_a_page_tree_without_end(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of_pages(["text"]).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]"))
    assert refusal(path)
