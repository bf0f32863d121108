"""A task and values become a request for chat models and for those without chat."""

import msgspec
import pytest

from studio.core.errors import InvalidRequestError
from studio.models.card import ModelCard, fake_card
from studio.text_tasks.loader import find_task
from studio.text_tasks.requests import TaskInput, build_requests, read_values


def chat_card() -> ModelCard:
    return msgspec.structs.replace(fake_card("text"), chat=True)


def test_base_model_completes_with_beams_and_chat_model_is_asked(data):
    task = find_task(data, "headline")
    inputs = TaskInput(prompt="a flood")
    (base,) = build_requests(task, inputs, fake_card("text"))
    assert base.mode == "complete"
    assert base.prompt.startswith("This is a news article about a flood.")
    assert (base.num_beams, base.max_new_tokens, base.num_return_sequences) == (5, 20, 5)
    (chat,) = build_requests(task, inputs, chat_card())
    assert chat.mode == "chat"
    assert (chat.num_beams, chat.num_return_sequences) == (1, 15)
    assert "headline" in chat.system_prompt
    assert chat.prompt.endswith("a flood")


def test_the_expression_of_a_task_has_its_numbers(data):
    own = msgspec.structs.replace(
        find_task(data, "bullets"), regex=r"(- [^\n]{2,90}\n){1,{points}}"
    )
    inputs = TaskInput(prompt="One. Two.", fields={"points": 3})
    (chat,) = build_requests(own, inputs, chat_card())
    assert chat.regex == r"(- [^\n]{2,90}\n){1,3}"
    (base,) = build_requests(own, inputs, fake_card("text"))
    assert base.regex == "", "it continues a list that the prompt begins"
    more = msgspec.structs.replace(inputs, settings={"choices": "a, b"})
    (chosen,) = build_requests(own, more, chat_card())
    assert (chosen.constraint, chosen.regex) == ("choices", "")


def test_more_candidates_get_more_beams_and_settings_of_the_user_win(data):
    task = find_task(data, "headline")
    inputs = TaskInput(prompt="a flood", candidates=8, settings={"max_new_tokens": "12"})
    (base,) = build_requests(task, inputs, fake_card("text"))
    assert (base.num_beams, base.num_return_sequences, base.max_new_tokens) == (8, 8, 12)
    many = msgspec.structs.replace(inputs, candidates=32)
    (chat,) = build_requests(task, many, chat_card())
    assert chat.num_return_sequences == 32


def test_chinese_prompt_gets_the_chinese_task_unless_a_language_is_chosen(data):
    task = find_task(data, "headline")
    (chinese,) = build_requests(task, TaskInput(prompt="小镇洪水"), chat_card())
    assert "新闻标题" in chinese.prompt
    assert "客观" in chinese.prompt
    inputs = TaskInput(prompt="小镇洪水", fields={"language": "en"})
    assert "headline" in build_requests(task, inputs, chat_card())[0].prompt


def test_lines_with_empty_fields_are_left_out_and_braces_stay(data):
    task = find_task(data, "summary")
    inputs = TaskInput(prompt="Set {focus} and {0} and {sentences}.")
    (request,) = build_requests(task, inputs, chat_card())
    assert "Write only about this" not in request.prompt
    assert "Set {focus} and {0} and {sentences}." in request.prompt
    about = msgspec.structs.replace(inputs, fields={"focus": "prices"})
    assert "Write only about this: prices" in build_requests(task, about, chat_card())[0].prompt


def test_all_wrong_values_are_named(data):
    task = find_task(data, "headline")
    fields = {"style": "angry", "words": "1e9", "colour": "red", "language": "fr"}
    with pytest.raises(InvalidRequestError) as caught:
        read_values(task, TaskInput(prompt=" ", fields=fields))
    found = {problem.field for problem in caught.value.problems}
    assert found == {"text", "style", "words", "colour", "language"}


@pytest.mark.parametrize("words", ["--5", "-", "5-", "+5"])
def test_number_with_odd_signs_is_named(data, words):
    task = find_task(data, "headline")
    with pytest.raises(InvalidRequestError) as caught:
        read_values(task, TaskInput(prompt="a flood", fields={"words": words}))
    assert [problem.field for problem in caught.value.problems] == ["words"]


@pytest.mark.parametrize("beams", ["many", "2.5", "-3", "9" * 5000])
def test_invalid_number_of_beams_is_named(data, beams):
    inputs = TaskInput(prompt="a flood", settings={"num_beams": beams})
    with pytest.raises(InvalidRequestError) as caught:
        build_requests(find_task(data, "headline"), inputs, fake_card("text"))
    assert "num_beams" in {problem.field for problem in caught.value.problems}
