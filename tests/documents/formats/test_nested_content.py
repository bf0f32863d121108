"""Content that is nested far deeper than anybody writes: it is read once, in a text of its size."""

import pytest

from studio.documents.formats.block_builder import MAX_LEVEL
from studio.documents.formats.read import read_document
from studio.documents.formats.write import write_document
from tests.documents.formats.test_archives import changed

DEPTH = 2_000
BODY = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body>{}</w:body></w:document>"
)


ODF = "urn:oasis:names:tc:opendocument:xmlns:"
CONTENT = (
    f'<office:document-content xmlns:office="{ODF}office:1.0" xmlns:text="{ODF}text:1.0" '
    f'xmlns:table="{ODF}table:1.0" xmlns:draw="{ODF}drawing:1.0"><office:body><office:text>'
    "{}</office:text></office:body></office:document-content>"
)


def read_page(tmp_path, body):
    path = tmp_path / "a.html"
    path.write_text(f"<html><body>{body}</body></html>")
    return read_document(path).text


def read_word(tmp_path, body):
    path = tmp_path / "a.docx"
    write_document(path, "text", replace=True)
    changed(path, **{"word/document.xml": BODY.format(body)})
    return read_document(path).text


def read_odt(tmp_path, body):
    path = tmp_path / "a.odt"
    write_document(path, "text", replace=True)
    changed(path, **{"content.xml": CONTENT.format(body)})
    return read_document(path).text


@pytest.mark.parametrize("opening", ["<ul><li>rain ", "<blockquote>rain "])
def test_lists_and_quotes(tmp_path, opening):
    text = read_page(tmp_path, opening * DEPTH)
    assert text.count("rain") == DEPTH
    assert max(map(len, text.split("\n"))) < 4 * MAX_LEVEL


@pytest.mark.parametrize("closing", ["", "</td></tr></table>"])
def test_tables(tmp_path, closing):
    text = read_page(tmp_path, "<table><tr><td>rain " * DEPTH + closing * DEPTH + "<p>end")
    assert text.count("rain") == DEPTH
    assert text.rstrip().endswith("end")


def test_styles_that_are_opened_often_and_closed_once(tmp_path):
    assert read_page(tmp_path, "<b><strong>a</b>b</strong>c</b>d") == "**ab**cd\n"


def test_text_boxes_in_text_boxes_are_read_once(tmp_path):
    body = "<w:p><w:r><w:t>rain</w:t></w:r></w:p>"
    for _number in range(10):
        box = f"<w:drawing><w:txbxContent>{body}</w:txbxContent></w:drawing>"
        body = f"<w:p><w:r>{box}</w:r></w:p>"
    assert read_word(tmp_path, body) == "rain\n"


def test_cell_whose_width_is_no_number(tmp_path):
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="wide"/></w:tcPr><w:p><w:r><w:t>rain</w:t></w:r></w:p>'
    assert "rain" in read_word(tmp_path, f"<w:tbl><w:tr>{cell}</w:tc></w:tr></w:tbl>")


def test_opendocument_text_boxes_and_repeated_cells_are_read_once(tmp_path):
    box = table = "<text:p>rain</text:p>"
    for _number in range(10):
        box = f"<text:p><draw:frame><draw:text-box>{box}</draw:text-box></draw:frame></text:p>"
    for repeated in (1, 9, 9, 9, 9):
        cell = f'<table:table-cell table:number-columns-repeated="{repeated}">{table}'
        table = (
            f"<table:table><table:table-row>{cell}</table:table-cell></table:table-row>"
            "</table:table>"
        )
    assert read_odt(tmp_path, box) == "rain\n"
    assert read_odt(tmp_path, table).count("rain") == 1
