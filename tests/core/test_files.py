"""Files are whole or not there, and never replaced unasked."""

import errno
import os
import resource
import subprocess
import sys

import pytest

from studio.core import files
from studio.core.files import part_path, publish, sha256_of, write_whole


def test_writing_a_file_leaves_no_other_file(tmp_path):
    write_whole(tmp_path / "名前.txt", b"hello")
    assert [path.name for path in tmp_path.iterdir()] == ["名前.txt"]
    assert (tmp_path / "名前.txt").read_bytes() == b"hello"


def test_an_existing_file_stays(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_whole(path, b"new", replace=True)
    assert path.read_bytes() == b"new"


def test_a_file_system_without_links_works_too(tmp_path):
    def no_links(_part, _path):
        raise OSError(errno.EPERM, "no links here")

    part = tmp_path / "part"
    part.write_bytes(b"x")
    publish(part, tmp_path / "final", link=no_links)
    assert (tmp_path / "final").read_bytes() == b"x"
    part.write_bytes(b"y")
    with pytest.raises(FileExistsError):
        publish(part, tmp_path / "final", link=no_links)
    assert (tmp_path / "final").read_bytes() == b"x"


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit there")
def test_a_full_disk_leaves_no_file(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    script = (
        "import resource, signal, sys; from pathlib import Path; from studio.core.files import "
        "write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, "
        "(1000, 1000))\n"
        "for name in ('new', 'old'):\n"
        "    try: write_whole(Path(sys.argv[1]) / name, b'x' * 5000, replace=True)\n"
        "    except OSError as error: print(error.errno)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(errno.EFBIG)] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_the_order_is_write_sync_name_sync(tmp_path, monkeypatch):
    order = []
    real = {name: getattr(os, name) for name in ("fsync", "link")}

    def fsync(descriptor):
        order.append("sync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "sync file")  # noqa: PTH112
        real["fsync"](descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)
    write_whole(tmp_path / "a", b"x")
    assert order == ["sync file", "sync folder"]


def test_a_planted_link_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    monkeypatch.setattr(files.os, "urandom", bytes)
    part_path(tmp_path / "a").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "a", b"x")
    assert victim.read_bytes() == b"precious"


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf")
