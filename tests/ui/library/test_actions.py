"""What a user does to items in the real window: notes, trash, files, reuse, export."""

import time
import wave
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog

from studio.jobs.library import live_library
from studio.jobs.library.trash import Trashed, TrashedFile, TrashResult
from studio.library.items import Annotation
from studio.library.library import Library
from studio.ui.audio.player import PlayerState
from studio.ui.library.export_dialog import ExportDialog
from studio.ui.library.grid.painters import title_of
from studio.ui.video.player import PlayerState as VideoState
from studio.ui.widgets import theme
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import choose, click, found, make_item, press

SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


def open_menu(page, index) -> None:
    place = page.view.rect_in_view(index).center()
    event = QContextMenuEvent(
        QContextMenuEvent.Reason.Mouse, place, page.view.viewport().mapToGlobal(place)
    )
    QApplication.sendEvent(page.view.viewport(), event)


@pytest.fixture
def trash_folder(tmp_path, monkeypatch):
    """A trash of this test: a folder, because the tests' machine may have none."""
    folder = tmp_path / "trash" / "files"
    folder.mkdir(parents=True)

    def move(paths, is_cancelled=lambda: False):
        trashed, failed = [], {}
        for path in paths:
            if path.exists():
                path.rename(folder / path.name)
                trashed.append(Trashed(path, (TrashedFile(path, folder / path.name),)))
            else:
                failed[path] = "The file does not exist"
        return TrashResult(tuple(trashed), failed)

    monkeypatch.setattr(live_library, "move_to_trash", move)
    return folder


def test_keys_rate_and_mark_favorites(open_library, fill_library, folder, qtbot):
    ids = fill_library(*(make_item(folder, number) for number in range(3)))
    studio, page = open_library()
    index = studio.shared.library.index
    click(page, 0)
    press(page, Qt.Key.Key_Right, SHIFT)
    press(page, Qt.Key.Key_4)
    qtbot.waitUntil(
        lambda: [page.results.item(i).rating for i in ids] == [4, 4, 0], timeout=PATIENCE
    )
    press(page, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: index.annotation(ids[1]).favorite, timeout=PATIENCE)
    assert [index.annotation(i).favorite for i in ids] == [True, True, False]
    qtbot.waitUntil(lambda: page.results.item(ids[0]).favorite, timeout=PATIENCE)
    press(page, Qt.Key.Key_0)
    qtbot.waitUntil(lambda: index.annotation(ids[0]).rating == 0, timeout=PATIENCE)
    qtbot.waitUntil(lambda: page.item_actions.commands.undo_title == "rating", timeout=PATIENCE)
    press(page, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: index.annotation(ids[0]).rating == 4, timeout=PATIENCE)


def test_trash_can_be_undone_and_selects_the_next_item(
    open_library, fill_library, folder, qtbot, trash_folder
):
    ids = fill_library(*(make_item(folder, number) for number in range(4)))
    studio, page = open_library()
    index = studio.shared.library.index
    index.annotate({ids[1]: Annotation(rating=3, tags=("keep",))})
    click(page, 1)
    press(page, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: found(page) == [ids[0], *ids[2:]], timeout=PATIENCE)
    assert [path.name for path in trash_folder.iterdir()] == ["0001.png"]
    qtbot.waitUntil(lambda: page.view.selection.ids == {ids[2]}, timeout=PATIENCE)
    toast = studio.window.toasts.shown[-1]
    assert toast.toast.text == "Moved 1 item to the trash"
    QTest.mouseClick(toast.first_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: found(page) == ids, timeout=PATIENCE)
    assert (folder / "0001.png").exists()
    restored = index.find(str(folder / "0001.png"))
    assert (restored.id, restored.rating, restored.prompt) == (ids[1], 3, "prompt number 1")
    assert index.annotation(ids[1]).tags == ("keep",)


