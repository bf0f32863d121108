"""Test the advice about words of a prompt that the starter image model does not know."""

import pytest

from studio.models.catalog import entry_named
from studio.preflight.vocabulary import (
    VOCABULARY_FILE,
    Vocabulary,
    describe_unknown_words,
    read_vocabulary,
    with_known_words,
)

VOCABULARY = Vocabulary(
    frozenset({"dog", "castle", "axe", "cherry", "leaf"}),
    {"sword": ("axe",), "hare": ("dog", "cat")},
)


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
def test_known_words_give_no_advice(prompt):
    assert describe_unknown_words(prompt, VOCABULARY) == ""


def test_nearest_known_words_are_offered():
    assert (
        describe_unknown_words("a dog with swords", VOCABULARY)
        == 'Not learned: "swords", nearest: axe.'
    )
    assert (
        describe_unknown_words("sword, hare", VOCABULARY)
        == 'Not learned: "sword", nearest: axe; "hare", nearest: dog, cat.'
    )


def test_prompt_far_from_all_known_words_is_reported():
    assert describe_unknown_words("philosophy of freedom", VOCABULARY).startswith(
        'Far from all that this model has learned: "philosophy", "freedom".'
    )


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        (
            "asdfgh",
            'Far from all that this model has learned: "asdfgh". Expect a blot; try everyday '
            "things.",
        ),
        (
            "a red asdfgh",
            'Far from all that this model has learned: "asdfgh". Expect a blot; try everyday '
            "things.",
        ),
        ("asdfgh and an apple", 'Not learned: "asdfgh".'),
        ("an apple, qwertz, zxcvbn", 'Not learned: "qwertz"; "zxcvbn".'),
        ("a very beautiful cat", ""),
        ("a cat driving a car", ""),
        (
            "x",
            "The prompt has no word that this model has learned. Expect a blot; try everyday "
            "things.",
        ),
    ],
)
def test_invented_words_are_named(prompt, told):
    vocabulary = read_vocabulary(entry_named("starter-image").card.folder)
    assert describe_unknown_words(prompt, vocabulary) == told


def test_missing_or_damaged_vocabulary_gives_no_advice(tmp_path):
    assert read_vocabulary(tmp_path) is None
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / VOCABULARY_FILE).write_text('{"known": 3}', encoding="utf-8")
    assert read_vocabulary(broken) is None
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / VOCABULARY_FILE).write_text(
        '{"known": ["dog"], "near": {"pup": ["dog"]}}', encoding="utf-8"
    )
    assert read_vocabulary(whole) == Vocabulary(frozenset({"dog"}), {"pup": ("dog",)})


READS = Vocabulary(
    known=frozenset({"dog", "red", "light"}),
    reads={
        "tarantula": "spider",
        "oak": "tree",
        "airliner": "airplane",
        "hot rod": "automobile",
        "box spring": "box",
        "skyscraper": "office building",
        "owlet": "owl",
    },
)


@pytest.mark.parametrize(
    ("prompt", "read_as"),
    [
        ("tarantula", "spider"),
        ("Two red tarantulas, a dog", "Two red spiders, a dog"),
        ("an oak", "a tree"),
        ("A skyscraper", "An office building"),
        ("an airliner above  an oak", "an airplane above  a tree"),
        ("a hot rod and a hot dog", "an automobile and a hot dog"),
        ("box springs", "boxes"),
        ("TARANTULA!", "spider!"),
        ("a dog in the light", "a dog in the light"),
        ("", ""),
        ("一只 oak", "一只 tree"),
        ("an owlet-like oak", "an owl-like tree"),
    ],
)
def test_synonym_replaces_an_unknown_word(prompt, read_as):
    assert with_known_words(prompt, READS) == read_as


def test_only_the_first_words_are_checked():
    assert with_known_words("oak " * 5_000, READS).startswith("tree tree")
    assert with_known_words("oak " * 5_000, READS).endswith("oak ")
