"""How a subject becomes words of old poems, and the set of lines that were learned."""

from __future__ import annotations

import pytest

from studio.core.resources import resources
from studio.text_tasks.model_prompts.quatrain import layout
from studio.text_tasks.model_prompts.quatrain.known_lines import KnownLines
from studio.text_tasks.model_prompts.quatrain.subject import Lexicon, describe_subject, read_subject

LEXICON = Lexicon(
    frozenset("秋月江南春雨雪梅花友别山寺古夜冬书灯天的一"), frozenset(("江南", "春雨"))
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("秋天的月亮", ("秋", "月")),
        ("写一首关于江南春雨的诗", ("江南", "春雨")),
        ("五言绝句：冬夜", ("冬", "夜")),
        ("送朋友 (farewell)", ("友",)),
        ("autumn", ()),
        ("", ()),
    ],
)
def test_words_of_today_become_words_of_poems(text, words):
    assert read_subject(text, LEXICON).words == words


def test_what_is_not_known_is_reported():
    subject = read_subject("秋月与龘", LEXICON)
    assert (subject.title, subject.words, subject.unknown) == ("秋月", ("秋", "月"), ("与", "龘"))
    assert describe_subject("秋月与龘", LEXICON) == "Read as: 秋、月. Not understood: 与、龘."
    assert "writes about anything" in describe_subject("的", LEXICON)


def test_the_places_of_a_subject_are_always_as_many():
    for title, words in (("", ()), ("秋月", ("秋", "月")), ("一二三四五六七", ("江南",) * 9)):
        assert len(layout.subject_tokens(title, words)) == layout.SUBJECT


def test_every_line_of_the_word_list_has_a_word_and_its_meaning():
    lines = (resources() / "words" / "quatrain.tsv").read_text(encoding="utf-8").splitlines()[1:]
    words = [line.split("\t") for line in lines]
    assert all(len(one) == 2 and one[1].strip() for one in words)
    assert len({one[0] for one in words}) == len(words), "none twice"


def test_learned_lines_are_known_and_few_others(tmp_path):
    lines = [f"线{number}" for number in range(2000)]
    KnownLines.of(lines).write(tmp_path)
    known = KnownLines.read(tmp_path)
    assert all(line in known for line in lines)
    others = sum(f"行{number}" in known for number in range(5000))
    assert others < 100, "about one in a hundred"
