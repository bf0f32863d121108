"""Test Chinese speech: spoken numbers, English words, and rare characters without an error."""

import warnings

import pytest

from studio.engine.speech import phonemes
from studio.engine.speech.phonemes_zh import write_numbers


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("价格是3.14元", "价格是三点一四元"),
        ("增长50%", "增长百分之五十"),
        ("2024年5月1日", "二零二四年五月一日"),
        ("下午3:30开会", "下午三点三十分开会"),
        ("早上8:05到9:00", "早上八点零五分到九点整"),
        ("1,234,567元", "一百二十三万四千五百六十七元"),
        ("电话13800138000", "电话一三八零零一三八零零零"),
        ("007号", "零零七号"),
        ("版本1.2.3", "版本一点二点三"),
        ("气温-5℃", "气温零下五摄氏度"),
        ("一共12345678901234567890个", "一共一二三四五六七八九零一二三四五六七八九零个"),
        ("没有数字", "没有数字"),
    ],
)
def test_numbers_are_written_as_spoken_words(text, spoken):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert write_numbers(text) == spoken


def test_english_words_in_chinese_text_are_spoken_in_english():
    spoken = phonemes.chinese("GPT-4模型很好用, ok.")
    assert phonemes.english("GPT-4") in spoken
    assert phonemes.english("ok") in spoken


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("会员费￥39.90。", "会员费三十九点九零元。"),
        (
            "会议在2023-11-09，电话021-87654321。",
            "会议在二零二三年十一月九日，电话零二一，八七六五四三二一。",
        ),
        ("比分4:1，气温-8℃，占2/3。", "比分四比一，气温零下八摄氏度，占三分之二。"),
    ],
)
def test_chinese_numbers_are_spoken_as_words(written, words):
    assert phonemes.chinese(written) == phonemes.chinese(words)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            "It cost 15£, or 17 €; he owes -$5.",
            "It cost fifteen pounds, or seventeen euros; he owes minus five dollars.",
        ),
        ("Call 555-867-5309.", "Call five five five, eight six seven, five three zero nine."),
        ("cafe\u0301", "café"),
    ],
)
def test_english_numbers_are_spoken_as_words(written, words):
    assert phonemes.english(written) == phonemes.english(words)
    assert phonemes.english(written, british=True) == phonemes.english(words, british=True)


def test_chinese_name_in_english_text_is_spoken_in_chinese():
    spoken = phonemes.chinese("In 2023, Baidu (百度) earned $7.50 a share.")
    assert phonemes.english("twenty twenty three") in spoken
    assert phonemes.english("dollars") in spoken
    assert phonemes.chinese("百度") in spoken
    assert phonemes.chinese("二零二三") not in spoken


@pytest.mark.parametrize("text", ["兙", "瓧和瓰", "𠀀字", "，", "（）", "“你好”", "·", " \u3000 "])
def test_rare_characters_and_punctuation_raise_nothing(text):
    assert isinstance(phonemes.chinese(text), str)


def test_rare_character_is_skipped_alone():
    assert phonemes.chinese("你好兙世界").replace(" ", "") == phonemes.chinese("你好世界").replace(
        " ", ""
    )


def test_foreign_share_counts_unsupported_letters():
    assert phonemes.foreign_share("Hello, world 123!") == 0
    assert phonemes.foreign_share("Привет") == 1
    assert phonemes.foreign_share("你好") == 1
    assert phonemes.foreign_share("你好 ok", chinese_too=True) == 0
    assert phonemes.foreign_share("こんにちは", chinese_too=True) == 1
    assert phonemes.foreign_share("123 !?") == 0
