"""Every format keeps headings, lists, emphasis, tables and Chinese; other programs agree."""

import zipfile
from xml.etree import ElementTree

import docx
import pytest

from studio.documents.formats.blocks import Code
from studio.documents.formats.markdown.parse import parse_markdown
from studio.documents.formats.read import read_document
from studio.documents.formats.write import write_document
from tests.documents.formats.samples import MARKDOWN
from tests.documents.formats.test_text_files import METADATA

ZIPPED = ["docx", "odt", "epub"]


def blocks_of(text):
    """Word and OpenDocument have no place for the language of code."""
    return [
        Code(block.text, "", block.quote, block.items) if isinstance(block, Code) else block
        for block in parse_markdown(text)
    ]


@pytest.mark.parametrize("name", ["html", *ZIPPED])
def test_markdown_survives(tmp_path, name):
    path = tmp_path / f"a.{name}"
    write_document(path, MARKDOWN)
    document = read_document(path)
    assert document.format == name
    assert document.is_markdown
    assert blocks_of(document.text) == blocks_of(MARKDOWN)
    assert document.notices == ()


@pytest.mark.parametrize("name", ZIPPED)
def test_metadata_and_label(tmp_path, name):
    path = tmp_path / f"a.{name}"
    write_document(path, MARKDOWN, METADATA)
    document = read_document(path)
    assert (document.title, document.author, document.language) == (
        METADATA.title,
        METADATA.author,
        METADATA.language,
    )
    assert document.text.rstrip().endswith(METADATA.label_text)
    with zipfile.ZipFile(path) as archive:
        parts = "".join(archive.read(part).decode() for part in archive.namelist())
    assert METADATA.source_type in parts
    assert "{&quot;prompt" in parts or '{"prompt": "x"}' in parts
    assert "SmolLM2" in parts


@pytest.mark.parametrize("name", ["html", *ZIPPED])
def test_nothing_unasked_is_written(tmp_path, name):
    path = tmp_path / f"a.{name}"
    write_document(path, "text")
    with zipfile.ZipFile(path) if name != "html" else path.open() as file:
        parts = (
            file.read()
            if name == "html"
            else "".join(file.read(part).decode() for part in file.namelist())
        )
    for word in ("digitalsourcetype", "recipe", "An AI model"):
        assert word not in parts.replace("ai-label", "")


@pytest.mark.parametrize("name", ["html", *ZIPPED])
def test_odd_texts(tmp_path, name):
    for number, text in enumerate(
        ["", "\n\n", "a\x00\x08b\ud800c \ufffe", "# ", "- \n- ", "| a |\n| - |"]
    ):
        path = tmp_path / f"{number}.{name}"
        write_document(path, text)
        assert path.stat().st_size > 0
    numbers = "7. seven\n8. eight\n\ntext\n\n1. one\n\n   more\n   1. deep\n2. two"
    write_document(tmp_path / f"n.{name}", numbers)
    assert parse_markdown(read_document(tmp_path / f"n.{name}").text) == parse_markdown(numbers)


def test_the_same_text_gives_the_same_bytes(tmp_path):
    for name in ZIPPED:
        for stem in ("a", "b"):
            write_document(tmp_path / f"{stem}.{name}", MARKDOWN, METADATA)
        assert (tmp_path / f"a.{name}").read_bytes() == (tmp_path / f"b.{name}").read_bytes()


def test_python_docx_reads_the_word_document(tmp_path):
    path = tmp_path / "a.docx"
    write_document(path, MARKDOWN, METADATA)
    document = docx.Document(str(path))
    styles = [(one.style.name, one.text) for one in document.paragraphs]
    assert styles[0] == ("Heading 1", "标题与章节")
    assert ("List Number", "one") in styles
    assert ("List Bullet", "第二项") in styles
    assert ("List Continue 2", "more of it") in styles
    assert ("Quote", "quoted 引文") in styles
    runs = {run.text: run for run in document.paragraphs[1].runs}
    assert runs["bold"].bold
    assert runs["italic"].italic
    assert runs["both"].bold
    assert runs["both"].italic
    assert runs["gone"].font.strike
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows][2] == [
        "苹果",
        "4",
    ]
    assert document.core_properties.title == METADATA.title
    assert document.core_properties.author == METADATA.author
    (link,) = document.paragraphs[1].hyperlinks
    assert link.address == "https://example.org/a"


