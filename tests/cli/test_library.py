"""`studio library` with the real program: lists, searches, changes, exports and trashes."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("needs fork", allow_module_level=True)

from studio.core.requests import ImageRequest
from studio.library.annotations import read_annotations
from studio.library.artifacts import read_recipe
from studio.library.file_actions.journal import ActionJournal
from studio.media.measures import measure
from tests.cli.fork_server import Call, ForkServer
from tests.library.conftest import Studio, studio
from tests.library.test_damaged_index import damage
from tests.media.image_texts import image_files

__all__ = ["studio"]


@pytest.fixture(scope="module")
def server():
    with ForkServer() as running:
        yield running


@pytest.fixture
def run(server, tmp_path, studio: Studio):
    """Run a command; the library stays open in this process, as in a window."""
    (tmp_path / "share").mkdir()

    def run_one(*arguments, code=0):
        ended = server.run(
            Call(
                arguments=["--data-dir", str(studio.data.root), "library", *map(str, arguments)],
                folder=str(tmp_path),
                environment={"XDG_DATA_HOME": str(tmp_path / "share")},
            )
        )
        assert ended.code == code, ended.err
        return ended

    return run_one


@pytest.fixture
def made(studio):
    return [studio.image("a red boat"), studio.text("灯塔 in a storm"), studio.speech("Hello.")]


def found(ended) -> list[str]:
    return [item["path"] for item in json.loads(ended.out)["items"]]


def test_list_shows_what_the_queue_made_newest_first(run, made):
    lines = run("list").out.splitlines()
    assert len(lines) == 3
    assert lines[0].endswith(str(made[2]))
    assert "a red boat" in lines[2]
    assert run("list", "--paths", "-n", "2").out.splitlines() == [str(made[2]), str(made[1])]
    assert "2 of 3" in run("list", "-n", "2").err
    assert len(found(run("list", "--limit", "0", "--json"))) == 3


def test_empty_library(run):
    ended = run("list")
    assert (ended.out, ended.err) == ("", "Nothing was found.\n")
    assert json.loads(run("search", "x", "--json").out) == {"items": [], "total": 0}


def test_search_and_filters(run, made, studio, tmp_path):
    image, text, speech = map(str, made)
    assert found(run("search", "灯塔", "--json")) == [text]
    assert found(run("search", "RED", "--kind", "image", "--json")) == [image]
    assert found(run("list", "--media", "audio", "--json")) == [speech]
    assert found(
        run("list", "--from", "1d", "--to", "2100-01-01", "--min-side", "10", "--json")
    ) == [image]
    assert found(run("list", "--to", "2020-02-29", "--json")) == []
    assert len(found(run("list", "--folder", studio.data.outputs, "--json"))) == 3
    assert found(run("list", "--made-from", made[0], "--json")) == []
    assert "no date" in run("list", "--from", "yesterday", code=2).err
    assert "hologram" in run("list", "--kind", "hologram", code=2).err


def test_show_has_everything_and_names_what_is_unknown(run, made, studio):
    parent = studio.library.index
    studio.library.catch_up()
    sha256 = parent.find(str(made[0])).sha256
    lines = run("show", made[0].name).out
    assert sha256 in lines
    assert "16 × 8" in lines
    shown = json.loads(run("show", made[1], "--json").out)
    assert shown["text"] == "A text about 灯塔 in a storm"
    assert (shown["rating"], shown["tags"], shown["made_from"]) == (0, [], {})
    assert "not in the library" in run("show", "unknown.png", code=2).err


def test_rate_and_tag_change_index_and_notes(run, made, studio):
    assert "2 items changed" in run("rate", 4, made[0], made[1].name).err
    run("tag", made[0], "--add", "sky", "--add", "sea", "--into", "Best", "--mark")
    run("tag", "--tag", "sky", "--remove", "sea", "--note", "for the poster")
    (item,) = json.loads(run("list", "--collection", "Best", "--rating", "4", "--json").out)[
        "items"
    ]
    assert (item["tags"], item["favorite"], item["note"]) == (["sky"], True, "for the poster")
    assert studio.library.index.tags() == {"sky": 1}
    assert read_annotations(made[0].parent)[made[0].name].annotation.rating == 4
    assert "★★★★·♥" in run("list", "--favorite").out
    assert run("rate", 9, made[0], code=2)
    assert "Nothing to change" in run("tag", made[0], code=2).err
    assert "No files are named" in run("rate", 3, code=2).err
    assert "not both" in run("rate", 3, made[0], "--favorite", code=2).err


def test_commas_separate_tags_and_are_in_no_collection(run, made):
    run("tag", made[0], "--add", "sky, sea", "--add", "fog")
    assert found(run("list", "--tag", "sea,fog", "--json")) == [str(made[0])]
    run("tag", made[0], "--remove", "sky,fog")
    assert json.loads(run("show", made[0], "--json").out)["tags"] == ["sea"]
    assert "no commas" in run("tag", made[0], "--into", "Boats, 2024", code=2).err


def test_export_in_another_format_and_without_metadata(run, made, tmp_path):
    out = tmp_path / "out"
    options = ("--output", out, "--format", "jpeg", "--format", "md", "--max-side", 8)
    lines = run("export", "--from", "1d", *options).out.splitlines()
    assert {line.rpartition(".")[2] for line in lines} == {"jpg", "md", "wav"}
    assert measure(out / f"{made[0].stem}.jpg")[:2] == (8, 4)
    run("export", made[0], "--output", out, "--no-metadata")
    assert read_recipe(out / made[0].name) is None
    assert "not a format" in run("export", made[0], "-o", out, "--format", "pdf", code=2).err
    assert "--output" in run("export", made[0], code=2).err
    made[0].unlink()
    assert str(made[0]) in run("export", made[0], "-o", out, code=1).err


def test_trash_asks_before_it_moves_what_options_choose(run, made, tmp_path, studio):
    run("trash", made[0])
    assert not made[0].exists()
    assert [*(tmp_path / "share").rglob(made[0].name)]
    assert "2 items would be moved" in run("trash", "--from", "1d", code=2).err
    assert made[1].exists()
    run("trash", "--from", "1d", "--yes")
    assert not made[1].exists()
    assert studio.library.index.count() == 0


def test_rebuild_and_add(run, made, studio, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    studio.make(ImageRequest(prompt="other", seed=1), elsewhere, store=False)
    assert "1 item added" in run("add", elsewhere).err
    for part in studio.data.root.glob("library.db*"):
        part.unlink()
    assert "4 items" in run("rebuild").err, "the added folder is not lost with the index"
    assert json.loads(run("rebuild", "--json").out)["is_cancelled"] is False
    assert "does not exist" in run("add", tmp_path / "missing", code=2).err


def test_queue_that_cannot_be_read_hides_nothing(run, made, studio):
    run("list")
    for part in studio.data.root.glob("studio.db*"):
        part.unlink()
    studio.data.database.write_bytes(b"no queue" * 1000)
    ended = run("list", "--paths")
    assert len(ended.out.splitlines()) == 3
    assert "studio.db" in ended.err
    assert studio.library.refresh().problems[0].path == str(studio.data.database)


def test_damaged_index_is_replaced_and_an_unusable_one_explained(run, made, studio):
    studio.library.close()
    for part in studio.data.root.glob("library.db*"):
        part.unlink()
    studio.data.library.write_bytes(b"no index" * 1000)
    assert len(found(run("list", "--json"))) == 3
    studio.data.library.unlink()
    studio.data.library.mkdir()
    assert "cannot be used" in run("list", code=1).err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--tag", ""], "--tag has no value"),
        (["list", "--collection", "", "--kind", "image"], "--collection has no value"),
        (["trash", "--collection", "", "--kind", "image", "--yes"], "--collection has no value"),
        (["list", "--min-side", "-5"], "--min-side"),
        (["list", "--made-from", "nope.png"], "No such file"),
        (["list", "--made-from", "/dev/zero"], "this is not a file"),
        (["list", "--from", ""], "--from has no value"),
        (["search"], "Missing argument"),
        (["show", "99999999999999999999"], "is not in the library"),
        (["rate", "6", "x.png"], "less than or equal to 5"),
        (["rate", "3", "nope.png"], "nope.png is not in the library"),
        (["tag", "x.png", "--add", ","], "--add has no name"),
        (["tag", "x.png", "--into", " "], "--into has no name"),
        (["export", "x.png", "-o", "out", "--quality", "0"], "--quality"),
        (["rebuild", "extra"], "Unexpected arguments: extra"),
        (["trash", "nope.png"], "is not in the library"),
        (["add", ""], "does not exist"),
    ],
)
def test_bad_input_is_explained(run, made, arguments, message):
    ended = run(*arguments, code=2)
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert all(path.exists() for path in made)


def test_files_that_are_no_media_are_named(run, tmp_path, made):
    (tmp_path / "no.png").write_text("no image")
    ended = run("add", tmp_path / "no.png", made[0], code=1)
    assert "no.png: This is no image" in ended.err
    problems = json.loads(run("add", tmp_path / "no.png", "--json", code=1).out)["problems"]
    assert [problem[0] for problem in problems] == [str(tmp_path / "no.png")]


def test_first_command_has_nothing_to_report(run):
    assert run("list").err == "Nothing was found.\n"


def test_command_on_a_damaged_index_names_the_one_that_builds_it_again(run, made, studio):
    run("rate", 4, *made)
    studio.library.close()
    damage(studio.data.library)
    assert "studio library rebuild" in run("list", code=1).err
    assert "3 items" in run("rebuild").err
    assert len(found(run("list", "--rating", "4", "--json"))) == 3


def test_command_on_a_locked_library_waits_and_then_names_the_cause(run, made, studio):
    run("list")
    studio.library.close()
    with contextlib.closing(sqlite3.connect(studio.data.library, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert "Another program uses it" in run("list", code=1).err


def test_show_lists_the_settings_of_another_program(run, tmp_path):
    text = (
        "a red fox\nNegative prompt: blurry\nSteps: 12, Sampler: Euler a, CFG scale: 4, Seed: 77, "
        "Size: 64x48, Clip skip: 2, ENSD: 31337"
    )
    path = image_files.png(tmp_path / "狐狸.png", {"parameters": text})
    run("add", path)
    lines = run("show", path).out.splitlines()
    assert "    Negative prompt: blurry" in lines
    assert "    ENSD: 31337" in lines
    shown = json.loads(run("show", path, "--json").out)
    assert {"name": "Sampler", "value": "Euler a"} in shown["settings"]
    assert found(run("search", "fox", "--json")) == [str(path)]


KILLED = """
import os, signal, sys
from studio.library.file_actions import run
export_item, exported = run.export_item, []
def export(*arguments):
    if len(exported) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    export_item(*arguments)
    exported.append(arguments)
