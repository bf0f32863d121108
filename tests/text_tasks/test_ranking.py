"""Candidates are cleaned, checked and ranked: no refusal, no repeated one."""

import pytest

from studio.text_tasks.cleanup import clean
from studio.text_tasks.loader import find_task
from studio.text_tasks.ranking import rank
from studio.text_tasks.requests import TaskInput, read_values, text_task
from studio.text_tasks.writer import Written

STEPS = (
    "drop_meta",
    "first_line",
    "strip_markdown",
    "strip_label",
    "strip_quotes",
    "strip_full_stop",
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('"Flood Hits Town"', "Flood Hits Town"),
        ('"Flood Hits Town', "Flood Hits Town"),
        ("Flood Hits Town\n\nI hope this helps!", "Flood Hits Town"),
        ("Sure, here is a headline:\n\n**Headline:** Flood Hits Town", "Flood Hits Town"),
        ("Here's a headline: Flood Hits Town", "Flood Hits Town"),
        ("1. Title: “Flood Hits Town”", "Flood Hits Town"),
        ("标题：《洪水袭击小镇》", "洪水袭击小镇"),
        ('"We Are Safe," Mayor Claims', '"We Are Safe," Mayor Claims'),
        ("Rain: What Comes Next", "Rain: What Comes Next"),
        ("Flood Hits Town.", "Flood Hits Town"),
        ("", ""),
    ],
)
def test_cleaning_keeps_only_the_headline(raw, expected):
    assert clean(raw, STEPS) == expected


def test_code_is_taken_from_its_block():
    raw = "Here is the code:\n```python\nprint(1)\n```\nIt prints 1."
    assert clean(raw, ("code_block",)) == "print(1)"


@pytest.fixture
def rank_headlines(data):
    task = find_task(data, "headline")
    values = read_values(task, TaskInput(prompt="a flood in a small town"))

    def run(*texts, count=0, prompt=""):
        candidates = [text if isinstance(text, Written) else Written(text=text) for text in texts]
        return rank(candidates, text_task(task, values, count), prompt=prompt)

    return run


def test_refusals_repeated_and_off_topic_texts_are_left_out_with_their_reasons(rank_headlines):
    found = rank_headlines(
        "Flood Hits Small Town",
        "I'm sorry, but I cannot write about a flood.",
        "FLOOD HITS SMALL TOWN!",
        "Flooding Leaves Families Homeless",
        "Ten Recipes With Pumpkin",
        "a flood in a small town",
        '""',
    )
    assert [ranked.text for ranked in found.results] == [
        "Flood Hits Small Town",
        "Flooding Leaves Families Homeless",
    ]
    assert {omitted.index: omitted.reason for omitted in found.omitted} == {
        1: "refusal",
        2: "repeated",
        4: "failed_check",
        5: "echo",
        6: "empty",
    }


def test_beams_that_differ_only_in_their_end_count_once_and_the_best_score_leads(rank_headlines):
    found = rank_headlines(
        Written(text="News: the flood has devastated the", score=-0.5),
        Written(text="News: the flood has devastated the city", score=-0.4),
        Written(text="News: Flood of letters", score=-0.9),
        prompt="News: ",
    )
    assert [ranked.index for ranked in found.results] == [1, 2]
    assert found.results[0].text == "the flood has devastated the city"


def test_complete_texts_that_pass_their_checks_come_first(rank_headlines):
    long = "Flood " + "and water everywhere in town " * 5
    found = rank_headlines(
        long,
        Written(text="Flood Cuts Off the Only", complete=False),
        "Flood Cuts Power in the Valley",
        count=2,
    )
    assert [ranked.index for ranked in found.results] == [2, 1]
    assert found.omitted[0].reason == "surplus"
    assert {check.name for check in found.results[0].checks} == {
        "length",
        "language",
        "topic",
        "repetition",
        "refusal",
    }


def ranked_texts(data, name, *texts, **fields):
    task = find_task(data, name)
    values = read_values(task, TaskInput(prompt="rain", fields=fields))
    return rank([Written(text=text) for text in texts], text_task(task, values, 3)).results


def test_code_with_wrong_syntax_is_left_out_and_the_code_is_only_read(data):
    good = "Sure:\n```python\ndef rain(days):\n    return days * 2\n```\nDone."
    results = ranked_texts(data, "code", "def rain(:", good, "(" * 5_000)
    assert [ranked.text for ranked in results] == ["def rain(days):\n    return days * 2"]


def test_poem_in_its_form_comes_first(data):
    haiku = "The old grey rain falls\nOn the roof of my small house\nAnd the frogs answer"
    results = ranked_texts(data, "poem", "Rain, rain,\ngo away", haiku, form="haiku")
    assert (results[0].text, results[0].failed) == (haiku, 0)
    assert results[1].failed > 0
    assert all(ranked.failed == 0 for ranked in ranked_texts(data, "poem", "Rain on the roof"))


def test_advertisement_above_its_limit_or_with_invented_figures_comes_last(data):
    short, long = "Rain coats for you. Buy one today!", "Rain coats in this shop. " * 10
    invented = "Rain coats for the whole family with 90% off. Order it in the shop now!"
    results = ranked_texts(data, "ad", long, invented, short, characters=100)
    assert results[0].text == short
    assert {check.name for check in results[0].checks if not check.passed} == set()


def test_first_point_of_a_list_gets_the_mark_of_the_others():
    assert clean("One\n- Two\n- Three", ("mark_points",)) == "- One\n- Two\n- Three"
    assert clean("- One\n- Two", ("mark_points",)) == "- One\n- Two"
    assert clean("A text.\nAnother line.", ("mark_points",)) == "A text.\nAnother line."
    assert clean("- One\n- Two", ("strip_label",)) == "- One\n- Two"


def test_labels_of_the_parts_of_an_article_are_removed():
    raw = "图书馆开放\n\n导语：5月4日，市长揭幕。\n**Body:** It holds books.\nLead poisoning fell."
    cleaned = clean(raw, ("strip_part_labels",))
    assert cleaned == "图书馆开放\n\n5月4日，市长揭幕。\nIt holds books.\nLead poisoning fell."
