"""Parse weights, BREAK and tags in prompts."""

import contextlib
import time

import pytest

from studio.core.requests.adapter_list import AdapterChoice
from studio.core.requests.prompt_syntax.edit import step_weight, without_mark
from studio.core.requests.prompt_syntax.weights import (
    PromptError,
    as_words,
    has_breaks,
    read_prompt,
)


def pieces(prompt):
    return [
        (piece.text, round(piece.weight, 4))
        for chunk in read_prompt(prompt).chunks
        for piece in chunk
    ]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", [("a cat", 1)]),
        ("a (red) cat", [("a ", 1), ("red", 1.1), (" cat", 1)]),
        ("a ((red)) cat", [("a ", 1), ("red", 1.21), (" cat", 1)]),
        ("a [red] cat", [("a ", 1), ("red", 0.9091), (" cat", 1)]),
        ("(red:1.3) cat", [("red", 1.3), (" cat", 1)]),
        ("(a (red:2) cat:0.5)", [("a ", 0.5), ("red", 1.0), (" cat", 0.5)]),
        ("(red: .5 ) cat", [("red", 0.5), (" cat", 1)]),
        ("(red:-1)", [("red", -1)]),
        ("(red:1.0) cat", [("red cat", 1)]),
        (r"cat \(animal\) \[x\] C:\\new", [(r"cat (animal) [x] C:\new", 1)]),
        (r"(cat \(animal\):1.2)", [("cat (animal)", 1.2)]),
        ("a cat :) or ] here: 10:30", [("a cat :) or ] here: 10:30", 1)]),
        ("(红色:1.3)的猫", [("红色", 1.3), ("的猫", 1)]),
        ("()", []),
        ("([red])", [("red", 1)]),
    ],
)
def test_weights_are_read_as_a1111_does(prompt, expected):
    assert pieces(prompt) == expected


def test_break_splits_and_brackets_may_span_it():
    read = read_prompt("a cat BREAK (a dog BREAK a bird:1.5)")
    words = ["".join(piece.text for piece in chunk).strip() for chunk in read.chunks]
    assert words == ["a cat", "a dog", "a bird"]
    assert [chunk[-1].weight for chunk in read.chunks] == [1, 1.5, 1.5]
    assert not has_breaks("a sign with “BREAK” and BREAKFAST, break")
    assert read_prompt('a sign "BREAK"').is_plain


def test_tags_leave_the_words_and_name_adapters():
    read = read_prompt("a <lora:Pixel Art:0.8> (red:1.2) cat <lyco:b>")
    assert read.text == "a red cat"
    assert read.adapters == (AdapterChoice("Pixel Art", 0.8), AdapterChoice("b"))
    assert read_prompt("a cat <lora:a:0>").adapters == ()
    assert read_prompt("a cat, <lora:a:1>").is_plain


def test_marks_say_where_each_part_is():
    prompt = "a (red (big:1.5):1.2) cat BREAK <lora:x:0.8>"
    found = [(mark.kind, prompt[mark.start : mark.end]) for mark in read_prompt(prompt).marks]
    assert found == [
        ("weight", "(red (big:1.5):1.2)"),
        ("weight", "(big:1.5)"),
        ("break", "BREAK"),
        ("adapter", "<lora:x:0.8>"),
    ]


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("a (red cat", r"bracket \( at character 3 is not closed"),
        ("a [red cat", r"bracket \[ at character 3 is not closed"),
        ("([a)]", r"bracket \[ at character 2"),
        ("(see 10:30)", "The weight 30 is not between -10 and 10"),
        ("a [cat:dog:0.5]", r"\[cat:dog:0.5\] changes the prompt between the steps"),
        ("a [cat|dog]", "changes the prompt between the steps"),
        ("a <hypernet:glow:1>", "<hypernet:glow:1> cannot be used"),
        ("a <lora:x:99>", "<lora:x:99> cannot be used"),
        ("(" * 40 + "a" + ")" * 40, "nests more than 32 brackets"),
    ],
)
def test_mistakes_are_refused_with_their_place(prompt, message):
    with pytest.raises(PromptError, match=message):
        read_prompt(prompt)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a (red:1.2) cat BREAK <lora:x:0.8>", "a red cat <lora:x:0.8>"),
        ("a (red cat", r"a \(red cat"),
        (r"a \(red\) cat", r"a \(red\) cat"),
        ("a [cat:dog:0.5]", r"a \[cat:dog:0.5\]"),
    ],
)
def test_a_prompt_as_words_is_plain_for_every_model(prompt, words):
    assert as_words(prompt) == words
    assert read_prompt(as_words(prompt)).is_plain


def test_long_prompts_take_linear_time():
    begun = time.process_time()
    for part in (
        "(a:1.1)",
        "(",
        "[a]",
        "\\(",
        "a, ",
        ")",
        "BREAK ",
        "<lora:a:1>",
        "(a:1",
        "<lora:",
    ):
        with contextlib.suppress(PromptError):
            read_prompt(part * (200_000 // len(part)))
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("prompt", "at", "steps", "expected"),
    [
        ("a red cat", (3, 3), 1, "a (red:1.1) cat"),
        ("a red cat", (2, 9), -1, "a (red cat:0.9)"),
        ("a (red:1.1) cat", (4, 4), -1, "a red cat"),
        ("a (red) cat", (4, 4), 1, "a (red:1.2) cat"),
        ("a [red] cat", (4, 4), -1, "a (red:0.81) cat"),
        ("(a (red:1.5) cat:0.8)", (5, 5), 1, "(a (red:1.6) cat:0.8)"),
        ("a <lora:pxl:0.8> cat", (6, 6), 1, "a <lora:pxl:0.9> cat"),
        ("a <lora:pxl> cat", (6, 6), -1, "a <lora:pxl:0.9> cat"),
        ("红苹果 a", (1, 1), 2, "(红苹果:1.2) a"),
        ("a, b", (0, 2), 1, "(a,:1.1) b"),
    ],
)
def test_a_key_changes_the_weight_at_the_cursor(prompt, at, steps, expected):
    edited = step_weight(prompt, *at, steps)
    assert edited.prompt == expected
    assert step_weight(*edited, -steps).prompt.count("(") <= prompt.count("(") + 1


def test_the_changed_part_stays_selected_and_steps_add_up():
    edited = step_weight("a red cat", 3, 3, 1)
    for _press in range(4):
        edited = step_weight(*edited, 1)
    assert edited.prompt == "a (red:1.5) cat"
    assert edited.prompt[edited.start : edited.end] == "(red:1.5)"


def test_marks_are_removed_from_the_prompt():
    prompt = "a (red:1.3) cat BREAK a dog, <lora:x:0.8>, big"
    weight, chunk, tag = read_prompt(prompt).marks
    assert without_mark(prompt, weight) == "a red cat BREAK a dog, <lora:x:0.8>, big"
    assert without_mark(prompt, chunk) == "a (red:1.3) cat a dog, <lora:x:0.8>, big"
    assert without_mark(prompt, tag) == "a (red:1.3) cat BREAK a dog, big"
