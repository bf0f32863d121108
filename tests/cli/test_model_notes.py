"""Notes about a text model that is not up to its prompt, and installations by the window."""

import msgspec
import pytest

from studio.cli.context import Context
from studio.cli.model_notes import language_note, task_note
from studio.core.settings_store import load_settings, update
from studio.models import larger
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.memory.hardware import Machine
from studio.text_tasks.loader import find_task
from tests.cli.programs import studio

MEDIUM = "qwen2.5-coder-0.5b-instruct"
SMALL = ModelCard(
    name=larger.SMALL,
    title="Small",
    kind="text",
    runner="transformers",
    languages=("en",),
    parameters=134_515_008,
)


@pytest.fixture
def context(data, monkeypatch):
    """Return a context in which the small starter is the only text model."""
    put(data, SMALL)
    monkeypatch.setattr(larger, "quick_machine", lambda: Machine(3 * 10**9, 3 * 10**9))
    monkeypatch.setattr(larger, "disk_needed", lambda _entry: 10**6)
    return Context(data)


def put(data, card: ModelCard) -> None:
    folder = card_folder(data, card.name)
    folder.mkdir(parents=True)
    write_card(card, folder)


def test_unknown_language_is_noted_with_the_command_that_fetches_a_model(context):
    assert language_note(context, SMALL, "写一个标题") == (
        "Small knows English, and the prompt seems to be in Chinese. `studio models install "
        "larger` fetches Qwen2.5 Coder 0.5B Instruct (478 MB)."
    )
    assert language_note(context, SMALL, "Write a headline") == ""
    assert language_note(context, SMALL, "俳句を書いて") == (
        "Small knows English, and the prompt seems to be in Japanese."
    ), "no model to fetch is known to read it"


def test_installed_model_that_knows_the_language_is_named(data, context):
    put(
        data,
        msgspec.structs.replace(SMALL, name="own", title="Own", languages=("en", "zh")),
    )
    assert language_note(context, SMALL, "写一个标题").endswith("--model own chooses Own.")


def test_model_that_is_too_small_for_a_task_is_noted(data, context):
    summary, headline = find_task(None, "summary"), find_task(None, "headline")
    assert task_note(context, SMALL, headline) == ""
    assert task_note(context, SMALL, summary) == (
        "Small is too small for this task; expect mistakes. `studio models install larger` "
        "fetches Qwen2.5 Coder 0.5B Instruct (478 MB)."
    )
    translate = find_task(None, "translate")
    assert task_note(context, SMALL, translate) == (
        "Small is too small for this task; expect mistakes."
    ), "the model that fits the memory is too small as well"
    put(data, msgspec.structs.replace(SMALL, name="own", title="Own", parameters=8 * 10**9))
    assert task_note(context, SMALL, summary).endswith("--model own chooses Own.")
    unknown = msgspec.structs.replace(SMALL, parameters=0)
    assert task_note(context, unknown, summary) == ""


def test_commands_print_the_note_before_the_job(data, context):
    done = studio("text", "写一个标题", "--model", SMALL.name, data=data)
    assert done.stderr.startswith("Small knows English, and the prompt seems to be in Chinese.")
    rows = data.root / "rows.txt"
    rows.write_text("写一首诗\nA poem\n写一个标题\n", encoding="utf-8")
    done = studio("batch", rows, "--check", data=data)
    assert done.stderr.count("Small knows English") == 1
    assert done.returncode == 0, done.stderr


def test_window_gets_the_model_that_was_asked_for(data):
    done = studio("models", "install", "starter-medium", "--in-window", data=data)
    assert done.returncode == 0, done.stderr
    assert load_settings(data).pending_installs == {MEDIUM: True}
    assert not data.downloads.exists() or not any(data.downloads.iterdir())


def test_declined_or_installed_model_is_not_left_to_the_window(data):
    update(data, {"larger_declined": True})
    done = studio("models", "install", "starter-medium", "--in-window", data=data)
    assert "was declined" in done.stderr
    update(data, {"larger_declined": False})
    put(data, msgspec.structs.replace(SMALL, name=MEDIUM))
    done = studio("models", "install", MEDIUM, "--in-window", data=data)
    assert done.returncode == 0
    assert load_settings(data).pending_installs == {}


def test_larger_is_not_left_to_the_window_if_there_is_another_text_model(data):
    put(data, msgspec.structs.replace(SMALL, name="own"))
    done = studio("models", "install", "larger", "--in-window", data=data)
    assert done.returncode == 0, done.stderr
    assert load_settings(data).pending_installs == {}
