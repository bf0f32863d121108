"""The language of the command line: people read their own, programs read English."""

import json

import pytest

from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.core.settings_store import update
from studio.core.translation import VARIABLE
from studio.jobs.store import JobStore
from tests.cli.programs import studio
from tests.models.made import folder_of


def test_a_command_has_the_language_of_the_settings(data, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    update(data, {"language": "zh_CN"})
    shown = studio("settings", "list", data=data)
    assert shown.returncode == 0
    assert shown.stdout.startswith("外观\n")
    wrong = studio("settings", "get", "colour", data=data)
    assert wrong.returncode == 2
    assert "没有名为 'colour' 的设置。" in wrong.stderr


def test_the_parser_has_the_language_too(data, monkeypatch):
    monkeypatch.setenv(VARIABLE, "zh_CN")
    assert "没有这个命令：nonsense" in studio("settings", "nonsense", data=data).stderr
    for arguments in (("settings",), ("settings", "get"), ("models", "scan"), ("text",), ()):
        shown = studio(*arguments, "--help", data=data).stdout
        for word in ("用法：", "[选项]", "选项:", "显示此帮助并退出。"):
            assert word in shown, arguments
        for word in ("Usage", "Options", "Commands", "Show this", "OPTIONS", "COMMAND", "ARGS"):
            assert word not in shown, arguments


def test_the_variable_beats_the_settings(data, monkeypatch):
    update(data, {"language": "zh_CN"})
    monkeypatch.setenv(VARIABLE, "en")
    assert studio("settings", "list", data=data).stdout.startswith("Appearance\n")


def test_json_is_english_in_every_language(data, monkeypatch):
    english = studio("settings", "list", "--json", data=data).stdout
    monkeypatch.setenv(VARIABLE, "zh_CN")
    assert studio("settings", "list", "--json", data=data).stdout == english
    assert json.loads(english)["settings"][0]["title"] == "Language"


def test_an_odd_data_folder_is_explained_in_the_language_of_the_desktop(data, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.delenv("STUDIO_DATA_DIR")
    shown = studio("settings", "get", "colour", data=data)
    assert "没有名为" in shown.stderr


def test_the_queue_has_words_of_people_and_json_has_keys(data, monkeypatch):
    add_job(data)
    monkeypatch.setenv(VARIABLE, "zh_CN")
    assert "  等待中    text    猫" in studio("queue", "list", data=data).stdout
    shown = studio("queue", "list", "--json", data=data).stdout
    assert json.loads(shown)["jobs"][0]["state"] == "queued"


def test_a_scan_has_words_of_the_language(data, monkeypatch, tmp_path):
    folder_of(tmp_path / "found/no", {"model_type": "bert"})
    monkeypatch.setenv(VARIABLE, "zh_CN")
    assert studio("models", "scan", tmp_path / "found", data=data).stdout.startswith("不支持")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["text", "--nosuch"], "没有这个选项：--nosuch"),
        (
            ["text", "a", "--temperatur", "1"],
            "没有这个选项：--temperatur（是否指 --temperature？）",
        ),
        (["librar"], "没有这个命令：librar（是否指 'library'？）"),
        (["foo"], "没有这个命令：foo"),
        (["library", "show"], "缺少参数：ITEM"),
        (["text", "a", "--seed"], "选项 --seed 需要一个值。"),
        (["library", "list", "--json=3"], "选项 --json 不接受值。"),
    ],
)
def test_errors_of_the_parser_have_the_language(data, monkeypatch, arguments, shown):
    monkeypatch.setenv(VARIABLE, "zh_CN")
    done = studio(*arguments, data=data)
    assert done.returncode == 2
    assert shown in done.stderr


def add_job(data):
    """Add a job to the queue."""
    store = JobStore.open(data.database)
    store.add([new_job(TextRequest(prompt="猫"), str(data.outputs))])
    store.close()
