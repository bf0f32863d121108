"""Test splitting a text into sentences and clauses without losing a character."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.engine.speech.sentences import (
    CLAUSE_PAUSE,
    PARAGRAPH_PAUSE,
    SENTENCE_PAUSE,
    is_speakable,
    split_sentences,
)

_BITS = [
    "word",
    "Mr.",
    "e.g.",
    "3.14",
    "Hello",
    "你好",
    "世界",
    "かな",
    "한국",
    "x" * 90,
    "好" * 120,
    "😀",
    "é",
    "\u0301",
]
_BITS += [" ", "  ", "\n", "\r\n", "\u2028", "\t", "\xa0", "\u3000"]
_BITS += [*'.!?…,;:—"”’)(。！？，、」』']
_PROSE = st.lists(st.sampled_from(_BITS), max_size=60).map("".join)


def _squeezed(text: str) -> str:
    return "".join(text.split())


@given(st.text(max_size=600) | _PROSE)
def test_splitting_keeps_all_characters_in_order(text):
    pieces = split_sentences(text)
    assert _squeezed("".join(piece.text for piece in pieces)) == _squeezed(text)
    assert all(piece.text.strip() == piece.text and piece.text for piece in pieces)
    assert all(len(piece.text) <= 300 for piece in pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        (
            "Mr. Smith met Dr. J. K. Rowling, e.g. at 3.14 p.m. sharp.",
            ["Mr. Smith met Dr. J. K. Rowling, e.g. at 3.14 p.m. sharp."],
        ),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ('"Really?" he said. "Yes!" She left.', ['"Really?" he said.', '"Yes!"', "She left."]),
        ("J.R.R. Tolkien wrote… a lot.", ["J.R.R. Tolkien wrote… a lot."]),
        ("We met at 5 p.m. They came.", ["We met at 5 p.m.", "They came."]),
        ("你好。今天天气很好！走吧", ["你好。", "今天天气很好！", "走吧"]),
        ("好！！走。", ["好！！", "走。"]),
        ("什么？！真的。", ["什么？！", "真的。"]),
        ("“你好。”他说。", ["“你好。”", "他说。"]),
        ("一\n二\r\n三\u2028四", ["一", "二", "三", "四"]),
        ("   \n \u3000\n", []),
        ("", []),
    ],
)
def test_text_is_split_into_sentences(text, expected):
    assert [piece.text for piece in split_sentences(text)] == expected


def test_long_first_sentence_is_split_at_a_clause():
    long = (
        "When the long day was over and all the lamps were lit, we went home, "
        + "and talked about it, " * 6
        + "and slept."
    )
    first, second, *_rest = split_sentences(long)
    assert first.text == "When the long day was over and all the lamps were lit, we went home,"
    assert first.pause == CLAUSE_PAUSE
    assert len(second.text) > 80


def test_pauses_follow_sentences_and_paragraphs():
    assert [piece.pause for piece in split_sentences("One. Two.\n\nThree.")] == [
        SENTENCE_PAUSE,
        PARAGRAPH_PAUSE,
        0,
    ]


def test_text_without_punctuation_is_split_at_spaces():
    words = [f"word{number}" for number in range(400)]
    pieces = split_sentences(" ".join(words))
    assert len(pieces) > 8
    assert " ".join(piece.text for piece in pieces).split() == words


def test_chinese_chunks_have_at_most_100_characters():
    pieces = split_sentences("好" * 1000)
    assert max(len(piece.text) for piece in pieces) == 100


@pytest.mark.parametrize("text", ["...", "—", "！？", "😀", "\u0301", "()"])
def test_punctuation_is_not_speakable(text):
    assert not is_speakable(text)


@pytest.mark.parametrize("text", ["a", "7", "好", "$", "%", "5?"])
def test_letters_digits_and_named_symbols_are_speakable(text):
    assert is_speakable(text)


@pytest.mark.parametrize(
    "unit", ["a. b. ", "x", "ab, ", "word ", "好", "！", '."""', "a." + " " * 50, "— ", "。」"]
)
def test_longest_prompt_is_split_in_linear_time(unit):
    text = (unit * (200_000 // len(unit) + 1))[:200_000]
    begun = time.process_time()
    pieces = split_sentences(text)
    assert time.process_time() - begun < 2  # it was 0.1 s; what is quadratic takes far longer
    assert re.sub(r"\s", "", "".join(piece.text for piece in pieces)) == re.sub(r"\s", "", text)
