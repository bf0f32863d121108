"""`studio document show|spell|convert`, and `--file` with documents of every format."""

import json
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs fork", allow_module_level=True)

from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.read import read_document
from studio.documents.formats.write import write_document
from studio.library.artifacts import read_recipe
from tests.cli.fork_server import Call, ForkServer
from tests.documents.formats.pdf_files import pdf_of_pages
from tests.documents.formats.samples import MARKDOWN


@pytest.fixture(scope="module")
def server():
    with ForkServer() as running:
        yield running


@pytest.fixture
def run(server, tmp_path, data):
    def run_one(*arguments):
        words = ["--fake", "--data-dir", str(data.root), *map(str, arguments)]
        return server.run(Call(arguments=words, folder=str(tmp_path)))

    return run_one


def test_show_prints_text_and_notices(run, tmp_path):
    write_document(tmp_path / "a.docx", "# 标题\n\n**bold**", DocumentMetadata(title="T"))
    (tmp_path / "b.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    shown = run("document", "show", "a.docx")
    assert (shown.code, shown.out, shown.err) == (0, "# 标题\n\n**bold**\n", "")
    shown = run("document", "show", "b.srt")
    assert (shown.code, shown.out) == (0, "Hello\n")
    assert "times of the subtitles" in shown.err
    found = json.loads(run("document", "show", "a.docx", "--json").out)
    assert (found["title"], found["format"], found["is_markdown"]) == ("T", "docx", True)
    assert found["places"]["unit"] == "paragraph"


def test_an_encoding_can_be_stated(run, tmp_path):
    (tmp_path / "a.txt").write_bytes("汉字".encode("gb18030"))
    assert run("document", "show", "a.txt", "--encoding", "gb18030").out == "汉字\n"


@pytest.mark.parametrize("name", ["txt", "md", "html", "docx", "odt", "epub", "pdf"])
def test_convert_writes_every_format(run, tmp_path, name):
    write_document(tmp_path / "a.md", MARKDOWN)
    ended = run(
        *("document", "convert", "a.md", "-o", f"out.{name}", "--title", "My 书", "--label-ai"),
        *("--author", "Somebody", "--language", "zh-CN"),
    )
    assert (ended.code, ended.out) == (0, f"out.{name}\n"), ended.err
    document = read_document(tmp_path / f"out.{name}")
    assert document.format == name
    assert "标题与章节" in document.text
    assert "with the help of an AI model" in document.text
    if name != "txt":
        assert (document.title, document.author) == ("My 书", "Somebody")


def test_convert_never_replaces_unasked(run, tmp_path):
    (tmp_path / "a.md").write_text("new")
    for name in ("out.md", "out.pdf"):
        (tmp_path / name).write_text("old")
        ended = run("document", "convert", "a.md", "-o", name)
        assert ended.code == 2
        assert "exists" in ended.err
        assert "--replace" in ended.err
        assert (tmp_path / name).read_text() == "old"
        ended = run("document", "convert", "a.md", "-o", name, "--replace", "--json")
        assert json.loads(ended.out) == {
            "file": name,
            "format": name.partition(".")[2],
            "notices": [],
        }
        assert (tmp_path / name).read_bytes() != b"old"


def test_errors_name_the_file_and_the_cure(run, tmp_path):
    (tmp_path / "scan.pdf").write_bytes(pdf_of_pages(["", ""]))
    (tmp_path / "a.md").write_text("text")
    ended = run("document", "show", "scan.pdf")
    assert ended.code == 2
    assert "images of pages" in ended.err
    assert "OCR" in ended.err
    ended = run("document", "convert", "a.md", "-o", "a.xyz")
    assert ended.code == 2
    assert ".docx" in ended.err
    ended = run("document", "convert", "a.md", "-o", "missing/a.docx")
    assert ended.code == 1
    assert "cannot be written" in ended.err


def test_the_recipe_of_a_generated_text_goes_along(run, tmp_path, data):
    assert run("text", "a story", "-o", "made.txt", "--seed", 3).code == 0
    assert run("document", "convert", "made.txt", "-o", "a.html", "--label-ai").code == 0
    page = (tmp_path / "a.html").read_text()
    assert "a story" in page
    assert "An AI model generated this text" in page
    assert run("settings", "set", "recipe_in_files", "false").code == 0
    assert run("document", "convert", "made.txt", "-o", "b.html").code == 0
    page = (tmp_path / "b.html").read_text()
    assert "a story" not in page
    assert "digitalsourcetype" not in page


@pytest.mark.parametrize("name", ["docx", "odt", "epub", "html"])
def test_a_prompt_comes_from_a_document(run, tmp_path, name):
    write_document(tmp_path / f"a.{name}", "Name **three** fruits.\n\n- 苹果")
    ended = run("text", "--file", f"a.{name}", "-o", "out.txt")
    assert ended.code == 0, ended.err
    assert read_recipe(tmp_path / "out.txt").request.prompt == "Name **three** fruits.\n\n- 苹果"


def test_a_prompt_comes_from_a_pdf_without_extension(run, tmp_path):
    (tmp_path / "file").write_bytes(pdf_of_pages(["Name a fruit"]))
    assert run("text", "--file", "file", "-o", "out.txt").code == 0
    assert read_recipe(tmp_path / "out.txt").request.prompt == "Name a fruit"


def test_markdown_files_stay_prompts_as_they_are(run, tmp_path):
    (tmp_path / "a.md").write_text("---\ntitle: x\n---\n\n*go*\n")
    assert run("text", "--file", "a.md", "-o", "out.txt").code == 0
    prompt = read_recipe(tmp_path / "out.txt").request.prompt
    assert prompt == "---\ntitle: x\n---\n\n*go*"


def test_spoken_documents_have_no_marks(run, tmp_path):
    write_document(tmp_path / "a.docx", "# Title\n\nSome **bold** words.")
    assert run("speech", "--file", "a.docx", "-o", "out.wav").code == 0
    assert read_recipe(tmp_path / "out.wav").request.prompt == "Title\n\nSome bold words."


def test_a_task_reads_a_document(run, tmp_path, data):
    own = (
        'title = "Words"\n[[field]]\nname = "text"\ntitle = "T"\n[prompt.en]\nchat = "{text}"\n'
        'complete = "About {text}:"\n'
    )
    data.tasks.mkdir()
    (data.tasks / "words.toml").write_text(own)
    write_document(tmp_path / "a.odt", "rain and sun")
    ended = run("text", "--task", "words", "--file", "a.odt", "-o", "out.txt", "--json")
    assert ended.code == 0, ended.err
    assert "rain and sun" in read_recipe(tmp_path / "out.txt").request.prompt


def test_a_document_that_is_too_long_for_a_prompt(run, tmp_path):
    write_document(tmp_path / "a.docx", "word " * 50_000)
    ended = run("text", "--file", "a.docx")
    assert ended.code == 2
    assert "200,000 characters" in ended.err


def test_spell_lists_words_with_their_places(run, tmp_path):
    (tmp_path / "a.md").write_text("We recieve\n\nnever `teh` at Quandar.\n", "utf-8")
    shown = run("document", "spell", "a.md", "--json")
    found = json.loads(shown.out)
    assert [(one["word"], one["line"], one["column"]) for one in found] == [
        ("recieve", 1, 4),
        ("Quandar", 3, 16),
    ]
    assert found[0]["suggestions"][0] == "receive"
    assert run("document", "spell", "a.md").out.startswith("1:4: recieve → receive, ")
