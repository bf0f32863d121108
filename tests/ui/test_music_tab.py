"""Test the music page with the starter model: prompt interpretation, examples, MIDI in and out."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from studio.core.requests import MusicRequest
from studio.core.settings import Settings
from studio.engine.fake import FakeEngine
from studio.engine.local import LocalEngine
from studio.jobs.session import Session
from studio.library.artifacts import read_recipe
from studio.media.companion_midi import companion_midi
from studio.media.midi import read_midi
from studio.models.card import ModelCard
from studio.models.catalog import entry_named
from studio.ui.app_state import AppState
from studio.ui.stage.examples import examples_for
from studio.ui.tabs.audio import AudioTab
from tests.media.test_midi import midi, off, on, track

CARD = entry_named("starter-music").card

PATIENCE = 120_000
FOUR_BARS = midi(
    track(*[event for pitch in (62, 65, 69, 74) for event in ((0, on(pitch)), (1920, off(pitch)))])
)


@pytest.fixture
def build(qtbot, data):
    opened = []

    def make(engine=None):
        session = Session(data, engine or FakeEngine())
        shared = AppState(data, session, Settings())
        tab = AudioTab(shared, backends=["NULL"])
        tab.load_draft()
        qtbot.addWidget(tab)
        tab.show()
        session.start()
        opened.append((tab, session))
        return tab.for_kind("music")

    yield make
    for tab, session in opened:
        tab.release_devices()
        session.close()


@pytest.fixture
def given_path(tmp_path):
    path = tmp_path / "a tune 曲.mid"
    path.write_bytes(FOUR_BARS)
    return path


def test_starter_model_generates_music_and_saves_midi(build, qtbot, data, tmp_path, monkeypatch):
    page = build(LocalEngine(data))
    assert page.card == CARD
    assert page.stage.midi_button.isHidden()
    page.prompt.setPlainText("soft piano")
    page.form.set_values({"seconds": 2.0, "seed": 1})
    page.generate()
    qtbot.waitUntil(lambda: bool(page.stage.path) and page.stage.job.state.over, timeout=PATIENCE)
    assert companion_midi(Path(page.stage.path)) is not None
    assert page.stage.midi_button.isVisible()
    for chosen, name in ((page.stage.save_midi, "notes"), (page.save_as, "notes2.mid")):
        target = tmp_path / name
        monkeypatch.setattr(
            QFileDialog,
            "getSaveFileName",
            lambda *_arguments, target=target, **_more: (str(target), ""),
        )
        written = target.with_suffix(".mid")
        with qtbot.waitSignal(page.shared.toast_posted, timeout=PATIENCE) as posted:
            chosen()
        assert posted.args[0].text == f"Saved {written.name}"
        assert written.read_bytes() == Path(page.stage.path).with_suffix(".mid").read_bytes()


def test_midi_file_is_continued_and_its_recipe_fills_the_form(build, qtbot, data, given_path):
    page = build(LocalEngine(data))
    page.continue_midi(given_path)
    qtbot.waitUntil(lambda: page.midi.continuation is not None, timeout=PATIENCE)
    assert page.midi.message == "Continues a tune 曲.mid: 4 bars, D minor, 120 bpm, piano."
    page.prompt.setPlainText("a happy waltz in F major")
    assert page.advice.text().startswith("Read as: happy classical, D minor, 120 bpm, piano")
    page.form.set_values({"seconds": 3.0})
    page.generate()
    qtbot.waitUntil(lambda: bool(page.stage.path) and page.stage.job.state.over, timeout=PATIENCE)
    recipe = read_recipe(Path(page.stage.path))
    assert isinstance(recipe.request, MusicRequest)
    assert recipe.request.continue_from == str(given_path)
    assert len(read_midi(companion_midi(Path(page.stage.path))).notes) > 4
    page.midi.clear_button.click()
    assert page.request().continue_from == ""
    page.set_values({"continue_from": recipe.request.continue_from})
    assert page.request().continue_from == str(given_path)


def test_unusable_midi_file_is_reported_and_blocks_generate(build, qtbot, tmp_path):
    page = build()
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"RIFF")
    page.prompt.setPlainText("more")
    assert page.generate_button.isEnabled()
    page.continue_midi(bad)
    qtbot.waitUntil(lambda: bool(page.midi.problem), timeout=PATIENCE)
    assert "is not a MIDI file" in page.midi.message
    assert not page.generate_button.isEnabled()
    page.midi.clear_button.click()
    assert page.generate_button.isEnabled()
    assert page.midi.message == ""


def test_choose_button_selects_a_midi_file(build, qtbot, given_path, monkeypatch):
    page = build()
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_arguments, **_more: (str(given_path), "")
    )
    page.midi.choose_button.click()
    qtbot.waitUntil(lambda: page.midi.continuation is not None, timeout=PATIENCE)
    assert page.shared.draft("music")["continue_from"] == str(given_path)


def test_example_replaces_the_prompt_and_shows_its_interpretation(build):
    page = build()
    (menu,) = [action.menu() for action in page.preset_button.menu().actions() if action.menu()]
    assert [action.text() for action in menu.actions()] == examples_for(CARD)
    menu.actions()[0].trigger()
    assert page.prompt.toPlainText() == CARD.examples[0]
    assert page.advice.text().startswith("Read as: ")
    page.prompt.setPlainText("qwrtz")
    assert 'Not understood: "qwrtz"' in page.advice.text()


def test_audio_model_hides_the_midi_button(build, monkeypatch, given_path):
    page = build()
    page.continue_midi(given_path)
    other = ModelCard(name="sound", title="Sound", kind="music", runner="transformers")
    monkeypatch.setattr(page.shared, "cards", lambda _kind: [other, CARD])
    page.refresh_models()
    page.choose_model("sound")
    page.prompt.setPlainText("rain")
    assert page.midi.choose_button.isHidden()
    assert page.request().continue_from == ""
    page.continue_midi(given_path.with_name("other.mid"))
    assert page.card == CARD, "a dropped MIDI file chooses a model that can go on from it"


def test_lyrics_and_fields_follow_the_models_capabilities(build, monkeypatch):
    page = build()
    names = ("ace-step-1.5-xl-turbo", "musicgen-small", "stable-audio-open-1.0")
    ace, musicgen, stable = (entry_named(name).card for name in names)
    monkeypatch.setattr(page.shared, "cards", lambda _kind: [ace, musicgen, stable, CARD])
    page.refresh_models()
    page.prompt.setPlainText("a song about rain")

    def shown():
        return {name for name, field in page.form.fields.items() if not field.isHidden()}

    page.choose_model(ace.name)
    assert {"seconds", "num_inference_steps"} <= shown()
    assert not {"temperature", "negative_prompt"} & shown()
    assert not page.lyrics.isHidden()
    page.lyrics.setPlainText("[verse]\nRain, rain")
    page.form.fields["num_inference_steps"].set_value(12)
    assert (page.request().lyrics, page.request().num_inference_steps) == (
        "[verse]\nRain, rain",
        12,
    )
    page.choose_model(musicgen.name)
    assert "temperature" in shown()
    assert not {"num_inference_steps", "negative_prompt"} & shown()
    assert page.lyrics.isHidden()
    assert (page.request().lyrics, page.request().num_inference_steps) == ("", 0)
    page.choose_model(stable.name)
    assert page.request().negative_prompt == ""
    page.form.fields["negative_prompt"].set_value("hum")
    assert page.request().negative_prompt == "hum"
    page.choose_model(ace.name)
    assert page.request().lyrics == "[verse]\nRain, rain", "what was written is there again"


def test_dropped_midi_file_fills_the_form(open_studio, given_path, qtbot, monkeypatch):
    studio = open_studio()
    window = studio.window
    monkeypatch.setattr(window.shared, "cards", lambda kind: [CARD] if kind == "music" else [])
    window.file_opener.open(given_path)
    page = window.audio_tab.music
    assert window.current() is page
    qtbot.waitUntil(lambda: page.midi.continuation is not None, timeout=PATIENCE)
    assert page.own_values() == {"continue_from": str(given_path), "lyrics": ""}
