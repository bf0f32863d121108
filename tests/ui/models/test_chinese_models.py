"""The dialogs of models in Chinese."""

import re

import pytest

from studio.ui.models.dialog import ModelsDialog
from studio.ui.models.download_dialog import DownloadDialog
from studio.ui.models.hub_dialog import HubDialog
from studio.ui.models.scan_dialog import ScanDialog
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.visible_controls import hidden_controls

NAMES = (
    "organization/name",
    "revision",
    "SmolLM2 135M Instruct",
    "Kokoro 82M",
    "gguf",
    "MB",
    "bitsandbytes",
    "Delete",
    "GB",
    "safetensors",
)


@pytest.fixture
def window(chinese, open_studio):
    window = open_studio().window
    window.resize(1024, 700)
    return window


@pytest.mark.parametrize("dialog_type", [DownloadDialog, HubDialog, ScanDialog])
def test_a_dialog_is_chinese_and_fits(window, qtbot, dialog_type):
    dialog = dialog_type(window.shared, parent=window)
    dialog.show()
    assert english_in(without_names(texts_of(dialog))) == []
    assert hidden_controls(dialog) == []
    dialog.close()


def test_the_models_are_chinese_and_fit(window, qtbot):
    dialog = ModelsDialog(window.shared, window)
    dialog.show()
    dialog.list.text.setText("SmolLM2 135M")
    qtbot.waitUntil(lambda: dialog.selected().card.name == "smollm2-135m-instruct")
    card = dialog.selected().card
    assert dialog.selected().subtitle.startswith("文本 · ")
    own = [name for name in (card.title, card.description, card.license, card.source) if name]
    texts = [text for text in without_names(texts_of(dialog)) if text not in own]
    assert english_in(re.sub("|".join(map(re.escape, own)), "", text) for text in texts) == []
    qtbot.waitUntil(lambda: hidden_controls(dialog) == [])
    dialog.close()


def without_names(texts):
    for text in texts:
        for name in NAMES:
            text = text.replace(name, "")
        yield text
