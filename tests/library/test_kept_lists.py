"""Saved searches and watched folders survive the loss of the index."""

import errno
import os

import pytest

from studio.library import kept_lists
from studio.library.items import Query
from studio.library.kept_lists import KeptLists, read_lists

RED = Query(text="red", min_rating=3)


def lose_index(studio) -> None:
    studio.library.close()
    for part in studio.data.root.glob("library.db*"):
        part.unlink()


@pytest.fixture
def kept(studio, tmp_path):
    (tmp_path / "photos").mkdir()
    studio.library.save_search("Red ones", RED)
    studio.library.save_search("Blue ones", Query(text="blue"))
    studio.library.save_search("Blue ones", None)
    studio.library.add_folder(tmp_path / "photos")
    for name in ("Empty", "Deleted", "Old name"):
        studio.library.add_collection(name)
    studio.library.remove_collection("Deleted")
    studio.library.rename_collection("Old name", "New name")
    return studio


def test_lost_index_has_searches_and_folders_again(kept, reopened, tmp_path):
    lose_index(kept)
    library = reopened()
    assert library.index.saved_searches() == {"Red ones": RED}
    assert list(library.index.folders()) == [str(tmp_path / "photos")]
    assert library.index.collections() == {"Empty": 0, "New name": 0}


def test_file_of_an_earlier_build_is_written_from_the_index(kept, reopened, tmp_path):
    kept.data.library_lists.unlink()
    reopened()
    expected = KeptLists(
        searches={"Red ones": RED},
        folders=(str(tmp_path / "photos"),),
        collections=("Empty", "New name"),
    )
    assert read_lists(kept.data) == expected


@pytest.mark.parametrize("content", [b"", b"[", b'{"searches": 3}', b"\xff" * 100, b"[" * 100_000])
def test_damaged_file_is_written_again(kept, reopened, content):
    kept.data.library_lists.write_bytes(content)
    assert reopened().index.saved_searches() == {"Red ones": RED}
    assert read_lists(kept.data).searches == {"Red ones": RED}


def test_kill_between_file_and_index_is_completed_by_the_next_start(kept, reopened, monkeypatch):
    def kill(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(kept.library.index), "save_search", kill)
        with pytest.raises(KeyboardInterrupt):
            kept.library.save_search("Red ones", None)
        with pytest.raises(KeyboardInterrupt):
            kept.library.save_search("Best", Query(min_rating=5))
    assert reopened().index.saved_searches() == {"Best": Query(min_rating=5)}


def test_full_disk_changes_nothing(kept, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(kept_lists, "write_whole", refuse)
    with pytest.raises(OSError, match="No space"):
        kept.library.save_search("Best", Query(min_rating=5))
    assert kept.library.index.saved_searches() == {"Red ones": RED}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_file_that_cannot_be_read_now_is_not_written_over(kept, reopened, monkeypatch, number):
    before = kept.data.library_lists.read_bytes()

    def refuse(*_arguments):
        raise OSError(number, os.strerror(number))

    lose_index(kept)
    with monkeypatch.context() as patched:
        patched.setattr(kept_lists, "read_regular", refuse)
        library = reopened()
        assert library.index.saved_searches() == {}
        with pytest.raises(OSError, match=os.strerror(number)):
            library.save_search("Best", Query(min_rating=5))
    assert kept.data.library_lists.read_bytes() == before
    library.close()
    assert reopened().index.saved_searches() == {"Red ones": RED}
