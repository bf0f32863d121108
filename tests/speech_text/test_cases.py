"""Test the share of everyday texts that the rules read as a person does."""

import pytest

from studio.speech_text import spoken
from tests.speech_text.cases import read_cases

COUNTS = {"en": 300, "zh": 200}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_at_least_98_percent_are_read_as_a_person_does(language):
    cases = read_cases(language)
    assert len({case.written for case in cases}) == len(cases) >= COUNTS[language]
    wrong = [f"{case.written} → {case.read_as}" for case in cases if not case.passes]
    assert len(wrong) <= 0.02 * len(cases), "\n".join(wrong)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_third_is_held_out(language):
    cases = read_cases(language)
    assert 0.28 < sum(case.is_held_out for case in cases) / len(cases) < 0.38


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("价格5元/kg", "zh", "价格五元每公斤"),
        ("5 kg", "zh", "五公斤"),
        ("WiFi密码abc12345", "zh", "WiFi密码abc one two three four five"),
    ],
)
def test_a_voice_of_one_language_gets_no_digits_in_the_other(text, language, words):
    assert spoken(text, (language,), default=language) == words
