"""Where items of the library come from: other files, batches, and other programs."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from studio.app import Studio
from studio.jobs.library import folder_watch, live_library
from studio.library.file_settings import MAX_VALUES
from studio.ui.batch.dialog import BatchDialog
from studio.ui.library.compare.window import CompareWindow
from tests.media.image_texts import image_files
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.library.conftest import choose, click, found, make_item, press
from tests.ui.library.test_actions import open_menu
from tests.ui.library.test_folders import drop
from tests.ui.test_window import press_generate, type_prompt

CONTROL = Qt.KeyboardModifier.ControlModifier
FOX = (
    "a red fox\nNegative prompt: blurry\nSteps: 12, Sampler: Euler a, Schedule type: Karras, "
    "CFG scale: 4, Seed: 77, Size: 512x640, Model: flux1-dev, Clip skip: 2, Version: v1.10.1"
)


@pytest.fixture
def _watch_at_once(monkeypatch):
    monkeypatch.setattr(live_library, "START_MS", 0)
    monkeypatch.setattr(folder_watch, "SETTLE_MS", 20)
    monkeypatch.setattr(folder_watch, "REST_SHARE", 0)


@pytest.fixture
def open_real():
    """Return a function that opens the program with the starter models and the real engine."""
    opened = []

    def start(data):
        studio = Studio(data)
        opened.append(studio)
        studio.window.show()
        studio.window.activateWindow()
        assert QTest.qWaitForWindowActive(studio.window, PATIENCE)
        studio.start_background()
        return studio

    yield start
    for studio in opened:
        close_studio(studio)


def show_library(qtbot, studio, count):
    QTest.keyClick(studio.window, Qt.Key.Key_0, CONTROL)
    page = studio.window.window_library.page
    qtbot.waitUntil(lambda: len(found(page)) == count, timeout=PATIENCE)
    return page


def generate(qtbot, studio, tab, prompt):
    """Type a prompt and press Ctrl+Return; return the file."""
    tab.prompt.clear()
    type_prompt(tab, prompt)
    qtbot.waitUntil(tab.generate_button.isEnabled, timeout=PATIENCE)
    queue, stage = studio.shared.queue, tab.stage
    over = queue.counts.over
    press_generate(tab)
    qtbot.waitUntil(lambda: queue.counts.over > over, timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: stage.header.prompt.whole == prompt and bool(stage.current_path()), timeout=PATIENCE
    )
    return Path(stage.current_path())


def shown_values(details):
    """Return title → value of the settings at the side."""
    form = details._values
    roles = (form.ItemRole.LabelRole, form.ItemRole.FieldRole)
    rows = [
        [form.itemAt(row, role).widget().text() for role in roles] for row in range(form.rowCount())
    ]
    return dict(rows)


@pytest.mark.usefixtures("_watch_at_once")
def test_an_image_leads_to_the_one_that_it_was_made_from_wherever_that_is(qtbot, data, open_real):
    studio = open_real(data)
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    sketch = generate(qtbot, studio, tab, "a small castle")
    QTest.mouseClick(tab.stage.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.source.path == str(sketch), timeout=PATIENCE)
    generate(qtbot, studio, tab, "a red castle")
    page = show_library(qtbot, studio, 2)
    moved = sketch.with_name("moved 移.png")
    sketch.rename(moved)
    lineage = page.details.lineage

    def is_followed():
        items = [page.results.item(one) for one in found(page)]
        return any(item is not None and item.path == str(moved) for item in items)

    qtbot.waitUntil(is_followed, timeout=PATIENCE)
    press(page, Qt.Key.Key_Home)
    assert page.view.current_item().prompt == "a red castle"
    qtbot.waitUntil(lambda: lineage.isVisible() and len(lineage.buttons) == 1, timeout=PATIENCE)
    QTest.mouseClick(lineage.buttons[0], Qt.MouseButton.LeftButton)
    assert page.view.current_item().path == str(moved)
    assert lineage.isHidden(), "until this one's relatives are read"
    qtbot.waitUntil(
        lambda: bool(lineage.buttons) and "Made from this" in lineage.buttons[0].accessibleName(),
        timeout=PATIENCE,
    )
    QTest.mouseClick(lineage.buttons[0], Qt.MouseButton.LeftButton)
    assert page.view.current_item().prompt == "a red castle"


def test_speech_leads_to_its_story(qtbot, open_studio):
    studio = open_studio()
    generate(qtbot, studio, studio.window.text_tab, "a story about rain")
    page = show_library(qtbot, studio, 1)
    click(page, 0)
    open_menu(page, 0)
    choose(qtbot, "Use as", "Text to speak")
    speech = studio.window.audio_tab.for_kind("speech")
    qtbot.waitUntil(lambda: bool(speech.prompt.toPlainText()), timeout=PATIENCE)
    with qtbot.waitSignal(studio.shared.library.items_added, timeout=PATIENCE):
        press_generate(speech)
    page = show_library(qtbot, studio, 2)
    press(page, Qt.Key.Key_Home)
    assert page.view.current_item().kind == "speech"
    lineage = page.details.lineage
    qtbot.waitUntil(lambda: bool(lineage.buttons), timeout=PATIENCE)
    assert "a story about rain" in lineage.buttons[0].accessibleName()


def test_a_parent_that_is_not_in_the_library_is_mentioned(
    qtbot, open_library, fill_library, folder
):
    fill_library(make_item(folder, 0, parents={"image": "f" * 64}))
    _studio, page = open_library()
    click(page, 0)
    lineage = page.details.lineage

    def texts():
        return [label.text() for label in lineage.findChildren(QLabel)]

    qtbot.waitUntil(lambda: "image: not in the library" in texts(), timeout=PATIENCE)


def test_results_of_a_batch_are_in_the_library_and_found_by_it(qtbot, open_studio, tmp_path):
    studio = open_studio()
    generate(qtbot, studio, studio.window.text_tab, "not of the batch")
    path = tmp_path / "cities 城.csv"
    path.write_text("prompt,max_new_tokens\nKöln,3\n北京,3\n", encoding="utf-8")
    drop(studio.window, path)
    qtbot.waitUntil(lambda: studio.window.findChild(BatchDialog) is not None, timeout=PATIENCE)
    dialog = studio.window.findChild(BatchDialog)
    dialog.output.folder.setText(str(tmp_path / "out"))
    qtbot.waitUntil(dialog.run_button.isEnabled, timeout=PATIENCE)
    with qtbot.waitSignal(studio.shared.queue.batch_finished, timeout=PATIENCE):
        QTest.mouseClick(dialog.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: studio.window.findChild(BatchDialog) is None, timeout=PATIENCE)
    studio.window.activateWindow()  # the desktop does
    assert QTest.qWaitForWindowActive(studio.window, PATIENCE)
    page = show_library(qtbot, studio, 3)
    QTest.mouseClick(page.bar.filter_button, Qt.MouseButton.LeftButton)
    batch = page.results.item(found(page)[0]).batch
    assert batch
    choose(qtbot, "Batch", batch[:8])
    qtbot.waitUntil(lambda: len(found(page)) == 2, timeout=PATIENCE)
    assert {page.results.item(one).prompt for one in found(page)} == {"Köln", "北京"}


# Other programs
# --------------------------------------------------------------------------


def test_settings_of_another_program_are_shown_and_taken_over(qtbot, open_library, tmp_path):
    path = image_files.png(tmp_path / "狐狸.png", {"parameters": FOX})
    studio, page = open_library()
    drop(page, path)
    qtbot.waitUntil(lambda: len(found(page)) == 1, timeout=PATIENCE)
    click(page, 0)
    details = page.details
    qtbot.waitUntil(lambda: "Steps" in shown_values(details), timeout=PATIENCE)
    values = shown_values(details)
    assert (values["Seed"], values["Steps"], values["Guidance"]) == ("77", "12", "4")
    assert (values["Sampler"], values["Schedule"]) == ("Euler a", "Karras")
    assert (values["Negative prompt"], values["Model"]) == ("blurry", "flux1-dev")
    assert values["Program"].startswith("Stable Diffusion web UI")
    press(page, Qt.Key.Key_Return)
    tab = studio.window.image_tab
    qtbot.waitUntil(tab.foreign.isVisible, timeout=PATIENCE)
    assert studio.window.current() is tab
    assert tab.prompt.toPlainText() == "a red fox"
    assert tab.form.values()["seed"] == "77"
    shown = tab.foreign.accessibleName()
    assert "Not taken over: schedule Karras" in shown
    assert "model flux1-dev (not installed)" in shown


def test_a_file_with_thousands_of_settings_shows_the_first_ones(qtbot, open_library, tmp_path):
    more = ", ".join(f"Setting {number} \u202eof: {number}" for number in range(3_000))
    path = image_files.png(tmp_path / "a.png", {"parameters": f"{FOX}, {more}"})
    _studio, page = open_library()
    drop(page, path)
    qtbot.waitUntil(lambda: len(found(page)) == 1, timeout=PATIENCE)
    click(page, 0)
    qtbot.waitUntil(lambda: "Steps" in shown_values(page.details), timeout=PATIENCE)
    values = shown_values(page.details)
    assert len(values) <= MAX_VALUES + 10
    assert "\u202e" not in "".join([*values, *values.values()])


# Compare
# --------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "compares"), [(9, True), (10, False)])
def test_nine_items_are_compared_and_ten_are_not(
    qtbot, open_library, fill_library, folder, count, compares
):
    fill_library(*(make_item(folder, number) for number in range(count)))
    studio, page = open_library()
    press(page, Qt.Key.Key_A, CONTROL)
    press(page, Qt.Key.Key_C)
    if compares:
        qtbot.waitUntil(lambda: page.findChild(CompareWindow) is not None, timeout=PATIENCE)
        window = page.findChild(CompareWindow)
        qtbot.waitUntil(lambda: window.content is not None, timeout=PATIENCE)
        assert len(window.content.panes) == count
    else:
        assert page.findChild(CompareWindow) is None
        assert "Select two to nine" in studio.window.toasts.shown[-1].toast.text


def test_choosing_one_keeps_the_others_unless_they_are_to_go(
    qtbot, open_library, fill_library, folder
):
    ids = fill_library(*(make_item(folder, number) for number in range(3)))
    _studio, page = open_library()
    press(page, Qt.Key.Key_A, CONTROL)
    press(page, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: page.findChild(CompareWindow) is not None, timeout=PATIENCE)
    window = page.findChild(CompareWindow)
    QTest.mouseClick(window.keep_buttons[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.results.item(ids[1]).favorite, timeout=PATIENCE)
    qtbot.waitUntil(lambda: page.findChild(CompareWindow) is None, timeout=PATIENCE)
    assert found(page) == ids
    assert sorted(path.name for path in folder.glob("*.png")) == [
        "0000.png",
        "0001.png",
        "0002.png",
    ]
