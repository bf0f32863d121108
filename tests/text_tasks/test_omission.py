"""Sentences that the facts do not support are left out, and can be put back."""

import msgspec
import pytest

from studio.text_tasks.loader import find_task
from studio.text_tasks.omission import (
    is_grounded,
    omit_unsupported,
    put_back,
    without_sentences,
)
from studio.text_tasks.passages import Passage
from studio.text_tasks.ranking import rank, review_text
from studio.text_tasks.requests import TaskInput, read_values, text_task
from studio.text_tasks.writer import Written

FACTS = "Ana Roth opened the pool in Lindow on 3 June.\nIt cost 1.2 million euros.\nIt is heated."
GOOD = "Ana Roth opened the heated pool in Lindow on 3 June."
NAMES = "Mayor Otto Klein of Berlin was there."
EMPTY = "This significant investment demonstrates the commitment of local leadership to wellness."


def task_for(data, facts=FACTS, name="article"):
    task = find_task(data, name)
    return text_task(task, read_values(task, TaskInput(prompt=facts)))


def test_sentences_with_other_facts_or_without_any_are_left_out(data):
    text = f"New Pool Opens\n\n{GOOD} {NAMES} It cost 1.2 million euros.\n\n{EMPTY}"
    found = omit_unsupported(text, task_for(data))
    assert found.text == f"New Pool Opens\n\n{GOOD} It cost 1.2 million euros."
    assert [one.text for one in found.left_out] == [NAMES, EMPTY]
    again = put_back(found.text, found.left_out)
    assert again.split() == text.split()
    assert again.index(NAMES) == text.index(NAMES)


def test_opinions_of_a_commentary_stay(data):
    text = f"New Pool\n\n{GOOD} {EMPTY} {NAMES}"
    found = omit_unsupported(text, task_for(data, name="commentary"))
    assert found.text == f"New Pool\n\n{GOOD} {EMPTY}"
    assert [one.text for one in found.left_out] == [NAMES]


def test_text_of_which_nothing_would_remain_and_other_tasks_stay_whole(data):
    task = msgspec.structs.replace(task_for(data), adds_facts=False)
    assert omit_unsupported(f"{EMPTY} {NAMES}", task).text == f"{EMPTY} {NAMES}"
    assert omit_unsupported(NAMES, task_for(data, name="ad")).left_out == ()


def test_chinese_sentences(data):
    facts = "罗安6月3日为林镇的游泳馆揭幕。\n游泳馆耗资120万元。\n水温26度。"
    good, other = (
        "6月3日，罗安为林镇的游泳馆揭幕。",
        "这充分体现了各级领导对全民健身事业的高度重视。",
    )
    wrong = "开放时间为每天上午9点至下午8点。"
    found = omit_unsupported(
        f"游泳馆揭幕\n\n{good}{other}游泳馆耗资120万元。{wrong}", task_for(data, facts)
    )
    assert found.text == f"游泳馆揭幕\n\n{good}游泳馆耗资120万元。"
    assert [one.text for one in found.left_out] == [other, wrong]
    assert put_back(found.text, found.left_out).endswith(f"{good}{other}游泳馆耗资120万元。{wrong}")


@pytest.mark.parametrize(
    ("sentence", "is_known"),
    [
        ("The heated pool cost 1.2 million euros to build.", True),
        ("Nobody came.", True),
        ("Residents praised friendly staff, sunny terraces and generous parking.", False),
    ],
)
def test_sentence_is_grounded_if_it_is_short_or_has_words_of_the_facts(sentence, is_known):
    assert is_grounded(sentence, FACTS) == is_known


def test_points_and_paragraphs_without_a_sentence_go(data):
    text = "A.\n- One two.\n- Three.\n\nFour.\n\nFive."
    wrong = [
        Passage(text.index(one), text.index(one) + len(one), one) for one in ("Three.", "Four.")
    ]
    found = without_sentences(text, wrong)
    assert found.text == "A.\n- One two.\n\nFive."
    assert put_back(found.text, found.left_out).count("Three.") == 1
    assert without_sentences(text, []).text == text


def test_headings_that_have_nothing_after_them_go(data):
    text = f"Summary\n\n{GOOD}\n\nFindings\n\n{EMPTY}\n\n**Next steps**\n\n{NAMES}"
    found = omit_unsupported(text, task_for(data, name="report"))
    assert found.text == f"Summary\n\n{GOOD}"
    assert put_back(found.text, found.left_out) == f"Summary\n\n{GOOD} {EMPTY} {NAMES}"


def test_text_that_needs_no_omission_comes_before_one_that_does(data):
    task = task_for(data)
    body = " ".join([GOOD, "It cost 1.2 million euros.", "The pool is heated."])
    lead = f"New Pool Opens\n\n{body}\n\nThe pool in Lindow cost 1.2 million euros and is heated."
    found = rank([Written(text=f"{lead} {NAMES}"), Written(text=f"{lead} It is heated.")], task)
    assert found.results[0].index == 1
    shorter = review_text(Written(text=f"{lead} {NAMES}"), 0, task)
    assert shorter.left_out[0].text == NAMES
    assert shorter.text == lead
    assert NAMES in shorter.unedited


def test_poems_are_corrected_unless_the_user_says_otherwise(data):
    task = find_task(data, "poem")
    values = read_values(task, TaskInput(prompt="rain"))
    assert text_task(task, values).fix == 2
    assert text_task(task, values, fix=0).fix == 0
