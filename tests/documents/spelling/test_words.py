"""Which words of a text are looked up."""

import pytest

from studio.documents.spelling.words import Word, lines_to_check, misspelled


def looked_up(text, start=0, end=None, languages=("en",)):
    lines = lines_to_check(text, start, len(text) if end is None else end, languages)
    return [word.text for line in lines for word in line.words]


def test_words_have_their_places():
    text = "One\n\nIt’s twoo-fold."
    (first, second) = lines_to_check(text, 0, len(text))
    assert first.words == (Word(0, 3, "One"),)
    assert second.words == (Word(5, 9, "It's"), Word(10, 14, "twoo"), Word(15, 19, "fold"))
    assert text[10:14] == "twoo"


@pytest.mark.parametrize(
    "text",
    [
        "`recieve`",
        "``a ` recieve``",
        "https://exampel.org/recieve",
        "www.recieve.org",
        "someone@recieve.org",
        "recieve_it",
        "recieve2",
        "~/recieve/teh",
        "recieve.txt",
        "recieve()",
        "isRecieved",
        "@recieve",
        "#recieve",
        "URLS",
        "x",
        "a" * 41,
        "雨下了一夜",
        "```\nrecieve teh\n```",
    ],
)
def test_code_addresses_and_abbreviations_are_left_out(text):
    assert looked_up(text) == []


def test_english_between_chinese_is_looked_up():
    assert looked_up("他说recieve，然后走了。") == ["recieve"]


def test_code_that_began_before_the_part_is_left_out():
    text = "Text\n```python\nrecieve\n```\nteh"
    assert looked_up(text, text.index("recieve")) == ["teh"]


def test_lines_in_another_language_are_left_out_without_a_dictionary_for_them():
    german = "Der Mann und die Frau gehen nicht in das Haus."
    assert looked_up(german) == []
    assert len(looked_up(german, languages=("en", "de"))) == 10


def test_a_line_of_unknown_words_is_in_another_language():
    line = "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do"
    lines = lines_to_check(line, 0, len(line))
    words = [word.text for word in lines[0].words]
    assert misspelled(lines, words[:7]) == []
    assert [word.text for word in misspelled(lines, words[:2])] == ["Lorem", "ipsum"]


def test_a_long_line_takes_linear_time():
    assert looked_up("`" * 20_000) == []
    assert looked_up("a'" * 20_000) == []
    assert looked_up("a.b+" * 20_000) == []
