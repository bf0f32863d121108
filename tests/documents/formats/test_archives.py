"""Hostile and damaged zip files: bombs, entities, paths, passwords, macros, missing parts."""

import contextlib
import io
import zipfile

import pytest

from studio.core.errors import StudioError
from studio.documents.formats.archives import package as package_module
from studio.documents.formats.archives.xml_tree import MAX_DEPTH, XmlError, parse_xml
from studio.documents.formats.read import read_document
from studio.documents.formats.write import write_document
from tests.documents.formats.samples import MARKDOWN
from tests.documents.formats.test_text_files import refusal

TEXT_PARTS = {
    "docx": "word/document.xml",
    "odt": "content.xml",
    "epub": "OEBPS/chapter1.xhtml",
}
STRUCTURE_PARTS = {
    "docx": "word/styles.xml",
    "odt": "styles.xml",
    "epub": "OEBPS/content.opf",
}


@pytest.fixture(params=sorted(TEXT_PARTS))
def kind(request):
    return request.param


def changed(path, **parts):
    """Replace or add parts of a zip file; a part that is None is left out."""
    parts = {name.replace("__", "/"): data for name, data in parts.items()}
    with zipfile.ZipFile(path) as source:
        kept = {name: source.read(name) for name in source.namelist()}
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in (kept | parts).items():
            if data is not None:
                target.writestr(name, data)
    path.write_bytes(output.getvalue())


@pytest.fixture
def document(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    write_document(path, MARKDOWN)
    return path


def test_zip_bombs(document, kind):
    changed(document, **{TEXT_PARTS[kind]: b" " * (package_module.MAX_PART_BYTES + 1)})
    assert document.stat().st_size < 1_000_000
    assert "unpacks to more than 64 MB" in refusal(document)


def test_a_bomb_that_understates_its_size(document, kind):
    changed(document, **{TEXT_PARTS[kind]: b"<a>" + b" " * 3_000_000})
    data = document.read_bytes()
    true_size = (3_000_003).to_bytes(4, "little")
    assert data.count(true_size) == 2
    document.write_bytes(data.replace(true_size, (1_000).to_bytes(4, "little")))
    assert "damaged" in refusal(document)


def test_all_parts_together_are_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(package_module, "MAX_READ_BYTES", 20_000)
    path = tmp_path / "a.epub"
    write_document(path, "\n\n".join(f"# {number}\n\n{'text ' * 800}" for number in range(9)))
    assert "unpacks" in refusal(path)


def test_many_parts(document, monkeypatch):
    monkeypatch.setattr(package_module, "MAX_PARTS", 5)
    changed(document, **{f"more{number}": b"" for number in range(5)})
    assert "more than 5 parts" in refusal(document)


@pytest.mark.parametrize("place", ["text", "structure"])
def test_entities_are_refused(document, kind, place):
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">'
        b'<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&b;&x;</a>'
    )
    name = (TEXT_PARTS if place == "text" else STRUCTURE_PARTS)[kind]
    changed(document, **{name: bomb})
    if (kind, place) == ("epub", "text"):  # read as a web page, which has no entities of its own
        text = read_document(document).text
        assert "root:" not in text
        assert "aaaaaaaaaa" not in text.replace("&lt;", "<").split("]>")[-1]
    else:
        assert "damaged" in refusal(document)


def test_deep_and_broken_xml():
    with pytest.raises(XmlError) as caught:
        parse_xml(b"<a>" * (MAX_DEPTH + 1))
    assert caught.value.is_limit
    for data in (b"", b"<a>", b"<a></b>", b"\0\1", b"<a b=1/>", b"<?xml encoding='x'?><a/>"):
        with pytest.raises(XmlError) as caught:
            parse_xml(data)
        assert not caught.value.is_limit
    with pytest.raises(XmlError) as caught:
        parse_xml(b"<a b='" + b"x" * 20_000_000 + b"'/>")
    assert caught.value.is_limit


