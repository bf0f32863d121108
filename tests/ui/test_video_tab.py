"""The video tab: form, previews, player, hand-offs, and a real pipeline."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox

from studio.app import Studio
from studio.core.files import sha256_of
from studio.core.jobs import JobState
from studio.library.artifacts import read_recipe
from studio.media.image_reader import read_image
from studio.models.card_store import card_folder, write_card
from studio.ui.actions import ACTIONS_BY_KEY
from studio.ui.main_window import PAGES
from studio.ui.models.dialog import ModelsDialog
from studio.ui.video.duration import Duration
from studio.ui.video.player import PlayerState
from tests.checkpoints.video import first_frame, make_ltx
from tests.ui.conftest import PATIENCE, close_studio

CONTROL = Qt.KeyboardModifier.ControlModifier
SMALL = {"width": 64, "height": 48, "num_frames": 5, "frame_rate": 8, "num_inference_steps": 2}


@pytest.fixture
def window(open_studio):
    """The window with the video tab, reached with its shortcut."""
    window = open_studio().window
    QTest.keyClick(window, Qt.Key.Key_4, CONTROL)
    assert PAGES[window.tabs.currentIndex()] == "video"
    return window


@pytest.fixture
def tab(window):
    tab = window.tab("video")
    tab.form.set_values(SMALL)
    return tab


@pytest.fixture
def photo(tmp_path):
    Image.new("RGB", (90, 60), (200, 40, 40)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def generate(qtbot, tab, prompt="a cat walks", **values):
    """Press Generate; return the path of the video when its first frame is shown."""
    before = tab.stage.current_path()
    tab.form.set_values(values)
    tab.prompt.setPlainText(prompt)
    QTest.mouseClick(tab.generate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.stage.current_path() not in ("", before), timeout=PATIENCE)
    qtbot.waitUntil(lambda: tab.view.player.frame is not None, timeout=PATIENCE)
    return Path(tab.stage.current_path())


def drop_on(widget, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    widget.dropEvent(
        QDropEvent(
            QPointF(QPoint(4, 4)),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )


def test_prompt_becomes_a_video_that_plays_in_a_loop(qtbot, tab):
    tab.form.set_values({"seed": 7})
    tab.prompt.setPlainText("a cat walks")
    tab.prompt.setFocus()
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: tab.view.player.frame is not None, timeout=PATIENCE)
    path = Path(tab.stage.current_path())
    request = read_recipe(path).request
    assert (request.prompt, request.seed, request.num_frames) == ("a cat walks", 7, 5)
    player = tab.view.player
    qtbot.waitUntil(lambda: player.state is PlayerState.PLAYING, timeout=PATIENCE)
    assert player.is_looping
    assert tab.stage.header.prompt.text() == "a cat walks"
    for control in (tab.stage.frame_button, tab.stage.extend_button, tab.stage.save_button):
        assert control.isEnabled()


def test_preview_of_the_middle_frame_is_shown_in_the_shape_of_the_video(qtbot, open_studio):
    window = open_studio(step_seconds=0.2).window
    window.show_tab("video")
    tab = window.tab("video")
    tab.form.set_values({**SMALL, "width": 128, "num_inference_steps": 50})
    tab.prompt.setPlainText("a cat")
    tab.generate()
    canvas = tab.view.canvas
    qtbot.waitUntil(lambda: not canvas.image.isNull(), timeout=PATIENCE)
    shown = canvas.image_rect()
    assert abs(shown.width() / shown.height() - 128 / 48) < 0.1
    assert not tab.view.controls.isVisible()
    assert not tab.stage.extend_button.isEnabled()
    tab.stop_button.click()
    qtbot.waitUntil(lambda: tab.stage.is_over, timeout=PATIENCE)
    assert canvas.image.isNull()


def test_several_videos_have_seeds_that_follow_each_other(qtbot, tab):
    tab.count.setValue(3)
    tab.form.set_values({"seed": 2**32 - 2})
    tab.prompt.setPlainText("a cat")
    tab.generate()
    queue = tab.shared.queue
    qtbot.waitUntil(
        lambda: sum(job.state is JobState.COMPLETED for job in queue.jobs()) == 3, timeout=PATIENCE
    )
    assert [job.request.seed for job in queue.jobs()] == [2**32 - 2, 2**32 - 1, 0]
    assert len({job.target.stem for job in queue.jobs()}) == 3


def test_dropped_image_is_the_first_frame_and_sets_the_shape(qtbot, tab, photo):
    drop_on(tab.first_frame, photo)
    qtbot.waitUntil(tab.first_frame.shape_button.isVisible, timeout=PATIENCE)
    tab.form.set_values({"width": 128, "height": 128})
    tab.first_frame.shape_button.click()
    values = tab.form.values()
    assert values["width"] / values["height"] == pytest.approx(1.5, abs=0.1)
    path = generate(qtbot, tab)
    assert read_recipe(path).request.image == str(photo)
    tab.first_frame.clear_button.click()
    assert tab.values()["image"] == ""


def test_unreadable_first_frame_blocks_the_job(qtbot, tab, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    tab.prompt.setPlainText("a cat")
    assert tab.generate_button.isEnabled()
    tab.first_frame.set_path(str(tmp_path / "broken.png"))
    qtbot.waitUntil(lambda: not tab.generate_button.isEnabled(), timeout=PATIENCE)
    assert "First frame" in tab._hint.text()


def test_duration_sets_frames_that_the_model_can_make(qtbot):
    duration = Duration()
    qtbot.addWidget(duration)
    duration.offer(4, 49)
    asked = []
    duration.frames_requested.connect(asked.append)
    duration.show_frames(33, 16)
    assert duration.seconds.value() == pytest.approx(2.06, abs=0.01)
    assert asked == []
    QTest.keyClick(duration.seconds, Qt.Key.Key_Up)
    assert asked == [37]
    duration.seconds.setValue(1.0)
    assert asked[-1] == 17
    duration.seconds.setValue(20.0)
    assert asked[-1] == 49
    assert isinstance(duration.seconds, QDoubleSpinBox)


def test_duration_and_frames_follow_each_other(tab):
    tab.form.set_values({"num_frames": 32, "frame_rate": 8})
    assert tab.duration.seconds.value() == 4.0
    tab.duration.seconds.setValue(2.0)
    assert tab.form.values()["num_frames"] == 16
    tab.form.set_values({"frame_rate": 16})
    assert tab.duration.seconds.value() == 1.0


def test_frame_goes_to_the_image_tab(qtbot, window, tab):
    path = generate(qtbot, tab)
    player = tab.view.player
    player.pause()
    with qtbot.waitSignal(player.frame_shown, timeout=PATIENCE):
        player.seek(0.0)
    tab.stage.frame_button.click()
    qtbot.waitUntil(lambda: bool(window.image_tab.source.path), timeout=PATIENCE)
    assert PAGES[window.tabs.currentIndex()] == "image"
    frame = read_image(Path(window.image_tab.source.path))[0]
    assert frame.size == (64, 48)
    pixels = np.asarray(frame, int)
    assert pixels[:, :4].mean() > 150  # the bar of the fake engine begins at the left
    assert pixels[:, 40:].mean() < 50
    window.image_tab.prompt.setPlainText("an image")
    window.image_tab.generate()
    qtbot.waitUntil(lambda: bool(window.image_tab.stage.current_path()), timeout=PATIENCE)
    recipe = read_recipe(Path(window.image_tab.stage.current_path()))
    assert recipe.inputs["frame"] == sha256_of(path)


def test_video_is_extended_from_its_last_frame(qtbot, tab):
    path = generate(qtbot, tab, seed=7)
    tab.form.set_values({"width": 256, "height": 256})
    tab.stage.extend_button.click()
    qtbot.waitUntil(lambda: bool(tab.first_frame.path), timeout=PATIENCE)
    values = tab.values()
    assert (values["width"], values["height"], values["seed"]) == (64, 48, None)
    pixels = np.asarray(read_image(Path(tab.first_frame.path))[0], int)
    assert pixels[:, 52:58].mean() > 150  # the bar is at 4/5 in the last of five frames
    assert pixels[:, :40].mean() < 50
    following = generate(qtbot, tab, "it walks on")
    assert following != path
    assert read_recipe(following).inputs["frame"] == sha256_of(path)


def test_frame_is_copied(qtbot, window, tab):
    generate(qtbot, tab)
    QGuiApplication.clipboard().clear()
    window.copy_result()
    qtbot.waitUntil(lambda: not QGuiApplication.clipboard().image().isNull(), timeout=PATIENCE)
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (64, 48)


def test_full_screen_key_shows_the_video(qtbot, window, tab):
    generate(qtbot, tab)
    window.action(ACTIONS_BY_KEY["show_full_screen"].key).trigger()
    qtbot.waitUntil(lambda: tab.view.full_screen.isActiveWindow(), timeout=PATIENCE)
    QTest.keyClick(tab.view.full_screen.video_screen.canvas, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: tab.view.full_screen is None, timeout=PATIENCE)


def test_hidden_tab_pauses_and_decodes_nothing_new(qtbot, window, tab):
    generate(qtbot, tab)
    player = tab.view.player
    qtbot.waitUntil(lambda: player.state is PlayerState.PLAYING, timeout=PATIENCE)
    window.show_tab("text")
    assert player.state is PlayerState.PAUSED
    tab.prompt.setPlainText("another one")
    tab.generate()
    qtbot.waitUntil(lambda: tab.stage.is_over, timeout=PATIENCE)
    assert player.decoder_pid == 0
    window.show_tab("video")
    qtbot.waitUntil(lambda: player.frame is not None, timeout=PATIENCE)


def test_form_returns_after_a_restart(qtbot, open_studio, photo):
    studio = open_studio()
    studio.window.show_tab("video")
    tab = studio.window.tab("video")
    tab.prompt.setPlainText("a slow river")
    tab.count.setValue(4)
    tab.start_from(photo)
    tab.form.set_values({"num_frames": 9})
    close_studio(studio)
    studio = open_studio()
    assert PAGES[studio.window.tabs.currentIndex()] == "video"
    tab = studio.window.tab("video")
    assert tab.prompt.toPlainText() == "a slow river"
    assert tab.count.value() == 4
    assert tab.first_frame.path == str(photo)
    assert tab.form.values()["num_frames"] == 9


def test_without_a_model_the_tab_offers_models_and_still_plays(qtbot, qapp, data):
    studio = Studio(data, in_process=True)
    studio.window.show()
    studio.start_background()
    try:
        window = studio.window
        window.show_tab("video")
        tab = window.tab("video")
        assert not tab.generate_button.isVisible()
        assert not tab.prompt.isVisible()
        offer = tab._sides.currentWidget()
        qtbot.waitUntil(lambda: bool(offer.models.text()), timeout=PATIENCE)
        assert "kB" not in offer.models.text()
        offer.show_button.click()
        (dialog,) = window.findChildren(ModelsDialog)
        assert dialog.list.task.currentData() == "text-to-video"
        assert dialog.list.fitting.isChecked()
        dialog.close()
    finally:
        close_studio(studio)


def test_real_pipeline_continues_a_first_frame(qtbot, qapp, data, tmp_path):
    card = make_ltx(tmp_path / "ltx")
    write_card(card, card_folder(data, card.name))
    studio = Studio(data, in_process=True)
    studio.window.show()
    studio.start_background()
    try:
        studio.window.show_tab("video")
        tab = studio.window.tab("video")
        assert tab.card.name == "ltx"
        tab.form.set_values({"width": 32, "height": 32, "num_inference_steps": 2, "seed": 1})
        tab.duration.seconds.setValue(9 / tab.form.values()["frame_rate"])
        assert tab.form.values()["num_frames"] == 9
        tab.start_from(Path(first_frame(tmp_path)))
        path = generate(qtbot, tab)
        recipe = read_recipe(path)
        assert recipe.request.image == first_frame(tmp_path)
        assert recipe.inputs["image"] == sha256_of(Path(first_frame(tmp_path)))
        assert tab.view.player.info.width == 32
        tab.stage.extend_button.click()
        qtbot.waitUntil(lambda: str(data.frames) in tab.first_frame.path, timeout=PATIENCE)
    finally:
        close_studio(studio)
