"""The scan dialog with real folders of other programs."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from studio.core.errors import StudioError
from studio.models.install.known_folders import usual_places
from studio.models.install.scan import find
from studio.models.registry import ModelRegistry
from studio.ui.models import scan_dialog
from studio.ui.models.dialog import ModelsDialog
from studio.ui.models.scan_dialog import ScanDialog
from studio.ui.models.scan_list import KIND, NAME, STATE
from tests.checkpoints.text import make_gpt2, make_llama
from tests.models.files.layouts_of_others import hub_cache, put
from tests.models.made import folder_of
from tests.ui.conftest import PATIENCE

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "max_position_embeddings": 64,
}


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Create a hub cache with two models, and an LM Studio folder with an unsafe one."""
    root = tmp_path_factory.mktemp("others")
    make_gpt2(root / "made/gpt2")
    make_llama(root / "made/llama")
    hub_cache(root / "hub", "org/gpt2-small", root / "made/gpt2")
    hub_cache(root / "hub", "org/llama-tiny", root / "made/llama")
    folder_of(root / "lm/someone/bad", LLAMA, b"\x80\x04\x95pickle")
    put(root / "lm/someone/notes.txt", b"not a model")
    return root


@pytest.fixture
def opened(open_studio, qtbot):
    studio = open_studio()
    studio.shared.fake = False
    with qtbot.waitSignal(studio.shared.models_changed, timeout=PATIENCE):
        studio.shared.reload_models()

    def start(*folders):
        dialog = ScanDialog(studio.shared, list(folders), studio.window)
        dialog.show()
        return dialog

    return start


def over(qtbot, dialog):
    qtbot.waitUntil(lambda: not dialog.stop_button.isVisible(), timeout=PATIENCE)


def cell(dialog, row, column):
    return dialog.list.index(row, column).data()


def rows(dialog):
    return {cell(dialog, row, NAME): row for row in range(dialog.list.rowCount())}


def own(data):
    return sorted(card.title for card in ModelRegistry(data).list() if not card.builtin)


