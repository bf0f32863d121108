"""The index follows the queue's artifacts: each once, whatever is killed, moved or replaced."""

import shutil

import msgspec

from studio.core.requests import ImageRequest
from studio.library.catch_up import PROGRESS
from studio.library.file_reader.reader import InProcessReader
from studio.library.items import Query
from studio.library.library import Library


def paths(library, **query) -> list[str]:
    return [item.path for item in library.index.search(Query(**query))]


def test_new_artifacts_are_added_once(studio):
    first = studio.image("a red boat")
    assert len(studio.library.catch_up()) == 1
    second = studio.text("a storm")
    assert len(studio.library.catch_up()) == 1
    assert studio.library.catch_up() == []
    assert paths(studio.library, text="boat") == [str(first)]
    assert sorted(paths(studio.library)) == sorted([str(first), str(second)])


def test_many_artifacts_are_read_in_pieces(studio, monkeypatch):
    monkeypatch.setattr("studio.library.catch_up._BATCH", 3)
    for number in range(8):
        studio.image(f"boat {number}")
    assert len(studio.library.catch_up()) == 8
    assert studio.library.index.count() == 8


class CountingReader(InProcessReader):
    """Counts the files that it reads; reads none once it is closed."""

    def __init__(self):
        self.count = 0
        self.is_closed = False

    def read_all(self, files):
        self.count += len(files)
        return [None] * len(files) if self.is_closed else super().read_all(files)


def test_the_librarys_reader_reads_many_artifacts(studio):
    reader = CountingReader()
    library = Library(studio.data, reader)
    for number in range(6):
        studio.image(f"boat {number}")
    assert len(library.catch_up()) == 6
    assert reader.count == 6
    studio.image("a single boat")
    assert len(library.catch_up()) == 1
    assert reader.count == 6  # not worth the start of a child
    library.close()


def test_what_a_closed_reader_did_not_read_is_added_later(studio):
    reader = CountingReader()
    library = Library(studio.data, reader)
    for number in range(6):
        studio.image(f"boat {number}")
    reader.is_closed = True
    assert library.catch_up(lambda: reader.count > 0) == []
    reader.is_closed = False
    assert len(library.catch_up()) == 6
    library.close()


def test_mark_that_was_not_saved_doubles_nothing(studio):
    studio.image("a boat")
    studio.library.catch_up()
    studio.library.index.set_progress(PROGRESS, "")  # as after a kill
    assert studio.library.catch_up() == []
    assert studio.library.index.count() == 1


def test_artifact_that_replaces_the_last_row_is_read_again(studio):
    artifact = studio.make(ImageRequest(prompt="half", seed=1))
    studio.library.catch_up()
    again = studio.make(ImageRequest(prompt="whole", seed=2), store=False)
    shutil.move(again.path, artifact.path)
    studio.record(msgspec.structs.replace(again, path=artifact.path))
    studio.library.catch_up()
    assert paths(studio.library, text="whole") == [artifact.path]
    assert studio.library.index.count() == 1


def test_replaced_database_is_read_from_its_beginning(studio):
    for name in ("one", "two", "three"):
        studio.image(name)
    studio.library.catch_up()
    for part in studio.data.root.glob("studio.db*"):
        part.unlink()
    new = studio.image("from the new queue")
    studio.library.catch_up()
    assert paths(studio.library, text="queue") == [str(new)]
    assert studio.library.index.count() == 4


def test_files_that_are_gone_are_skipped(studio):
    studio.image("gone").unlink()
    kept = studio.image("kept")
    studio.library.catch_up()
    assert paths(studio.library) == [str(kept)]


def test_no_queue_and_an_empty_queue(studio):
    assert studio.library.catch_up() == []
    studio.data.database.touch()
    assert studio.library.catch_up() == []


def test_last_artifact_that_comes_back_is_the_same_item(studio):
    path = studio.image("a boat")
    library = studio.library
    library.refresh()
    (item_id,) = library.index.ids()
    library.annotate([item_id], lambda old: msgspec.structs.replace(old, rating=4))
    for old, new in ((path, path.with_name("b.png")), (path.with_name("b.png"), path)):
        shutil.move(old, new)
        library.refresh()
        assert [(one.id, one.path, one.rating) for one in library.index.search()] == [
            (item_id, str(new), 4)
        ]
    assert not library.index.find(str(path)).missing


def test_same_text_of_another_job_is_another_item(studio):
    first = studio.text("a storm")
    studio.library.refresh()
    studio.library.annotate(
        studio.library.index.ids(), lambda old: msgspec.structs.replace(old, rating=4)
    )
    first.unlink()
    second = studio.text("a storm")
    assert len(studio.library.catch_up()) == 1
    assert studio.library.index.find(str(second)).rating == 0
    assert studio.library.index.find(str(first)).rating == 4
