"""A data folder of an earlier version opens with its queue, models, settings and drafts."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QThreadPool
from PySide6.QtTest import QTest

from studio.app import Studio
from studio.core.drafts import load_drafts
from studio.core.paths import ENVIRONMENT_VARIABLE, DataFolder
from studio.core.settings_store import load_settings, update
from studio.library.artifacts import read_recipe
from studio.models.card_store import CARD_FILE, card_folder, read_card, write_card
from studio.models.registry import ModelRegistry
from tests.cli.programs import studio as run_studio
from tests.ui.conftest import PATIENCE, close_studio

OLD = Path(__file__).parent / "data" / "data_folder_2026_11"
OLD_ROOT = "/tmp/studio-data-folder"
STATES = {"completed": 12, "failed": 1, "queued": 3, "cancelled": 1}
MODELS = {
    "en_gb-ada-medium": "piper",
    "grain": "diffusers",
    "tiny": "llama.cpp",
    "tiny-gpt2": "transformers",
    "tiny-musicgen": "transformers",
    "tiny-sd": "diffusers",
    "tiny-vits": "transformers",
    "tiny-wan": "diffusers",
    "torn-gpt2": "transformers",
}
ARTIFACTS = [
    ("A-small-cat-*.txt", "text", 3, "tiny-gpt2"),
    ("weather.txt", "text", 4, ""),
    ("a-slow-song-*.ogg", "music", 9, "tiny-musicgen"),
    ("a-small-hill-*.png", "image", 10, "tiny-sd"),
    ("a-red-apple-*-2.png", "image", 6, ""),
    ("Hello-there-*.ogg", "speech", 6, ""),
    ("a-ball-*.mp4", "video", 8, ""),
]


@pytest.fixture
def data(tmp_path, monkeypatch) -> DataFolder:
    """Return a copy of the old data folder, with its absolute paths replaced by the copy's."""
    root = tmp_path / "old"
    shutil.copytree(OLD, root)
    new_root = root.as_posix()
    for path in (root / "data").rglob("*"):
        if path.suffix in (".toml", ".json"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace(OLD_ROOT, new_root), encoding="utf-8")
    connection = sqlite3.connect(root / "data" / "studio.db")
    with connection:
        for table, columns in {
            "jobs": ("request", "folder"),
            "artifacts": ("path", "body"),
            "batches": ("body",),
        }.items():
            for column in columns:
                connection.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (OLD_ROOT, new_root)
                )
    connection.close()
    folder = DataFolder(root=root / "data")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(folder.root))
    return folder


@pytest.fixture
def window(qapp, data):
    """Open the window on the old folder; its queue is paused until a test resumes it."""
    studio = Studio(data, fake=True)
    studio.session.queue.pause("the test has not looked yet")
    studio.window.show()
    assert QTest.qWaitForWindowExposed(studio.window, PATIENCE)
    studio.start_background()
    yield studio
    close_studio(studio)
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)


def output_of(*arguments, data):
    ended = run_studio(*arguments, data=data)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def states(jobs) -> dict[str, int]:
    found = [job["state"] for job in jobs]
    return {state: found.count(state) for state in STATES}


def test_the_command_line_lists_the_queue(data):
    table = json.loads(output_of("queue", "list", "--json", data=data))
    assert table["unreadable"] == []
    assert states(table["jobs"]) == STATES
    assert {job["request"]["kind"] for job in table["jobs"]} == {
        "text",
        "image",
        "speech",
        "music",
        "video",
    }
    (failed,) = [job for job in table["jobs"] if job["state"] == "failed"]
    assert "incomplete metadata" in failed["failure"]["message"]


def test_the_command_line_runs_the_rest_of_the_batch_and_writes_its_report(data):
    ended = run_studio("--fake", "queue", "run", data=data)
    assert ended.returncode == 0, ended.stderr
    made = data.root.parent / "made" / "half"
    assert sorted(path.name[:4] for path in made.glob("0*")) == [f"000{row}" for row in range(1, 6)]
    report = [json.loads(line) for line in (made / "report.jsonl").read_text("utf-8").splitlines()]
    assert [(row["line"], row["state"]) for row in report] == [
        *((line, "completed") for line in range(1, 6)),
        (6, "cancelled"),
    ]


def test_the_command_line_lists_the_models(data):
    models = json.loads(output_of("models", "list", "--json", data=data))["models"]
    runners = {model["name"]: model["runner"] for model in models if model["name"] in MODELS}
    assert runners == MODELS
    texts = [model["name"] for model in models if model["kind"] == "text"]
    images = [model["name"] for model in models if model["kind"] == "image"]
    assert (texts[0], images[0]) == ("tiny-gpt2", "tiny-sd")


