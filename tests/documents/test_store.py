"""The file of documents: what is read back, versions, damage, other programs and a full disk."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.documents import store as store_module
from studio.documents import version_table
from studio.documents.chat import Chat
from studio.documents.document import Change, insertion, new_document
from studio.documents.faults import explain
from studio.documents.origins import IMPORTED, PERSON, Origin, Stretch
from studio.documents.pending import Pending, written_part
from studio.documents.schema import MIGRATIONS
from studio.documents.store import DocumentStore
from studio.documents.versions import names_of

MODEL = Origin("model", "job-1")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "documents.sqlite"


@pytest.fixture
def store(path):
    opened = DocumentStore(path)
    yield opened
    opened.close()


def add(store, title="A", text="", **values):
    document = new_document(title, text, IMPORTED, **values)
    store.add(document)
    return document


def edit(store, document, *changes):
    for change in changes:
        document.apply(change)
    store.append(document.id, changes, len(document.text))


def test_document_is_read_back_with_its_changes(path, store):
    document = add(store, "Rain", "Once 光\U0001f600", source="ab" * 32, format="md")
    edit(store, document, insertion(0, "x"), insertion(1, "yy", MODEL, removed=2))
    edit(store, document, Change(0, 1, "", ()))
    other = DocumentStore(path)
    read = other.load(document.id)
    assert read.changed > document.changed
    document.changed = read.changed
    assert read == document
    assert document.text == "yyce 光\U0001f600"
    info = other.list()[0]
    assert (info.title, info.characters, info.format) == ("Rain", len(document.text), "md")
    other.close()


def test_many_changes_are_written_whole(store, monkeypatch):
    monkeypatch.setattr(store_module, "MAX_CHANGES", 5)
    document = add(store)
    for number in range(30):
        edit(store, document, insertion(number, "a", MODEL if number % 3 else PERSON))
        count = store._connection.execute("SELECT count(*) FROM changes").fetchone()[0]
        assert count <= 5
    assert store.load(document.id).text == "a" * 30
    assert store.load(document.id).origins == document.origins


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.text(max_size=4)), max_size=20))
def test_any_changes_are_read_back(tmp_path_factory, edits):
    store = DocumentStore(tmp_path_factory.mktemp("s") / "documents.sqlite")
    document = add(store, text="some text")
    for position, removed, text in edits:
        start = min(position, len(document.text))
        text = text.encode("utf-8", "replace").decode()
        edit(
            store,
            document,
            insertion(start, text, removed=min(removed, len(document.text) - start)),
        )
    assert store.load(document.id).text == document.text
    assert store.load(document.id).origins == document.origins
    store.close()


def test_list_has_the_latest_first_and_trash_is_apart(store, monkeypatch):
    times = iter(range(1_000, 2_000))
    monkeypatch.setattr(store_module.time, "time", lambda: float(next(times)))
    first, second = add(store, "First"), add(store, "Second")
    assert [info.title for info in store.list()] == ["Second", "First"]
    edit(store, first, insertion(0, "x"))
    assert [info.title for info in store.list()] == ["First", "Second"]
    store.rename(second.id, " New\nname ")
    store.trash(first.id)
    assert [info.title for info in store.list()] == ["New name"]
    assert [info.title for info in store.list(is_trashed=True)] == ["First"]
    store.restore(first.id)
    assert len(store.list()) == 2
    store.trash(second.id)
    assert store.empty_trash(before=1_000.0) == 0
    assert store.empty_trash(before=3_000.0) == 1
    with pytest.raises(StudioError, match="does not exist"):
        store.load(second.id)


@pytest.mark.parametrize(
    "do",
    [
        lambda store: store.load("none"),
        lambda store: store.append("none", (insertion(0, "x"),), 1),
        lambda store: store.rename("none", "x"),
        lambda store: store.versions.read(1),
    ],
)
def test_missing_document_is_an_error_with_advice(store, do):
    with pytest.raises(StudioError) as caught:
        do(store)
    assert caught.value.cure


def test_versions_are_kept_listed_and_read(store):
    document = add(store)
    first = store.versions.add(document.id, "one", (Stretch(3, PERSON),), "begin")
    same = store.versions.add(document.id, "one", (Stretch(3, PERSON),), "save")
    second = store.versions.add(document.id, "one two", (Stretch(7, MODEL),), "generation", job="j")
    assert first == same
    listed = store.versions.list(document.id)
    assert [info.id for info in listed] == [second, first]
    assert (listed[0].reason, listed[0].job, listed[0].characters) == ("generation", "j", 7)
    read = store.versions.read(second)
    assert (read.text, read.origins, read.info) == ("one two", (Stretch(7, MODEL),), listed[0])
    store.remove(document.id)
    assert store.versions.list(document.id) == ()


def test_first_and_newest_versions_stay_when_there_are_too_many(store, monkeypatch):
    monkeypatch.setattr(version_table, "MAX_VERSIONS", 4)
    document = add(store)
    for number in range(10):
        store.versions.add(document.id, str(number), (), "save")
    texts = [store.versions.read(info.id).text for info in store.versions.list(document.id)]
    assert texts == ["9", "8", "7", "0"]


@pytest.mark.parametrize(
    "damage", [b"not a database" * 500, b"SQLite format 3\0" + b"\xff" * 9_000]
)
def test_damaged_file_is_set_aside_and_reported(path, damage):
    path.write_bytes(damage)
    store = DocumentStore(path)
    assert store.set_aside is not None
    assert store.set_aside.read_bytes() == damage
    assert store.list() == ()
    add(store, text="new")
    store.close()
    again = DocumentStore(path)
    assert again.set_aside is None
    assert len(again.list()) == 1
    again.close()


def test_files_of_newer_versions_and_other_programs_stay_as_they_are(path):
    with sqlite3.connect(path) as connection:
        connection.executescript(
            f"CREATE TABLE documents (x); PRAGMA user_version = {len(MIGRATIONS) + 1}"
        )
    with pytest.raises(StudioError, match="newer Studio"):
        DocumentStore(path)
    with sqlite3.connect(path) as connection:
        connection.executescript("PRAGMA user_version = 0")
    with pytest.raises(StudioError, match="does not hold documents"):
        DocumentStore(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(StudioError, match="not a file"):
        DocumentStore(path)


def test_two_programs_share_the_file(path, store):
    other = DocumentStore(path)
    document = add(store)
    for number in range(20):
        writer = (store, other)[number % 2]
        edit(writer, document, insertion(number, "a"))
    assert store.load(document.id).text == other.load(document.id).text == "a" * 20
    other.close()


def test_full_disk_loses_nothing_that_was_stored(store):
    document = add(store, text="kept")
    edit(store, document, insertion(4, "!"))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    stored = document.text
    with pytest.raises(sqlite3.OperationalError) as caught:
        edit(store, document, insertion(5, "x" * 100_000))
    assert "disk is full" in explain(caught.value).message
    assert store.load(document.id).text == stored
    store._connection.execute("PRAGMA max_page_count = 1000000")
    store.write_whole(document)
    assert store.load(document.id).text == document.text


def test_busy_file_is_explained(path, store):
    document = add(store)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    store._connection.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(sqlite3.OperationalError) as caught:
        edit(store, document, insertion(0, "x"))
    assert "another program" in explain(caught.value).message
    blocker.execute("ROLLBACK")
    store.write_whole(document)
    assert store.load(document.id).text == "x"
    blocker.close()


def execute(path, script, *values):
    connection = sqlite3.connect(path)
    connection.execute(script, values)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "body", [b"[[", b"\xff\xfe", b'[[900,0,"x",[[1,["person",""]]]]]', b'[[0,0,"xy",[]]]']
)
def test_damaged_change_leaves_the_text_before_it(path, store, body):
    document = add(store, text="one")
    for number, word in enumerate([" two", " three", " four"]):
        edit(store, document, insertion(len(document.text), word))
        if not number:
            stored = document.text
    execute(path, "UPDATE changes SET body = ? WHERE number = 2", body)
    loaded = store.repair(document.id)
    assert loaded.document.text == stored == "one two"
    assert "last 2 changes are lost" in loaded.damage
    reasons = {
        info.reason: store.versions.read(info.id).text for info in store.versions.list(document.id)
    }
    assert reasons["damaged"] == "one two"
    assert reasons["salvaged"].endswith(" four")
    edit(store, loaded.document, insertion(7, "!"))
    again = store.repair(document.id)
    assert (again.document.text, again.damage) == ("one two!", "")


def test_damaged_last_change_has_nothing_to_salvage(path, store):
    document = add(store, text="one")
    edit(store, document, insertion(3, "!"))
    execute(path, "UPDATE changes SET body = x'00'")
    loaded = store.repair(document.id)
    assert (loaded.document.text, loaded.salvaged) == ("one", None)
    assert "its last change is lost" in loaded.damage


def test_damaged_texts_titles_and_formats_hide_no_document(path, store):
    document, other = add(store, "Title", "one two"), add(store, "Other", "other")
    execute(
        path,
        "UPDATE documents SET title = CAST(x'54ff' AS TEXT), format = 'x', origins = x'00',"
        " text = CAST(x'6f6e65ff74776f' AS TEXT) WHERE id = ?",
        document.id,
    )
    assert sorted(info.title for info in store.list()) == ["Other", "T\ufffd"]
    loaded = store.repair(document.id)
    assert loaded.document.text == "one\ufffdtwo"
    assert loaded.document.format == "txt"
    assert "some characters" in loaded.damage
    assert not store.repair(document.id).damage
    assert store.load(other.id).text == "other"


def test_joining_changes_refuses_another_text_than_the_window_has(store, monkeypatch):
    monkeypatch.setattr(store_module, "MAX_CHANGES", 2)
    document = add(store, text="abc")
    edit(store, document, insertion(3, "d"))
    store.append(document.id, (insertion(0, "x"),), 5)
    with pytest.raises(StudioError, match="damaged"):
        store.append(document.id, (insertion(0, "y"),), 99)


def broken_copy(path, marker):
    """Overwrite the page of a database that contains a marker, but for the first."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    data = bytearray(path.read_bytes())
    page = data.index(marker) // size
    assert page
    data[page * size : (page + 1) * size] = b"\xff" * size
    path.write_bytes(data)


