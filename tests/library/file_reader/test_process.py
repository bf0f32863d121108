"""A child reads files as this process does; one that dies is replaced, and its file is left out."""

import os
import sys
import threading

import psutil
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.library.file_reader import process
from studio.library.file_reader.process import ReaderProcess
from studio.library.file_reader.reader import InProcessReader, Unread
from studio.library.thumbnails.make import thumbnail_of_file
from tests.library.file_reader.conftest import wanted
from tests.media.image_texts import image_files

ENDED = 60


@pytest.fixture
def others(tmp_path):
    """Images before and after the file that is tried."""
    paths = [tmp_path / "a.png", tmp_path / "other.png"]
    for path in paths:
        Image.new("RGB", (30, 20)).save(path)
    return paths


@pytest.fixture
def children():
    """Those that the test started, also of readers whose child ended meanwhile.

    Tests before it can have left children of their own.
    """
    earlier = set(psutil.Process().children())
    return lambda: set(psutil.Process().children()) - earlier


def write(path):
    Image.new("RGB", (8, 8)).save(path, "PNG")
    return path


def test_child_reads_as_this_process_does(studio, tmp_path, reader):
    paths = [
        studio.image("灯塔"),
        studio.text("a storm"),
        studio.speech("Hello."),
        image_files.png(tmp_path / "foreign.png", {"parameters": "a cat\nSteps: 2, Seed: 3"}),
        tmp_path / "missing.png",
        tmp_path / "notes.md",
        tmp_path / "broken.jpg",
    ]
    paths[-2].write_text("notes " * 300_000)
    paths[-1].write_bytes(b"no image")
    files = wanted(*paths)
    found = reader.read_all(files)
    assert found == InProcessReader().read_all(files)
    assert [item is None for item in found] == [False] * 4 + [True, False, True]
    assert reader.read_all([]) == []


def test_texts_that_exceed_one_message_are_complete(tmp_path, reader, monkeypatch):
    paths = [tmp_path / f"{number}.txt" for number in range(5)]
    for path in paths:
        path.write_text(f"{path.stem} " * 400_000)
    found = reader.read_all(wanted(*paths))
    assert [item.path for item in found] == list(map(str, paths))


def test_child_makes_thumbnails(others, tmp_path, reader):
    assert reader.thumbnail(others[0], "image") == thumbnail_of_file(others[0], "image")
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    with pytest.raises(StudioError, match="not a PNG"):
        reader.thumbnail(tmp_path / "broken.jpg", "image")


@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize("name", ["crash.png", "hang.png", "liar.png"])
def test_file_that_ends_the_child_is_left_out_and_the_others_are_read(
    name, others, tmp_path, reader
):
    bad = write(tmp_path / name)
    before, after = others
    first, second, third = reader.read_all(wanted(before, bad, after))
    assert (first.path, third.path) == (str(before), str(after))
    assert second == Unread()
    assert reader.read_all(wanted(after)) == [third]


@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize("name", ["late crash.png", "garbage.png"])
def test_file_that_can_be_read_the_second_time_is_an_item(name, others, tmp_path, reader):
    found = reader.read_all(wanted(others[0], write(tmp_path / name)))
    assert [item.path for item in found] == [str(others[0]), str(tmp_path / name)]


@pytest.mark.usefixtures("_failing")
@pytest.mark.parametrize("name", ["crash.png", "hang.png"])
def test_thumbnail_that_ends_the_child_is_an_error(name, others, tmp_path, reader):
    with pytest.raises(StudioError, match="no preview"):
        reader.thumbnail(write(tmp_path / name), "image")
    assert reader.thumbnail(others[0], "image")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux divides a CPU among sessions")
def test_child_takes_no_share_of_the_windows_cpu_time(others, reader):
    reader.read_all(wanted(others[0]))
    assert os.getsid(reader.pid) == reader.pid != os.getsid(0)
    assert psutil.Process(reader.pid).nice() == psutil.Process().nice() + 5


def test_killed_child_is_replaced(others, reader):
    (before,) = reader.read_all(wanted(others[0]))
    first = reader.pid
    psutil.Process(first).kill()
    assert reader.read_all(wanted(others[0])) == [before]
    assert reader.pid not in (0, first)


@pytest.mark.usefixtures("_failing")
def test_close_ends_a_child_that_hangs(others, tmp_path, reader, monkeypatch):
    monkeypatch.setattr(process, "FILE_SECONDS", 3600.0)
    reader.read_all(wanted(others[0]))
    child = psutil.Process(reader.pid)
    results = []
    thread = threading.Thread(
        target=lambda: results.append(reader.read_all(wanted(write(tmp_path / "hang.png"))))
    )
    thread.start()
    reader.close()
    thread.join(ENDED)
    assert results == [[None]]
    assert not psutil.wait_procs([child], ENDED)[1]
    assert reader.read_all(wanted(others[0])) == [None]
    assert reader.pid == 0


def test_child_that_nobody_needs_ends(others, monkeypatch, children):
    monkeypatch.setattr(process, "IDLE_SECONDS", 0.01)
    reader = ReaderProcess()
    (before,) = reader.read_all(wanted(others[0]))
    assert not psutil.wait_procs(children(), ENDED)[1]
    assert reader.read_all(wanted(others[0])) == [before]
    reader.close()


def test_child_that_refused_a_file_last_ends(tmp_path, monkeypatch, children):
    monkeypatch.setattr(process, "IDLE_SECONDS", 0.01)
    reader, path = ReaderProcess(), tmp_path / "damaged.png"
    path.write_bytes(b"no image")
    with pytest.raises(StudioError):
        reader.thumbnail(path, "image")
    assert not psutil.wait_procs(children(), ENDED)[1]
    reader.close()


def test_files_are_read_here_if_no_child_starts(others, monkeypatch, reader):
    def refuse(*_arguments, **_options):
        raise OSError("no more processes")

    monkeypatch.setattr(process, "start_child", refuse)
    assert reader.read_all(wanted(*others)) == InProcessReader().read_all(wanted(*others))
    assert reader.thumbnail(others[0], "image") == thumbnail_of_file(others[0], "image")