def state(folder):
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_found_models_are_added_without_a_copy(opened, others, data, qtbot):
    before = state(others)
    dialog = opened(others / "hub", others / "lm")
    over(qtbot, dialog)
    found = rows(dialog)
    assert sorted(found) == ["bad", "gpt2-small", "llama-tiny"]
    assert cell(dialog, found["gpt2-small"], KIND) == "Text"
    assert cell(dialog, found["gpt2-small"], STATE) == "can be added"
    assert "pickle" in cell(dialog, found["bad"], STATE)
    assert dialog.list.index(found["bad"], NAME).data(Qt.ItemDataRole.CheckStateRole) is None, (
        "nothing to choose"
    )
    assert dialog.status.text() == "3 models found, 2 can be added"
    assert not dialog.add_button.isEnabled()
    box = dialog.list.index(found["gpt2-small"], NAME)
    assert dialog.list.setData(box, Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    assert dialog.add_button.text().startswith("Add 1 (")
    dialog.add_button.click()
    over(qtbot, dialog)
    assert dialog.status.text() == "1 model was added"
    assert own(data) == ["gpt2-small"]
    assert cell(dialog, found["gpt2-small"], STATE) == "already added"
    assert state(others) == before
    (card,) = [card for card in ModelRegistry(data).list() if not card.builtin]
    assert card.folder.is_relative_to(others)
    again = opened(others / "hub")
    over(qtbot, again)
    assert cell(again, rows(again)["gpt2-small"], STATE) == "already added"
    assert again.list.addable_count == 1


def test_details_show_path_and_reason(opened, others, qtbot):
    dialog = opened(others / "lm")
    over(qtbot, dialog)
    dialog.view.setCurrentIndex(dialog.list.index(0, STATE))
    assert str(others / "lm/someone/bad") in dialog.about.text()
    assert "pickle" in dialog.about.text()


def test_scan_works_by_keyboard(opened, others, data, qtbot):
    dialog = opened(others / "hub")
    over(qtbot, dialog)
    dialog.view.setFocus()
    qtbot.keyClick(dialog.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(dialog.view, Qt.Key.Key_Space)
    assert len(dialog.list.selected()) == 2
    qtbot.keyClick(dialog.view, Qt.Key.Key_Space)
    assert dialog.list.selected() == []
    qtbot.keyClick(dialog.view, Qt.Key.Key_Space)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    over(qtbot, dialog)
    assert own(data) == ["gpt2-small", "llama-tiny"]
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_select_all_and_none(opened, others, qtbot):
    dialog = opened(others / "hub", others / "lm")
    over(qtbot, dialog)
    dialog.all_button.click()
    assert len(dialog.list.selected()) == 2
    dialog.none_button.click()
    assert dialog.list.selected() == []


def test_failed_model_shows_why_and_others_are_added(opened, others, data, tmp_path, qtbot):
    make_gpt2(tmp_path / "a")
    (tmp_path / "b").mkdir()
    make_llama(tmp_path / "b")
    dialog = opened(tmp_path)
    over(qtbot, dialog)
    (tmp_path / "a/config.json").unlink()  # since it was found
    dialog.all_button.click()
    dialog.add_button.click()
    over(qtbot, dialog)
    assert own(data) == ["b"]
    assert "1 model was not added" in dialog.notice.message
    assert cell(dialog, rows(dialog)["a"], STATE) not in ("can be added", "already added")


def test_empty_missing_and_no_folders_are_reported(opened, tmp_path, qtbot):
    dialog = opened(tmp_path)
    over(qtbot, dialog)
    assert "No models found in" in dialog.empty_text.text()
    assert dialog.empty_text.isVisible()
    dialog.search([tmp_path / "gone"])
    over(qtbot, dialog)
    assert "There is no folder" in dialog.notice.message
    dialog.search([])
    assert "No model folders" in dialog.empty_text.text()
    assert not dialog.add_button.isEnabled()
    assert dialog.folder_button.isEnabled()


def test_search_can_be_stopped_and_restarted(opened, others, monkeypatch, qtbot):
    going, go_on = threading.Event(), threading.Event()

    def slowly(folder, data, cancelled):
        for found in find(folder, data, cancelled):
            yield found
            going.set()
            assert go_on.wait(PATIENCE / 1000)

    monkeypatch.setattr(scan_dialog, "find", slowly)
    dialog = opened(others / "hub")
    qtbot.waitUntil(going.is_set, timeout=PATIENCE)
    assert dialog.bar.isVisible()
    assert not dialog.folder_button.isEnabled()
    dialog.stop_button.click()
    go_on.set()
    over(qtbot, dialog)
    assert dialog.status.text() == "Stopped; 1 model found, 1 can be added"
    monkeypatch.undo()
    dialog.search([others / "hub"])
    over(qtbot, dialog)
    assert dialog.list.rowCount() == 2


def test_closing_stops_the_search(opened, others, monkeypatch, qtbot):
    asked = []

    def endless(_folder, _data, cancelled):
        while not cancelled():
            pass
        asked.append("ended")
        return iter(())

    monkeypatch.setattr(scan_dialog, "find", endless)
    dialog = opened(others)
    dialog.close()
    qtbot.waitUntil(lambda: asked == ["ended"], timeout=PATIENCE)


def test_narrow_dialog_keeps_name_and_state(opened, others, qtbot):
    dialog = opened(others / "hub")
    over(qtbot, dialog)
    dialog.resize(440, 600)
    assert dialog.width() == 440
    assert dialog.view.isColumnHidden(KIND)
    assert not dialog.view.isColumnHidden(STATE)
    for control in dialog.findChildren(QPushButton):
        if control.isVisible():
            assert dialog.rect().contains(control.mapTo(dialog, control.rect().bottomRight())), (
                control.text()
            )
    dialog.resize(900, 600)
    assert not dialog.view.isColumnHidden(KIND)


def test_models_dialog_opens_the_scan(open_studio, monkeypatch, tmp_path, qtbot):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path / "home")
    studio = open_studio()
    studio.window.dialogs.show_models()
    (dialog,) = studio.window.findChildren(ModelsDialog)
    dialog.add_bar.scan_button.click()
    assert not dialog.isVisible()
    (opened,) = studio.window.findChildren(ScanDialog)
    over(qtbot, opened)
    assert str(tmp_path) in opened.empty_text.text()
    opened.close()


def test_only_existing_known_folders_are_searched(tmp_path, monkeypatch):
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "INVOKEAI_ROOT", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    for name in (".cache/huggingface/hub", "ComfyUI/models", "models"):
        (home / name).mkdir(parents=True)
    (home / "invokeai").symlink_to(home / "models")
    (home / "models/models").mkdir()
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    (tmp_path / "hf/hub").mkdir(parents=True)
    found = [path.relative_to(tmp_path).as_posix() for path in usual_places(home)]
    assert sorted(found) == [
        "hf/hub",
        "home/.cache/huggingface/hub",
        "home/ComfyUI/models",
        "home/models",
    ]


def test_cancelled_search_ends(others):
    assert list(find(others, None, lambda: True)) == []
    with pytest.raises(StudioError):
        list(find(others / "gone"))
