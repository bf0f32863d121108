"""Checks of articles, advertisements, lists and the tones of Chinese verse."""

import pytest

from studio.text_checks.article import check_article, read_article
from studio.text_checks.claims import check_call, check_claims
from studio.text_checks.length import check_length
from studio.text_checks.list_form import check_list, check_prose
from studio.text_checks.tones import check_tones
from studio.text_checks.verse import FORMS, check_form, line_rule, poem_lines, wrong_lines

ARTICLE = (
    "**Council Closes Old Bridge**\n\nKELMORE, 14 March — The council closed the bridge on Tuesday."
    "\n\nEngineers found cracks in three pillars.\n\nRepairs begin in May."
)
SPRING_DAWN = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"
HERON_TOWER = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
SOUTH = "江南好，风景旧曾谙。日出江花红胜火，春来江水绿如蓝。能不忆江南？"


def test_article_is_split_into_its_parts():
    found = read_article(ARTICLE)
    assert found.headline == "Council Closes Old Bridge"
    assert found.dateline == "KELMORE, 14 March"
    assert found.lead == "The council closed the bridge on Tuesday."
    assert len(found.body) == 2
    assert check_article(ARTICLE).passed
    chinese = "市议会关闭老桥\n\n新华社凯尔莫3月14日电 市议会周二关闭了老桥。\n\n工程师发现了裂缝。"
    assert read_article(chinese).headline == "市议会关闭老桥"
    assert "电" in read_article(chinese).dateline
    assert check_article(chinese).passed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "headline, lead, body"),
        ("One paragraph only, with no headline.", "headline, body"),
        ("Headline\n\nA lead.", "Missing: body"),
        ("Headline\n\n" + "word " * 90 + ".\n\nBody.", "lead has 90 words"),
    ],
)
def test_what_an_article_lacks_is_named(text, words):
    found = check_article(text)
    assert not found.passed
    assert words in found.message


def test_claims_that_cannot_be_proved_and_own_ones_are_marked():
    text = "The best in the world! Guaranteed results, cheap as dirt. 全国第一，根治头痛。"
    found = check_claims(text, "cheap as dirt; unknown")
    marked = [text[span.start : span.end] for span in found.spans]
    assert "Guaranteed" in marked
    assert "cheap as dirt" in marked
    assert "全国第一" in marked
    assert check_claims("A warm coat for rainy days. 一件暖和的外套。").passed


@pytest.mark.parametrize(
    "text", ["Order yours today.", "Visit our shop!", "立即下单。", "扫码了解更多"]
)
def test_call_to_act_is_found(text):
    assert check_call(text).passed
    assert not check_call("A warm coat. 一件外套。").passed


def test_list_and_prose_are_told_apart():
    points = "- One\n- Two\n3. Three"
    assert check_list(points).passed
    assert not check_prose(points).passed
    assert check_prose("One and two. Three follows.").passed
    mixed = check_list("Here they are:\n- One")
    assert [span.start for span in mixed.spans] == [0]
    assert not check_list("").passed


def test_length_in_sentences():
    text = "It cost 2.4 million. Who paid? 没有人知道。"
    assert check_length(text, "sentences", at_most=3).passed
    assert not check_length(text, "sentences", at_most=2).passed


def test_tones_of_old_quatrains_are_right_but_for_entering_tones():
    assert check_tones(HERON_TOWER, "五言绝句").passed
    wrong = "白天靠山尽，黄河入海流。要看千里远，更上一层楼。"
    assert not check_tones(wrong, "五言绝句").passed
    assert check_tones(SOUTH, "忆江南").passed, "tunes have no rules of tones here"


def test_rhyme_of_a_regulated_verse_is_level():
    text = "白日依山尽，黄河入海大。欲穷千里目，更上一层坝。"
    notes = {span.note for span in check_tones(text, "五言绝句").spans}
    assert "a rhyme is level" in notes


def test_tunes_are_counted_by_clauses():
    assert check_form(SOUTH, "忆江南").passed
    assert not check_form(SOUTH.replace("江南好", "江南真好"), "忆江南").passed
    for name, form in FORMS.items():
        assert not form.rhyme or len(form.rhyme) == len(form.lines), name


def test_rule_of_a_line_names_the_line_that_it_rhymes_with():
    lines = poem_lines(HERON_TOWER, "五言绝句")
    assert wrong_lines(lines, "五言绝句") == set()
    assert line_rule(lines, 3, "五言绝句") == (5, 5, "黄河入海流")
    assert line_rule(lines, 2, "五言绝句").rhyme == ""
    assert wrong_lines([*lines[:3], "更上一层楼房"], "五言绝句") == {3}


def test_haiku_in_chinese_counts_characters():
    assert check_form("古池塘静静\n一只青蛙跳进去\n水声响起来", "haiku").passed