def test_what_can_be_read_of_a_damaged_file_goes_into_the_new_one(path):
    store = DocumentStore(path)
    filler = "lorem ipsum " * 800  # a page of its own
    documents = [add(store, f"D{number}", f"<{number}>" + filler) for number in range(12)]
    for document in documents:
        store.versions.add(document.id, document.text, document.origins, "begin")
        edit(store, document, insertion(0, "new "))
    store.chats.save(Chat(id="c", title="A chat"))
    store.trash(documents[3].id)
    store.close()
    broken_copy(path, b"<5>lorem")
    opened = DocumentStore(path)
    assert opened.set_aside is not None
    assert opened.salvaged == 13
    texts = {document.id: opened.load(document.id).text for document in documents}
    whole = [document.id for document in documents if texts[document.id] == document.text]
    assert len(whole) >= 8
    for document in documents:  # read, or taken from the version
        assert texts[document.id] in (document.text, document.text.removeprefix("new "))
    assert [info.id for info in opened.list(is_trashed=True)] in ([documents[3].id], [])
    assert [info.title for info in opened.chats.list()] == ["A chat"]
    edit(opened, opened_document := opened.load(documents[5].id), insertion(0, "x"))
    assert opened.load(documents[5].id).text == opened_document.text
    opened.close()


