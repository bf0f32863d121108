"""Test the starter model's examples, prompt translation and vocabulary advice in the image tab."""

import msgspec
import pytest

from studio.models.catalog import entry_named
from studio.preflight import vocabulary
from studio.preflight.vocabulary import Vocabulary
from studio.ui.stage.examples import examples_for


@pytest.fixture
def tab(open_studio, monkeypatch):
    studio = open_studio()
    monkeypatch.setattr(
        studio.window.shared, "cards", lambda _kind: [entry_named("starter-image").card]
    )
    studio.window.show_tab("image")
    return studio.window.image_tab


def test_example_replaces_the_prompt(tab):
    examples = examples_for(tab.card)
    (menu,) = [action.menu() for action in tab.preset_button.menu().actions() if action.menu()]
    assert [action.text() for action in menu.actions()] == examples
    menu.actions()[1].trigger()
    assert tab.prompt.toPlainText() == examples[1]
    assert tab.generate_button.isEnabled()


def test_translation_of_a_chinese_prompt_is_shown(tab):
    tab.prompt.setPlainText("一只红苹果")
    assert tab.advice.text().startswith("Read as: a red apple.")
    assert tab.advice.isVisible()
    tab.prompt.setPlainText("龘靐")
    assert "knows none of the words" in tab.advice.text()
    assert "一只红苹果" in tab.advice.text()
    tab.prompt.setPlainText("")
    assert not tab.advice.isVisible()


def test_unknown_words_show_the_nearest_known_ones(tab, monkeypatch):
    known = Vocabulary(frozenset({"dog"}), {"sword": ("axe",)})
    monkeypatch.setattr(vocabulary, "read_vocabulary", lambda _folder: known)
    tab.prompt.setPlainText("a dog with a sword")
    assert tab.advice.text() == 'Not learned: "sword", nearest: axe.'
    tab.prompt.setPlainText("a dog")
    assert not tab.advice.isVisible()


def test_models_without_a_vocabulary_show_no_advice(tab, monkeypatch):
    other = msgspec.structs.replace(tab.card, translate_prompts=False, examples=())
    monkeypatch.setattr(tab.shared, "cards", lambda _kind: [other])
    tab.refresh_models()
    tab.prompt.setPlainText("一只红苹果")
    assert not tab.advice.isVisible()


def test_a_wide_ratio_stays_in_the_sizes_that_are_drawn_as_they_are(open_studio, monkeypatch):
    studio = open_studio()
    card = msgspec.structs.replace(
        entry_named("starter-image").card,
        size_multiple=16,
        min_side=48,
        max_side=384,
        drawn_side=192,
        defaults={"width": 256, "height": 256},
    )
    monkeypatch.setattr(studio.window.shared, "cards", lambda _kind: [card])
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    for before, wide in (((256, 256), (384, 192)), ((64, 64), (96, 48))):
        tab.form.set_values({"width": before[0], "height": before[1]})
        tab.ratio.ratio_requested.emit(21, 9)
        values = tab.form.values()
        assert (values["width"], values["height"]) == wide