def test_the_cards_are_read_with_their_values(data):
    cards = {card.name: card for card in ModelRegistry(data).list()}
    video, image = cards["tiny-wan"], cards["tiny-sd"]
    assert (video.license, video.sizes, video.fixed_sizes) == ("MIT", ((832, 480),), True)
    assert (video.frame_step, video.max_frames) == (4, 81)
    assert (image.min_side, image.max_side, image.translate_prompts) == (48, 96, True)
    assert (image.parameters, image.defaults) == (1665163, {"width": 64, "height": 64})


def test_a_card_that_changes_is_written_with_the_new_keys_and_its_comments(data):
    folder = card_folder(data, "tiny-sd")
    card = msgspec.structs.replace(read_card(folder), files_sha256="ab")
    write_card(card, folder)
    assert read_card(folder) == card
    lines = (folder / CARD_FILE).read_text(encoding="utf-8").splitlines()
    assert "# The card of a tiny model" in lines
    assert "min_side = 48  # smaller ones are unusable" in lines
    assert not [line for line in lines if line.startswith(("licence", "smallest", "english"))]


def test_processor_is_read_as_cpu(data):
    assert json.loads(data.settings.read_text("utf-8"))["memory"] == "processor"
    assert json.loads(output_of("models", "memory", "--json", data=data)) == {
        "memory": "cpu",
        "models": {"tiny-gpt2": "resident", "tiny-musicgen": "cpu", "torn-gpt2": "resident"},
        "unload_minutes": 3.0,
        "warm_start": False,
    }


def test_a_change_of_one_setting_keeps_the_others_and_writes_the_new_values(data):
    before = load_settings(data)
    assert update(data, {"theme": "light"}) == load_settings(data)
    document = json.loads(data.settings.read_text("utf-8"))
    assert (document["memory"], document["model_memory"]["tiny-musicgen"]) == ("cpu", "cpu")
    before.theme = "light"
    assert load_settings(data) == before


def test_every_setting_is_kept(data):
    settings = load_settings(data)
    assert settings.default_models == {"text": "tiny-gpt2", "image": "tiny-sd"}
    assert settings.output_folder == str(data.root.parent / "made")
    assert (settings.theme, settings.last_tab) == ("dark", 2)
    assert (settings.offline, settings.endpoint) == (True, "https://hub.example")
    assert settings.starter_declined
    assert settings.geometry
    assert settings.window_state
    switches = ("play_while_generating", "keep_awake", "order_by_model", "batch_jobs", "notify")
    assert [getattr(settings, name) for name in switches] == [False] * len(switches)


@pytest.mark.parametrize(("pattern", "kind", "seed", "model"), ARTIFACTS)
def test_every_recipe_is_read(data, pattern, kind, seed, model):
    (path,) = data.outputs.glob(pattern)
    recipe = read_recipe(path)
    assert recipe is not None
    assert (recipe.request.kind, recipe.seed) == (kind, seed)
    assert recipe.request.model == (model or f"fake-{kind}")
    assert recipe.memory == ("32 bits" if model else "")


def test_the_model_generates_the_same_text_again(data):
    (old,) = data.outputs.glob("A-small-cat-*.txt")
    again = data.root / "again.txt"
    prompt = ("text", "A small cat sits on the window sill", "--model", "tiny-gpt2", "--seed", "3")
    output_of(*prompt, "--max-new-tokens", "8", "-o", str(again), data=data)
    assert again.read_bytes() == old.read_bytes()


def test_the_window_shows_settings_drafts_and_queue(window):
    assert window.settings.memory == "cpu"
    assert window.settings.theme == "dark"
    assert window.window.tabs.currentIndex() == 2
    drafts = {
        window.window.text_tab.prompt.toPlainText(): "a draft that was not sent",
        window.window.image_tab.prompt.toPlainText(): "an image draft",
        window.window.audio_tab.speech.prompt.toPlainText(): "a spoken draft",
    }
    assert all(text == expected for text, expected in drafts.items())
    jobs = window.session.queue.jobs()
    assert states([{"state": job.state.value} for job in jobs]) == STATES


def test_the_window_runs_the_waiting_jobs(qtbot, window, data):
    queue = window.session.queue
    assert len(queue.waiting()) == 3
    queue.resume()
    report = data.root.parent / "made" / "half" / "report.jsonl"
    qtbot.waitUntil(report.exists, timeout=PATIENCE)
    assert not queue.waiting()


def test_the_window_restores_a_form_from_an_old_recipe(qtbot, window, data):
    (path,) = data.outputs.glob("a-red-apple-*-1.png")
    window.window.show_artifact(path)
    prompt = window.window.image_tab.prompt
    qtbot.waitUntil(lambda: prompt.toPlainText() == "a red apple", timeout=PATIENCE)


def test_closing_the_window_keeps_the_drafts(window, data):
    before = load_drafts(data)
    close_studio(window)
    assert {kind: values["prompt"] for kind, values in load_drafts(data).items()} == {
        kind: values["prompt"] for kind, values in before.items()
    }
