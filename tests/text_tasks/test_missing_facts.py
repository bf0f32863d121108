"""Facts that a text lacks are added in the user's words; a text ends with a whole sentence."""

import msgspec
import pytest

from studio.text_tasks.loader import find_task
from studio.text_tasks.missing_facts import (
    MAX_SOURCE_SENTENCES,
    add_missing_facts,
    facts_of,
    is_stated,
    notes_of,
    places_of,
)
from studio.text_tasks.omission import put_back
from studio.text_tasks.passages import without_cut_end
from studio.text_tasks.ranking import review_text
from studio.text_tasks.requests import TaskInput, read_values, text_task
from studio.text_tasks.writer import Written

OPENED = "Ana Roth opened the pool in Lindow on 3 June."
COST = "It cost 1.2 million euros."
HEATED = "The water is heated to 26 degrees."
FACTS = f"- {OPENED}\n- It cost 1.2 million euros\n- {HEATED}"
CHINESE = "罗安6月3日为林镇的游泳馆揭幕。\n游泳馆耗资120万元。\n水温26度"


def task_for(data, facts=FACTS, name="article", **fields):
    task = find_task(data, name)
    return text_task(task, read_values(task, TaskInput(prompt=facts, fields=fields)))


def reviewed(text, task, *, complete=True):
    found = review_text(Written(text=text, complete=complete), 0, task)
    for one in found.added:
        assert found.text.startswith(one.text, one.place)
    return found


@pytest.mark.parametrize("name", ["article", "report", "commentary"])
def test_a_missing_fact_stands_after_the_fact_before_it(data, name):
    text = f"New Pool\n\n{OPENED} {HEATED}\n\nPeople may swim in the pool of Lindow now."
    found = reviewed(text, task_for(data, name=name))
    assert f"{OPENED} {COST} {HEATED}" in found.text
    assert [one.text for one in found.added] == [COST]
    assert notes_of(found.added, found.missing) == [f"Added in your words: {COST}"]


def test_a_text_with_all_facts_in_other_words_stays_as_it_is(data):
    text = (
        "New Pool in Lindow\n\nLINDOW — On June 3, Ana Roth opened the heated pool in Lindow. The"
        " euros that it cost: 1,200,000. Its water is 26 degrees warm."
    )
    found = reviewed(text, task_for(data))
    assert found.text == text
    assert found.added == ()


def test_the_first_fact_stands_behind_the_dateline(data):
    text = f"New Pool\n\nLINDOW — {COST} {HEATED}"
    assert f"LINDOW — {OPENED}\n\n{COST}" in reviewed(text, task_for(data)).text


def test_the_first_fact_comes_before_a_sentence_without_facts(data):
    empty = "The pool of Lindow is heated."
    found = reviewed(f"New Pool\n\n{empty}", task_for(data, name="report"))
    assert found.text == f"New Pool\n\n{OPENED} {COST} {HEATED} {empty}"


def test_a_fact_in_a_list_becomes_a_point(data):
    text = f"Summary\n\nA pool.\n\nFindings\n\n- {OPENED[:-1]}\n- {HEATED}\n\nNext steps\n\nNone."
    found = reviewed(text, task_for(data, name="report"))
    assert f"- {OPENED[:-1]}\n- {COST}\n- {HEATED}\n\nNext" in found.text


def test_chinese_facts(data):
    text = "游泳馆揭幕\n\n6月3日，罗安为林镇的游泳馆揭幕。水温为26度。"
    found = reviewed(text, task_for(data, CHINESE))
    assert found.text.endswith("罗安为林镇的游泳馆揭幕。\n\n游泳馆耗资120万元。水温为26度。")
    assert is_stated("馆藏3万1千册。", "图书馆藏书31000册。")
    assert not is_stated("馆藏3万1千册。", "图书馆藏书3万册。")


def test_where_no_sentence_is_true_the_facts_stand_below_the_headline(data):
    wrong = "Mayor Otto Klein of Berlin was there with 500 guests."
    found = reviewed(f"New Pool\n\n{wrong}", task_for(data))
    assert found.text == f"New Pool\n\n{OPENED}\n\n{COST} {HEATED}", "a lead and a body"
    assert all(check.passed for check in found.checks if check.name == "article")
    assert [one.text for one in found.left_out] == [wrong]


def test_what_has_no_room_is_named(data):
    long = " ".join([HEATED, "The warm water of the pool in Lindow is heated."] * 3)
    found = reviewed(f"New Pool\n\n{OPENED} {long}", task_for(data, words=60))
    assert found.missing == (COST[:-1],)
    assert notes_of((), found.missing) == [
        f"Facts for which the text has no room: {COST[:-1]}",
    ]


def test_a_sentence_that_was_left_out_is_put_back_at_its_place(data):
    wrong = "Mayor Otto Klein of Berlin was there."
    found = reviewed(f"New Pool\n\n{OPENED} {HEATED} {wrong}", task_for(data))
    assert found.added
    assert put_back(found.text, found.left_out).endswith(f"{HEATED} {wrong}")


def test_a_source_and_other_tasks_get_nothing(data):
    source = " ".join(f"The pool has {number} lanes." for number in range(MAX_SOURCE_SENTENCES + 1))
    assert facts_of(source) == []
    assert facts_of("Facts:\n1. One is here.\n2) Two are there") == [
        "One is here.",
        "Two are there",
    ]
    assert not add_missing_facts("New Pool.", task_for(data, source)).added
    task = msgspec.structs.replace(task_for(data), adds_facts=False)
    assert add_missing_facts("New Pool.", task).text == "New Pool."


def test_places_after_a_later_change(data):
    found = reviewed(f"New Pool\n\n{OPENED} {HEATED}", task_for(data))
    shorter = found.text.replace(f"{OPENED} ", "")
    (one,) = places_of(found.added, shorter)
    assert shorter.startswith(COST, one.place)
    assert places_of(found.added, "New Pool") == ()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It opened. The cost was", "It opened."),
        ("开放了。费用为", "开放了。"),
        ("It opened.\n\n## Next steps\n\nThe cit", "It opened."),
        ("It opened.\n\nNext steps\n\n- A new", "It opened."),
        ("- One point\n- Another poi", "- One point"),
        ("1. It opened. 2", "1. It opened."),
        ("It opened.", "It opened."),
        ("The only sen", "The only sen"),
    ],
)
def test_an_end_that_was_cut_off_goes(text, kept):
    assert without_cut_end(text) == kept


def test_only_a_text_that_stopped_at_its_limit_is_cut(data):
    text = f"New Pool\n\n{OPENED} {COST} {HEATED} Ana Roth opened the"
    task = task_for(data)
    assert reviewed(text, task).text == text
    assert reviewed(text, task, complete=False).text == text.removesuffix(" Ana Roth opened the")
