"""The audio tab with the real queue, worker and files: speech through the real voice, the rest
through the fake engine.
"""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from studio.core.errors import Failure
from studio.core.requests import MusicRequest, SpeechRequest
from studio.core.settings import Settings
from studio.engine.fake import FakeEngine
from studio.engine.local import LocalEngine
from studio.jobs.session import Session
from studio.library.artifacts import read_recipe
from studio.models.card import ModelCard, Voice
from studio.ui.app_state import AppState
from studio.ui.audio.player import PlayerState
from studio.ui.tabs.audio import AudioTab


class _House:
    """A session and the tab, as the window puts them together."""

    def __init__(
        self, qtbot, data, engine, *, fake: bool, settings: Settings | None = None
    ) -> None:
        self.session = Session(data, engine)
        self.shared = AppState(data, self.session, settings or Settings(), fake=fake)
        self.tab = AudioTab(self.shared, backends=["NULL"])
        self.tab.load_draft()
        qtbot.addWidget(self.tab)
        self.tab.resize(1100, 640)
        self.tab.show()
        self.session.start()

    def close(self) -> None:
        self.tab.release_devices()
        self.session.close()


@pytest.fixture
def build(qtbot, data):
    houses = []

    def make(engine=None, *, fake: bool = True, settings: Settings | None = None) -> _House:
        houses.append(_House(qtbot, data, engine or FakeEngine(), fake=fake, settings=settings))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


def _made(page) -> bool:
    return bool(page.stage.path) and page.stage.job is not None and page.stage.job.state.over


def test_text_the_voice_cannot_speak_is_reported_next_to_the_prompt(build, data):
    page = build(LocalEngine(data), fake=False).tab.speech
    assert "[pause:2]" in page.prompt.placeholderText()
    page.prompt.setPlainText("Der Zug hat heute leider zwanzig Minuten Verspätung.")
    assert page.check() is None
    assert "German" in page.prompt_box._problem.text()
    assert "mms-tts-deu" in page.prompt_box._problem.text()
    page.prompt.setPlainText("The train is late. [pause:2] Müller waits in the café.")
    assert page.check() is not None
    assert not page.prompt_box._problem.text()


def test_speech_from_key_press_to_file_with_the_real_voice(build, qtbot, data):
    house = build(LocalEngine(data), fake=False)
    page = house.tab.speech
    assert page.model.currentData() == "hibari"
    assert page.voice.currentText().startswith("Heart")
    page.prompt.setPlainText("Hello there. This is Studio.")
    house.tab.activateWindow()
    page.prompt.setFocus()
    qtbot.waitUntil(page.prompt.hasFocus)
    qtbot.keyClick(page.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: _made(page), timeout=30_000)
    recipe = read_recipe(Path(page.stage.path))
    assert recipe is not None
    assert isinstance(recipe.request, SpeechRequest)
    assert (recipe.request.prompt, recipe.request.voice) == (
        "Hello there. This is Studio.",
        "heart",
    )
    player = page.view.player
    assert player.state in (PlayerState.PLAYING, PlayerState.STOPPED)
    assert 1.5 < player.length < 8
    assert page.stage.save_button.isEnabled()
    assert "seed" in page.stage.header.facts.whole


def test_sentences_are_listed_and_a_click_plays_from_one(build, qtbot, data):
    house = build(LocalEngine(data), fake=False, settings=Settings(play_while_generating=False))
    page = house.tab.speech
    page.prompt.setPlainText("Hello there, it is 5. This is Studio.")
    qtbot.mouseClick(page.generate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _made(page), timeout=30_000)
    shown = page.stage.sentences.list
    qtbot.waitUntil(lambda: shown.count() == 2, timeout=20_000)
    assert shown.item(0).text().endswith("Hello there, it is 5.")
    second = read_recipe(Path(page.stage.path)).sentences[1]
    place = shown.visualItemRect(shown.item(1)).center()
    qtbot.mouseClick(shown.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: page.view.player.position >= second.start, timeout=20_000)
    assert shown.currentRow() == 1
    page.view.player.seek(0)
    assert shown.currentRow() == 0


def test_first_chunk_plays_while_the_rest_is_generated(build, qtbot):
    house = build(FakeEngine(step_seconds=0.15))
    page = house.tab.speech
    page.prompt.setPlainText("Anything.")
    qtbot.mouseClick(page.generate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.view.player.position > 0, timeout=20_000)
    assert page.view.is_live
    assert not page.stage.path
    qtbot.waitUntil(lambda: _made(page), timeout=20_000)
    qtbot.waitUntil(lambda: page.view.player.state is PlayerState.STOPPED, timeout=20_000)
    assert page.view.player.position == pytest.approx(2.0), "all chunks were played"


def test_autoplay_can_be_turned_off(build, qtbot):
    house = build(settings=Settings(play_while_generating=False))
    page = house.tab.speech
    page.prompt.setPlainText("Anything.")
    page.generate()
    qtbot.waitUntil(lambda: _made(page), timeout=20_000)
    assert page.view.player.state is PlayerState.STOPPED
    assert page.view.player.position == 0
    assert page.view.waveform.length == pytest.approx(2.0)


