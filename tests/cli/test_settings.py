"""`studio settings`: the same table as the window, for programs that run at the same time."""

import json
import subprocess
import sys

from studio.core.drafts import load_drafts, save_drafts
from studio.core.settings_catalog.catalog import SETTINGS
from studio.core.settings_store import load_settings, update
from tests.cli.programs import PATIENCE, studio


def test_list_shows_every_setting_and_marks_what_was_changed(data):
    update(data, {"text_size": 120})
    shown = studio("settings", "list", data=data)
    assert shown.returncode == 0
    assert all(f" {setting.key} " in shown.stdout for setting in SETTINGS)
    changed = studio("settings", "list", "--changed", "--json", data=data)
    (only,) = json.loads(changed.stdout)["settings"]
    assert (only["name"], only["value"], only["default"]) == ("text_size", 120, 100)


def test_set_get_and_reset(data):
    assert studio("settings", "set", "theme", "dark", data=data).stdout == "theme: dark\n"
    assert load_settings(data).theme == "dark"
    assert studio("settings", "get", "theme", data=data).stdout == "dark\n"
    assert studio("settings", "reset", "theme", data=data).stdout == "theme: system\n"
    assert load_settings(data).theme == "system"
    update(data, {"shortcuts": {"stop": "F9"}, "offline": True, "last_tab": 2})
    assert studio("settings", "reset", "--all", data=data).returncode == 0
    settings = load_settings(data)
    assert (settings.shortcuts, settings.offline, settings.last_tab) == ({}, False, 2)


def test_a_wrong_name_or_value_changes_nothing_and_is_explained(data):
    for arguments, words in (
        (("set", "theme", "blue"), "system, light, dark"),
        (("get", "colour"), "no setting 'colour'"),
        (("reset",), "--all"),
        (("import", "/dev/null"), "not a file of exported settings"),
    ):
        done = studio("settings", *arguments, data=data)
        assert done.returncode == 2
        assert words in done.stderr
        assert done.stdout == ""
    assert not data.settings.exists()


def test_a_folder_for_results_is_checked_as_in_the_window(data, tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    refused = studio("settings", "set", "output-folder", file / "结果", "--json", data=data)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"{file} is a file, not a folder." in refused.stderr
    assert not data.settings.exists()
    done = studio("settings", "set", "output-folder", tmp_path / "结果", "--json", data=data)
    assert json.loads(done.stdout)["value"] == str(tmp_path / "结果")
    assert load_settings(data).output_folder == str(tmp_path / "结果")


def test_export_and_import_on_another_computer(data, tmp_path):
    file = tmp_path / "settings.json"
    studio("settings", "set", "text-size", "130", data=data)
    assert studio("settings", "export", file, data=data).returncode == 0
    assert studio("settings", "export", file, data=data).returncode == 1  # never replaced
    studio("settings", "reset", "--all", data=data)
    checked = studio("settings", "import", file, "--check", data=data)
    assert checked.stdout == "text_size: 100 → 130\n"
    assert load_settings(data).text_size == 100
    assert studio("settings", "import", file, data=data).returncode == 0
    assert load_settings(data).text_size == 130


def test_two_programs_that_change_settings_at_once_lose_none(data):
    changes = [("text_size", "120"), ("theme", "dark"), ("offline", "on"), ("threads", "2")]
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "studio", "--data-dir", data.root, "settings", "set", *change],
            stdout=subprocess.DEVNULL,
        )
        for change in changes
    ]
    assert [program.wait(PATIENCE) for program in programs] == [0] * len(changes)
    settings = load_settings(data)
    assert (settings.text_size, settings.theme) == (120, "dark")
    assert (settings.offline, settings.threads) == (True, 2)


def test_drafts_are_deleted_when_they_are_not_to_be_kept(data):
    save_drafts(data, {"text": {"prompt": "a secret"}})
    assert studio("settings", "set", "keep_drafts", "off", data=data).returncode == 0
    assert load_drafts(data) == {}


def test_names_and_formats_of_results_follow_the_settings(data):
    studio("settings", "set", "file_name", "{kind}-{seed}", data=data)
    studio("settings", "set", "text_format", "md", data=data)
    studio("settings", "set", "audio_format", "flac", data=data)
    done = studio("--fake", "text", "a cat", "--seed", "7", "--json", data=data)
    assert done.returncode == 0, done.stderr
    (text,) = data.outputs.glob("text-7-*.md")
    assert studio("--fake", "speech", "a cat", "--seed", "8", data=data).returncode == 0
    (speech,) = data.outputs.glob("speech-8-*.flac")
    named = studio("--fake", "speech", "a", "-o", text.parent / "x.wav", data=data)
    assert named.returncode == 0
    assert (data.outputs / "x.wav").exists()
    assert speech.stem != text.stem
