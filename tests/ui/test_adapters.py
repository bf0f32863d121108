"""Adapters in the window: chosen in the image tab, listed and added in the Models window."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDoubleSpinBox, QInputDialog, QToolButton

from studio.models.card import ModelCard
from studio.models.install.add import add
from studio.models.registry import ModelRegistry
from studio.ui.models.dialog import ModelsDialog
from tests.models.inspect.test_adapter import UNET_XL, lora_bytes, put

SD = ModelCard(
    name="sd", title="SD", kind="image", runner="diffusers", family="StableDiffusionPipeline"
)
XL = ModelCard(
    name="xl", title="XL", kind="image", runner="diffusers", family="StableDiffusionXLPipeline"
)


@pytest.fixture
def tab(open_studio, data, tmp_path):
    metadata = {"modelspec.trigger_phrase": "pxl <b>style", "modelspec.title": "Pixel & co"}
    there = [
        add(data, put(tmp_path, lora_bytes(metadata=metadata), "pixel.safetensors")),
        add(data, put(tmp_path, lora_bytes(rank=2), "grain.safetensors")),
        add(data, put(tmp_path, lora_bytes(UNET_XL, width=2048), "large.safetensors")),
    ]
    studio = open_studio()
    shared = studio.window.shared
    shared._cards = [SD, XL, *there]
    shared.settings.default_models["image"] = "sd"
    shared.models_changed.emit()
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    tab.choose_model("sd")
    tab.prompt.setPlainText("a cat")
    return tab


def offered(tab):
    return [action.text() for action in tab.adapters.menu.actions()]


def controls(tab, kind):
    return [control for control in tab.adapters.findChildren(kind) if control.isVisible()]


def test_only_compatible_adapters_are_offered_and_chosen_ones_are_requested(tab):
    assert tab.adapters.isVisible()
    assert offered(tab) == ["grain", "Pixel && co"]
    tab.adapters.menu.actions()[1].trigger()
    (spin,) = controls(tab, QDoubleSpinBox)
    spin.setValue(0.6)
    assert tab.request().adapters == "pixel:0.6"
    assert offered(tab) == ["grain"]
    words = next(tool for tool in controls(tab, QToolButton) if tool.text() == "Words")
    assert "&lt;b&gt;" in words.toolTip()
    words.click()
    assert tab.prompt.toPlainText() == "a cat, pxl <b>style"
    tab.adapters.menu.actions()[0].trigger()
    assert tab.request().adapters == "pixel:0.6, grain:1"
    next(
        tool for tool in controls(tab, QToolButton) if tool.accessibleName() == "Remove Pixel & co"
    ).click()
    assert tab.request().adapters == "grain:1"
    assert tab.shared.draft("image")["adapters"] == "grain:1"


def test_incompatible_adapter_blocks_generate_after_a_model_change(tab):
    tab.adapters.set_values({"adapters": "pixel:0.6"})
    tab.choose_model("xl")
    assert not tab.generate_button.isEnabled()
    assert "is a LoRA for Stable Diffusion 1.x; XL is SDXL" in tab._hint.text()
    assert offered(tab) == ["large"]
    next(
        tool for tool in controls(tab, QToolButton) if tool.accessibleName().startswith("Remove")
    ).click()
    assert tab.generate_button.isEnabled()


def test_recipe_with_missing_or_invalid_adapters_fills_the_rows(tab):
    tab.set_values({"adapters": "pixel:0.5, gone:0.3"})
    assert [spin.value() for spin in controls(tab, QDoubleSpinBox)] == [0.5, 0.3]
    assert "no adapter 'gone'" in tab._hint.text()
    tab.set_values({"adapters": "pixel:much"})
    assert "must be a number" in tab._hint.text()
    next(tool for tool in controls(tab, QToolButton) if tool.accessibleName() == "Remove").click()
    assert tab.generate_button.isEnabled()


def test_removing_a_missing_adapter_clears_its_control_image(tab):
    tab.adapters.set_values({"adapters": "gone:0.5, grain:1", "control_image": "/edges.png"})
    assert not tab.generate_button.isEnabled()
    next(
        tool for tool in controls(tab, QToolButton) if tool.accessibleName() == "Remove gone"
    ).click()
    assert tab.request().adapters == "grain:1"
    assert tab.request().control_image == ""
    assert tab.generate_button.isEnabled()


def test_adapter_row_is_hidden_without_installed_adapters(tab):
    tab.shared._cards = [SD]
    tab.shared.models_changed.emit()
    assert not tab.adapters.isVisible()


def test_models_dialog_lists_adapters_as_a_task(tab, qtbot):
    dialog = ModelsDialog(tab.shared)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.list.task.setCurrentIndex(dialog.list.task.findData("adapter"))
    dialog.list.installed.setChecked(True)
    dialog.list._apply()
    shown = [dialog.list.shown.item_at(row) for row in range(dialog.list.shown.rowCount())]
    assert [item.card.name for item in shown] == ["grain", "large", "pixel"]
    dialog.list.select("pixel")
    assert shown[2].subtitle.startswith("LoRA for Stable Diffusion 1.x")
    assert dialog.view.title.text() == "Pixel & co"
    assert not dialog.actions_bar.default_button.isVisible()
    assert dialog.actions_bar.remove_button.isVisible()


def test_models_dialog_asks_for_the_base_model_of_a_lora(tab, qtbot, monkeypatch, tmp_path):
    dialog = ModelsDialog(tab.shared)
    qtbot.addWidget(dialog)
    dialog.show()
    asked = []

    def answer(_parent, _title, question, titles, *_more):
        asked.append((question, titles))
        return "XL", True

    monkeypatch.setattr(QInputDialog, "getItem", answer)
    dialog.add(put(tmp_path, lora_bytes("lora_unet_nowhere", width=5), "odd.safetensors"))
    qtbot.waitUntil(lambda: dialog.status.text() == "odd was added", timeout=10_000)
    assert "does not name the model" in asked[0][0]
    assert asked[0][1] == ["SD", "XL"]
    assert ModelRegistry(tab.shared.data).find("adapter", "odd").family == "SDXL"
