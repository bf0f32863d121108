"""Test the memory options of the command line with the real program."""

import json
from pathlib import Path

import pytest

from studio.core.settings import Settings, load_preference
from studio.core.settings_store import load_settings, update
from studio.library.artifacts import read_recipe
from tests.cli.programs import studio


def test_memory_option_is_saved_globally_and_per_model(data):
    done = studio("models", "memory", "16-bit", "--unload", 3, "--no-warm-start", data=data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "All models: 16-bit",
        "Unused models are unloaded after 3 minutes",
        "Load the last used model when the window opens: no",
    ]
    done = studio("models", "memory", "resident", "--model", "starter-image", "--json", data=data)
    assert json.loads(done.stdout) == {
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
    assert load_preference("starter-image", settings, "auto") == "auto"  # for one run only
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
def test_invalid_memory_option_is_refused_and_not_saved(data, arguments, words):
    done = studio(*arguments, data=data)
    assert done.returncode == 2
    assert words in done.stderr
    assert load_settings(data) == Settings()


def test_memory_option_of_one_run_is_in_its_recipe(data):
    update(data, {"memory": "resident"})
    done = studio(
        "--memory", "16-bit", "image", "a red apple", "--steps", 2, "--seed", 1, "--json", data=data
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["statistics"]["memory"].startswith("16-bit, needs ")
    assert read_recipe(Path(outcome["files"][0])).memory == "16-bit"
    assert load_settings(data).memory == "resident"


def test_the_setting_decides_how_a_model_is_loaded(data):
    update(data, {"memory": "16-bit"})
    done = studio("image", "a red apple", "--steps", 2, "--seed", 1, "--json", data=data)
    assert done.returncode == 0, done.stderr
    assert read_recipe(Path(json.loads(done.stdout)["files"][0])).memory == "16-bit"


def test_models_show_prints_the_load_plan(data):
    done = studio("models", "show", "starter-image", data=data)
    (line,) = [line for line in done.stdout.splitlines() if "Loads here" in line]
    assert "-bit, needs 0.0" in line
    done = studio("models", "show", "flux.2-dev", "--json", data=data)
    assert " GB" in json.loads(done.stdout)["loads"]
