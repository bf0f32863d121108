"""Test translating Chinese and emoji for the starter image model, which knows English words."""

import re

import msgspec
import pytest

from studio.core.errors import StudioError
from studio.core.requests import ImageRequest
from studio.models.catalog import entry_named
from studio.preflight.prompt_translation import prepare

STARTER = entry_named("starter-image").card


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("一只红苹果", "a red apple"),
        ("两只猫", "two cats"),
        ("四只兔子", "four rabbits"),
        ("一个橙色的气球", "an orange balloon"),
        ("狗和房子", "dog and house"),
        ("狗在房子旁边", "dog next to house"),
        ("一只蓝色的鸟在树上面", "a blue bird above tree"),
        ("草地上的狗", "dog on the grass"),
        ("夜晚的城堡", "castle at night"),
        ("红色背景上的香蕉", "banana on a red background"),
        ("一辆黄色的出租车，一棵树", "a yellow taxi, a tree"),
        ("a red 苹果", "a red apple"),
        ("🍎", "red apple"),
        ("a 🍕 and a 🎸", "a pizza and a guitar"),
        ("一只正在吃竹子的熊猫", "a panda"),
    ],
)
def test_chinese_and_emoji_are_translated_to_english(prompt, read):
    assert prepare(prompt, STARTER) == read


@pytest.mark.parametrize(
    ("prompt", "read"),
    [
        ("a tarantula", "a spider"),
        ("two red robins", "two red birds"),
        ("a dachshund in front of a skyscraper", "a dog in front of an office building"),
        ("spectacles", "glasses"),
        ("cello 和 🍕", "violin and pizza"),
    ],
)
def test_unlearned_word_becomes_a_learned_one(prompt, read):
    assert prepare(prompt, STARTER) == read


@pytest.mark.parametrize(
    "prompt", ["a red apple", "  two  spaces", "", "   ", "qwrtz", "a" * 10_000]
)
def test_english_stays_as_it_is(prompt):
    assert prepare(prompt, STARTER) == prompt


def test_prompts_of_other_models_are_unchanged():
    assert (
        prepare("一只红苹果", msgspec.structs.replace(STARTER, translate_prompts=False))
        == "一只红苹果"
    )


@pytest.mark.parametrize("prompt", ["龘靐", "яблоко", "りんご", "123", "?!", "🏴", "的" * 10_000])
def test_prompt_without_known_words_is_refused_with_a_message(prompt):
    with pytest.raises(StudioError, match="knows none of the words") as caught:
        prepare(prompt, STARTER)
    assert "一只红苹果" in caught.value.cure


def test_long_chinese_prompt_takes_linear_time():
    assert prepare("一只红苹果和" * 1_700, STARTER).startswith("a red apple and a red apple")


def test_word_list_has_common_nouns_and_no_excluded_ones():
    from studio.preflight.prompt_translation import _words

    words = _words()
    chinese = [word for word in words if "\u4e00" <= word[0] <= "\u9fff"]
    assert len(chinese) >= 2_000
    assert not [
        word
        for word, english in words.items()
        if re.search("pistol|mosque|temple|dagger|cigarette", english)
    ]


def test_a_request_in_chinese_is_valid():
    assert ImageRequest(prompt="一只红苹果").prompt == "一只红苹果"
