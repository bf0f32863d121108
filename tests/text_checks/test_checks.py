"""Checks of texts, with texts that pass, texts that fail, and hostile ones."""

import subprocess
import sys

import pytest

from studio.text_checks.check import MAX_SPANS
from studio.text_checks.facts import check_facts
from studio.text_checks.language import check_language, detect_language
from studio.text_checks.length import check_length, count_words
from studio.text_checks.pronunciation import do_rhyme, rhyming_words, syllables_in
from studio.text_checks.refusal import check_refusal
from studio.text_checks.repetition import check_repetition
from studio.text_checks.syllables import count_syllables, rhyme_key
from studio.text_checks.verse import FORMS, check_form


def marked(text, check):
    return [text[span.start : span.end] for span in check.spans]


# Length
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("Don't stop well-known 3 dogs.", 5), ("我喜欢 Python 编程", 6), ("—…!", 0)],
)
def test_words_are_counted(text, words):
    assert count_words(text) == words


def test_length_is_checked_in_a_unit():
    assert check_length("one two three", "words", at_least=2, at_most=3).passed
    assert not check_length("one two three", "words", at_most=2).passed
    assert not check_length("abc", "characters", at_least=4).passed
    assert check_length("abc", "tokens", at_most=1, count_tokens=lambda _text: 1).passed
    with pytest.raises(ValueError, match="count_tokens"):
        check_length("abc", "tokens")


# Language
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The dog and the cat are in the garden.", "en"),
        ("今天的天气很好，我们去公园。", "zh"),
        ("今天用 Python 写程序", "zh"),
        ("これは日本語の文章です", "ja"),
        ("오늘은 날씨가 좋다", "ko"),
        ("Der Hund und die Katze sind nicht im Garten.", "de"),
        ("Le chien est dans la maison avec les enfants.", "fr"),
        ("El perro y la casa no es para los gatos.", "es"),
        ("123 …", ""),
    ],
)
def test_languages_are_told_apart(text, language):
    assert detect_language(text) == language


def test_foreign_script_in_a_text_is_marked():
    text = "尽管 uously 开发 继ствен 了"
    check = check_language(text, "zh")
    assert not check.passed
    assert marked(text, check) == ["ствен"]
    assert check_language("天气很好。", "zh").passed
    assert not check_language("The weather is fine and the sun is out.", "zh").passed


# Repetition and refusals
# ----------------------------------------------------------------------


def test_repeated_sequences_are_marked():
    text = "The rain fell on the town. Again the rain fell on the town."
    assert marked(text, check_repetition(text)) == ["the rain fell on"]
    assert check_repetition(text, size=7).passed
    assert check_repetition(text, most=2).passed
    chinese = "大雨落在小城的街道上，大雨落在小城的街道上。"
    assert not check_repetition(chinese).passed
    assert check_repetition("大雨落在小城，大雨又停了。").passed


@pytest.mark.parametrize(
    "text",
    [
        "Sure, here is a headline:\nRain",
        "Here are five headlines",
        "As an AI language model, I have no opinion.",
        "I'm sorry, but I can't assist with that.",
        "Rain falls.\nI hope this helps!",
        "What would you like me to elaborate on?",
        "好的，以下是标题：",
        "以下是五个标题",
        "作为一个人工智能，我没有看法。",
        "抱歉，我无法提供这些内容。",
    ],
)
def test_sentences_about_the_answer_are_marked(text):
    check = check_refusal(text)
    assert not check.passed
    assert check.spans


@pytest.mark.parametrize(
    "text",
    [
        "Town is sure of victory",
        "Would you like me to dance?",
        "Mayor: no apology from the AI company",
        "市长当然不同意",
        "Rain",
    ],
)
def test_ordinary_sentences_are_not_refusals(text):
    assert check_refusal(text).passed


# Facts
# ----------------------------------------------------------------------


FACTS = "Mayor Ann Lee opened the bridge in Dover on 3 May. It cost 1,200,000 euros and is 80.50 m."


def test_supported_text_passes():
    text = "Ann Lee opened the bridge in Dover. The cost: 1200000 euros for 80.5 m. Lee’s day."
    assert check_facts(text, FACTS).spans == ()


def test_what_the_facts_lack_is_marked():
    text = "Lee told Peter Brown in Dover: “It took seven years.” It cost 1,300,000 euros."
    found = {span.note: text[span.start : span.end] for span in check_facts(text, FACTS).spans}
    assert found == {
        "name": "Peter Brown",
        "quote": "“It took seven years.”",
        "number": "1,300,000",
    }


def test_number_words_support_figures():
    assert check_facts("All 3 shops closed.", "Three shops closed.").passed
    assert check_facts("有3人受伤。", "三人受伤。").passed


def test_numbers_are_compared_by_their_values():
    facts = "It cost 2.4 million crowns at 02:40. 馆藏3万1千册，2万6500人，七成大麦。"
    equal = "It cost 2,400,000 crowns at 2:40. 31,000 books, 2.65万人, 70 percent."
    assert check_facts(equal, facts).passed
    for wrong in ("2.4 billion crowns", "31000万册", "240 crowns", "3万册", "六成"):
        assert not check_facts(wrong, facts).passed, wrong


def test_chinese_facts():
    facts = "李明市长说：“大桥很好。”大桥在长沙市，长80米。"
    assert check_facts("长沙市的大桥长80米，“大桥很好。”", facts).passed
    text = "在北京大学，他说：“太贵了。”大桥长90米，有五人。"
    notes = {span.note for span in check_facts(text, facts).spans}
    assert notes == {"name", "quote", "number"}