def test_stop_keeps_the_generated_audio(build, qtbot):
    house = build(FakeEngine(step_seconds=0.2))
    page = house.tab.speech
    page.prompt.setPlainText("Anything.")
    page.generate()
    qtbot.waitUntil(lambda: page.view.is_live, timeout=20_000)
    qtbot.mouseClick(page.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: _made(page), timeout=20_000)
    recipe = read_recipe(Path(page.stage.path))
    assert recipe is not None
    assert recipe.partial
    assert "Stopped" in page.status.text()


def test_failed_job_is_reported_and_the_next_one_works(build, qtbot):
    fail = [True]
    house = build(
        FakeEngine(
            fail_on=lambda _job: (
                Failure(cause="model", message="It broke.", cure="Mend it.") if fail[0] else None
            )
        )
    )
    page = house.tab.speech
    page.prompt.setPlainText("Anything.")
    page.generate()
    qtbot.waitUntil(lambda: page.notice.message == "It broke.", timeout=20_000)
    assert not page.stage.save_button.isEnabled()
    fail[0] = False
    page.generate()
    qtbot.waitUntil(lambda: _made(page), timeout=20_000)


def test_job_restarted_after_a_crash_plays_once(build, qtbot):
    """The engine's end comes as Failed; then the same job sends its pieces from the start."""
    from studio.core.events import AudioChunk, Failed, Finished
    from studio.core.jobs import new_job

    page = build().tab.speech
    job = new_job(SpeechRequest(prompt="x"), "/nowhere")
    piece = AudioChunk(pcm=np.zeros(24_000, "<f4").tobytes(), sampling_rate=24_000)
    page.stage.clear_view()
    for event in (
        piece,
        piece,
        Failed(failure=Failure(cause="crash", message="x")),
        piece,
        Finished(artifacts=()),
    ):
        page.stage.show_event(job, event)
    assert page.view.player.length == pytest.approx(1.0)


def test_finished_music_is_shown(build, qtbot):
    house = build()
    bar = house.tab.switch
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
    page = house.tab.current()
    assert page is house.tab.music
    page.prompt.setPlainText("A slow piano.")
    page.form.set_values({"seconds": 4.0, "guidance_scale": 2.0, "format": "flac"})
    page.generate()
    qtbot.waitUntil(lambda: _made(page), timeout=20_000)
    recipe = read_recipe(Path(page.stage.path))
    assert recipe is not None
    assert isinstance(recipe.request, MusicRequest)
    assert (recipe.request.seconds, recipe.request.guidance_scale) == (4.0, 2.0)
    assert page.stage.path.endswith(".flac")
    qtbot.waitUntil(lambda: page.view.player.length > 0, timeout=20_000)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_save_as_converts_and_keeps_the_recipe(build, qtbot, tmp_path, monkeypatch, ending):
    import soundfile

    house = build()
    page = house.tab.speech
    page.prompt.setPlainText("Anything. 什么都行。")
    page.generate()
    qtbot.waitUntil(lambda: _made(page), timeout=20_000)
    target = tmp_path / f"copy 副本.{ending}"
    target.write_bytes(b"the user chose to replace it")
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_arguments, **_more: (str(target), "")
    )
    with qtbot.waitSignal(
        house.shared.toast_posted,
        timeout=20_000,
        check_params_cb=lambda toast: toast.text == f"Saved {target.name}",
    ):
        page.save_as()
    assert soundfile.info(target).duration == pytest.approx(2.0, abs=0.1)
    assert read_recipe(target) == read_recipe(Path(page.stage.path))


def test_file_name_without_a_suffix_gets_the_chosen_format(build, qtbot, tmp_path, monkeypatch):
    house = build()
    page = house.tab.speech
    page.prompt.setPlainText("Anything.")
    page.generate()
    qtbot.waitUntil(lambda: _made(page), timeout=20_000)
    monkeypatch.setattr(
        QFileDialog,
        "getSaveFileName",
        lambda *_arguments, **_more: (str(tmp_path / "v1.2"), "FLAC (*.flac)"),
    )
    with qtbot.waitSignal(
        house.shared.toast_posted,
        timeout=20_000,
        check_params_cb=lambda toast: toast.text.startswith("Saved"),
    ):
        page.save_as()
    assert (tmp_path / "v1.2.flac").exists()


def test_voice_list_follows_the_model_and_the_draft(build, monkeypatch):
    house = build()
    page = house.tab.speech
    two = ModelCard(
        name="two",
        title="Two",
        kind="speech",
        runner="kokoro",
        voices=(Voice("a", "A", "en"), Voice("b", "B", "zh")),
    )
    none = ModelCard(name="none", title="None", kind="speech", runner="transformers")
    monkeypatch.setattr(house.shared, "cards", lambda _kind: [two, none])
    page.refresh_models()
    assert [page.voice.itemData(index) for index in range(page.voice.count())] == ["", "a", "b"]
    page.set_values({"model": "two", "voice": "b"})
    page.prompt.setPlainText("Hello")
    request = page.request()
    assert isinstance(request, SpeechRequest)
    assert request.voice == "b"
    assert house.shared.draft("speech")["voice"] == "b"
    page.choose_model("none")
    assert page.voice.isHidden()
    assert page.own_values() == {"voice": ""}


def test_every_control_has_a_name_and_a_tip(build):
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QWidget

    tab = build().tab
    for control in tab.findChildren(QWidget):
        qts_own = control.objectName().startswith(("qt_", "Scroll"))
        if isinstance(control, (QAbstractButton, QComboBox)) and not qts_own:
            assert control.accessibleName(), control
            assert control.toolTip(), control.accessibleName()
