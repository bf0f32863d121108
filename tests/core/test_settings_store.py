"""Settings: read back as written, changed by several programs at once, whole after a kill, and
never a reason not to start.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.file_lock import hold
from studio.core.paths import DataFolder
from studio.core.settings import Settings
from studio.core.settings_store import (
    LIMIT_BYTES,
    apply_change,
    check_change,
    load_settings,
    merge_changes,
    remove_abandoned_parts,
    set_aside_damaged,
    update,
)

_text = st.text(st.characters(exclude_categories=["Cs"]))
_changes = st.fixed_dictionaries(
    {},
    optional={
        "theme": st.sampled_from(["system", "light", "dark"]),
        "offline": st.booleans(),
        "endpoint": _text,
        "last_tab": st.integers(0, 5),
        "unload_minutes": st.floats(0, 100_000),
        "default_models": st.dictionaries(_text, st.none() | _text, max_size=4),
        "model_memory": st.dictionaries(
            st.sampled_from("abc"), st.none() | st.sampled_from(["auto", "4-bit", "resident"])
        ),
    },
)


def files_aside(data: DataFolder) -> list[Path]:
    return sorted(data.root.glob("settings.damaged-*"))


@given(first=_changes, second=_changes)
def test_changes_are_read_back_and_one_merged_change_does_the_same(tmp_path_factory, first, second):
    folders = [DataFolder(root=tmp_path_factory.mktemp("设置")) for _ in range(2)]
    update(folders[0], first)
    kept = update(folders[0], second)
    update(folders[1], merge_changes(first, second))
    in_memory = Settings()
    apply_change(in_memory, first)
    apply_change(in_memory, second)
    assert load_settings(folders[0]) == load_settings(folders[1]) == kept == in_memory


def test_without_a_file_the_defaults_hold(data):
    assert load_settings(data) == Settings()
    assert not data.settings.exists()


# Two programs
# ----------------------------------------------------------------------


def test_a_change_leaves_the_fields_that_another_program_changed(data):
    update(data, {"offline": True, "model_memory": {"a": "4-bit"}})
    update(data, {"theme": "dark", "model_memory": {"b": "8-bit"}})
    settings = load_settings(data)
    assert (settings.offline, settings.theme) == (True, "dark")
    assert settings.model_memory == {"a": "4-bit", "b": "8-bit"}
    assert update(data, {"model_memory": {"a": None}}).model_memory == {"b": "8-bit"}


def test_programs_that_write_at_once_lose_nothing(data):
    program = (
        "import sys; from studio.core.paths import data_folder; from studio.core.settings_store "
        "import update\n"
        "for number in range(25): update(data_folder(), {'default_models': "
        "{f'{sys.argv[1]}{number}': 'x'}})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, name]) for name in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert set(load_settings(data).default_models) == {
        f"{name}{number}" for name in "abc" for number in range(25)
    }
    assert not list(data.root.glob(".*.part"))


def test_threads_of_one_program_that_write_at_once_lose_nothing(data):
    def write(name):
        for number in range(10):
            update(data, {"default_models": {f"{name}{number}": "x"}})

    threads = [threading.Thread(target=write, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(load_settings(data).default_models) == 40


def test_a_lock_that_another_program_keeps_is_not_waited_for_without_end(data):
    with (
        hold(data.settings_lock),
        pytest.raises(TimeoutError, match="another program"),
        hold(data.settings_lock, 0.05),
    ):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders")
def test_a_pipe_in_the_place_of_the_lock_is_an_error(data):
    os.mkfifo(data.settings_lock)
    with pytest.raises(OSError, match="not a regular file"):
        update(data, {"offline": True})


def test_a_kill_while_saving_leaves_the_old_or_the_new(data):
    program = (
        "from studio.core.paths import data_folder; from studio.core.settings_store import update\n"
        "for number in range(10**9):\n"
        "    update(data_folder(), {'last_tab': number, 'endpoint': 'x' * 100_000})\n"
        "    print(number, flush=True)"
    )
    for kill_after in (1, 3, 5, 8):
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        )
        for line in process.stdout:
            if int(line) >= kill_after:
                break
        process.kill()
        process.wait()
        process.stdout.close()
        settings = load_settings(data)
        assert settings.last_tab >= kill_after
        assert len(settings.endpoint) == 100_000
    assert not files_aside(data)


def test_only_partial_files_of_a_killed_program_are_removed(data):
    old, new, other = (
        data.root / name
        for name in (".00000001abcd1234.part", ".00000002abcd1234.part", "kept.part")
    )
    for path in (old, new, other):
        path.write_text("{")
    for path in (old, other):
        os.utime(path, (1_000_000, 1_000_000))
    remove_abandoned_parts(data)
    assert [path.exists() for path in (old, new, other)] == [False, True, True]


# What this version does not know
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("memory", "2-bit"),
        ("theme", "pink"),
        ("last_tab", 1e99),
        ("unload_minutes", -1),
        ("unload_minutes", "ten"),
        ("offline", "yes"),
        ("output_folder", "/a\0b"),
        ("default_models", [1]),
        ("geometry", {"deep": [None]}),
    ],
)
def test_a_wrong_value_falls_back_alone_and_stays_in_the_file(data, field, wrong):
    data.settings.write_text(
        json.dumps({field: wrong, "endpoint": "https://hub.example", "from_the_future": {"a": [1]}})
    )
    settings = load_settings(data)
    assert getattr(settings, field) == getattr(Settings(), field)
    assert settings.endpoint == "https://hub.example"
    update(data, {"starter_declined": True})
    on_disk = json.loads(data.settings.read_bytes())
    assert on_disk[field] == wrong
    assert on_disk["from_the_future"] == {"a": [1]}
    assert on_disk["starter_declined"] is True
    assert set_aside_damaged(data) == ""
    assert not files_aside(data)


def test_a_wrong_entry_falls_back_alone(data):
    data.settings.write_text(
        '{"model_memory": {"a": "2-bit", "b": "4-bit", "c": 5}, "default_models": {"text": null, '
        '"image": "x"}}'
    )
    settings = load_settings(data)
    assert settings.model_memory == {"b": "4-bit"}
    assert settings.default_models == {"image": "x"}
    update(data, {"model_memory": {"b": "8-bit"}})
    assert json.loads(data.settings.read_bytes())["model_memory"] == {
        "a": "2-bit",
        "b": "8-bit",
        "c": 5,
    }


def test_a_wrong_value_is_replaced_when_that_field_is_set(data):
    data.settings.write_text('{"memory": "2-bit", "default_models": 7}')
    update(data, {"memory": "auto", "default_models": {"text": "x"}})
    assert json.loads(data.settings.read_bytes()) == {
        "memory": "auto",
        "default_models": {"text": "x"},
    }


@pytest.mark.parametrize(
    "change",
    [{"no_such": 1}, {"theme": "pink"}, {"model_memory": {"a": "2-bit"}}, {"endpoint": "\ud800"}],
)
def test_a_change_that_is_wrong_is_refused_before_anything_is_written(data, change):
    with pytest.raises(ValueError):  # noqa: PT011  three kinds of it
        check_change(change)
    with pytest.raises(ValueError):  # noqa: PT011
        update(data, change)
    assert not data.settings.exists()


# Damaged files
# ----------------------------------------------------------------------

DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"geometry": "\xff"}',
    b"\0" * 4096,
    b'{"drafts": {"text": ' + b"[" * 100_000,
    b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("content", DAMAGED)
def test_reading_never_changes_a_damaged_file(data, content):
    data.settings.write_bytes(content)
    assert load_settings(data) == Settings()
    assert data.settings.read_bytes() == content
    assert not files_aside(data)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_set_aside_once(data, content):
    data.settings.write_bytes(content)
    sentence = set_aside_damaged(data)
    (aside,) = files_aside(data)
    assert aside.name in sentence
    assert aside.read_bytes() == content
    assert set_aside_damaged(data) == ""
    update(data, {"theme": "dark"})
    assert load_settings(data).theme == "dark"
    assert files_aside(data) == [aside]


def test_a_change_sets_a_damaged_file_aside_and_two_of_them_keep_both(data):
    for content in (b"first", b"second"):
        data.settings.write_bytes(content)
        update(data, {"theme": "dark"})
    assert {path.read_bytes() for path in files_aside(data)} == {b"first", b"second"}
    assert load_settings(data).theme == "dark"


def _folder(path):
    path.mkdir()
    (path / "kept").write_text("x")


def _large(path):
    with path.open("wb") as file:
        file.truncate(300 << 20)
    assert path.stat().st_size > LIMIT_BYTES


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and devices in folders")
@pytest.mark.parametrize(
    "put",
    [os.mkfifo, _folder, _large, lambda path: path.symlink_to("/dev/zero")],
    ids=["pipe", "folder", "300 MB", "device"],
)
def test_pipes_and_folders_are_not_read_as_settings(data, put):
    put(data.settings)
    assert load_settings(data) == Settings()
    assert os.path.lexists(data.settings)
    assert "default settings" in set_aside_damaged(data)
    assert len(files_aside(data)) == 1
    update(data, {"theme": "dark"})
    assert load_settings(data).theme == "dark"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_settings_file_stays_a_link(data, tmp_path):
    target = tmp_path / "dotfiles.json"
    target.write_text('{"theme": "light"}')
    data.settings.symlink_to(target)
    update(data, {"offline": True})
    assert data.settings.is_symlink()
    assert json.loads(target.read_bytes()) == {"theme": "light", "offline": True}
