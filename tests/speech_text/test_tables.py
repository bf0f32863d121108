"""Test writing out numbers and symbols: two tables of pairs, and properties of any text."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.speech_text import spoken

_HERE = Path(__file__).parent


def _pairs(name):
    lines = (_HERE / name).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if line]


@pytest.mark.parametrize(("written", "said"), _pairs("english.tsv"))
def test_english_is_written_out(written, said):
    assert spoken(written, ("en",), default="en") == said


@pytest.mark.parametrize(("written", "said"), _pairs("chinese.tsv"))
def test_chinese_is_written_out(written, said):
    assert spoken(written, ("zh",), default="zh") == said


@pytest.mark.parametrize(("name", "language"), [("english.tsv", "en"), ("chinese.tsv", "zh")])
def test_writing_out_is_idempotent(name, language):
    for _written, said in _pairs(name):
        assert spoken(said, (language,), default=language) == said


def test_the_tables_are_large_enough():
    assert len(_pairs("english.tsv")) >= 120
    assert len(_pairs("chinese.tsv")) >= 120


_BITS = [
    *"0123456789",
    *"0123456789",
    *" .,-/:%$€£¥￥°'\"()[]+*=×~#@&_",
    "km",
    "kg",
    "St.",
    "No.",
    "am",
    "$5",
    "1/2",
    "年",
    "月",
    "第",
]
_BITS += [
    "到",
    "个",
    "①",
    "Ⅳ",
    "½",
    "２",
    "\u202f",
    "é",
    "e\u0301",
    "🎉",
    "the",
    "MP3",
    "\n",
    "。",
    "℃",
    "http://",
    "a.b",
    "XIV",
    "World War",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_BITS), max_size=30).map("".join) | st.text(max_size=80))
def test_no_digit_is_left_and_no_text_is_an_error(text):
    for language in ("en", "zh"):
        words = spoken(text, (language,), default=language)
        runs_of_the_other = spoken(text)
        assert isinstance(runs_of_the_other, str)
        if all(character.isascii() or character in "年月第到个。，" for character in text):
            assert not any(
                character.isdecimal() for character in spoken(text, ("en", "zh"), default=language)
            ), (text, words)


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "1,",
        "1.",
        "$1",
        "1-",
        "1/",
        "1:",
        "1 ",
        "A1",
        "a.",
        "a@b.",
        "http://",
        "2024-",
        "1.2.",
        "好1",
        "<",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_time_grows_linearly_with_length(unit, language):
    text = (unit * 60_000)[:60_000]
    spoken("warm up 1", (language,), default=language)
    begun = time.process_time()
    spoken(text, (language,), default=language)
    assert time.process_time() - begun < 3  # 0.1 to 0.5 s here; what is quadratic takes minutes


def test_a_long_text_takes_less_than_a_second():
    english = (
        "On 2024-05-01 at 9:30 Dr. Smith paid $1,234.56 for 3 kg of tea, 5% more than in 1999. "
        * 1200
    )
    chinese = "2024年5月1日9:30，张先生花￥1,234.56买了3kg茶叶，比1999年贵5%。" * 2000
    for text in (english[:100_000], chinese[:100_000]):
        begun = time.process_time()
        spoken(text)
        assert time.process_time() - begun < 3  # 0.4 s here
