"""The dialog of models in the real window: add, refuse, stop, remove, default, drop."""

import contextlib
import shutil

import msgspec
import psutil
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QThreadPool, QUrl
from PySide6.QtGui import QDesktopServices, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton

from studio.core.kinds import KINDS
from studio.core.resources import resources
from studio.core.settings_store import load_settings
from studio.models.card import ModelCard
from studio.models.card_store import card_folder
from studio.models.catalog import CatalogEntry, why_not_run
from studio.models.install.staging import PREFIX
from studio.models.memory.hardware import Machine
from studio.models.registry import ModelRegistry
from studio.ui.models import list as models_list
from studio.ui.models.dialog import ModelsDialog
from studio.ui.models.hardware_probe import HardwareProbe
from studio.ui.models.list import Item
from tests.checkpoints.text import make_gpt2
from tests.models.made import folder_of, make_gguf
from tests.ui.conftest import PATIENCE, close_studio

GB = 10**9
LLAMA = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}


@pytest.fixture
def opened(open_studio, qtbot, monkeypatch):
    """Open the window and the dialog of models."""
    monkeypatch.setattr(
        HardwareProbe, "known", Machine(16 * GB, 8 * GB, probed=True)
    )  # torch is asked in a test of its own
    studio = open_studio()
    studio.shared.fake = False  # what is installed, not the fake engine's models
    with qtbot.waitSignal(studio.shared.models_changed, timeout=PATIENCE):
        studio.shared.reload_models()
    studio.window.dialogs.show_models()
    (dialog,) = studio.window.findChildren(ModelsDialog)
    return studio, dialog


def titles(dialog) -> list[str]:
    """Return the titles of the installed models."""
    return [item.card.title for item in shown(dialog) if item.installed]


def shown(dialog):
    return [dialog.list.shown.item_at(row) for row in range(dialog.list.shown.rowCount())]


def texts(widget) -> str:
    """Return the text of all visible labels of a widget."""
    QApplication.processEvents()  # labels that are new in a layout are shown by an event
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def own(data) -> list[str]:
    return [card.name for card in ModelRegistry(data).list() if not card.builtin]


def select(dialog, title):
    dialog.list.select(next(item.card.name for item in shown(dialog) if item.card.title == title))
    assert dialog.view.title.text() == title


def answer(monkeypatch, text):
    """Press the button with this text in the next question box."""

    def press(box):
        (button,) = [
            button
            for button in box.findChildren(QPushButton)
            if button.text().replace("&", "") == text
        ]
        button.click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)


def test_folder_is_added_made_default_and_removed(opened, data, tmp_path, qtbot, monkeypatch):
    studio, dialog = opened
    folder = tmp_path / "我的 GPT-2"
    make_gpt2(folder)
    assert titles(dialog) == [
        "Starter images (256 px)",
        "Hibari (English)",
        "Starter music (notes)",
        "Image tools",
        "Starter poem (绝句)",
    ]
    select(dialog, "Starter poem (绝句)")
    assert not dialog.actions_bar.default_button.isVisible()
    dialog.add(folder)
    assert not dialog.add_bar.folder_button.isEnabled()
    qtbot.waitUntil(lambda: "我的 GPT-2" in titles(dialog), timeout=PATIENCE)
    assert dialog.add_bar.folder_button.isEnabled()
    assert dialog.status.text() == "我的 GPT-2 was added"
    assert studio.shared.cards("text")[0].path == str(folder)
    select(dialog, "我的 GPT-2")
    dialog.actions_bar.default_button.click()
    studio.shared.save_now()
    assert load_settings(data).default_models["text"] == own(data)[0]
    answer(monkeypatch, "Cancel")
    select(dialog, "我的 GPT-2")
    dialog.actions_bar.remove_button.click()
    assert own(data)
    answer(monkeypatch, "Remove")
    dialog.actions_bar.remove_button.click()
    qtbot.waitUntil(lambda: "我的 GPT-2" not in titles(dialog), timeout=PATIENCE)
    assert own(data) == []
    assert (folder / "model.safetensors").is_file()