# Poems
# ----------------------------------------------------------------------


HAIKU = "An old silent pond\nA frog jumps into the pond\nSplash! Silence again"
LIMERICK = """There once was a man from the coast
Who loved to have butter on toast
He ate it all day
And then ran away
And that is what he liked the most"""
QUATRAIN = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
SEVENS = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。"


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1),
        ("table", 2),
        ("walked", 1),
        ("wanted", 2),
        ("houses", 2),
        ("idea", 3),
        ("nation", 2),
        ("running", 2),
        ("being", 2),
        ("makes", 1),
        ("little", 2),
        ("don't", 1),
        ("silence", 2),
        ("poem", 2),
        ("the", 1),
        ("again", 2),
        ("beautiful", 3),
    ],
)
def test_syllables(word, count):
    assert count_syllables(word) == count


@pytest.mark.parametrize(
    ("one", "other"), [("day", "away"), ("night", "kite"), ("coast", "toast"), ("sea", "tree")]
)
def test_rhymes(one, other):
    assert rhyme_key(one) == rhyme_key(other)
    assert rhyme_key(one) != rhyme_key("dog")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the night", "a kite!"),
        ("a melody", "the tree"),
        ("water", "my daughter"),
        ("the rose", "where it goes"),
        ("the sea's", "high trees"),
        ("the flood", "red blood"),
        ("Nantucket", "a bucket"),
        ("the lighthouse", "a mouse"),
        ("a zyxlight", "bright"),
    ],
)
def test_lines_that_rhyme_by_their_pronunciation(one, other):
    assert do_rhyme(one, other)
    assert not do_rhyme(one, "the orange")


@pytest.mark.parametrize(
    ("one", "other"), [("move", "love"), ("though", "rough"), ("flood", "mood"), ("day", "Day,")]
)
def test_words_that_only_look_alike_or_are_the_same_do_not_rhyme(one, other):
    assert not do_rhyme(one, other)


def test_syllables_of_a_line_by_its_pronunciation():
    assert syllables_in("The quiet poet's hour of fire") == 8
    assert {"light", "bright", "white"} <= set(rhyming_words("night"))
    assert "night" not in rhyming_words("night")
    assert rhyming_words("zyx") == []


@pytest.mark.parametrize(
    ("text", "form", "note"),
    [
        (
            "The rain comes down on every roof tonight\nAnd every window is a square of light"
            "\nThe river rises slowly to the stone\nAnd no one in the town is left alone",
            "couplets",
            "",
        ),
        (
            "The rain comes down on every roof tonight\nThe river rises slowly to the stone"
            "\nAnd every window is a square of light\nAnd no one in the town is left in love",
            "quatrain",
            "does not rhyme with line 2",
        ),
        (
            "The rain comes down on every roof tonight\nAnd we are not afraid of it tonight"
            "\nThe river rises slowly to the stone\nAnd no one in the town is left alone",
            "couplets",
            "ends with the same word as line 1",
        ),
    ],
)
def test_forms_of_four_rhymed_lines(text, form, note):
    assert [span.note for span in check_form(text, form).spans] == [note] * bool(note)


@pytest.mark.parametrize(
    ("text", "form"),
    [(HAIKU, "haiku"), (QUATRAIN, "五言绝句"), (SEVENS, "七言绝句")],
)
def test_poems_in_their_form_pass(text, form):
    check = check_form(text, form)
    assert check.passed, check


def test_lines_that_are_not_right_are_marked():
    text = HAIKU.replace("An old", "An extraordinarily old")
    assert marked(text, check_form(text, "haiku")) == [text.splitlines()[0]]
    changed = QUATRAIN.replace("楼", "山")
    (span,) = check_form(changed, "五言绝句").spans
    assert span.note == "does not rhyme with line 2"
    assert not check_form(QUATRAIN, "七言绝句").passed
    assert not check_form("", "haiku").passed
    rhymes = [span.note for span in check_form(LIMERICK, "limerick").spans]
    assert not any("rhyme" in note for note in rhymes)


# Hostile texts
# ----------------------------------------------------------------------

SIZE = 2_000_000
HOSTILE = {
    "letters": "a" * SIZE,
    "capitals": "A" * SIZE,
    "names": "Ab " * (SIZE // 3),
    "digits": "1,." * (SIZE // 3),
    "quotes": '"' * SIZE,
    "openQuotes": "“a" * (SIZE // 2),
    "Chinese": "一二三市" * (SIZE // 4),
    "lines": "\n" * SIZE,
    "blanks": " " * SIZE,
    "surrogates": "\ud800" * 1000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_checked(text):
    checks = [
        check_length(text, "words"),
        check_language(text, "en"),
        check_repetition(text),
        check_refusal(text),
        check_facts(text, "Nothing."),
        check_facts("Nothing.", text),
        *(check_form(text, form) for form in FORMS),
    ]
    for check in checks:
        assert len(check.spans) <= MAX_SPANS
        assert check.message


def test_the_package_imports_no_torch_and_no_qt():
    names = ["check", "facts", "language", "length", "refusal", "repetition", "syllables", "verse"]
    modules = "".join(f"import studio.text_checks.{name}\n" for name in names)
    code = f"{modules}import sys; print({{'torch', 'PySide6', 'numpy'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_currency_that_the_facts_do_not_name_is_marked():
    facts = "It cost 2.4 million crowns. 一张票3欧元。"
    found = check_facts("It cost $2.4 million and 3 euros.", facts)
    assert [(span.start, span.note) for span in found.spans] == [(8, "currency")]
    assert check_facts("It cost 35 dollars.", "Only $35.").passed
