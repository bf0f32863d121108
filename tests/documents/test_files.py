"""Text files: encodings, what is no text, and files that are written whole."""

import errno
import os
import subprocess
import sys

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


WRITER = """
import sys, time
from pathlib import Path
from studio.documents.files import FileChangedError, file_sha256, write_text_file

path, name = Path(sys.argv[1]), sys.argv[2]
known, done = file_sha256(path), 0
while done < 200:
    try:
        new = write_text_file(path, f"{name} {done} {time.monotonic_ns()}", (known,))
        print(known, new)
        known, done = new, done + 1
    except FileChangedError as error:
        known = error.content.sha256
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
def test_two_programs_never_replace_a_text_that_they_do_not_know(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("begin")
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    steps = [line.split() for one in programs for line in one.communicate()[0].splitlines()]
    assert [one.returncode for one in programs] == [0, 0]
    replaced = [known for known, _new in steps]
    assert len(replaced) == 400
    assert len(set(replaced)) == 400  # each text was replaced once, by a program that knew it
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_saved_file_keeps_its_permissions_and_folders_without_locks_are_no_hindrance(
    tmp_path, monkeypatch
):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o600)

    def refuse(_descriptor):
        raise OSError(errno.EBADF, "no locks here")

    monkeypatch.setattr("studio.core.file_lock._try_lock", refuse)
    write_text_file(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
