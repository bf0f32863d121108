"""*Transcribe* on recordings, and their transcript in the library's side, in the real window."""

import msgspec
import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from studio.core.jobs import new_job
from studio.core.requests import TranscribeRequest
from studio.library import artifacts
from studio.library.items import NewItem
from studio.library.read_item import read_item
from studio.library.results import TextResult
from studio.media.transcript import FORMATS, Segment, Transcript
from studio.models.card import fake_card
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import choose, click, menu_of
from tests.ui.library.test_reuse import open_menu

TALK = Transcript("zh", (Segment(0.0, 1.0, "秋天的风"), Segment(65.0, 66.0, "The harbor.")))


@pytest.fixture
def recording(folder) -> NewItem:
    path = folder / "field.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(8_000 * 70)), 8_000)
    item = read_item(path)
    assert item is not None
    return item


def transcript_of(recording: NewItem, folder) -> NewItem:
    request = TranscribeRequest(audio=recording.path)
    result = TextResult(
        text=FORMATS["txt"](TALK), transcript=TALK, inputs={"audio": recording.sha256}
    )
    job = new_job(request, str(folder))
    made = artifacts.save(result, job=job, card=fake_card("transcribe"), versions={})
    item = read_item(folder / made.path.rpartition("/")[2])
    assert item is not None
    return item


def test_recording_is_transcribed_and_its_words_are_found(
    open_library, fill_library, recording, qtbot
):
    fill_library(recording)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Transcribe")
    index = studio.shared.library.index
    qtbot.waitUntil(lambda: index.transcript_of(recording.sha256) is not None, timeout=PATIENCE)
    details = page.details
    qtbot.waitUntil(
        lambda: page.results.is_complete and len(page.results.ids) == 2, timeout=PATIENCE
    )
    click(page, list(page.results.ids).index(index.find(recording.path).id))
    qtbot.waitUntil(details.transcript.isVisible, timeout=PATIENCE)
    assert details.transcript.list.count() == 3


def test_click_on_a_passage_plays_from_there(open_library, fill_library, folder, recording, qtbot):
    fill_library(recording, transcript_of(recording, folder))
    studio, page = open_library()
    index = studio.shared.library.index
    click(page, list(page.results.ids).index(index.find(recording.path).id))
    transcript = page.details.transcript
    qtbot.waitUntil(transcript.isVisible, timeout=PATIENCE)
    assert [transcript.list.item(row).text() for row in range(2)] == [
        "0:00  秋天的风",
        "1:05  The harbor.",
    ]
    audio = page.details.playback.audio
    qtbot.waitUntil(lambda: audio.player.length > 60, timeout=PATIENCE)
    transcript.list.setCurrentRow(1)
    place = transcript.list.visualItemRect(transcript.list.item(1)).center()
    QTest.mouseClick(transcript.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: 64.9 < audio.player.position < 70.1, timeout=PATIENCE)


def test_made_speech_needs_no_transcript(open_library, fill_library, recording, qtbot):
    fill_library(msgspec.structs.replace(recording, kind="speech", prompt="The harbor."))
    _studio, page = open_library()
    open_menu(page, 0)
    menu = menu_of(qtbot)
    titles = {action.text() for action in menu.actions()}
    menu.close()
    assert "Open" in titles
    assert "Transcribe" not in titles


def test_without_a_model_it_is_offered(open_library, fill_library, recording, qtbot, monkeypatch):
    fill_library(recording)
    studio, page = open_library()
    shared = studio.shared
    monkeypatch.setattr(shared, "cards", lambda _kind: [])
    toasts, asked = [], []
    shared.toast_posted.connect(toasts.append)
    shared.install_requested.disconnect()
    shared.install_requested.connect(asked.append)
    open_menu(page, 0)
    choose(qtbot, "Transcribe")
    (toast,) = toasts
    assert toast.button == "Get it (133 MB)"
    toast.action()
    assert asked == ["whisper"]
