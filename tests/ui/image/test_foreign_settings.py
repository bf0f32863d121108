"""Images of other programs, dropped on the real window."""

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QSplitter

from studio.ui.image.foreign_settings import ForeignSettingsDialog
from tests.library.foreign.test_comfyui import DEFAULT
from tests.media.image_texts import image_files as files
from tests.ui.image.test_source_image import drop

PATIENCE = 30_000
TEXT = (
    "a red fox\nNegative prompt: blurry\nSteps: 12, Sampler: Euler a, Schedule type: Karras, "
    "CFG scale: 4, Seed: 77, Size: 512x640, Model: {model}, Clip skip: 2, Version: v1.10.1"
)


@pytest.fixture
def studio(open_studio):
    return open_studio()


@pytest.fixture
def tab(studio):
    return studio.window.image_tab


def press(notice, text):
    found = next(one for one in notice.findChildren(QPushButton) if one.text() == text)
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


def open_image(qtbot, studio, path):
    drop(studio.window, path)
    notice = studio.window.image_tab.foreign
    qtbot.waitUntil(lambda: not notice.isHidden(), timeout=PATIENCE)
    return notice


def test_settings_fill_the_form_and_can_be_undone(qtbot, studio, tab, tmp_path):
    tab.prompt.setPlainText("my own")
    tab.form.set_values({"seed": 5, "height": 256})
    studio.window.show_tab("text")
    path = files.png(tmp_path / "狐狸.png", {"parameters": TEXT.format(model="Fake image")})
    notice = open_image(qtbot, studio, path)
    assert studio.window.current() is tab
    assert tab.prompt.toPlainText() == "a red fox"
    assert tab.negative_prompt.toPlainText() == "blurry"
    values = tab.form.values()
    assert (values["num_inference_steps"], values["guidance_scale"]) == (12, 4)
    assert (values["seed"], values["width"], values["height"]) == ("77", 512, 640)
    assert values["scheduler"] == "euler-a"
    assert tab.source.path == ""
    assert "Read from Stable Diffusion web UI: prompt, negative prompt, seed" in notice.message
    shown = notice.accessibleName()
    assert "Not taken over: schedule Karras, CLIP skip 2" in shown
    press(notice, "Undo")
    assert notice.isHidden()
    assert tab.prompt.toPlainText() == "my own"
    assert tab.negative_prompt.toPlainText() == ""
    assert (tab.form.values()["seed"], tab.form.values()["height"]) == ("5", 256)


def test_a_model_that_is_not_installed_is_named(qtbot, studio, tab, tmp_path):
    before = tab.model.currentData()
    path = files.png(tmp_path / "a.png", {"parameters": TEXT.format(model="flux1-dev")})
    notice = open_image(qtbot, studio, path)
    assert "model flux1-dev (not installed)" in notice.accessibleName()
    assert tab.model.currentData() == before


def test_what_a_file_does_not_state_is_not_kept(qtbot, studio, tab, tmp_path):
    tab.negative_prompt.setPlainText("mine")
    tab.form.set_values({"seed": 5})
    source = {**DEFAULT, "7": {"class_type": "ConditioningZeroOut", "inputs": {}}}
    source["3"] = {**source["3"], "inputs": {**source["3"]["inputs"], "seed": 2**63}}
    open_image(qtbot, studio, files.png(tmp_path / "a.png", {"prompt": json.dumps(source)}))
    assert tab.prompt.toPlainText() == "a cat, 猫"
    assert tab.negative_prompt.toPlainText() == ""
    assert tab.form.values()["seed"] is None


def test_the_details_list_everything(qtbot, studio, tab, tmp_path):
    path = files.png(tmp_path / "a.png", {"parameters": TEXT.format(model="flux1-dev")})
    press(open_image(qtbot, studio, path), "Details…")
    dialog = studio.window.findChild(ForeignSettingsDialog)
    assert dialog.isVisible()
    table = dialog.table
    rows = {
        table.item(row, 0).text(): (table.item(row, 1).text(), table.item(row, 2).text())
        for row in range(table.rowCount())
    }
    assert rows["Seed"] == ("77", "taken over")
    assert rows["Model"] == ("flux1-dev", "not installed")
    assert rows["CLIP skip"][0] == "2"
    assert "does not have" in rows["CLIP skip"][1]
    press(dialog, "Copy")
    assert "Seed: 77" in QGuiApplication.clipboard().text()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=PATIENCE)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_start_from_the_image(qtbot, studio, tab, tmp_path):
    path = files.png(tmp_path / "a.png", {"parameters": TEXT.format(model="x")})
    press(open_image(qtbot, studio, path), "Start from it")
    assert tab.source.path == str(path)
    assert tab.prompt.toPlainText() == "a red fox"
    assert tab.foreign.isHidden()


def test_a_photo_is_a_start_image_and_its_description_is_offered(qtbot, studio, tab, tmp_path):
    tab.prompt.setPlainText("my own")
    data = files.exif({0x010E: (2, b"ein Fuchs <b>im</b> Schnee\0")})
    path = files.jpeg(tmp_path / "photo.jpg", data)
    notice = open_image(qtbot, studio, path)
    assert (tab.source.path, tab.prompt.toPlainText()) == (str(path), "my own")
    press(notice, "Use as prompt")
    assert tab.prompt.toPlainText() == "ein Fuchs <b>im</b> Schnee"


def test_an_image_with_unreadable_settings_is_a_start_image(qtbot, studio, tab, tmp_path):
    path = files.png(tmp_path / "a.png", {"workflow": "x" * (3 * 2**20)})
    notice = open_image(qtbot, studio, path)
    assert tab.source.path == str(path)
    assert "workflow is too long" in notice.accessibleName()


def test_a_plain_image_is_a_start_image_without_a_message(qtbot, studio, tab, tmp_path):
    path = files.png(tmp_path / "a.png")
    drop(studio.window, path)
    qtbot.waitUntil(lambda: tab.source.path == str(path), timeout=PATIENCE)
    assert tab.foreign.isHidden()


@pytest.mark.parametrize(("width", "rows"), [(300, 2), (390, 1)])
def test_all_buttons_fit_a_narrow_form(qtbot, studio, tab, tmp_path, width, rows):
    path = files.png(tmp_path / "a.png", {"parameters": TEXT.format(model="x")})
    notice = open_image(qtbot, studio, path)
    splitter = tab.findChild(QSplitter)
    splitter.setSizes([width, splitter.width() - width])

    def buttons():
        return [one for one in notice.findChildren(QPushButton) if one.isVisible()]

    def places():
        return {one.mapTo(notice, QPoint()).y() for one in buttons()}

    qtbot.waitUntil(lambda: len(places()) == rows, timeout=PATIENCE)
    assert len(buttons()) == 4
    for one in buttons():
        assert one.width() >= one.sizeHint().width()
        assert one.mapTo(notice, one.rect().bottomRight()).x() < notice.width()
    press(notice, "OK")
    assert notice.isHidden()
    open_image(qtbot, studio, path)
    assert len(buttons()) == 4
