"""Test a person's pronunciations: their lines, and what they change."""

import pytest

from studio.core.errors import InvalidRequestError
from studio.core.requests import SpeechRequest, resolve_files
from studio.core.requests.prompt_syntax.pronunciations import PronunciationError, parse

TEXT = """# names
SQL = sequel | en case
Nguyen = win; Hermione = /hɜɹmˈIəni/
New York = Noo York
重庆 = 崇庆 | zh
ing = een | part
"""


@pytest.mark.parametrize(
    ("language", "written", "read"),
    [
        ("en", "SQL and sql, MySQL", "sequel and sql, MySQL"),
        ("zh", "SQL", "SQL"),
        ("en", "Mr. NGUYEN's nguyens", "Mr. win's nguyens"),
        ("en", "in new  york", "in Noo York"),
        ("zh", "去重庆吃饭", "去崇庆吃饭"),
        ("en", "singing", "seeneen"),
        ("en", "Hermione", "Hermione"),
    ],
)
def test_words_are_replaced(language, written, read):
    assert parse(TEXT).apply(written, language, phonemes=False) == read


def test_phonemes_wait_for_the_voice():
    entries = parse(TEXT)
    held = entries.apply("Hermione, hermione!", "en", phonemes=True)
    assert "ermione" not in held
    shown = entries.with_phonemes(held, lambda symbols: f"[[{symbols}]]")
    assert shown == "[[hɜɹmˈIəni]], [[hɜɹmˈIəni]]!"


@pytest.mark.parametrize("wrong", ["a", "a =", "= b", "a = b | Case!", "a = b | en zh"])
def test_an_entry_that_cannot_be_read_is_named(wrong):
    with pytest.raises(PronunciationError) as caught:
        parse(f"x = y\n{wrong}")
    assert caught.value.line == 2
    with pytest.raises(InvalidRequestError, match="entry 2"):
        SpeechRequest(prompt="a", dictionary=f"x = y\n{wrong}")


def test_a_file_takes_the_place_of_its_name(tmp_path):
    (tmp_path / "names.txt").write_text("Li = Lee\n", encoding="utf-8-sig")
    found = resolve_files(SpeechRequest, {"dictionary": "names.txt"}, tmp_path)
    assert found == {"dictionary": "Li = Lee\n"}
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        resolve_files(SpeechRequest, {"dictionary": "none.txt"}, tmp_path)


def test_a_speaker_needs_a_voice():
    assert SpeechRequest(prompt="a", speakers=("Anna = af_heart",)).voices_of_speakers == {
        "anna": "af_heart"
    }
    with pytest.raises(InvalidRequestError, match="Anna=voice"):
        SpeechRequest(prompt="a", speakers=("Anna",))
