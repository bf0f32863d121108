"""`studio text --chat`: the real program with the fake model."""

import json

import pytest

from studio.core.requests.chat import ChatMessage
from studio.library.artifacts import read_recipe
from tests.cli.programs import studio

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
LAST = {"role": "user", "content": "And now?"}


@pytest.fixture
def chat(data, tmp_path):
    def run(messages, *arguments):
        file = tmp_path / "chat.json"
        file.write_text(json.dumps(messages))
        return studio("--fake", "text", "--chat", file, *arguments, data=data)

    return run


def requests(data):
    return [read_recipe(path).request for path in data.outputs.glob("*.txt")]


def test_the_last_message_is_the_prompt(chat, data):
    done = chat([{"role": "system", "content": "Be brief."}, *TURNS, LAST])
    assert done.returncode == 0, done.stderr
    (request,) = requests(data)
    assert (request.prompt, request.system_prompt) == ("And now?", "Be brief.")
    assert request.messages == (ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"))


def test_the_command_has_the_next_prompt(chat, data):
    done = chat(TURNS, "More?", "--system", "Be kind.")
    assert done.returncode == 0, done.stderr
    (request,) = requests(data)
    assert (request.prompt, request.system_prompt) == ("More?", "Be kind.")
    assert len(request.messages) == 2


@pytest.mark.parametrize(
    ("messages", "arguments", "words"),
    [
        (TURNS, (), "is an answer"),
        ([LAST, LAST], (), "in turn"),
        ({}, (), "is no chat"),
        (TURNS, ("x", "--task", "headline"), "cannot be used together"),
        (TURNS, ("x", "--mode", "complete"), "mode"),
    ],
)
def test_wrong_use_is_explained_before_anything_runs(chat, data, messages, arguments, words):
    done = chat(messages, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert not requests(data)