def test_a_file_that_stays_is_reported(open_library, fill_library, folder, qtbot, monkeypatch):
    def refuse(paths, is_cancelled=lambda: False):
        return TrashResult((), dict.fromkeys(paths, "This folder has no trash"))

    monkeypatch.setattr(live_library, "move_to_trash", refuse)
    shown = []
    monkeypatch.setattr(
        "studio.ui.library.commands.show_message", lambda *arguments: shown.append(arguments[2])
    )
    ids = fill_library(make_item(folder, 0))
    _studio, page = open_library()
    click(page, 0)
    press(page, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bool(shown), timeout=PATIENCE)
    assert "0000.png: This folder has no trash" in shown[0]
    assert found(page) == ids


def test_the_menu_tags_collects_and_renames(open_library, fill_library, folder, qtbot, monkeypatch):
    ids = fill_library(*(make_item(folder, number) for number in range(2)))
    studio, page = open_library()
    index = studio.shared.library.index
    answers = iter(["sea, storm", "Harbor book", "lighthouse"])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_more: (next(answers), True))
    click(page, 0)
    open_menu(page, 0)
    choose(qtbot, "Tag")
    qtbot.waitUntil(lambda: index.annotation(ids[0]).tags == ("sea", "storm"), timeout=PATIENCE)
    open_menu(page, 0)
    choose(qtbot, "Add to collection", "New collection")
    qtbot.waitUntil(lambda: index.collections() == {"Harbor book": 1}, timeout=PATIENCE)
    press(page, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: (folder / "lighthouse.png").exists(), timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: page.results.item(ids[0]).path == str(folder / "lighthouse.png"), timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: page.item_actions.commands.undo_title == "rename", timeout=PATIENCE)
    press(page, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: (folder / "0000.png").exists(), timeout=PATIENCE)


