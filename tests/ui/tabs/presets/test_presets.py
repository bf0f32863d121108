"""Own presets in the window: save, use, undo, rename, delete, share."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from studio.core.presets import Preset, encode_preset, own_presets, save_preset
from studio.ui.tabs.presets.manage_dialog import ManageDialog
from studio.ui.tabs.presets.save_dialog import SaveDialog
from tests.ui.conftest import PATIENCE


@pytest.fixture
def tab(open_studio):
    window = open_studio().window
    return window.text_tab


def titles(tab) -> list[str]:
    return [action.text() for action in tab.preset_button.menu().actions() if action.text()]


def trigger(tab, title: str) -> None:
    next(one for one in tab.preset_button.menu().actions() if one.text() == title).trigger()


def toast_button(tab, text: str):
    from PySide6.QtWidgets import QPushButton

    return [one for one in tab.window().findChildren(QPushButton) if one.text() == text][-1]


def save_as(qtbot, tab, title: str) -> None:
    trigger(tab, "Save as a preset…")
    dialog = tab.window().findChildren(SaveDialog)[-1]
    QTest.keyClicks(dialog.title, title)
    QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: title in titles(tab), timeout=PATIENCE)


def test_form_is_saved_and_used_again(qtbot, tab):
    tab.prompt.insertPlainText("A poem about 雨")  # as an input method does
    tab.form.fields["temperature"].set_value(0.35)
    save_as(qtbot, tab, "Rain")
    (preset,) = own_presets(tab.shared.data, "text")
    assert preset.values["prompt"] == "A poem about 雨"
    assert preset.values["temperature"] == 0.35
    assert "top_p" not in preset.values
    assert "seed" not in preset.values
    tab.prompt.replace_text("Something else")
    tab.form.fields["temperature"].set_value(1.0)
    trigger(tab, "Rain")
    assert tab.prompt.toPlainText() == "A poem about 雨"
    assert tab.form.values()["temperature"] == 0.35


def test_only_chosen_parts_are_saved(qtbot, tab):
    QTest.keyClicks(tab.prompt, "A poem")
    tab.form.fields["temperature"].set_value(0.35)
    trigger(tab, "Save as a preset…")
    dialog = tab.window().findChildren(SaveDialog)[-1]
    assert not dialog.save_button.isEnabled(), "a name is missing"
    QTest.keyClicks(dialog.title, "Calm")
    dialog.with_prompt.click()
    dialog.with_model.click()
    QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Calm" in titles(tab), timeout=PATIENCE)
    (preset,) = own_presets(tab.shared.data, "text")
    assert preset.values == {"temperature": 0.35}


def test_preset_is_undone_as_a_whole(qtbot, tab):
    QTest.keyClicks(tab.prompt, "My own words")
    tab.form.fields["max_new_tokens"].set_value(77)
    trigger(tab, "GPT-2 headline")
    assert tab.form.values()["num_beams"] == 5
    QTest.mouseClick(toast_button(tab, "Undo"), Qt.MouseButton.LeftButton)
    assert tab.prompt.toPlainText() == "My own words"
    assert tab.form.values()["max_new_tokens"] == 77
    assert tab.form.values()["num_beams"] == 1


def test_replaced_prompt_comes_back_with_ctrl_z(qtbot, tab):
    QTest.keyClicks(tab.prompt, "My own words")
    trigger(tab, "Poem")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert tab.prompt.toPlainText() == "My own words"


def test_same_name_asks_before_it_replaces(qtbot, tab, monkeypatch):
    save_preset(tab.shared.data, "text", Preset("Rain", {"top_k": 3}))
    tab.shared.presets_changed.emit("text")
    qtbot.waitUntil(lambda: "Rain" in titles(tab), timeout=PATIENCE)
    QTest.keyClicks(tab.prompt, "New")
    asked = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: asked.append(box.text()))
    trigger(tab, "Save as a preset…")
    dialog = tab.window().findChildren(SaveDialog)[-1]
    QTest.keyClicks(dialog.title, "rain")
    QTest.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(asked), timeout=PATIENCE)
    assert "Rain exists" in asked[0]
    assert own_presets(tab.shared.data, "text")[0].values == {"top_k": 3}
    dialog.reject()


def test_presets_are_renamed_deleted_and_restored(qtbot, tab, monkeypatch):
    QTest.keyClicks(tab.prompt, "A poem")
    save_as(qtbot, tab, "First")
    trigger(tab, "Manage presets…")
    dialog = tab.window().findChildren(ManageDialog)[-1]
    qtbot.waitUntil(lambda: dialog.list.count() == 1, timeout=PATIENCE)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_arguments: ("Second", True))
    QTest.keyClick(dialog.list, Qt.Key.Key_F2)
    qtbot.waitUntil(
        lambda: "Second" in titles(tab) and "First" not in titles(tab), timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: dialog.current().title == "Second", timeout=PATIENCE)
    QTest.keyClick(dialog.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "Second" not in titles(tab), timeout=PATIENCE)
    dialog.accept()
    QTest.mouseClick(toast_button(tab, "Undo"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Second" in titles(tab), timeout=PATIENCE)


def test_preset_is_exported_and_imported_elsewhere(qtbot, tab, monkeypatch, tmp_path):
    QTest.keyClicks(tab.prompt, "A poem")
    save_as(qtbot, tab, "Mine")
    trigger(tab, "Manage presets…")
    dialog = tab.window().findChildren(ManageDialog)[-1]
    qtbot.waitUntil(lambda: dialog.list.count() == 1, timeout=PATIENCE)
    shared = tmp_path / "shared.preset.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(shared), ""))
    QTest.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(shared.exists, timeout=PATIENCE)
    QTest.mouseClick(dialog.delete_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Mine" not in titles(tab), timeout=PATIENCE)
    dialog.accept()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_arguments: (str(shared), ""))
    trigger(tab, "Import a preset…")
    qtbot.waitUntil(lambda: "Mine" in titles(tab), timeout=PATIENCE)


def test_dropped_preset_is_imported(qtbot, tab, tmp_path):
    path = tmp_path / "x.preset.json"
    path.write_bytes(encode_preset("text", Preset("Shared", {"top_k": 3})))
    tab.window().file_opener.open(path)
    qtbot.waitUntil(lambda: "Shared" in titles(tab), timeout=PATIENCE)


def test_file_that_is_no_preset_is_refused_with_a_message(qtbot, tab, monkeypatch, tmp_path):
    path = tmp_path / "x.preset.json"
    path.write_bytes(b"{}")
    shown = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: shown.append(box.text()))
    tab.window().file_opener.open(path)
    qtbot.waitUntil(lambda: bool(shown), timeout=PATIENCE)
    assert "is not a preset of Studio" in shown[0]


@pytest.mark.parametrize("name", ["image_tab", "audio_tab"])
def test_every_form_has_presets(qtbot, open_studio, name):
    form = getattr(open_studio().window, name).current()
    QTest.keyClicks(form.prompt, "words")
    save_as(qtbot, form, "Mine")
    form.prompt.replace_text("")
    trigger(form, "Mine")
    assert form.prompt.toPlainText() == "words"