run.export_item = export
from studio.cli import main
main()
"""


def export_and_die(studio, folder) -> None:
    """Start an export of everything that is killed after its first file."""
    command = [sys.executable, "-c", KILLED, "--data-dir", str(studio.data.root), "library"]
    ended = subprocess.run(
        [*command, "export", "--from", "3d", "-o", str(folder)], check=False, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(list(folder.iterdir())) == 1


def test_export_that_was_killed_is_continued_by_the_next_one(run, made, studio, tmp_path):
    export_and_die(studio, tmp_path / "first")
    ended = run("export", made[0], "-o", tmp_path / "second")
    assert "Continued what was interrupted: 3 files exported." in ended.err
    assert {path.stem for path in (tmp_path / "first").glob("[!.]*")} == {
        path.stem for path in made
    }
    assert [path.name for path in (tmp_path / "second").iterdir()] == [made[0].name]
    assert not list(studio.data.file_actions.iterdir())


def test_export_that_another_program_carries_out_is_left_to_it(run, made, studio, tmp_path):
    export_and_die(studio, tmp_path / "first")
    journal = ActionJournal(studio.data.file_actions)
    (progress,) = journal.pending()
    ended = run("export", made[0], "-o", tmp_path / "second")
    assert "Continued" not in ended.err
    assert len(list((tmp_path / "first").iterdir())) == 1
    journal.close()
    (again,) = ActionJournal(studio.data.file_actions).pending()
    assert again.action == progress.action
