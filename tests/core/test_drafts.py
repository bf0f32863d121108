"""Drafts have a file of their own; those of an earlier version move there once."""

import json

import pytest

from studio.core.drafts import load_drafts, move_former_drafts, save_drafts
from studio.core.settings_store import load_settings, update

FORMER = {
    "theme": "dark",
    "drafts": {"text": {"prompt": "a cat"}},
    "recent_prompts": ["x" * 100_000] * 100,
    "later": 1,
}


def test_drafts_are_read_back(data):
    drafts = {
        "text": {"prompt": "光", "num_beams": 2, "seed": None},
        "a kind of a later version": {"a": [1]},
    }
    save_drafts(data, drafts)
    assert load_drafts(data) == drafts
    assert data.drafts.stat().st_mode & 0o077 == 0


def test_half_of_a_surrogate_pair_does_not_prevent_saving(data):
    save_drafts(data, {"text": {"prompt": "a\ud800b", "list": ["\udfff"]}})
    assert load_drafts(data) == {"text": {"prompt": "a?b", "list": ["?"]}}


def test_drafts_of_an_earlier_version_move_to_their_file(data):
    data.settings.write_text(json.dumps(FORMER))
    assert load_drafts(data) == FORMER["drafts"]
    move_former_drafts(data)
    assert json.loads(data.settings.read_bytes()) == {"theme": "dark", "later": 1}
    assert load_drafts(data) == FORMER["drafts"]
    move_former_drafts(data)
    assert load_settings(data).theme == "dark"


def test_a_kill_between_the_two_files_loses_nothing(data):
    data.settings.write_text(json.dumps(FORMER))
    save_drafts(
        data, {"text": {"prompt": "newer"}}
    )  # the first of the two was written, and a key was typed after it
    move_former_drafts(data)
    assert load_drafts(data) == {"text": {"prompt": "newer"}}
    assert "drafts" not in json.loads(data.settings.read_bytes())


def test_a_command_before_the_window_leaves_the_former_drafts(data):
    data.settings.write_text(json.dumps(FORMER))
    update(data, {"offline": True})
    assert load_drafts(data) == FORMER["drafts"]


@pytest.mark.parametrize("content", ["{", "[1]", '{"text": ' + "[" * 100_000])
def test_damaged_drafts_are_set_aside(data, content):
    data.drafts.write_text(content)
    assert load_drafts(data) == {}
    (aside,) = data.root.glob("drafts.damaged-*")
    assert aside.read_text() == content


@pytest.mark.parametrize("drafts", [7, [], "x", None])
def test_former_drafts_in_a_wrong_format_are_dropped(data, drafts):
    data.settings.write_text(json.dumps({"drafts": drafts, "theme": "dark"}))
    assert load_drafts(data) == {}
    move_former_drafts(data)
    assert json.loads(data.settings.read_bytes()) == {"theme": "dark"}
