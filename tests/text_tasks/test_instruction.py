"""A person's own instruction as a task."""

import pytest

from studio.models.card import fake_card
from studio.text_tasks.instruction import instruction_task, save_instruction
from studio.text_tasks.loader import find_task, load_tasks
from studio.text_tasks.requests import TaskInput, build_requests


@pytest.mark.parametrize(
    "instruction", ["Use the past tense", "用过去时 {text} {x}", 'a "quoted"\nline \\ ]]']
)
def test_kept_instruction_is_the_same_task(data, instruction):
    name = save_instruction(data, instruction)
    again = save_instruction(data, instruction)
    assert name != again
    kept = find_task(data, name)
    assert {name, again} <= load_tasks(data).keys()
    once = instruction_task(instruction)
    assert (kept.title, kept.prompt, kept.field) == (once.title, once.prompt, once.field)
    request = build_requests(kept, TaskInput(prompt="It rains {here}."), fake_card("text"))[0]
    assert "It rains {here}." in request.prompt
    assert instruction.split()[0] in request.prompt
