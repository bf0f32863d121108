"""*Use as*: each entry fills the form that it names, in the real window."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication

from studio.core.files import sha256_of
from studio.core.jobs import JobState
from studio.library.artifacts import read_recipe
from studio.media.image_reader import read_image
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import choose, click, make_item, menu_of
from tests.video_files import level, write_video

SMALL_VIDEO = {"width": 64, "height": 48, "num_frames": 5, "num_inference_steps": 2}


def open_menu(page, index: int) -> None:
    click(page, index)
    place: QPoint = page.view.rect_in_view(index).center()
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, place, page.view.viewport().mapToGlobal(place)
    )
    QApplication.sendEvent(page.view.viewport(), event)


def shown_tab(studio) -> str:
    tabs = studio.window.tabs
    return tabs.tabText(tabs.currentIndex())


def test_an_image_is_used_as_start_image(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0)
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "Start image")
    source = studio.window.image_tab.source
    qtbot.waitUntil(lambda: source._preview is not None, timeout=PATIENCE)
    assert shown_tab(studio) == "Image"
    assert source.path == item.path
    assert not source.mask_path


def test_an_image_is_used_as_the_base_of_a_mask(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0)
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "Image to inpaint")
    source = studio.window.image_tab.source
    stage = studio.window.image_tab.stage
    qtbot.waitUntil(lambda: stage.open_canvas is not None, timeout=PATIENCE)
    assert shown_tab(studio) == "Image"
    assert source.path == stage.open_canvas.image == item.path
    assert stage.canvas.page.isVisible()


def generate_video(studio, qtbot, prompt):
    """Generate from the video form; return the recipe of the result."""
    form = studio.window.tab("video")
    form.form.set_values(SMALL_VIDEO)
    form.prompt.setPlainText(prompt)
    with qtbot.waitSignal(studio.shared.library.items_added, timeout=PATIENCE):
        form.generate()
    (job,) = studio.shared.queue.jobs()
    qtbot.waitUntil(
        lambda: studio.shared.queue.job(job.id).state is JobState.COMPLETED, timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: bool(form.stage.current_path()), timeout=PATIENCE)
    return read_recipe(Path(form.stage.current_path()))


def test_an_image_is_used_as_the_first_frame_of_a_video(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0)
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "First frame")
    form = studio.window.tab("video")
    assert shown_tab(studio) == "Video"
    assert form.first_frame.path == item.path
    qtbot.waitUntil(form.prompt.hasFocus, timeout=PATIENCE)
    recipe = generate_video(studio, qtbot, "the light begins to turn")
    assert recipe.request.image == item.path


def test_a_video_is_extended_from_its_last_frame(open_library, fill_library, folder, qtbot):
    path = write_video(folder / "walk.mp4", count=20)
    sha256 = sha256_of(path)
    fill_library(make_item(folder, 0, media="video", path=str(path), sha256=sha256))
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "Video to extend")
    form = studio.window.tab("video")
    qtbot.waitUntil(lambda: bool(form.first_frame.path), timeout=PATIENCE)
    assert shown_tab(studio) == "Video"
    gray = read_image(Path(form.first_frame.path))[0].convert("L").getpixel((32, 24))
    assert abs(gray - level(19)) <= 2
    recipe = generate_video(studio, qtbot, "it walks on, 继续走")
    assert recipe.inputs["frame"] == sha256, "the library leads from one to the other"


def test_a_video_that_cannot_be_read_is_explained(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0, media="video"))
    studio, page = open_library()
    open_menu(page, 0)
    with qtbot.waitSignal(studio.shared.toast_posted, timeout=PATIENCE) as toast:
        choose(qtbot, "Use as", "Video to extend")
    assert toast.args[0].text
    assert shown_tab(studio) == "Library"


@pytest.mark.parametrize(
    ("title", "tab", "kind"),
    [
        ("Text to speak", "Audio", "speech"),
        ("Prompt of a text", "Text", "text"),
        ("Prompt of an image", "Image", "image"),
        ("Prompt of a video", "Video", "video"),
    ],
)
def test_a_text_is_used_in_another_form(
    open_library, fill_library, folder, qtbot, title, tab, kind
):
    item = make_item(folder, 0, media="text", body="A storm at sea, 海上的风暴")
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", title)
    form = studio.window.tab(tab.lower()).for_kind(kind)
    qtbot.waitUntil(
        lambda: form.prompt.toPlainText() == "A storm at sea, 海上的风暴", timeout=PATIENCE
    )
    assert shown_tab(studio) == tab
    assert form.prompt.hasFocus()
    assert form.sources.prompt == item.sha256, "the job will name its source"


def test_the_prompt_of_an_image_is_used(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0, prompt="一只红色的猫"))
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "Prompt")
    form = studio.window.image_tab
    assert form.prompt.toPlainText() == "一只红色的猫"
    assert shown_tab(studio) == "Image"


def test_music_is_used_as_midi_to_continue(open_library, fill_library, folder, qtbot):
    item = make_item(folder, 0, media="audio", kind="music")
    fill_library(item)
    studio, page = open_library()
    open_menu(page, 0)
    choose(qtbot, "Use as", "MIDI to continue")
    music = studio.window.audio_tab.for_kind("music")
    assert shown_tab(studio) == "Audio"
    assert studio.window.current() is music
    assert music.midi.path == item.path.replace(".wav", ".mid")


def test_speech_is_no_midi_and_no_start_image(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0, media="audio"))
    _studio, page = open_library()
    open_menu(page, 0)
    menu = menu_of(qtbot)
    uses = next(one for one in menu.actions() if one.text() == "Use as").menu()
    assert [one.text() for one in uses.actions()] == ["Prompt"]
    menu.close()
