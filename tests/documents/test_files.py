"""Text files: encodings, what is no text, and files that are written whole."""

import os

import pytest

from studio.core.errors import StudioError
from studio.documents import files as module
from studio.documents.files import file_sha256, format_of, read_text_file, write_text_file

CHINESE = "市议会周二投票决定关闭老桥。秋天的风吹过金色的田野，落叶飘零。\n" * 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "utf-16-le"])
def test_usual_encodings_are_read(tmp_path, encoding):
    path = tmp_path / "a.txt"
    bom = b"\xff\xfe" if encoding == "utf-16-le" else b""
    path.write_bytes(bom + CHINESE.encode(encoding))
    assert read_text_file(path).text == CHINESE


def test_line_breaks_become_one_kind(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\r\nb\rc\n")
    assert read_text_file(path).text == "a\nb\nc\n"


@pytest.mark.parametrize("content", [b"PK\x03\x04\0\0", b"\0" * 100, bytes(range(256)) * 4])
def test_what_is_no_text_is_refused(tmp_path, content):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(StudioError) as caught:
        read_text_file(path)
    assert caught.value.cure


def test_folders_pipes_missing_and_large_files_are_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 100)
    monkeypatch.setattr(module, "MAX_BYTES", 50)
    for name in ("", "pipe", "none", "large"):
        with pytest.raises(StudioError, match="cannot be read"):
            read_text_file(tmp_path / name)


def test_written_file_is_read_back_with_its_hash(tmp_path):
    path = tmp_path / "a.md"
    assert file_sha256(path) == ""
    written = write_text_file(path, "a 光\U0001f600\n")
    read = read_text_file(path)
    assert (read.text, read.sha256) == ("a 光\U0001f600\n", written)
    assert file_sha256(path) == written


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.txt", "txt"), ("a", "txt"), ("a.MD", "md"), ("a.py", "code")],
)
def test_format_follows_the_name(tmp_path, name, expected):
    assert format_of(tmp_path / name) == expected
