"""Presets that somebody shared, in the real window: names that are taken, and hostile files."""

import json
import os
import sys

import pytest
from PySide6.QtWidgets import QMessageBox

from studio.core.presets import Preset, encode_preset, own_presets, save_preset
from tests.ui.conftest import PATIENCE
from tests.ui.tabs.presets.test_presets import titles

MINE = Preset("Rain", {"top_k": 3})
SHARED = Preset("rain", {"top_k": 9})


@pytest.fixture
def tab(open_studio):
    return open_studio().window.text_tab


@pytest.fixture
def shared_file(tmp_path):
    path = tmp_path / "rain.preset.json"
    path.write_bytes(encode_preset("text", SHARED))
    return path


@pytest.fixture
def posted(tab):
    toasts = []
    tab.shared.toast_posted.connect(toasts.append)
    return toasts


@pytest.fixture
def answer(monkeypatch):
    """Return a function that chooses what the next boxes answer; their texts are in `asked`."""
    asked = []

    def choose(title):
        def click(box):
            asked.append(box.text())
            next(one for one in box.buttons() if one.text().replace("&", "") == title).click()

        monkeypatch.setattr(QMessageBox, "exec", click)
        return asked

    return choose


@pytest.fixture
def shown(monkeypatch):
    """The texts of message boxes."""
    texts = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: texts.append(box.text()))
    return texts


def own(tab):
    return {one.title: one.values for one in own_presets(tab.shared.data, "text")}


def test_both_are_kept_under_two_names_and_undone(qtbot, tab, shared_file, answer, posted):
    save_preset(tab.shared.data, "text", MINE)
    asked = answer("Keep both")
    tab.window().file_opener.open(shared_file)
    qtbot.waitUntil(lambda: "rain 2" in titles(tab), timeout=PATIENCE)
    assert asked == ["A preset named Rain exists, with other values."]
    assert own(tab) == {"Rain": {"top_k": 3}, "rain 2": {"top_k": 9}}
    assert posted[-1].text == "Preset rain 2 was imported"
    posted[-1].action()
    qtbot.waitUntil(lambda: "rain 2" not in titles(tab), timeout=PATIENCE)
    assert own(tab) == {"Rain": {"top_k": 3}}


def test_the_own_one_is_replaced_and_comes_back(qtbot, tab, shared_file, answer, posted):
    save_preset(tab.shared.data, "text", MINE)
    answer("Replace")
    tab.window().file_opener.open(shared_file)
    qtbot.waitUntil(lambda: own(tab) == {"rain": {"top_k": 9}}, timeout=PATIENCE)
    qtbot.waitUntil(lambda: bool(posted), timeout=PATIENCE)
    posted[-1].action()
    assert own(tab) == {"Rain": {"top_k": 3}}


def test_cancel_changes_nothing(qtbot, tab, shared_file, answer, posted):
    save_preset(tab.shared.data, "text", MINE)
    asked = answer("Cancel")
    tab.window().file_opener.open(shared_file)
    qtbot.waitUntil(lambda: bool(asked), timeout=PATIENCE)
    assert own(tab) == {"Rain": {"top_k": 3}}
    assert posted == []


def test_an_equal_preset_is_reported_without_a_question(qtbot, tab, shared_file, answer, posted):
    save_preset(tab.shared.data, "text", SHARED)
    asked = answer("Cancel")
    tab.window().file_opener.open(shared_file)
    qtbot.waitUntil(lambda: bool(posted), timeout=PATIENCE)
    assert posted[-1].text == "You have the preset rain already"
    assert asked == []
    assert own(tab) == {"rain": {"top_k": 9}}


def preset_text(**values):
    return json.dumps({"kind": "text", "preset": {"title": "x", "values": values}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b" " * 50_000_000, "cannot be read: larger than 1,048,576 bytes."),
        (b'{"kind":"text","preset":' + b"[" * 500_000, "is not a preset of Studio."),
        (preset_text(prompt="x").replace('{"prompt": "x"}', "7").encode(), "is not a preset"),
        (b'{"kind":["text"],"preset":{"title":"x","values":{}}}', "is not a preset"),
        (b'{"kind":"text","preset":{"title":"\\ud800","values":{}}}', "is not a preset"),
        (b'{"kind":"text","preset":{"title":"\\u202e \\u0000","values":{}}}', "has no name"),
        (b'{"kind":"../../x","preset":{"title":"x","values":{}}}', "newer version of Studio"),
        (b"\xff\xfe\x00", "is not a preset"),
    ],
    ids=["50 MB", "deep", "number", "list", "surrogate", "invisible name", "kind", "no UTF-8"],
)
def test_a_hostile_file_is_refused_once_with_a_message(
    qtbot, tab, shown, posted, tmp_path, content, message
):
    path = tmp_path / "hostile.preset.json"
    path.write_bytes(content)
    tab.window().file_opener.open(path)
    qtbot.waitUntil(lambda: bool(shown), timeout=PATIENCE)
    qtbot.wait(0)
    assert len(shown) == 1
    assert message in shown[0]
    assert own(tab) == {}
    assert posted == []


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders")
def test_a_pipe_does_not_hold_the_window(qtbot, tab, shown, tmp_path):
    path = tmp_path / "pipe.preset.json"
    os.mkfifo(path)
    from studio.ui.tabs.presets.import_preset import import_preset

    import_preset(tab.shared, path, tab)
    qtbot.waitUntil(lambda: bool(shown), timeout=PATIENCE)
    assert "cannot be read: not a regular file." in shown[0]


def test_wrong_values_are_left_out_and_named_in_a_short_toast(qtbot, tab, shown, posted, tmp_path):
    path = tmp_path / "odd.preset.json"
    deep = json.loads("[" * 200 + "]" * 200)
    wrong = {f"unknown {'x' * 50} {number}": deep for number in range(300)}
    values = {"temperature": "hot", "top_k": 1e300, "seed": 3, "prompt": "a\u202eb", **wrong}
    path.write_text(preset_text(**values))
    tab.window().file_opener.open(path)
    qtbot.waitUntil(lambda: bool(posted), timeout=PATIENCE)
    assert own(tab) == {"x": {"prompt": "a\u202eb"}}
    assert len(posted) == 1
    assert posted[0].text.startswith("Preset x was imported without temperature, top_k, seed, ")
    assert posted[0].text.endswith(", …")
    assert posted[0].milliseconds < 60_000
