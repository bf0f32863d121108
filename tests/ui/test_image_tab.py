"""The image tab's words: examples to click on, how a prompt is read, and what the starter has not
learned.
"""

import msgspec
import pytest

from studio.models.catalog import entry_named
from studio.preflight import vocabulary
from studio.preflight.vocabulary import Vocabulary


@pytest.fixture
def tab(open_studio, monkeypatch):
    studio = open_studio()
    monkeypatch.setattr(
        studio.window.shared, "cards", lambda _kind: [entry_named("starter-image").card]
    )
    studio.window.show_tab("image")
    return studio.window.image_tab


def test_examples_take_the_prompts_place(tab):
    examples = tab.card.examples
    assert examples
    menu = tab.examples.menu()
    assert [action.text() for action in menu.actions()] == list(examples)
    menu.actions()[1].trigger()
    assert tab.prompt.toPlainText() == examples[1]
    assert tab.generate_button.isEnabled()


def test_it_is_said_how_a_chinese_prompt_is_read(tab):
    tab.prompt.setPlainText("一只红苹果")
    assert tab.advice.text().startswith("Read as: a red apple.")
    assert tab.advice.isVisible()
    tab.prompt.setPlainText("龘靐")
    assert "knows none of the words" in tab.advice.text()
    assert "一只红苹果" in tab.advice.text()
    tab.prompt.setPlainText("")
    assert not tab.advice.isVisible()


def test_the_nearest_names_are_shown(tab, monkeypatch):
    known = Vocabulary(frozenset({"dog"}), {"sword": ("axe",)})
    monkeypatch.setattr(vocabulary, "read_vocabulary", lambda _folder: known)
    tab.prompt.setPlainText("a dog with a sword")
    assert tab.advice.text() == 'Not learned: "sword", nearest: axe.'
    tab.prompt.setPlainText("a dog")
    assert not tab.advice.isVisible()


def test_other_models_get_no_such_words(tab, monkeypatch):
    other = msgspec.structs.replace(tab.card, translate_prompts=False, examples=())
    monkeypatch.setattr(tab.shared, "cards", lambda _kind: [other])
    tab.refresh_models()
    tab.prompt.setPlainText("一只红苹果")
    assert not tab.advice.isVisible()
    assert not tab.examples.isVisible()
