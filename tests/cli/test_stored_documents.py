"""`studio document list|show|export|trash|restore|delete`: the documents that Studio keeps."""

import json
import sqlite3
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs fork", allow_module_level=True)

from studio.documents.document import insertion, new_document
from studio.documents.formats.read import read_document
from studio.documents.origins import Origin
from studio.documents.store import DocumentStore
from tests.cli.fork_server import Call, ForkServer


@pytest.fixture(scope="module")
def server():
    with ForkServer() as running:
        yield running


@pytest.fixture
def run(server, tmp_path, data):
    def run_one(*arguments):
        words = ["--fake", "--data-dir", str(data.root), "document", *map(str, arguments)]
        return server.run(Call(arguments=words, folder=str(tmp_path)))

    return run_one


@pytest.fixture
def kept(data):
    """Two documents with one title, and one with another."""
    store = DocumentStore(data.documents)
    made = [
        new_document("Rain", "Rain\nfell 雨"),
        new_document("Rain", "Rain\nwent"),
        new_document("Snow", "# Snow\n\nIt *snowed*.", Origin("model", "j"), format="md"),
    ]
    for document in made:
        store.add(document)
    store.append(made[2].id, (insertion(len(made[2].text), "\n\nThen not."),), 30)
    store.close()
    return made


def titles(run, *options):
    return [one["title"] for one in json.loads(run("list", "--json", *options).out)["documents"]]


def test_list_and_show(run, kept):
    shown = run("list")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert [line.split()[0] for line in lines] == [one.id for one in (kept[2], kept[1], kept[0])]
    assert lines[2].endswith("Rain · fell 雨")
    shown = run("show", "Snow")
    assert (shown.code, shown.out) == (0, "# Snow\n\nIt *snowed*.\n\nThen not.\n")
    found = json.loads(run("show", kept[0].id, "--json").out)
    assert (found["title"], found["text"]) == ("Rain", "Rain\nfell 雨")


def test_files_come_before_documents_and_names_must_be_clear(run, kept, tmp_path):
    (tmp_path / "Snow").write_text("a file")
    assert run("show", "Snow").out == "a file\n"
    ended = run("show", "Rain")
    assert ended.code == 2
    assert "2 documents are named Rain" in ended.err
    assert kept[0].id in ended.err
    assert run("show", "Hail").code == 2
    ended = run("export", "Hail", "-o", "a.md")
    assert ended.code == 2
    assert "There is no document Hail" in ended.err


@pytest.mark.parametrize("name", ["md", "docx", "pdf"])
def test_export_writes_a_file_and_replaces_none_unasked(run, kept, tmp_path, name):
    ended = run("export", "Snow", "-o", f"a.{name}")
    assert (ended.code, ended.out) == (0, f"a.{name}\n"), ended.err
    text = read_document(tmp_path / f"a.{name}").text
    assert "Then not." in text
    assert "AI model" in text
    ended = run("export", kept[0].id, "-o", f"a.{name}")
    assert ended.code == 2
    assert "--replace" in ended.err
    ended = run("export", kept[0].id, "-o", f"a.{name}", "--replace", "--json")
    assert json.loads(ended.out) == {"file": f"a.{name}", "format": name, "notices": []}
    assert "雨" in read_document(tmp_path / f"a.{name}").text


def test_documents_go_to_the_trash_and_back_or_for_good(run, kept):
    assert run("trash", "Snow", kept[0].id).code == 0
    assert titles(run) == ["Rain"]
    assert sorted(titles(run, "--trash")) == ["Rain", "Snow"]
    assert run("trash", "Snow").code == 2
    assert json.loads(run("restore", "Snow", "--json").out) == {"ids": [kept[2].id]}
    ended = run("delete", "Rain")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert run("delete", "Snow", "--yes").code == 2  # it is not in the trash
    assert run("delete", "Rain", "--yes").code == 0
    assert titles(run, "--trash") == []
    assert sorted(titles(run)) == ["Rain", "Snow"]
    assert "The trash is empty" in run("list", "--trash").err


def test_damaged_document_is_exported_with_what_is_left(run, kept, data, tmp_path):
    with sqlite3.connect(data.documents) as connection:
        connection.execute("UPDATE changes SET body = x'00'")
    connection.close()
    ended = run("export", "Snow", "-o", "a.md", "--no-label-ai")
    assert ended.code == 0
    assert "its last change is lost" in ended.err
    assert "snowed" in (tmp_path / "a.md").read_text()
    assert "Then" not in (tmp_path / "a.md").read_text()
