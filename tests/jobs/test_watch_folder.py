"""Test watched folders: a file runs once, when it is complete."""

import os
import sys

import pytest

from studio.core.errors import StudioError
from studio.jobs.watch_folder import SETTLE_SECONDS, Entry, Ledger, Settling, find_files


def test_file_is_ready_when_unchanged_for_a_while(tmp_path):
    path, settling = tmp_path / "a.txt", Settling()
    assert settling.ready(0.0, {path: (10, 1)}) == []
    assert settling.ready(SETTLE_SECONDS - 0.1, {path: (10, 1)}) == []
    assert settling.ready(SETTLE_SECONDS, {path: (20, 2)}) == []  # it grew
    assert settling.ready(SETTLE_SECONDS * 2 - 0.1, {path: (20, 2)}) == []
    assert settling.ready(SETTLE_SECONDS * 2, {path: (20, 2)}) == [path]


def test_handled_file_is_ready_again_only_after_a_change(tmp_path):
    path, settling = tmp_path / "a.txt", Settling()
    settling.ready(0.0, {path: (10, 1)})
    assert settling.ready(9.0, {path: (10, 1)}) == [path]
    assert settling.ready(10.0, {path: (10, 1)}) == [path]  # nobody could deal with it yet
    settling.mark_handled(path)
    assert settling.ready(11.0, {path: (10, 1)}) == []
    assert settling.ready(12.0, {path: (10, 2)}) == []
    assert settling.ready(15.0, {path: (10, 2)}) == [path]


def test_recreated_file_must_settle_again(tmp_path):
    path, settling = tmp_path / "a.txt", Settling()
    settling.ready(0.0, {path: (10, 1)})
    settling.ready(1.0, {})
    assert settling.ready(9.0, {path: (10, 1)}) == []


def test_only_batch_files_in_the_folder_itself_are_found(tmp_path):
    for name in ("b.csv", "A.TXT", ".hidden.txt", "~$open.xlsx", "c.txt.part", "d.png"):
        (tmp_path / name).write_text("x\n")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "nowhere")
    assert [path.name for path in find_files(tmp_path)] == ["A.TXT", "b.csv"]
    with pytest.raises(OSError, match="nowhere"):
        find_files(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="names are UTF-16 there")
def test_ledger_keeps_non_utf8_file_names(data, tmp_path):
    odd, other = (tmp_path / os.fsdecode(name) for name in (b"\xcc\xe1.txt", b"\xcc\xe2.txt"))
    ledger = Ledger(data, tmp_path)
    ledger.put(odd, Entry("1", "/x", over=True))
    ledger.put(other, Entry("2", "/y"))
    ledger.close()
    ledger = Ledger(data, tmp_path)
    assert ledger.find(odd) == Entry("1", "/x", over=True)
    assert ledger.find(other) == Entry("2", "/y")
    ledger.close()


def test_ledger_is_read_by_the_next_program(data, tmp_path):
    entry = Entry("00ff", str(tmp_path / "out"))
    ledger = Ledger(data, tmp_path)
    ledger.put(tmp_path / "a.txt", entry)
    assert (ledger.find(tmp_path / "a.txt"), ledger.find(tmp_path / "b.txt")) == (entry, None)
    with pytest.raises(StudioError, match="Another Studio watches"):
        Ledger(data, tmp_path)
    ledger.close()
    again = Ledger(data, tmp_path / ".")
    assert again.find(tmp_path / "a.txt") == entry
    assert again.folders == {str(tmp_path / "out")}
    again.close()
    other = Ledger(data, data.root)
    assert other.find(tmp_path / "a.txt") is None
    other.close()


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'{"a.txt": {"sha256": 1}}', b"\xff"])
def test_a_damaged_ledger_is_reported_and_kept(data, tmp_path, damage):
    ledger = Ledger(data, tmp_path)
    ledger.put(tmp_path / "a.txt", Entry("00ff", "out"))
    ledger.close()
    (file,) = data.watched.glob("*.json")
    file.write_bytes(damage)
    with pytest.raises(StudioError, match="the files that have run"):
        Ledger(data, tmp_path)
    assert file.read_bytes() == damage
