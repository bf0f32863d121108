"""The dialog of models, in the real window: adding, refusing, stopping, removing, choosing a default, dropping."""

import contextlib
import shutil

import psutil
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QThreadPool, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QMessageBox, QPushButton

from studio.core.settings import load_settings
from studio.models.catalogue import card_folder
from studio.models.installed import list_installed
from studio.models.staging import PREFIX
from studio.ui.dialogs.models import ModelsDialog
from tests.checkpoints_text import make_gpt2
from tests.models.made import folder_of, make_gguf
from tests.ui.conftest import PATIENCE, close_studio

LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}


@pytest.fixture
def opened(open_studio, qtbot):
    """The window with the dialog, and a function that waits."""
    studio = open_studio()
    studio.shared.fake = False  # what is installed, not the fake engine's models
    with qtbot.waitSignal(studio.shared.models_changed, timeout=PATIENCE):
        studio.shared.reload_models()
    studio.window.show_models()
    (dialog,) = studio.window.findChildren(ModelsDialog)
    return studio, dialog


def titles(dialog) -> list[str]:
    return [dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount())]


def own(data) -> list[str]:
    return [card.name for card in list_installed(data) if not card.builtin]


def select(dialog, title):
    dialog.table.selectRow(titles(dialog).index(title))


def answer(monkeypatch, text):
    """Answer the next question by pressing the button of this text; a real box, not shown."""

    def press(box):
        (button,) = [button for button in box.findChildren(QPushButton) if button.text().replace("&", "") == text]
        button.click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)


def test_a_folder_is_added_shown_made_the_default_and_removed(opened, data, tmp_path, qtbot, monkeypatch):
    studio, dialog = opened
    folder = tmp_path / "我的 GPT-2"
    make_gpt2(folder)
    assert titles(dialog) == ["Starter pictures (64 px)", "Hibari (English)"]
    dialog.add(folder)
    assert not dialog.add_folder_button.isEnabled()
    qtbot.waitUntil(lambda: "我的 GPT-2" in titles(dialog), timeout=PATIENCE)
    assert dialog.add_folder_button.isEnabled()
    assert dialog.status.text() == "我的 GPT-2 was added"
    assert studio.shared.cards("text")[0].path == str(folder)
    select(dialog, "我的 GPT-2")
    dialog.default_button.click()
    studio.shared.save_now()
    assert load_settings(data).default_models["text"] == own(data)[0]
    answer(monkeypatch, "Cancel")
    select(dialog, "我的 GPT-2")
    dialog.remove_button.click()
    assert own(data)
    answer(monkeypatch, "Remove")
    dialog.remove_button.click()
    qtbot.waitUntil(lambda: "我的 GPT-2" not in titles(dialog), timeout=PATIENCE)
    assert own(data) == []
    assert (folder / "model.safetensors").is_file()


def test_what_is_refused_is_said_plainly(opened, data, tmp_path, qtbot):
    _studio, dialog = opened
    dialog.add(folder_of(tmp_path / "<b>bad<b>", LLAMA, b"\x80\x04\x95pickle"))
    qtbot.waitUntil(lambda: bool(dialog.notice.isVisible()), timeout=PATIENCE)
    assert "<b>bad<b> was not added" in dialog.notice.message
    assert "pickle" in dialog.notice.message
    assert dialog.add_folder_button.isEnabled()
    assert own(data) == []
    dialog.add(folder_of(tmp_path / "good", LLAMA))
    qtbot.waitUntil(lambda: "good" in titles(dialog), timeout=PATIENCE)
    assert not dialog.notice.isVisible()


def test_what_comes_with_studio_cannot_be_removed(opened):
    _studio, dialog = opened
    select(dialog, "Hibari (English)")
    assert dialog.default_button.isEnabled()
    assert not dialog.remove_button.isEnabled()


def converting(dialog):
    return lambda: "Converting" in dialog.status.text()


def children():
    """The conversions that run; one that was killed a moment ago has no command line."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            found += [child] if "studio.models.convert" in child.cmdline() else []
    return found


def test_stop_ends_a_conversion_and_another_can_begin(opened, data, tmp_path, qtbot):
    _studio, dialog = opened
    path = make_gguf(tmp_path / "x.gguf")
    assert not dialog.stop_button.isVisible()
    dialog.add(path)
    qtbot.waitUntil(converting(dialog), timeout=PATIENCE)
    dialog.add(path)
    assert "One model at a time" in dialog.notice.message
    dialog.stop_button.click()
    qtbot.waitUntil(lambda: dialog.status.text() == "Stopped; nothing was added", timeout=PATIENCE)
    assert children() == []
    assert list(data.models.iterdir()) == []
    assert not dialog.stop_button.isVisible()
    dialog.add(path)
    qtbot.waitUntil(lambda: "Tiny llama" in titles(dialog), timeout=60_000)


def test_closing_the_dialog_or_the_window_stops_a_conversion(opened, data, tmp_path, qtbot):
    studio, dialog = opened
    path = make_gguf(tmp_path / "x.gguf")
    dialog.add(path)
    qtbot.waitUntil(converting(dialog), timeout=PATIENCE)
    dialog.close()
    qtbot.waitUntil(lambda: children() == [] and not list(data.models.glob(f"{PREFIX}*")), timeout=PATIENCE)
    studio.window.show_models(path)
    dialog = studio.window.findChildren(ModelsDialog)[-1]
    qtbot.waitUntil(converting(dialog), timeout=PATIENCE)
    close_studio(studio)
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    assert own(data) == []
    assert children() == []


def test_a_model_may_be_dropped(opened, data, tmp_path, qtbot):
    studio, dialog = opened
    dialog.close()
    for number, folder in enumerate((folder_of(tmp_path / "first", LLAMA), tmp_path / "second")):
        if number:
            make_gpt2(folder)
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(folder))])
        event = QDropEvent(
            QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
        studio.window.dropEvent(event)
        qtbot.waitUntil(lambda name=folder.name: name in own(data), timeout=PATIENCE)


def test_a_model_whose_folder_is_gone_can_be_taken_from_the_list(opened, data, tmp_path, qtbot, monkeypatch):
    _studio, dialog = opened
    dialog.add(folder_of(tmp_path / "m", LLAMA))
    qtbot.waitUntil(lambda: "m" in titles(dialog), timeout=PATIENCE)
    shutil.rmtree(tmp_path / "m")
    answer(monkeypatch, "Remove")
    select(dialog, "m")
    dialog.remove_button.click()
    qtbot.waitUntil(lambda: "m" not in titles(dialog), timeout=PATIENCE)
    assert not card_folder(data, "m").exists()


def test_models_that_can_be_fetched_are_offered_with_size_and_licence(opened):
    _studio, dialog = opened
    wanted = []
    dialog.install_wanted.disconnect()
    dialog.install_wanted.connect(wanted.append)
    buttons = [button for button in dialog._fetch.findChildren(QPushButton) if button.text().startswith("Get")]
    assert len(buttons) == 3
    assert any("Apache-2.0" in button.accessibleDescription() for button in buttons)
    next(button for button in buttons if "Kokoro" in button.accessibleDescription()).click()
    assert wanted == ["kokoro-82m"]
