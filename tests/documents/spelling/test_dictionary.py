"""Hunspell's dictionaries, a person's own ones, and own words."""

import pytest

from studio.core.errors import StudioError
from studio.documents.spelling import dictionary as dictionaries
from studio.documents.spelling.dictionary import Dictionary, languages_of
from studio.documents.spelling.messages import Question
from studio.documents.spelling.own_words import add_word, read_words
from studio.documents.spelling.process import SpellingProcess


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    return Dictionary(tmp_path_factory.mktemp("none"))


@pytest.fixture
def process(data):
    process = SpellingProcess(data)
    yield process
    process.close()


def add_german(data):
    data.dictionaries.mkdir()
    (data.dictionaries / "de_DE.aff").write_text("SET UTF-8\n", "utf-8")
    (data.dictionaries / "de_DE.dic").write_text("2\nFüße\ngehen\n", "utf-8")


@pytest.mark.parametrize(
    "word",
    [
        "it's",
        "colour",
        "grey",
        "cancelled",
        "travelling",
        "organise",
        "analyse",
        "centre",
        "defence",
        "catalogue",
        "instalment",
        "fulfil",
        "neighbouring",
        "encyclopaedia",
    ],
)
def test_american_and_british_words_are_known(english, word):
    assert english.is_known(word)


@pytest.mark.parametrize("word", ["recieve", "teh", "wierd", "Füße", "雨"])
def test_others_are_not(english, word):
    assert not english.is_known(word)


def test_the_likeliest_word_comes_first(english):
    assert english.suggest("recieve")[0] == "receive"
    assert english.suggest("publically")[0] == "publicly"
    assert english.suggest("雨") == ()


def test_a_dictionary_of_the_data_folder_is_used_too(data):
    add_german(data)
    (data.dictionaries / "half.dic").write_text("1\nx\n")
    both = Dictionary(data.dictionaries)
    assert both.is_known("Füße")
    assert both.is_known("feet")
    assert set(languages_of(data.dictionaries)) == {"en", "de"}


def test_the_child_answers_and_is_replaced_if_it_dies(data, process):
    assert process.ask(Question(words=("rain", "teh"))).unknown == ("teh",)
    first = process._child
    assert first is not None
    first.process.kill()
    first.process.wait()
    with pytest.raises(StudioError, match="ended unexpectedly"):
        process.ask(Question(words=("rain",)))
    assert process.ask(Question(suggest="recieve")).suggestions[0] == "receive"


def test_without_the_package_the_error_says_how_to_get_it(data, monkeypatch):
    monkeypatch.setattr(dictionaries, "PACKAGE", "no_such_package_at_all")
    with pytest.raises(StudioError) as caught:
        Dictionary(data.dictionaries)
    assert "studio[spell]" in caught.value.cure


def test_own_words_are_kept(data):
    assert read_words(data) == frozenset()
    add_word(data, "Kelverkirk")
    assert add_word(data, "雨") == {"Kelverkirk", "雨"}
    add_word(data, "雨")
    assert data.words.read_text("utf-8") == "Kelverkirk\n雨\n"


def test_own_words_that_cannot_be_read_are_an_error(data):
    data.words.mkdir()
    with pytest.raises(StudioError, match="own words"):
        read_words(data)
    with pytest.raises(StudioError, match="own words"):
        add_word(data, "x")