def test_old_file_is_copied_before_it_is_migrated(path):
    with sqlite3.connect(path) as connection:
        connection.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        connection.execute(
            "INSERT INTO documents (id, title, format, created, changed, characters, text, origins)"
            " VALUES ('a', 'Old', 'md', 1, 2, 4, 'text', x'5b5d')"
        )
    connection.close()
    store = DocumentStore(path)
    assert store.load("a").text == "text"
    assert store.chats.list() == ()
    store.close()
    copies = list(path.parent.glob("documents.sqlite.before-*"))
    assert [copy.name for copy in copies] == ["documents.sqlite.before-2"]
    copy = sqlite3.connect(copies[0])
    assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    assert copy.execute("SELECT title, text FROM documents").fetchall() == [("Old", "text")]
    copy.close()
    DocumentStore(path).close()
    assert len(list(path.parent.glob("documents.sqlite.before-*"))) == 1


def test_errors_of_reading_say_so(path, store):
    closed = DocumentStore(path)
    closed.close()
    with pytest.raises(sqlite3.Error) as caught:
        closed.list()
    assert "cannot be read" in explain(caught.value, is_saving=False).message
    assert "cannot be saved" in explain(caught.value, is_saving=True).message


def test_text_that_is_deleted_for_good_is_gone_from_the_file(path, store):
    document, other = add(store, "A", "the secret text"), add(store, "B", "kept")
    store.versions.add(other.id, "kept", other.origins, "begin")
    edit(store, document, insertion(0, "another secret "))
    store.trash(document.id)
    store.remove(document.id)
    files = [path, *path.parent.glob("documents.sqlite-*")]
    assert not any(b"secret" in file.read_bytes() for file in files)
    assert store.load(other.id).text == "kept"


def test_names_have_the_first_words_where_titles_are_the_same(store):
    first, second = add(store, "Rain", "\n It rained"), add(store, "Rain", "Never again")
    add(store, "", "Only words\nand more"), add(store, "Snow", "White")
    add(store, "")
    names = names_of(store.list())
    assert sorted(names) == [
        "Only words",
        "Rain · It rained",
        "Rain · Never again",
        "Snow",
        "Untitled",
    ]
    store.append(first.id, (insertion(0, "Well. "),), 18, "Well. It rained")
    store.append(second.id, (insertion(0, "x"),), 12)
    assert "Rain · Well. It rained" in names_of(store.list())
    assert "Rain · Never again" in names_of(store.list())
    second.text = "New"
    store.write_whole(second)
    assert "Rain · New" in names_of(store.list())


def test_undecided_text_is_kept_with_what_it_replaced(path, store):
    document = add(store, text="one two three")
    request = TextRequest(prompt="Go on", seed=1)
    pending = Pending("job-1", "two", (Stretch(3, IMPORTED),), request, "above")
    store.pending.set(document.id, pending)
    edit(store, document, insertion(4, "2, ", MODEL, removed=3))
    edit(store, document, insertion(5, "x"))
    assert store.repair(document.id).pending == pending
    assert written_part(document.origins, "job-1") == (4, 8)
    assert written_part(document.origins, "job-2") == (0, 0)
    newer = """CAST(replace(CAST(body AS TEXT), '"text"', '"newer"') AS BLOB)"""
    execute(path, f"UPDATE pending SET body = {newer}")
    known = Pending("job-1", "two", (Stretch(3, IMPORTED),))
    assert store.pending.get(document.id) == known  # its request is of a newer Studio
    execute(path, "UPDATE pending SET body = x'00'")
    assert store.repair(document.id).pending is None
    store.pending.set(document.id, None)
    assert store.pending.get(document.id) is None
