"""What checks found is shown in the user's language."""

import re

import pytest

from studio.core.requests.text_task import FieldValue, TaskCheck, TextTask
from studio.core.translation import use_language
from studio.text_checks.article import check_article
from studio.text_checks.claims import check_call, check_claims
from studio.text_checks.facts import check_facts
from studio.text_checks.language import check_language
from studio.text_checks.length import check_length
from studio.text_checks.list_form import check_list, check_prose
from studio.text_checks.messages import shown_message
from studio.text_checks.python_code import check_python
from studio.text_checks.refusal import check_refusal
from studio.text_checks.repetition import check_repetition
from studio.text_checks.tones import check_tones
from studio.text_checks.topic import check_topic
from studio.text_checks.verse import check_form
from studio.text_tasks.ranking import run_check

POEM = "白日依山\n黄河入海流欲穷\n千里目更上一层楼"
FREE = TextTask(name="poem", language="en", fields=(FieldValue("form", "free"),))
CHECKS = [
    check_length("one two", "words", at_least=3, at_most=5),
    check_length("one two", "characters", at_least=3_000),
    check_length("A. B.", "sentences", at_most=1),
    check_length("a", "tokens", at_least=2, count_tokens=len),
    check_language("Der Mann und die Frau.", "en"),
    check_language("雨下了一夜。", "en"),
    check_language("12", "zh"),
    check_refusal("I'm sorry, but I cannot write that."),
    check_repetition("a b c a b c a b c a b c", 3, 1),
    check_facts("It cost 900 crowns.", "It rained."),
    check_facts(" ".join(f"It cost {number} crowns." for number in range(100, 400)), "Rain."),
    check_claims("The best in the world, guaranteed!", ""),
    check_call("Rain."),
    check_call("Buy it now!"),
    check_list("No points"),
    check_list("- one\ntwo\n- three"),
    check_prose("- one\n- two"),
    check_topic("It rains", "Elections"),
    check_topic("Elections", "Elections"),
    check_python(""),
    check_python("x" * 200_001),
    check_python("def f(:\n  pass"),
    check_python("x = 1\0"),
    check_python("x = 1"),
    check_tones(POEM, "五言绝句"),
    check_tones("a", "haiku"),
    check_form(POEM, "五言绝句"),
    check_form("One line", "haiku"),
    check_article("Title"),
    check_article(f"Title\n\n{'word ' * 90}.\n\nBody."),
    check_article("Title\n\nLead here.\n\nBody."),
    run_check(TaskCheck(use="form", field="form"), "Rain", FREE),
]


@pytest.fixture
def chinese():
    use_language("zh_CN")
    yield
    use_language("en")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.name}: {check.message[:40]}")
def test_each_message_is_known_and_its_figures_stay(chinese, check):
    shown = shown_message(check.message)
    sentence = shown.partition("Python：")[0] if check.name == "python" else shown
    assert re.findall("[A-Za-z]{3,}", sentence.replace("Python", "")) == []
    figures = re.findall(r"\d[\d,]*", check.message)
    assert [one for one in figures if one not in shown] == []


def test_english_stays_as_it_is():
    for check in CHECKS:
        assert shown_message(check.message) == check.message


def test_a_message_of_another_version_stays(chinese):
    assert shown_message("Something new. And more.") == "Something new. And more."
    assert shown_message("4 lines of 3. Something new.") == "4 行，应为 3 行。Something new."
