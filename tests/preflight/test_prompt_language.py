"""Prompts in a language that their text model does not know."""

import msgspec
import pytest

from studio.models.card import fake_card
from studio.preflight.prompt_language import (
    MAX_PROMPTS,
    LanguageNotes,
    describe_gap,
    language_gap,
    model_that_knows,
)

ENGLISH = msgspec.structs.replace(fake_card("text"), title="Small", languages=("en",))
BOTH = msgspec.structs.replace(fake_card("text"), name="both", languages=("en", "zh"), parameters=5)


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("写一个关于雨的标题", "zh"),
        ("为这篇 report 写一个标题", "zh"),
        ("俳句を書いてください", "ja"),
        ("Напиши заголовок", "ru"),
        ("Schreibe bitte ein Gedicht über den Herbst und die Blätter auf dem Weg", "de"),
        ("Write a headline about rain", ""),
        ("Write a poem about la Mancha", ""),
        ("Write about 北京 in winter", ""),
        ("def f(x): return x", ""),
        ("die hard", ""),
        ("42", ""),
        ("", ""),
    ],
)
def test_gap_is_found_only_where_it_is_certain(prompt, language):
    assert language_gap(ENGLISH, prompt) == language


def test_models_that_know_the_language_or_name_none_have_no_gap():
    assert language_gap(BOTH, "写一个标题") == ""
    assert language_gap(BOTH, "俳句を書いてください") == "ja"
    assert language_gap(fake_card("text"), "写一个标题") == ""
    voice = msgspec.structs.replace(fake_card("speech"), languages=("en",))
    assert language_gap(voice, "写一个标题") == "", "speech has a check of its own"


def test_sentence_names_model_and_languages():
    assert describe_gap(ENGLISH, "zh") == (
        "Small knows English, and the prompt seems to be in Chinese."
    )
    assert "knows English, Chinese, and the prompt" in describe_gap(BOTH, "ja")


def test_largest_installed_model_with_the_language_is_named():
    larger = msgspec.structs.replace(BOTH, name="larger", parameters=9)
    voice = msgspec.structs.replace(BOTH, kind="speech", parameters=99)
    assert model_that_knows("zh", [ENGLISH, BOTH, larger, voice]) == larger
    assert model_that_knows("zh", [ENGLISH]) is None


def test_notes_name_each_model_once():
    notes = LanguageNotes()
    for prompt in ("A poem", "写一首诗", "写一个标题"):
        notes.add(ENGLISH, prompt)
        notes.add(BOTH, prompt)
    assert notes.notes() == [describe_gap(ENGLISH, "zh")]


def test_notes_stop_after_many_prompts():
    notes = LanguageNotes()
    for _number in range(MAX_PROMPTS):
        notes.add(ENGLISH, "A poem")
    notes.add(ENGLISH, "写一首诗")
    assert notes.notes() == []
