"""Names of files and folders that a person typed, and data folders that cannot be one."""

import os
import sys
from pathlib import Path

import pytest

from studio.core.errors import StudioError
from studio.core.paths import (
    ENVIRONMENT_VARIABLE,
    DataFolder,
    check_output_folder,
    data_folder,
    input_path,
    user_path,
)


@pytest.mark.parametrize(
    "name", ["a.txt", "some folder/结果.png", ".", "..", "/", "x" * 255, "d/" * 1_000 + "x"]
)
def test_a_usual_name_stays_as_it_is(name):
    assert user_path(name) == Path(name)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("USERPROFILE" if sys.platform == "win32" else "HOME", str(tmp_path))
    assert user_path("~/pictures") == tmp_path / "pictures"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            os.fsdecode(b"\xcc\xe1\xca\xbe.txt") if sys.platform != "win32" else "\udccc.txt",
            "not valid UTF-8",
        ),
        ("folder/\udcff/x", "not valid UTF-8"),
        ("a\0b", "not possible"),
        ("n" * 256, "too long"),
        ("folder/" + "ä" * 128, "too long"),
        ("d/" * 2_500, "too long"),
        ("~nobody-of-this-name/x", "home folder"),
    ],
)
def test_a_name_that_no_file_can_have_is_refused(name, words):
    if sys.platform == "win32" and ("ä" in name or "~" in name):
        pytest.skip("is possible there")
    with pytest.raises(StudioError, match=words) as caught:
        user_path(name)
    assert caught.value.cause == "invalid"
    caught.value.message.encode()  # can be shown and stored
    assert len(caught.value.message) < 200


@pytest.mark.skipif(sys.platform == "win32", reason="names are UTF-16 there")
def test_a_file_that_is_only_read_may_have_a_name_in_any_encoding():
    name = os.fsdecode(b"\xcc\xe1\xca\xbe.txt")
    assert input_path(name) == Path(name)
    with pytest.raises(StudioError, match="too long"):
        input_path(os.fsdecode(b"\xcc" * 256))


def test_an_output_folder_may_be_missing_but_not_a_file(tmp_path):
    check_output_folder(tmp_path)
    check_output_folder(tmp_path / "new" / "deeper")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below" / "it"):
        with pytest.raises(StudioError, match="file is a file, not a folder"):
            check_output_folder(folder)


def test_an_output_folder_may_be_on_a_drive_that_comes_later_but_not_a_link_to_itself(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "drive" / "out")
    check_output_folder(tmp_path / "out")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StudioError, match="loop is a file"):
        check_output_folder(tmp_path / "loop")


@pytest.mark.skipif(sys.platform == "win32" or not os.geteuid(), reason="root may write everywhere")
def test_an_output_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(StudioError, match="closed cannot be written"):
        check_output_folder(tmp_path / "closed" / "new")


@pytest.mark.parametrize("name", ["", "logs", "outputs", "models"])
def test_a_data_folder_whose_parts_are_files_is_refused(tmp_path, name):
    data = DataFolder(tmp_path / "data")
    if name:
        data.root.mkdir()
    (data.root / name).touch() if name else data.root.touch()
    for attempt in (data.check, data.create):
        with pytest.raises(StudioError, match="is not a folder"):
            attempt()


def test_a_data_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StudioError, match="file is not a folder"):
        DataFolder(tmp_path / "file" / "a" / "b").check()


def test_a_data_folder_is_checked_without_making_it(tmp_path):
    data = DataFolder(tmp_path / "new" / "data")
    data.check()
    assert not list(tmp_path.iterdir())
    data.create()
    data.check()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_an_unwritable_data_folder_is_an_error_message():
    with pytest.raises(StudioError, match="/proc cannot be used"):
        DataFolder(Path("/proc")).create()


def test_the_variable_for_the_data_folder_is_checked_too(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "~nobody-of-this-name/studio")
    with pytest.raises(StudioError, match="home folder"):
        data_folder()