def test_refused_model_is_reported(opened, data, tmp_path, qtbot):
    _studio, dialog = opened
    dialog.add(folder_of(tmp_path / "<b>bad<b>", LLAMA, b"\x80\x04\x95pickle"))
    qtbot.waitUntil(lambda: bool(dialog.notice.isVisible()), timeout=PATIENCE)
    assert "<b>bad<b> was not added" in dialog.notice.message
    assert "pickle" in dialog.notice.message
    assert dialog.add_bar.folder_button.isEnabled()
    assert own(data) == []
    dialog.add(folder_of(tmp_path / "good", LLAMA))
    qtbot.waitUntil(lambda: "good" in titles(dialog), timeout=PATIENCE)
    assert not dialog.notice.isVisible()


def test_builtin_model_cannot_be_removed(opened):
    _studio, dialog = opened
    select(dialog, "Hibari (English)")
    assert dialog.actions_bar.default_button.isEnabled()
    assert not dialog.actions_bar.remove_button.isEnabled()


def converting(dialog):
    """Return a condition: a GGUF is being tried by llama.cpp or converted."""
    return lambda: "Converting" in dialog.status.text() or "Trying" in dialog.status.text()


def children():
    """Return the running conversion processes."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            found += [child] if "studio.models.install.gguf_convert" in child.cmdline() else []
    return found


def test_conversion_can_be_stopped_and_restarted(opened, data, tmp_path, qtbot):
    _studio, dialog = opened
    path = make_gguf(tmp_path / "x.gguf")
    assert not dialog.stop_button.isVisible()
    dialog.add(path)
    qtbot.waitUntil(converting(dialog), timeout=PATIENCE)
    dialog.add(path)
    assert "Another model is being added" in dialog.notice.message
    dialog.stop_button.click()
    qtbot.waitUntil(lambda: dialog.status.text() == "Stopped. Nothing was added.", timeout=PATIENCE)
    assert children() == []
    assert list(data.models.iterdir()) == []
    assert not dialog.stop_button.isVisible()
    dialog.add(path)
    qtbot.waitUntil(lambda: "Tiny llama" in titles(dialog), timeout=60_000)


def test_closing_dialog_or_window_stops_a_conversion(opened, data, tmp_path, qtbot):
    studio, dialog = opened
    path = make_gguf(tmp_path / "x.gguf")
    dialog.add(path)
    qtbot.waitUntil(converting(dialog), timeout=PATIENCE)
    dialog.close()
    qtbot.waitUntil(
        lambda: children() == [] and not list(data.models.glob(f"{PREFIX}*")), timeout=PATIENCE
    )
    studio.window.dialogs.show_models(path)
    dialog = studio.window.findChildren(ModelsDialog)[-1]
    qtbot.waitUntil(converting(dialog), timeout=PATIENCE)
    close_studio(studio)
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    assert own(data) == []
    assert children() == []


def test_dropped_model_is_added(opened, data, tmp_path, qtbot):
    studio, dialog = opened
    dialog.close()
    for number, folder in enumerate((folder_of(tmp_path / "first", LLAMA), tmp_path / "second")):
        if number:
            make_gpt2(folder)
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(folder))])
        event = QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        studio.window.dropEvent(event)
        qtbot.waitUntil(lambda name=folder.name: name in own(data), timeout=PATIENCE)


def test_model_with_a_missing_folder_can_be_removed(opened, data, tmp_path, qtbot, monkeypatch):
    _studio, dialog = opened
    dialog.add(folder_of(tmp_path / "m", LLAMA))
    qtbot.waitUntil(lambda: "m" in titles(dialog), timeout=PATIENCE)
    shutil.rmtree(tmp_path / "m")
    answer(monkeypatch, "Remove")
    select(dialog, "m")
    dialog.actions_bar.remove_button.click()
    qtbot.waitUntil(lambda: "m" not in titles(dialog), timeout=PATIENCE)
    assert not card_folder(data, "m").exists()


def test_installable_model_shows_size_and_license(opened):
    _studio, dialog = opened
    wanted = []
    dialog.install_requested.disconnect()
    dialog.install_requested.connect(wanted.append)
    select(dialog, "Kokoro 82M")
    assert dialog.actions_bar.install_button.text() == "Install (63 MB)"
    assert "Apache-2.0" in dialog.actions_bar.install_button.accessibleDescription()
    assert not dialog.actions_bar.remove_button.isVisible()
    dialog.actions_bar.install_button.click()
    assert wanted == ["kokoro-82m"]
    assert not dialog.isVisible()


def test_hub_model_opens_the_download_dialog(opened, qtbot):
    _studio, dialog = opened
    dialog.download_requested.disconnect()  # no hub is queried here
    select(dialog, "Z-Image-Turbo")
    wanted = []
    dialog.download_requested.connect(lambda repo, revision: wanted.append((repo, revision)))
    assert dialog.actions_bar.install_button.text() == "Install (20 GB)"
    qtbot.keyClick(dialog.list.view, Qt.Key.Key_Return)
    assert wanted == [("Tongyi-MAI/Z-Image-Turbo", "")]
    assert not dialog.isVisible()


def test_card_shows_the_important_facts(opened):
    _studio, dialog = opened
    select(dialog, "Z-Image-Turbo")
    text = texts(dialog.view)
    for words in (
        "free for commercial use",
        "English, Chinese",
        "8 to 9 steps, 1024 × 1024, guidance 0 (on above 0), no negative prompt",
        "16 GB of memory, no GPU",
        "46 GB",
        "too large",
        "needs the package optimum-quanto",
        "Tongyi-MAI/Z-Image-Turbo",
    ):
        assert words in text, words
    assert "used here" not in text  # nothing fits


def test_load_preference_can_be_changed_in_the_card(opened, data, qtbot):
    studio, dialog = opened
    select(dialog, "SDXL 1.0")
    assert "16-bit\n9.0 GB\nfits · used here" in texts(dialog.view)
    box = dialog.view.preference
    assert [box.itemText(number) for number in range(box.count())] == [
        "Automatic",
        "Whole",
        "16-bit",
        "8-bit",
        "4-bit",
    ]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert "Whole, 32-bit\n18 GB\ntoo large · used here" in texts(dialog.view)
    studio.shared.save_now()
    assert load_settings(data).model_memory == {"sdxl-base-1.0": "resident"}
    select(dialog, "Qwen3 8B")
    assert box.currentText() == "Automatic"
    select(dialog, "SDXL 1.0")
    assert box.currentText() == "Whole"
    qtbot.keyClick(box, Qt.Key.Key_Up)
    studio.shared.save_now()
    assert load_settings(data).model_memory == {}
    select(dialog, "Kokoro 82M")
    assert dialog.view.preference_row.isHidden()  # there is one way only
    select(dialog, "GPT-2 (124M)")
    assert "about 249 MB to download" in texts(dialog.view)
    assert "Estimated from its size" in texts(dialog.view)
    assert "46 GB" not in texts(dialog.view)


def test_unsupported_model_is_explained_and_not_offered(opened, monkeypatch):
    def hindrance(card):  # the catalog has no such model now
        return (
            why_not_run(msgspec.structs.replace(card, family="NewPipeline"))
            if card.name == "flux.1-fill-dev"
            else ""
        )

    studio, dialog = opened
    assert not [item for item in shown(dialog) if item.hindrance]
    dialog.close()
    monkeypatch.setattr(models_list, "why_not_run", hindrance)
    studio.window.dialogs.show_models()
    dialog = studio.window.findChildren(ModelsDialog)[-1]
    select(dialog, "FLUX.1 Fill")
    assert (
        "Studio cannot run this model yet: its family (NewPipeline) is not supported"
        in dialog.view.hindrance.text()
    )
    assert not dialog.actions_bar.install_button.isVisible()


def test_installed_models_first_then_by_kind_unsupported_last(opened):
    _studio, dialog = opened
    found = shown(dialog)
    states = [item.state for item in found[:6]]
    assert states == ["Default", "Default", "Default", "Default", "Installed", ""]
    rest = found[5:]
    runs = [item.card.kind for item in rest if not item.hindrance]
    assert runs == sorted(runs, key=lambda kind: KINDS[kind].place)
    assert all(item.hindrance for item in rest[len(runs) :])
    assert dialog.list.current() == found[0]


def test_search_and_filters_find_models(opened, qtbot):
    _studio, dialog = opened
    pane = dialog.list

    def names():
        qtbot.waitUntil(lambda: not pane._delayed_apply.isActive(), timeout=PATIENCE)
        return {item.card.name for item in shown(dialog)}

    everything = len(names())
    qtbot.keyClicks(pane.text, "chinese qwen3")
    assert {"qwen3-0.6b", "qwen3.5-4b"} <= names()
    assert all("qwen" in name for name in names())
    pane.text.setText("")
    pane.task.setCurrentIndex(pane.task.findData("text-to-image"))
    pane.license.setCurrentIndex(pane.license.findData("yes"))
    assert "z-image-turbo" in names()
    assert not {"flux.1-dev", "sdxl-base-1.0", "gpt2"} & names()
    pane.license.setCurrentIndex(pane.license.findData("conditional"))
    assert "sdxl-base-1.0" in names()
    pane.language.setCurrentIndex(pane.language.findText("Chinese"))
    assert "kolors" in names()
    assert "sdxl-base-1.0" not in names()
    pane.show_all()
    pane.fitting.setChecked(True)
    assert "gpt2" in names()
    assert not {"z-image-turbo", "flux.1-fill-dev"} & names()
    pane.installed.setChecked(True)
    builtin = {"starter-image", "hibari", "starter-music", "starter-poem", "image-tools"}
    assert names() == builtin
    assert pane.count.text().endswith("5 installed")
    pane.show_all()
    pane.max_size.setCurrentIndex(pane.max_size.findData("1"))
    assert "gpt2" in names()
    assert "sdxl-base-1.0" not in names()
    pane.text.setText("there is no such model")
    assert names() == set()
    assert pane.all_button.isVisible()
    assert dialog.view.title.text() == "Select a model in the list."
    assert not dialog.actions_bar.install_button.isVisible()
    pane.all_button.click()
    assert len(names()) == everything


def test_dialog_works_by_keyboard(opened, qtbot, monkeypatch, data, tmp_path):
    _studio, dialog = opened
    first = dialog.list.current()
    assert dialog.focusWidget() is dialog.list.text
    qtbot.keyClick(dialog.list.text, Qt.Key.Key_Down)
    assert dialog.list.current() != first
    qtbot.keyClick(dialog.list.text, Qt.Key.Key_Return)  # presses no button
    assert dialog.isVisible()
    dialog.add(folder_of(tmp_path / "m", LLAMA))
    qtbot.waitUntil(lambda: "m" in titles(dialog), timeout=PATIENCE)
    assert dialog.list.current().card.title == "m"  # what was added is shown
    answer(monkeypatch, "Remove")
    qtbot.keyClick(dialog.list.view, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: own(data) == [], timeout=PATIENCE)


def test_checking_files_shows_progress_and_changes(opened, tmp_path, qtbot):
    _studio, dialog = opened
    dialog.add(folder_of(tmp_path / "m", LLAMA))
    qtbot.waitUntil(lambda: "m" in titles(dialog), timeout=PATIENCE)
    select(dialog, "m")
    shares = []
    dialog._check_progressed.connect(shares.append)
    dialog.actions_bar.check_button.click()
    assert not dialog.actions_bar.remove_button.isEnabled()
    assert dialog.stop_button.isVisible()
    qtbot.waitUntil(lambda: "unchanged" in dialog.status.text(), timeout=PATIENCE)
    assert shares[-1] == 1
    assert not dialog.bar.isVisible()
    weights = tmp_path / "m/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    dialog.actions_bar.check_button.click()
    qtbot.waitUntil(lambda: bool(dialog.notice.isVisible()), timeout=PATIENCE)
    assert "have changed" in dialog.notice.message
    weights.unlink()
    dialog.actions_bar.check_button.click()
    qtbot.waitUntil(lambda: "missing" in dialog.notice.message, timeout=PATIENCE)


def test_file_check_can_be_stopped(opened, qtbot):
    _studio, dialog = opened
    select(dialog, "Starter images (256 px)")
    dialog.actions_bar.check_button.click()
    dialog.stop_button.click()  # before its thread has read the first block, or between two
    qtbot.waitUntil(lambda: dialog.actions_bar.check_button.isEnabled(), timeout=PATIENCE)
    assert dialog.status.text() in (
        "Stopped.",
        "Starter images (256 px): All 4 weight files are unchanged.",
    )
    assert not dialog.bar.isVisible()


def test_open_folder(opened, monkeypatch):
    _studio, dialog = opened
    urls = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: urls.append(url.toLocalFile()) or True
    )
    select(dialog, "Starter images (256 px)")
    dialog.actions_bar.folder_button.click()
    assert urls == [str(resources() / "starter/image")]
    select(dialog, "Hibari (English)")  # inside a Python package
    assert not dialog.actions_bar.folder_button.isEnabled()


def test_long_list_is_rendered_on_demand(opened):
    """Only visible rows are painted; the view queries one size for all."""
    _studio, dialog = opened
    many = [
        Item(
            CatalogEntry(
                card=ModelCard(
                    name=f"m{number}", title=f"Model {number}", kind="text", runner="transformers"
                )
            ),
            False,
            False,
            None,
            "",
        )
        for number in range(2_000)
    ]
    asked = []
    delegate = dialog.list.view.itemDelegate()
    measured = delegate.sizeHint
    delegate.sizeHint = lambda option, index: asked.append(index.row()) or measured(option, index)
    dialog.list.show_items(many)
    dialog.list.view.grab()
    assert dialog.list.shown.rowCount() == 2_000
    assert len(asked) < 100


def test_narrow_dialog_places_the_card_below_the_list(opened, qtbot):
    _studio, dialog = opened
    dialog.resize(1060, 680)
    assert dialog.splitter.orientation() is Qt.Orientation.Horizontal
    dialog.resize(480, 760)
    assert dialog.splitter.orientation() is Qt.Orientation.Vertical
    assert dialog.width() == 480
    for control in dialog.findChildren(QPushButton):
        if control.isVisible():
            assert dialog.rect().contains(control.mapTo(dialog, control.rect().bottomRight())), (
                control.text()
            )


def test_gpu_query_starts_on_show_and_stops_on_close(open_studio, qtbot, monkeypatch):
    monkeypatch.setattr(HardwareProbe, "known", None)
    studio = open_studio()
    studio.shared.fake = False
    studio.window.dialogs.show_models()
    (dialog,) = studio.window.findChildren(ModelsDialog)
    assert "looking for a GPU" in dialog.view.machine.text()
    dialog.close()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    assert HardwareProbe.known is None
    studio.window.dialogs.show_models()
    dialog = studio.window.findChildren(ModelsDialog)[-1]
    qtbot.waitUntil(lambda: HardwareProbe.known is not None, timeout=120_000)
    assert "looking for a GPU" not in dialog.view.machine.text()
    assert HardwareProbe.known.probed
