"""The expressions of Studio's tasks match what their prompts ask for, and no more."""

import re

import msgspec
import pytest

from studio.models.card import fake_card
from studio.preflight.grammar import grammar_error, grammar_of
from studio.text_tasks.loader import find_task, load_tasks
from studio.text_tasks.requests import TaskInput, build_requests

CHAT = msgspec.structs.replace(fake_card("text"), chat=True)


@pytest.mark.parametrize("name", ["bullets", "headlines"])
def test_they_are_valid_grammars(data, name):
    assert {task.name for task in load_tasks(data).values() if task.regex} == {
        "bullets",
        "headlines",
    }
    (request,) = build_requests(find_task(data, name), TaskInput(prompt="A text."), CHAT)
    assert grammar_error(grammar_of(request)) == ""


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("- One.\n- Two", True),
        ("- One.\n- Two\n\n", True),
        ("- 一。\n- 二。\n- 三", True),
        ("- One\n- Two\n- Three\n- Four", False),
        ("- One\n1. Two", False),
        ("Here are the points:\n- One", False),
    ],
)
def test_a_list_has_at_most_its_points(data, text, matches):
    inputs = TaskInput(prompt="A text.", fields={"points": 3})
    (request,) = build_requests(find_task(data, "bullets"), inputs, CHAT)
    assert bool(re.fullmatch(request.regex, text)) is matches


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("- Flood hits small town\n- Town counts the damage\n", True),
        ("- 洪水袭击小镇\n- 小镇清点损失\n", True),
        ("- Flood hits small town\n", False),
        ("- Flood hits small town\n- Town counts\n- Rain ends\n", False),
        ("- Flood hits one small town in the north\n- Town counts\n", False),
        ("- 洪水袭击小镇居民连夜撤离到山上\n- 小镇清点损失\n", False),
        ("Here are two:\n- Flood hits town\n- Town counts\n", False),
    ],
)
def test_a_list_of_headlines_has_their_number_and_length(data, text, matches):
    inputs = TaskInput(prompt="a flood", fields={"headlines": 2, "words": 6})
    (request,) = build_requests(find_task(data, "headlines"), inputs, CHAT)
    assert bool(re.fullmatch(request.regex, text)) is matches