def test_files_are_moved_and_copied(
    open_library, fill_library, folder, qtbot, tmp_path, monkeypatch
):
    ids = fill_library(*(make_item(folder, number) for number in range(2)))
    studio, page = open_library()
    target = tmp_path / "elsewhere"
    target.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(target))
    click(page, 0)
    open_menu(page, 0)
    choose(qtbot, "Move to")
    qtbot.waitUntil(lambda: (target / "0000.png").exists(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not (folder / "0000.png").exists(), timeout=PATIENCE)
    click(page, 1)
    open_menu(page, 1)
    choose(qtbot, "Copy to")
    qtbot.waitUntil(lambda: len(page.results.ids) == 3, timeout=PATIENCE)
    assert (target / "0001.png").exists()
    assert (folder / "0001.png").exists()
    assert studio.shared.library.index.items(ids)[0].path == str(target / "0000.png")


def test_prompt_and_files_are_copied_to_the_clipboard(open_library, fill_library, folder, qtbot):
    fill_library(
        make_item(folder, 0),
        make_item(folder, 1, media="text", body="Once upon a time"),
    )
    _studio, page = open_library()
    clipboard = QGuiApplication.clipboard()
    click(page, 0)
    press(page, Qt.Key.Key_C, CONTROL)
    assert [url.toLocalFile() for url in clipboard.mimeData().urls()] == [str(folder / "0000.png")]
    press(page, Qt.Key.Key_P, CONTROL | SHIFT)
    assert clipboard.text() == "prompt number 0"
    click(page, 1)
    press(page, Qt.Key.Key_C, CONTROL)
    qtbot.waitUntil(lambda: clipboard.text() == "Once upon a time", timeout=PATIENCE)


def test_a_text_is_used_as_prompt_and_an_image_as_start(open_library, fill_library, folder, qtbot):
    fill_library(make_item(folder, 0), make_item(folder, 1, media="text", body="A storm at sea"))
    studio, page = open_library()
    click(page, 1)
    open_menu(page, 1)
    choose(qtbot, "Use as", "Text to speak")
    speech = studio.window.audio_tab.for_kind("speech")
    qtbot.waitUntil(lambda: speech.prompt.toPlainText() == "A storm at sea", timeout=PATIENCE)
    studio.window.show_tab("library")
    click(page, 0)
    open_menu(page, 0)
    choose(qtbot, "Use as", "Start image")
    qtbot.waitUntil(
        lambda: studio.window.tabs.tabText(studio.window.tabs.currentIndex()) == "Image",
        timeout=PATIENCE,
    )


def test_same_again_and_vary_add_jobs(open_studio, qtbot):
    studio = open_studio()
    window, tab, queue = studio.window, studio.window.image_tab, studio.shared.queue
    window.show_tab("image")
    tab.prompt.setPlainText("a red door")
    window.generate()
    qtbot.waitUntil(lambda: [job.state for job in queue.jobs()] == ["completed"], timeout=PATIENCE)
    window.show_tab("library")
    page = window.window_library.page
    qtbot.waitUntil(lambda: len(page.results.ids) == 1, timeout=PATIENCE)
    click(page, 0)
    open_menu(page, 0)
    choose(qtbot, "Same again")
    qtbot.waitUntil(lambda: len(queue.jobs()) == 2, timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(page.results.ids) == 2, timeout=PATIENCE)
    page.view.select(page.results.ids[1])
    open_menu(page, 1)
    choose(qtbot, "Vary", "4 other seeds")
    qtbot.waitUntil(lambda: len(page.results.ids) == 6, timeout=PATIENCE)
    jobs = queue.jobs()
    assert {job.request.prompt for job in jobs} == {"a red door"}
    assert len({job.request.seed for job in jobs}) == 6


def test_export_writes_files_in_another_format(open_library, fill_library, folder, qtbot, tmp_path):
    fill_library(*(make_item(folder, number) for number in range(2)))
    studio, page = open_library()
    press(page, Qt.Key.Key_A, CONTROL)
    open_menu(page, 0)
    choose(qtbot, "Export")
    qtbot.waitUntil(lambda: page.findChild(ExportDialog) is not None, timeout=PATIENCE)
    dialog = page.findChild(ExportDialog)
    dialog.folder.setText(str(tmp_path / "exported"))
    dialog.image_format.setCurrentIndex(dialog.image_format.findData("jpg"))
    QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    toasts = studio.window.toasts
    qtbot.waitUntil(lambda: bool(toasts.shown), timeout=PATIENCE)
    toast = toasts.shown[-1].toast
    assert (toast.text, toast.button) == ("2 files exported", "Show")
    names = sorted(path.name for path in (tmp_path / "exported").iterdir())
    assert names == ["0000.jpg", "0001.jpg"]
    assert (tmp_path / "exported" / "0000.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_details_show_and_change_the_notes(open_library, fill_library, folder, qtbot):
    parent = make_item(folder, 1, prompt="the sketch")
    child = make_item(folder, 0, prompt="the painting", parents={"image": parent.sha256})
    ids = fill_library(parent, child)
    studio, page = open_library()
    index, details = studio.shared.library.index, page.details
    assert details.title.text() == "Select an item to see it here"
    click(page, 0)
    assert details.title.text() == Path(child.path).name
    assert details.prompt.toPlainText() == "the painting"
    qtbot.waitUntil(details.lineage.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(details.preview.isVisible, timeout=PATIENCE)
    details.notes.tags.setText("oil, sea")
    details.notes.note.setText("for the cover")
    QTest.keyClick(details.notes.note, Qt.Key.Key_Return)
    QTest.mouseClick(details.notes.stars[4], Qt.MouseButton.LeftButton)
    expected = Annotation(rating=5, tags=("oil", "sea"), note="for the cover")
    qtbot.waitUntil(lambda: index.annotation(ids[1]) == expected, timeout=PATIENCE)
    QTest.mouseClick(details.lineage.buttons[0], Qt.MouseButton.LeftButton)
    assert page.view.selection.ids == {ids[0]}
    assert details.prompt.toPlainText() == "the sketch"
    open_menu(page, 1)
    choose(qtbot, "Show what was made from this")
    qtbot.waitUntil(lambda: found(page) == [ids[1]], timeout=PATIENCE)


def test_space_plays_audio_and_animations_in_place(open_library, fill_library, folder, qtbot):
    audio = make_item(folder, 0, media="audio", created=time.time())
    with wave.open(audio.path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(b"\0\0" * 16_000)
    path = folder / "clip.webp"
    frames = [Image.new("RGB", (48, 32), color) for color in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=20, loop=0)
    video = make_item(folder, 1, media="video", path=str(path), width=48, height=32)
    fill_library(audio, video)
    _studio, page = open_library()
    click(page, 0)
    playback = page.details.playback
    qtbot.waitUntil(lambda: playback.audio.player.length == 2.0, timeout=PATIENCE)
    assert playback.isVisible()
    press(page, Qt.Key.Key_Space)
    qtbot.waitUntil(
        lambda: playback.audio.player.state is not PlayerState.STOPPED, timeout=PATIENCE
    )
    click(page, 1)
    assert playback.audio.player.state is PlayerState.EMPTY
    assert not playback.audio.isVisible()
    player = playback.video.player
    shown = []
    player.frame_shown.connect(lambda frame: shown.append(frame.seconds))
    # It repeats.
    qtbot.waitUntil(lambda: shown[-3:] == [0.0, 0.02, 0.0], timeout=PATIENCE)
    press(page, Qt.Key.Key_Space)
    assert player.state is VideoState.PAUSED


def test_details_keep_what_a_command_changed_meanwhile(open_library, fill_library, folder, qtbot):
    (item_id,) = fill_library(make_item(folder, 0))
    studio, page = open_library()
    library, notes = studio.shared.library, page.details.notes
    click(page, 0)
    qtbot.waitUntil(page.details.preview.isVisible, timeout=PATIENCE)
    command = Library(studio.shared.data)  # as `studio library tag` has it
    command.annotate([item_id], lambda _old: Annotation(rating=2, tags=("a",)))
    command.close()
    notes.tags.setText("b")
    notes.note.setText("mine")
    QTest.keyClick(notes.note, Qt.Key.Key_Return)
    expected = Annotation(rating=2, tags=("a", "b"), note="mine")
    qtbot.waitUntil(lambda: library.index.annotation(item_id) == expected, timeout=PATIENCE)


def test_undo_of_notes_keeps_what_another_window_changed_since(
    open_library, fill_library, folder, qtbot
):
    first, second = fill_library(make_item(folder, 0), make_item(folder, 1))
    studio, page = open_library()
    index, toasts = studio.shared.library.index, studio.window.toasts
    click(page, 0)
    press(page, Qt.Key.Key_Right, SHIFT)
    press(page, Qt.Key.Key_4)
    qtbot.waitUntil(lambda: page.item_actions.commands.undo_title == "rating", timeout=PATIENCE)
    other = Library(studio.shared.data)
    other.annotate([first], lambda _old: Annotation(rating=2, note="theirs"))
    other.annotate([second], lambda _old: Annotation(rating=4, tags=("theirs",)))
    other.close()

    press(page, Qt.Key.Key_Z, CONTROL)

    qtbot.waitUntil(
        lambda: (
            [frame.toast.text for frame in toasts.shown]
            == ["Undone: rating. 1 item was changed again since and keeps the newer value."]
        ),
        timeout=PATIENCE,
    )
    assert index.annotation(first) == Annotation(rating=2, note="theirs")
    assert index.annotation(second) == Annotation(tags=("theirs",))
    qtbot.waitUntil(
        lambda: [page.results.item(i).rating for i in (first, second)] == [2, 0], timeout=PATIENCE
    )


def test_undo_of_a_renamed_collection_keeps_items_that_were_added_since(
    open_library, fill_library, folder, qtbot
):
    first, second = fill_library(make_item(folder, 0), make_item(folder, 1))
    studio, page = open_library()
    library = studio.shared.library
    library.annotate([first], lambda _old: Annotation(collections=("Boats",)))
    commands, renamed = page.item_actions.commands, []
    commands.rename_collection("Boats", "Ships", lambda: renamed.append(True))
    qtbot.waitUntil(lambda: bool(renamed), timeout=PATIENCE)
    other = Library(studio.shared.data)
    other.annotate([second], lambda _old: Annotation(collections=("Ships",), rating=3))
    other.close()

    press(page, Qt.Key.Key_Z, CONTROL)

    qtbot.waitUntil(lambda: library.index.collections() == {"Boats": 2}, timeout=PATIENCE)
    assert library.index.annotation(second) == Annotation(collections=("Boats",), rating=3)


def test_details_of_hostile_texts_fit_and_are_short(open_library, fill_library, folder, qtbot):
    prompt = "a\N{RIGHT-TO-LEFT OVERRIDE}b\0\x1b" + "w" * 199_000
    fill_library(make_item(folder, 0, prompt=prompt, model="m" * 1_000, batch="b" * 900))
    _studio, page = open_library()
    click(page, 0)
    qtbot.waitUntil(page.details.preview.isVisible, timeout=PATIENCE)
    content = page.details.widget()
    assert content.minimumSizeHint().width() <= page.details.viewport().width()
    assert len(page.details.prompt.toPlainText()) < 21_000
    assert title_of(page.view.current_item()).startswith("ab w")


def test_undo_is_in_the_edit_menu_with_its_name_and_closes_the_toast(
    open_library, fill_library, folder, qtbot, trash_folder
):
    ids = fill_library(*(make_item(folder, number) for number in range(3)))
    studio, page = open_library()
    action, toasts = studio.window.action("window_library.undo"), studio.window.toasts
    assert not action.isEnabled()
    click(page, 0)
    press(page, Qt.Key.Key_4)
    qtbot.waitUntil(lambda: action.text() == "&Undo rating", timeout=PATIENCE)
    press(page, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: action.text() == "&Undo move to trash", timeout=PATIENCE)
    assert [frame.toast.button for frame in toasts.shown] == ["Undo"]
    studio.window.show_tab("image")
    assert not action.isEnabled(), "what is not seen is not changed"
    studio.window.show_tab("library")
    page.bar.filter_button.setFocus()
    QTest.keyClick(page.bar.filter_button, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: found(page) == ids, timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: [frame.toast.text for frame in toasts.shown] == ["Undone: move to trash"],
        timeout=PATIENCE,
    )
    assert action.text() == "&Undo rating"
    action.trigger()
    qtbot.waitUntil(lambda: page.results.item(ids[0]).rating == 0, timeout=PATIENCE)
    assert not action.isEnabled()


def test_ctrl_z_in_the_search_box_takes_back_what_was_typed(
    open_library, fill_library, folder, qtbot
):
    ids = fill_library(make_item(folder, 0))
    _studio, page = open_library()
    click(page, 0)
    press(page, Qt.Key.Key_5)
    qtbot.waitUntil(lambda: page.results.item(ids[0]).rating == 5, timeout=PATIENCE)
    page.bar.text.setFocus()
    QTest.keyClicks(page.bar.text, "prompt")
    QTest.keyClick(page.bar.text, Qt.Key.Key_Z, CONTROL)
    assert page.bar.text.text() == ""
    assert page.item_actions.commands.undo_title == "rating"


@pytest.mark.parametrize("name", ["light", "dark"])
def test_stars_of_a_rating_are_filled_with_the_accent_color(
    open_library, fill_library, folder, qtbot, name
):
    fill_library(make_item(folder, 0))
    studio, page = open_library()
    studio.shared.change_settings(theme=name)
    click(page, 0)
    notes = page.details.notes
    qtbot.waitUntil(lambda: notes.isVisible() and bool(notes.tags.isVisible()), timeout=PATIENCE)
    assert notes.rating.accessibleName() == "No rating"
    QTest.mouseClick(notes.stars[2], Qt.MouseButton.LeftButton)
    assert notes.rating.accessibleName() == "3 of 5 stars"
    assert [star.isChecked() for star in notes.stars] == [True, True, True, False, False]
    page.view.setFocus()  # the focus is drawn in the accent color, too
    accent = (theme.DARK if name == "dark" else theme.LIGHT).accent.lower()
    qtbot.waitUntil(
        lambda: [accent in colors_of(star) for star in notes.stars] == [True] * 3 + [False] * 2,
        timeout=PATIENCE,
    )
    QTest.mouseClick(notes.stars[2], Qt.MouseButton.LeftButton)
    assert not any(star.isChecked() for star in notes.stars), "a second click takes it away"


def colors_of(widget):
    image = widget.grab().toImage()
    return {
        image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())
    }