def test_truncated_files(document):
    data = document.read_bytes()
    for size in (5, 100, len(data) // 2, len(data) - 30):
        document.write_bytes(data[:size])
        assert "damaged" in refusal(document)


def test_changed_bytes_never_give_other_errors(document):
    data = bytearray(document.read_bytes())
    for position in range(0, len(data), 41):
        broken = bytearray(data)
        broken[position] ^= 0x5A
        document.write_bytes(broken)
        with contextlib.suppress(StudioError):
            assert read_document(document).text


def test_missing_parts(document, kind):
    changed(document, **{TEXT_PARTS[kind]: None})
    if kind == "epub":
        assert "One chapter is missing in the file." in read_document(document).notices
    else:
        assert "damaged" in refusal(document)


def test_names_that_lead_out_of_the_file(tmp_path, document, kind):
    secret = tmp_path / "secret.xhtml"
    secret.write_text("<p>secret</p>")
    changed(document, **{"../secret.xhtml": b"<p>inner secret</p>", str(secret): b"<p>no</p>"})
    if kind == "epub":
        with zipfile.ZipFile(document) as archive:
            opf = archive.read("OEBPS/content.opf").decode()
        opf = opf.replace('href="chapter1.xhtml"', 'href="../../secret.xhtml"')
        opf = opf.replace('href="chapter2.xhtml"', f'href="{secret}"')
        changed(document, **{"OEBPS/content.opf": opf.encode()})
    found = read_document(document)
    assert "secret" not in found.text
    assert secret.read_text() == "<p>secret</p>"
    assert sorted(tmp_path.iterdir()) == sorted([document, secret])


def test_macros_are_named(tmp_path):
    path = tmp_path / "a.docx"
    write_document(path, "text")
    changed(path, **{"word/vbaProject.bin": b"macro"})
    assert any("macros" in notice for notice in read_document(path).notices)
    path = tmp_path / "a.odt"
    write_document(path, "text")
    changed(path, **{"Basic/Standard/Module1.xml": b"<x/>"})
    assert any("macros" in notice for notice in read_document(path).notices)


def test_external_content_of_word_documents_is_named(tmp_path):
    path = tmp_path / "a.docx"
    write_document(path, "[kept](https://example.org/)")
    with zipfile.ZipFile(path) as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    external = "".join(
        f'<Relationship Id="e{kind}" Type="{kinds}/{kind}" Target="http://evil.example/x" '
        'TargetMode="External"/>'
        for kind in ("image", "attachedTemplate", "styles", "numbering")
    )
    relations = relations.replace("</Relationships>", external + "</Relationships>")
    changed(path, **{"word/_rels/document.xml.rels": relations.encode()})
    document = read_document(path)
    assert document.text == "[kept](https://example.org/)\n"
    assert document.notices == ("4 links to content outside the file were not followed.",)


WORD_BODY = """<w:p><w:r><w:t>kept</w:t><w:footnoteReference w:id="2"/></w:r>
<w:ins><w:r><w:t xml:space="preserve"> new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText>
</w:r></w:del><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:drawing/></w:r>
<w:r><w:commentReference w:id="1"/></w:r><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxml\
formats.org/markup-compatibility/2006"><mc:Choice><w:drawing><w:txbxContent><w:p><w:r><w:t>boxed
</w:t></w:r></w:p></w:txbxContent></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p>
<w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>
</w:p>"""


def test_what_is_left_out_of_word_documents_is_named(tmp_path):
    path = tmp_path / "a.docx"
    write_document(path, "text")
    with zipfile.ZipFile(path) as archive:
        body = archive.read("word/document.xml").decode()
    changed(
        path, **{"word/document.xml": body.replace("<w:body>", f"<w:body>{WORD_BODY}").encode()}
    )
    document = read_document(path)
    assert document.text == "kept new\n\nboxed\n\ntext\n"
    assert document.notices == (
        "One image was left out.",
        "One footnote was left out.",
        "One comment was left out.",
        "Tracked changes were read as if they were accepted.",
    )


ODT_BODY = """<text:tracked-changes><text:changed-region/></text:tracked-changes>
<text:p>kept<text:note><text:note-body><text:p>foot</text:p></text:note-body></text:note> on
<text:s text:c="3"/>and<text:tab/>on<office:annotation><text:p>remark</text:p></office:annotation>
<draw:frame xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"><draw:image/>
</draw:frame></text:p><text:section><text:p>inner</text:p></text:section>"""


def test_what_is_left_out_of_opendocument_texts_is_named(tmp_path):
    path = tmp_path / "a.odt"
    write_document(path, "text")
    with zipfile.ZipFile(path) as archive:
        body = archive.read("content.xml").decode()
    changed(
        path, **{"content.xml": body.replace("<office:text>", f"<office:text>{ODT_BODY}").encode()}
    )
    document = read_document(path)
    assert document.text == "kept on and on\n\ninner\n\ntext\n"
    assert len(document.notices) == 4


def test_passwords_and_protection_are_named(tmp_path):
    odt, epub = tmp_path / "a.odt", tmp_path / "a.epub"
    write_document(odt, "text")
    write_document(epub, "text")
    manifest = (
        b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    )
    changed(odt, **{"META-INF/manifest.xml": manifest})
    assert "password" in refusal(odt)
    encryption = (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
        '<e:EncryptionMethod Algorithm="{}"/></e:EncryptedData></encryption>'
    )
    font = encryption.format("http://www.idpf.org/2008/embedding").encode()
    changed(epub, **{"META-INF/encryption.xml": font})
    assert read_document(epub).text.strip().endswith("text")
    text = encryption.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc").encode()
    changed(epub, **{"META-INF/encryption.xml": text})
    assert "DRM" in refusal(epub)


def test_other_zip_files_are_refused(tmp_path):
    for name in ("a.docx", "a.zip", "a.xlsx"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("xl/workbook.xml", "<x/>")
        assert "neither a Word" in refusal(path)


def test_a_book_with_the_name_of_a_word_document(tmp_path):
    path = tmp_path / "a.docx"
    write_document(path, "text", file_format="epub")
    document = read_document(path)
    assert document.format == "epub"
    assert "EPUB" in document.notices[0]