def test_a_document_of_python_docx_is_read(tmp_path):
    path = tmp_path / "a.docx"
    made = docx.Document()
    made.core_properties.title = "From elsewhere"
    made.add_heading("Title", 0)
    made.add_heading("章", 2)
    paragraph = made.add_paragraph("plain ")
    paragraph.add_run("bo").bold = True
    paragraph.add_run("ld").bold = True
    paragraph.add_run(" slanted").italic = True
    made.add_paragraph("first", style="List Number")
    made.add_paragraph("second", style="List Number")
    made.add_paragraph("deeper", style="List Bullet 2")
    made.add_paragraph("cited", style="Intense Quote")
    table = made.add_table(2, 2)
    table.cell(0, 0).text, table.cell(1, 1).text = "左上", "end"
    made.save(str(path))
    document = read_document(path)
    assert document.title == "From elsewhere"
    assert document.text == (
        "# Title\n\n## 章\n\nplain **bold** *slanted*\n\n1. first\n2. second\n\n- deeper\n\n"
        "> cited\n\n"
        "| 左上 |  |\n| --- | --- |\n|  | end |\n"
    )


def test_the_book_has_the_structure_of_epub_3(tmp_path):
    path = tmp_path / "a.epub"
    write_document(path, MARKDOWN, METADATA)
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/epub+zip"
        parts = {name: archive.read(name) for name in archive.namelist()}
    opf = "{http://www.idpf.org/2007/opf}"
    package = ElementTree.fromstring(parts["OEBPS/content.opf"])
    assert package.get("version") == "3.0"
    identifier = package.find(f".//*[@id='{package.get('unique-identifier')}']")
    assert identifier.text.startswith("urn:uuid:")
    properties = {meta.get("property") for meta in package.iter(f"{opf}meta")}
    assert "dcterms:modified" in properties
    items = {item.get("id"): item for item in package.iter(f"{opf}item")}
    assert {f"OEBPS/{item.get('href')}" for item in items.values()} == parts.keys() - {
        "mimetype",
        "META-INF/container.xml",
        "OEBPS/content.opf",
    }
    spine = [items[one.get("idref")].get("href") for one in package.iter(f"{opf}itemref")]
    assert spine[0] == "title.xhtml"
    (nav,) = (item for item in items.values() if item.get("properties") == "nav")
    page = ElementTree.fromstring(parts[f"OEBPS/{nav.get('href')}"])
    links = [
        (one.get("href"), "".join(one.itertext()))
        for one in page.iter("{http://www.w3.org/1999/xhtml}a")
    ]
    assert links == [
        ("chapter1.xhtml", "标题与章节"),
        ("chapter2.xhtml", "列表 Lists"),
        ("chapter3.xhtml", "Special"),
    ]
    for name, data in parts.items():
        if name.endswith(".xhtml"):
            root = ElementTree.fromstring(data)
            assert root.find(
                "{http://www.w3.org/1999/xhtml}head/{http://www.w3.org/1999/xhtml}title"
            ).text
            ids = [one.get("id") for one in root.iter() if one.get("id")]
            assert len(ids) == len(set(ids))


def test_passages_of_a_book_are_named_by_chapter(tmp_path):
    path = tmp_path / "a.epub"
    write_document(path, "# One\n\nfirst\n\n# Two\n\nsecond")
    document = read_document(path)
    assert document.place_of(document.text.index("second")) == "chapter 2"
    assert document.title == "One"
