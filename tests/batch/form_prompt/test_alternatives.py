"""Alternatives in a prompt of a form, as in a batch; all other texts stay as they are."""

import pytest

from studio.batch.form_prompt.alternatives import count_alternatives, expand
from studio.batch.form_prompt.texts import MAX_JOBS, Alternatives, PromptTexts, have_alternatives
from studio.batch.grammar import GrammarError
from studio.core.requests import ImageRequest, TextRequest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "animal.txt").write_text("cat\n# no dog\n狗\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "a cat",
        "costs $5 or $name",
        "def __init__(self):",
        'print({"a": 1})',
        "x[1:3]",
        "{a}",
        "a | b",
        "\\{a\\|b\\}",
    ],
)
def test_text_without_alternatives_stays_as_it_is(folder, text):
    assert not have_alternatives(PromptTexts(text), folder) or text.startswith("\\")
    request = TextRequest(prompt=text, seed=1)
    if not text.startswith("\\"):
        assert expand(request, "one", folder) == [request]


def test_one_alternative_is_drawn_by_the_seed(folder):
    drawn = {
        expand(ImageRequest(prompt="a {red|blue|green} bird", seed=seed), "one", folder)[0].prompt
        for seed in range(40)
    }
    assert drawn == {"a red bird", "a blue bird", "a green bird"}
    again = [
        expand(ImageRequest(prompt="a {red|blue} __animal__", seed=7), "one", folder)
        for _ in range(3)
    ]
    assert again[0] == again[1] == again[2]


def test_job_without_a_seed_gets_one_that_repeats_its_choice(folder):
    prompt = "a {red|blue|green} {cat|dog|bird}"
    (request,) = expand(ImageRequest(prompt=prompt), "one", folder)
    assert request.seed is not None
    assert expand(ImageRequest(prompt=prompt, seed=request.seed), "one", folder) == [request]


def test_all_alternatives_make_a_job_each(folder):
    request = ImageRequest(
        prompt="a {red|blue} __animal__", negative_prompt="{dark|bright} light", seed=1
    )
    found = expand(request, "all", folder)
    assert len({(one.prompt, one.negative_prompt) for one in found}) == 8
    assert {one.prompt for one in found} == {"a red cat", "a red 狗", "a blue cat", "a blue 狗"}


def test_texts_can_be_kept(folder):
    request = ImageRequest(prompt="a {red|blue} bird", seed=1)
    assert expand(request, "off", folder) == [request]


def test_sweeps_are_alternatives(folder):
    found = expand(ImageRequest(prompt="[1..3] birds", seed=1), "one", folder)
    assert [one.prompt for one in found] == ["1 birds", "2 birds", "3 birds"]


def test_alternatives_are_counted(folder):
    assert count_alternatives(PromptTexts("a cat"), folder) == Alternatives(1)
    texts = PromptTexts("{a|b} __animal__", "[1..3]")
    assert count_alternatives(texts, folder) == Alternatives(12)
    assert "missing" in count_alternatives(PromptTexts("{a|b} __missing__"), folder).problem


def test_too_many_combinations_are_refused(folder):
    prompt = f"[1..{MAX_JOBS + 1}]"
    with pytest.raises(GrammarError, match="combinations"):
        expand(ImageRequest(prompt=prompt, seed=1), "all", folder)


def test_brace_that_is_never_closed_is_a_problem(folder):
    with pytest.raises(GrammarError, match="no }"):
        expand(ImageRequest(prompt="a {red| bird", seed=1), "one", folder)
