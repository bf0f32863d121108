"""Documents are read in a child: with progress, cancel, and limits of time and memory."""

import os
import sys

import psutil
import pytest

from studio.core.errors import StudioError
from studio.documents.formats.child import main as child_main
from studio.documents.formats.child.process import ReadingCancelled, read_in_child
from studio.documents.formats.read import read_document
from studio.documents.formats.write import write_document
from tests.documents.formats.pdf_files import pdf_of_pages
from tests.documents.formats.samples import MARKDOWN


def readers():
    """Return the children of this process that read documents."""
    return [
        child
        for child in psutil.Process().children()
        if any("studio.documents.formats.child" in part for part in child.cmdline())
    ]


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.docx", "a.odt", "a.epub"])
def test_the_child_gives_what_this_process_reads(tmp_path, name):
    path = tmp_path / name
    write_document(path, MARKDOWN)
    assert read_in_child(path) == read_document(path)
    assert not readers()


def test_an_encoding_is_passed_on(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("汉字".encode("gb18030"))
    assert read_in_child(path, encoding="gb18030").text == "汉字"


def test_refusals_come_back(tmp_path):
    path = tmp_path / "a.docx"
    path.write_bytes(b"PK\3\4 damaged")
    with pytest.raises(StudioError, match="damaged") as caught:
        read_in_child(path)
    assert caught.value.cause == "invalid"
    assert caught.value.cure


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_with_bytes_that_are_no_characters(tmp_path, caplog):
    path = tmp_path / os.fsdecode(b"\xcc\xe1.txt")
    with pytest.raises(StudioError, match=r"^��\.txt cannot be read: No such file"):
        read_in_child(path)
    assert not caplog.records, "the child ended without a traceback"
    path.write_text("text")
    assert read_in_child(path).text == "text"


def test_a_thousand_pages_with_progress(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of_pages([f"Page number {number} of it" for number in range(1, 1001)]))
    seen = []
    document = read_in_child(path, on_progress=lambda done, total: seen.append((done, total)))
    assert len(document.places.starts) == 1000
    assert document.place_of(document.text.index("number 700 ")) == "page 700"
    assert seen
    assert all(total == 1000 for _done, total in seen)
    assert [done for done, _total in seen] == sorted({done for done, _total in seen})


def test_cancel_ends_the_child(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_of_pages(["text"] * 1000))
    seen = []
    with pytest.raises(ReadingCancelled):
        read_in_child(
            path,
            on_progress=lambda done, _total: seen.append(done),
            is_cancelled=lambda: bool(seen),
        )
    assert max(seen) < 999
    assert not readers()


def test_a_child_that_is_silent_is_ended(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("text")
    with pytest.raises(StudioError, match="too long"):
        read_in_child(path, silent_seconds=0.0)
    assert not readers()


def test_a_child_that_dies(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("text")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text("import os; os._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(broken), prepend=os.pathsep)
    with pytest.raises(StudioError, match="ended"):
        read_in_child(path)


def test_memory_is_limited(tmp_path, monkeypatch, capfd):
    path = tmp_path / "a.txt"
    path.write_text("text")
    monkeypatch.setattr(child_main.sys, "argv", ["main", str(path), ""])
    limits = []
    monkeypatch.setattr(child_main, "limit_memory", limits.append)
    monkeypatch.setattr(child_main, "exit_after", lambda _wait: None)

    def fail(*_arguments, **_options):
        raise MemoryError

    monkeypatch.setattr(child_main, "read_document", fail)
    monkeypatch.setattr(child_main, "take_output", lambda: os.dup(1))
    assert child_main.main() == 0
    assert limits == [child_main.MEMORY_BYTES]
    assert "GB of memory" in capfd.readouterr().out
