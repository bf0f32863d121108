"""Advice about the words of a prompt."""

import pytest

from studio.models.vocabulary import FILE, Vocabulary, advice, read

VOCABULARY = Vocabulary(frozenset({"dog", "castle", "axe", "cherry", "leaf"}), {"sword": ("axe",), "hare": ("dog", "cat")})


@pytest.mark.parametrize(
    "prompt",
    [
        "a dog",
        "Two DOGS and a castle",
        "cherries",
        "leaves on the grass",
        "a very beautiful dog",
        "",
        "a red",
        "一只",
        "...",
        "dog " * 5_000,
    ],
)
def test_nothing_is_said_about_what_it_knows(prompt):
    assert advice(prompt, VOCABULARY) == ""


def test_the_nearest_names_are_offered():
    assert advice("a dog with swords", VOCABULARY) == 'Not learned: "swords", nearest: axe.'
    assert advice("sword, hare", VOCABULARY) == 'Not learned: "sword", nearest: axe; "hare", nearest: dog, cat.'


def test_a_prompt_far_from_everything_is_called_so():
    assert advice("philosophy of freedom", VOCABULARY).startswith(
        'Far from all that this model has learned: "philosophy", "freedom".'
    )


def test_a_folder_without_or_with_a_damaged_vocabulary_has_none(tmp_path):
    assert read(tmp_path) is None
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / FILE).write_text('{"known": 3}', encoding="utf-8")
    assert read(broken) is None
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / FILE).write_text('{"known": ["dog"], "near": {"pup": ["dog"]}}', encoding="utf-8")
    assert read(whole) == Vocabulary(frozenset({"dog"}), {"pup": ("dog",)})
