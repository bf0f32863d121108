"""The styles of images: the file's entries, and what a style makes of a prompt."""

from __future__ import annotations

import itertools

import pytest

from studio.core.errors import InvalidRequestError
from studio.core.requests import ImageRequest
from studio.core.requests.prompt_syntax.styles import (
    CATEGORIES,
    PLACE,
    find_style,
    styled,
    styles,
)
from studio.core.requests.prompt_syntax.weights import read_prompt


def test_the_file_has_a_hundred_styles_in_both_languages():
    found = styles()
    assert len(found) >= 100
    for style in found:
        assert style.prompt.count(PLACE) == 1
        assert style.title
        assert any("\u4e00" <= letter <= "\u9fff" for letter in style.title_zh)
        assert read_prompt(style.prompt.replace(PLACE, "a cat")).marks == ()
    assert len({style.prompt for style in found}) == len(found)
    groups = [category for category, _ in itertools.groupby(style.category for style in found)]
    assert groups == list(CATEGORIES)


def test_each_style_is_found_by_its_name_and_its_titles():
    for style in styles():
        for name in (style.name, style.title.upper(), style.title_zh):
            assert find_style(name) == style


def test_a_style_adds_to_the_prompt_and_the_negative_prompt():
    style = find_style("studio-portrait")
    prompt, negative = styled("a baker", "hats", "studio-portrait")
    assert prompt == style.prompt.replace(PLACE, "a baker")
    assert negative == f"hats, {style.negative_prompt}"
    assert styled("a baker", "hats", "") == ("a baker", "hats")
    own = "ink drawing of {prompt}, wet paper --no color, frame"
    assert styled("一只猫", "", own) == ("ink drawing of 一只猫, wet paper", "color, frame")


def test_a_prompt_is_data_of_a_style():
    assert (
        styled("{prompt} --no {0}", "", "an {prompt} etching")[0] == "an {prompt} --no {0} etching"
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [("portrait pony", "own style has {prompt}"), ("portrait", "studio-portrait"), ("%s", "%s")],
)
def test_an_unknown_style_is_refused_with_similar_ones(value, reason):
    with pytest.raises(InvalidRequestError) as caught:
        ImageRequest(prompt="a cat", style_preset=value)
    (problem,) = caught.value.problems
    assert problem.field == "style_preset"
    assert "is unknown" in problem.message
    assert reason in problem.message
