"""How models are loaded, from a shell: the real program."""

import json
from pathlib import Path

import pytest

from studio.core.settings import Settings, load_preference
from studio.core.settings_store import load_settings, update
from studio.library.artifacts import read_recipe
from tests.cli.programs import studio


def test_a_way_is_kept_for_all_models_and_for_one(data):
    told = studio("models", "memory", "16-bit", "--unload", 3, "--no-warm-start", data=data)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "All models: 16-bit",
        "Unused models are unloaded after 3 minutes",
        "Load the last used model when the window opens: no",
    ]
    told = studio("models", "memory", "resident", "--model", "starter-image", "--json", data=data)
    assert json.loads(told.stdout) == {
        "memory": "16-bit",
        "models": {"starter-image": "resident"},
        "unload_minutes": 3.0,
        "warm_start": False,
    }
    settings = load_settings(data)
    assert (load_preference("starter-image", settings), load_preference("other", settings)) == (
        "resident",
        "16-bit",
    )
    assert load_preference("starter-image", settings, "auto") == "auto"  # said for one run
    studio("models", "memory", "auto", "--model", "starter-image", data=data)
    assert load_settings(data).model_memory == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["models", "memory", "half"], "'half' is not a strategy"),
        (["models", "memory", "8-bit", "--model", "nothing"], "model 'nothing' is not installed"),
        (["models", "memory", "--unload", "-1"], "--unload cannot be"),
        (["--memory", "half", "doctor"], "'half' is not a strategy"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(data, arguments, words):
    told = studio(*arguments, data=data)
    assert told.returncode == 2
    assert words in told.stderr
    assert load_settings(data) == Settings()


def test_a_run_has_its_own_way_and_the_picture_says_so(data):
    update(data, {"memory": "resident"})
    told = studio(
        "--memory", "16-bit", "image", "a red apple", "--steps", 2, "--seed", 1, "--json", data=data
    )
    assert told.returncode == 0, told.stderr
    outcome = json.loads(told.stdout)
    assert outcome["statistics"]["memory"].startswith("16 bits, needs ")
    assert read_recipe(Path(outcome["files"][0])).memory == "16 bits"
    assert load_settings(data).memory == "resident"


def test_a_card_says_how_it_is_loaded_here(data):
    told = studio("models", "show", "starter-image", data=data)
    (line,) = [line for line in told.stdout.splitlines() if "Loads here" in line]
    assert " bits, needs 0.0" in line
    told = studio("models", "show", "flux.2-dev", "--json", data=data)
    assert " GB" in json.loads(told.stdout)["loads"]
