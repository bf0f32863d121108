"""What onnxruntime's telemetry left under earlier builds is removed once, and nothing else with
it.
"""

import os
import sys

import pytest

from studio import telemetry
from studio.telemetry import remove_telemetry_files
from tests.cli.programs import studio

SESSION = "1795983878810\nb0ab38c9-9098-313d-2cf0-6f45dcae48d2\n"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, and a temporary folder of its own."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(telemetry.tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "home"


def leave(cache):
    """Make what onnxruntime makes; return the folder."""
    folder = cache / "Microsoft/DeveloperTools/.onnxruntime"
    folder.mkdir(parents=True)
    for name in (
        "deviceid",
        "onnxruntime.db",
        "onnxruntime.db-wal",
        "onnxruntime.db-shm",
        "deviceid.tmp.1-2",
    ):
        (folder / name).write_text("x")
    return folder


def test_all_files_are_removed_and_reported_once(home, data):
    folder = leave(home / ".cache")
    (home / ".cache/other").mkdir()
    sentence = remove_telemetry_files(data)
    assert str(folder) in sentence
    assert "are removed" in sentence
    assert [path.name for path in (home / ".cache").iterdir()] == ["other"]
    assert remove_telemetry_files(data) == ""


def test_files_that_appear_later_stay(home, data):
    assert remove_telemetry_files(data) == ""
    folder = leave(home / ".cache")
    assert remove_telemetry_files(data) == ""
    assert (folder / "deviceid").exists()


def test_the_desktops_cache_folder_is_checked_too(home, data, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    leave(tmp_path / "cache")
    leave(home / ".cache")
    assert "are removed" in remove_telemetry_files(data)
    assert not (tmp_path / "cache/Microsoft").exists()
    assert not (home / ".cache/Microsoft").exists()


def test_unknown_files_stay_with_their_folder(home, data):
    folder = leave(home / ".cache")
    (folder / "mine.txt").write_text("x")
    (folder / "sub").mkdir()
    assert f"delete what it stored in {folder}" in remove_telemetry_files(data)
    assert sorted(path.name for path in folder.iterdir()) == ["mine.txt", "sub"]


def test_files_of_other_tools_are_kept(home, data):
    leave(home / ".cache")
    (home / ".cache/Microsoft/DeveloperTools/other").mkdir()
    assert "are removed" in remove_telemetry_files(data)
    assert [path.name for path in (home / ".cache/Microsoft/DeveloperTools").iterdir()] == ["other"]


@pytest.mark.parametrize(
    "linked", ["Microsoft", "Microsoft/DeveloperTools", "Microsoft/DeveloperTools/.onnxruntime"]
)
def test_a_link_is_not_followed(home, data, tmp_path, linked):
    elsewhere = tmp_path / "elsewhere"
    leave(elsewhere)
    link = home / ".cache" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere / linked, target_is_directory=True)
    assert remove_telemetry_files(data) == ""
    assert link.is_symlink()
    assert (elsewhere / "Microsoft/DeveloperTools/.onnxruntime/deviceid").exists()


def test_linked_file_and_its_target_are_kept(home, data, tmp_path):
    folder = leave(home / ".cache")
    (tmp_path / "precious").write_text("x")
    (folder / "deviceid").unlink()
    (folder / "deviceid").symlink_to(tmp_path / "precious")
    assert "could not remove all of its files" in remove_telemetry_files(data)
    assert (tmp_path / "precious").exists()


def test_session_file_is_removed_if_it_is_one(home, data, tmp_path):
    path = tmp_path / "tmp/.ses"
    path.write_text(SESSION)
    remove_telemetry_files(data)
    assert not path.exists()
    data.telemetry_mark.unlink()
    path.write_text("somebody's own\n")
    remove_telemetry_files(data)
    assert path.exists()


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_the_message_names_an_unwritable_folder(home, data):
    folder = leave(home / ".cache")
    folder.chmod(0o500)
    try:
        assert f"delete what it stored in {folder}" in remove_telemetry_files(data)
    finally:
        folder.chmod(0o700)


def test_a_command_prints_it_on_stderr_only(home, data):
    leave(home / ".cache")
    first, second = (studio("--fake", "text", "hello", data=data) for _ in range(2))
    assert "are removed" in first.stderr
    assert "Microsoft" not in first.stdout + second.stderr
    assert not (home / ".cache/Microsoft").exists()
