"""Documents as PDF: text, Chinese, fonts, metadata, pages."""

import io

import pypdf
import pytest
from PySide6.QtGui import QFontDatabase

from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.read import read_document
from studio.ui.text.pdf import default_font, missing_characters, write_pdf
from tests.documents.formats.samples import MARKDOWN
from tests.documents.formats.test_text_files import METADATA

CHINESE_FONTS = QFontDatabase.WritingSystem.SimplifiedChinese

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def _chinese(qapp):
    if not QFontDatabase.families(CHINESE_FONTS):
        pytest.skip("no font with Chinese characters")


@pytest.mark.usefixtures("_chinese")
def test_text_and_metadata_are_in_the_file(tmp_path):
    path = tmp_path / "a.pdf"
    assert write_pdf(path, MARKDOWN, METADATA) == ()
    document = read_document(path)
    for words in ("标题与章节", "这是强调的文字", "second", "苹果", METADATA.label_text):
        assert words in document.text
    assert (document.title, document.author) == (METADATA.title, METADATA.author)
    reader = pypdf.PdfReader(path)
    xmp = reader.xmp_metadata
    assert xmp.dc_title["x-default"] == METADATA.title
    assert xmp.dc_creator == [METADATA.author]
    packet = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert METADATA.source_type in packet
    assert METADATA.model in packet
    assert "&quot;prompt&quot;" in packet or '{"prompt"' in packet


@pytest.mark.usefixtures("_chinese")
def test_every_font_is_embedded(tmp_path):
    path = tmp_path / "a.pdf"
    write_pdf(path, MARKDOWN)
    for page in pypdf.PdfReader(path).pages:
        for font in page["/Resources"]["/Font"].values():
            (inner,) = font["/DescendantFonts"]
            descriptor = inner.get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & descriptor.keys()


def test_nothing_unasked_is_in_the_file(tmp_path):
    path = tmp_path / "a.pdf"
    write_pdf(path, "text")
    packet = pypdf.PdfReader(path).trailer["/Root"]["/Metadata"].get_data().decode()
    assert "DigitalSourceType" not in packet
    assert "recipe" not in packet


def test_long_texts_have_pages_with_numbers_and_progress(tmp_path):
    path = tmp_path / "a.pdf"
    seen = []
    text = "\n\n".join(f"Paragraph {number}. " + "word " * 60 for number in range(100))
    write_pdf(path, text, on_progress=lambda done, total: seen.append((done, total)))
    pages = pypdf.PdfReader(path).pages
    assert seen == [*((number, len(pages)) for number in range(len(pages))), (1, 1)]
    assert len(pages) > 5
    assert pages[2].extract_text().split()[-1] == "3"
    found = "".join(page.extract_text() for page in pages)
    assert all(f"Paragraph\t{number}." in found for number in range(100))


def test_cancel_writes_nothing(tmp_path):
    def stop(done, _total):
        if done == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_pdf(tmp_path / "a.pdf", "text\n\n" * 2_000, on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_files_are_not_overwritten(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_text("old")
    with pytest.raises(FileExistsError):
        write_pdf(path, "new")
    assert path.read_text() == "old"
    write_pdf(path, "new", replace=True)
    assert pypdf.PdfReader(io.BytesIO(path.read_bytes())).pages


def test_characters_without_a_font_are_named(tmp_path):
    missing = missing_characters("a\U000f0000\n", default_font("a"))
    assert missing in ("", "\U000f0000")
    notices = write_pdf(tmp_path / "a.pdf", "a \U000131f0 b", DocumentMetadata())
    if missing_characters("\U000131f0", default_font("a")):
        assert "\U000131f0" in notices[0]
    else:
        assert notices == ()


def test_hostile_texts(tmp_path):
    for number, text in enumerate(
        [
            "",
            "![x](file:///etc/passwd)",
            '<img src="/etc/passwd">',
            "> " * 30 + "deep",
            "x" * 300_000,
        ]
    ):
        path = tmp_path / f"{number}.pdf"
        write_pdf(path, text)
        reader = pypdf.PdfReader(path)
        assert len(reader.pages) >= 1
        assert not any(len(page.images) for page in reader.pages)
