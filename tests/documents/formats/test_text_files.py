"""Reading text, Markdown, web pages and subtitles, and writing the first three."""

import os

import pytest

from studio.core.errors import StudioError
from studio.documents.formats.faults import MAX_TEXT_FILE_BYTES
from studio.documents.formats.markdown.parse import parse_markdown
from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.read import read_document
from studio.documents.formats.write import write_document
from tests.documents.formats.samples import MARKDOWN

CHINESE = "今天的天气很好，我们去图书馆看书。然后他们一起回家吃饭，聊了很久。\n" * 4
BIG5 = "今天的天氣很好，我們去圖書館看書。然後他們一起回家吃飯，聊了很久。\n" * 4
METADATA = DocumentMetadata(
    title="It's 标题",
    author="A. Writer",
    language="zh-CN",
    date="2026-11-30",
    model="SmolLM2",
    recipe='{"prompt": "x"}',
    ai_label="assisted",
)


def refusal(path, **options):
    with pytest.raises(StudioError) as caught:
        read_document(path, **options)
    assert caught.value.cause == "invalid"
    assert caught.value.cure
    assert path.name in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", CHINESE),
        ("utf-8-sig", CHINESE),
        ("utf-16", CHINESE),
        ("gb18030", CHINESE),
        ("gbk", CHINESE),
        ("big5", BIG5),
        ("latin-1", "Le café est déjà fermé, mais l'hôtel est ouvert cet été à Nîmes.\n" * 4),
    ],
)
def test_encodings_are_found_and_named(tmp_path, encoding, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    document = read_document(path)
    assert document.text == text
    if encoding.startswith("utf"):
        assert document.notices == ()
    else:
        assert document.encoding in document.notices[0]
    assert read_document(path, encoding=encoding).notices == ()


def test_a_stated_encoding_that_does_not_fit(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(CHINESE.encode("gb18030"))
    assert "encoding" in refusal(path, encoding="utf-8")


def test_line_breaks_become_one_kind(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r\ntwo\rthree\n\n\nfour")
    document = read_document(path)
    assert document.text == "one\ntwo\nthree\n\n\nfour"
    assert document.place_of(document.text.index("two")) == "paragraph 1"
    assert document.place_of(document.text.index("four")) == "paragraph 2"


def test_two_megabytes_without_a_line_break(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("word " * 400_000)
    document = read_document(path)
    assert len(document.text) == 2_000_000
    write_document(tmp_path / "b.html", document.text)
    assert read_document(tmp_path / "b.html").text.strip() == document.text.strip()


def test_a_text_of_300_megabytes_is_refused(tmp_path):
    for name in ("a.txt", "a.md", "a.html", "a.srt"):
        path = tmp_path / name
        with path.open("wb") as file:
            file.write(b"text\n")
            file.truncate(300 * 2**20)
        assert "MB" in refusal(path)
        os.truncate(path, MAX_TEXT_FILE_BYTES + 1)
        assert "more than 32 MB" in refusal(path)
        path.unlink()


def test_what_is_no_document(tmp_path):
    empty, folder, pipe = tmp_path / "a.txt", tmp_path / "folder.txt", tmp_path / "pipe.txt"
    empty.touch()
    folder.mkdir()
    os.mkfifo(pipe)
    assert "empty" in refusal(empty)
    assert "regular" in refusal(folder)
    assert "regular" in refusal(pipe)
    assert "No such file" in refusal(tmp_path / "missing.txt")
    loop, device = tmp_path / "loop.txt", tmp_path / "device.txt"
    loop.symlink_to(loop)
    device.symlink_to("/dev/zero")
    assert "symbolic" in refusal(loop)
    assert "regular" in refusal(device)
    link = tmp_path / "link.txt"
    (tmp_path / "real.txt").write_text("real")
    link.symlink_to(tmp_path / "real.txt")
    assert read_document(link).text == "real"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "not a text"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old format"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old format"),
        ("a.rtf", rb"{\rtf1 hello}", "RTF"),
        ("a.txt", b"\x1f\x8b\x08\0\0\0\0\0", "compressed"),
        ("a.docx", b"\0\1\2\3" * 100, "no valid file of its format"),
        ("a.pdf", b"\0\1\2\3" * 100, "no valid file of its format"),
        ("a.srt", b"just a text", "no subtitles"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    assert words in refusal(path)


def test_a_text_with_the_name_of_another_format(tmp_path):
    path = tmp_path / "a.docx"
    path.write_text("only text")
    document = read_document(path)
    assert (document.format, document.text) == ("txt", "only text")
    assert ".docx" in document.notices[0]
    page = tmp_path / "b.txt"
    page.write_text("<!DOCTYPE html><html><body><p>web</p></body></html>")
    assert read_document(page).text == "web\n"


def test_markdown_with_front_matter(tmp_path):
    path = tmp_path / "a.md"
    write_document(path, MARKDOWN, METADATA)
    document = read_document(path)
    assert document.text == f"{MARKDOWN}\n*{METADATA.label_text}*\n"
    assert (document.title, document.author, document.language) == (
        METADATA.title,
        METADATA.author,
        METADATA.language,
    )
    assert METADATA.source_type in path.read_text()
    assert path.read_text().startswith("---\ntitle: 'It''s 标题'\n")
    write_document(tmp_path / "b.md", MARKDOWN)
    assert (tmp_path / "b.md").read_text() == MARKDOWN


def test_a_rule_at_the_start_is_no_front_matter(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("---\n\nA text.\n\n---\n\nmore")
    assert read_document(path).text == path.read_text()


def test_a_web_page_keeps_blocks_and_styles(tmp_path):
    path = tmp_path / "a.html"
    write_document(path, MARKDOWN, METADATA)
    document = read_document(path)
    label = parse_markdown(METADATA.label_text)
    assert parse_markdown(document.text) == parse_markdown(MARKDOWN) + label
    assert (document.title, document.author) == (METADATA.title, METADATA.author)
    assert document.language == "zh-CN"
    page = path.read_text()
    assert METADATA.source_type in page
    assert "<script" not in page
    assert "src=" not in page
    assert "url(" not in page


def test_a_saved_page_of_the_web(tmp_path):
    path = tmp_path / "a.htm"
    path.write_bytes(
        """<html lang=zh><head><meta charset="gb2312"><title>新闻 &amp; 报道</title>
        <script>document.write("<p>no</p>")</script><style>p { color: red }</style></head><body>
        <nav><ul><li>Home</ul></nav><h1>大标题</h1><p>第一段 <b>重要</b><br>次行
        <p>second <img src="http://tracker.example/x.png" alt="a cat"> <a href="javascript:x()">link
        </a><ul><li>one<ol start=3><li>three<li>four</ol><li>two</ul><form><input></form>
        <table><tr><td>only one column</table><div>tail</div><footer>©</footer></body>""".encode(
            "gb18030"
        )
    )
    document = read_document(path)
    assert document.text == (
        "# 大标题\n\n第一段 **重要**  \n次行\n\nsecond a cat link\n\n"
        "- one\n  3. three\n  4. four\n- two\n\nonly one column\n\ntail\n"
    )
    assert document.title == "新闻 & 报道"
    assert document.language == "zh"
    assert document.encoding == "gb18030"
    assert len(document.notices) == 3
    assert document.place_of(document.text.index("second")) == "paragraph 3"


def test_a_page_that_is_all_menu(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<html><nav><p>only this")
    assert read_document(path).text == "only this\n"


def test_hostile_pages(tmp_path):
    path = tmp_path / "a.html"
    for page in ("<b>" * 200_000 + "x", "<ul><li>" * 2_000 + "x", "<table><tr><td>" * 2_000 + "x"):
        path.write_text(f"<html>{page}")
        assert "x" in read_document(path).text


def test_subtitles(tmp_path):
    path = tmp_path / "a.srt"
    path.write_text(
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i>\r\nthere\r\n\r\n"
        "2\r\n01:02:03,000 --> 01:02:05,000 X1:40\r\n{\\an8}你好\r\n\r\n3\r\n"
    )
    document = read_document(path)
    assert document.text == "Hello there\n你好\n"
    assert document.place_of(document.text.index("你")) == "at 62:03"
    vtt = tmp_path / "a.vtt"
    vtt.write_text(
        "WEBVTT - title\n\nNOTE a remark\n\n00:01.000 --> 00:04.000 align:start\n"
        "<v Mary>Hi &amp; bye\n\nname\n00:05.000 --> 00:06.000\n<00:05.500>So\n"
    )
    assert read_document(vtt).text == "Mary: Hi & bye\nSo\n"


def test_plain_text_has_no_marks(tmp_path):
    path = tmp_path / "a.txt"
    write_document(path, MARKDOWN, METADATA)
    text = path.read_text()
    assert text.startswith("标题与章节\n\nFirst bold, italic, both, code and gone; see the page.")
    assert "1. one\n2. two\n  - nested bold" in text
    assert text.endswith(f"\n\n{METADATA.label_text}\n")
    write_document(tmp_path / "b.txt", "# as *it* is", is_markdown=False)
    assert (tmp_path / "b.txt").read_text() == "# as *it* is\n"


def test_files_are_not_overwritten(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("old")
    with pytest.raises(FileExistsError):
        write_document(path, "new")
    assert path.read_text() == "old"
    write_document(path, "new", replace=True)
    assert path.read_text() == "new\n"
    assert sorted(tmp_path.iterdir()) == [path]


def test_formats_that_cannot_be_written(tmp_path):
    for name in ("a.srt", "a.xyz", "a"):
        with pytest.raises(StudioError, match="cannot be written"):
            write_document(tmp_path / name, "text")
        assert not (tmp_path / name).exists()
