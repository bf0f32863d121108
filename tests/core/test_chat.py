"""Messages of a request: what is accepted, and how files hold them."""

import msgspec
import pytest

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.kinds import AnyRequest
from studio.core.requests import TextRequest, build_request
from studio.core.requests.chat import MAX_CHAT_CHARACTERS, ChatMessage, read_chat_file
from studio.core.requests.text_task import FieldValue, TextTask

TURNS = (ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"))
OWN = TextTask(name="own", language="en", fields=(FieldValue("text", "x"),))


def problem(**values):
    with pytest.raises(InvalidRequestError) as caught:
        TextRequest(prompt="x", **values)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "messages",
    [
        TURNS[:1],
        TURNS[::-1],
        (TURNS[0], TURNS[0]),
        (ChatMessage("user", " "), TURNS[1]),
        (ChatMessage("user", "a\0b"), TURNS[1]),
        (ChatMessage("user", "a" * (MAX_CHAT_CHARACTERS + 1)), TURNS[1]),
        TURNS * 1001,
    ],
)
def test_turns_that_no_template_takes_are_refused(messages):
    assert problem(messages=messages).field == "messages"


def test_a_chat_excludes_tasks_and_completion():
    assert problem(messages=TURNS, mode="complete").field == "messages"
    assert problem(messages=TURNS, task=OWN).field == "messages"


def test_an_empty_answer_is_a_turn():
    TextRequest(prompt="x", messages=(TURNS[0], ChatMessage("assistant", "")))


def test_a_request_survives_its_recipe_and_old_ones_open():
    request = TextRequest(prompt="x", messages=TURNS)
    assert msgspec.json.decode(msgspec.json.encode(request), type=AnyRequest) == request
    old = msgspec.json.decode(b'{"kind": "text", "prompt": "x"}', type=AnyRequest)
    assert old.messages == ()
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(
            b'{"kind": "text", "prompt": "x", "messages": [{"role": "tool", "content": ""}]}',
            type=AnyRequest,
        )


def test_loose_values_become_messages():
    loose = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert build_request(TextRequest, {"prompt": "x", "messages": loose}).messages == TURNS
    with pytest.raises(InvalidRequestError):
        build_request(TextRequest, {"prompt": "x", "messages": ["Hi"]})


def test_a_file_has_the_form_of_the_libraries():
    chat = read_chat_file(
        b'\xef\xbb\xbf[{"role": "system", "content": "S"}, {"role": "user", "content": "Hi"}]', "x"
    )
    assert chat == ("S", TURNS[:1])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff[",
        b'[{"role": "system", "content": "S"}]',
        b'[{"role": "user", "content": "Hi"}, {"role": "system", "content": "S"}]',
        b'[{"role": "user", "content": 1}]',
    ],
)
def test_another_file_is_explained(content):
    with pytest.raises(StudioError) as caught:
        read_chat_file(content, "chat.json")
    assert "chat.json" in str(caught.value)
