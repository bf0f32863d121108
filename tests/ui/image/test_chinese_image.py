"""The canvas and the source image's panel in Chinese."""

import numpy as np
import pytest
from PIL import Image

from studio.ui.image.canvas.tools import ToolKind
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.image.test_source_image import wait_seen
from tests.ui.visible_controls import hidden_controls


@pytest.fixture
def tab(chinese, open_studio):
    window = open_studio().window
    window.resize(1024, 700)
    window.show_tab("image")
    return window.image_tab


def test_the_source_image_and_its_mask_are_chinese(tab, qtbot, tmp_path):
    photo = tmp_path / "照片.png"
    Image.fromarray(np.full((48, 80, 3), 120, np.uint8)).save(photo)
    tab.form.set_values({"width": 80, "height": 48})
    tab.source.set_path(str(photo))
    wait_seen(qtbot, tab)
    names = {str(photo), photo.name, tab.source._name.text()}
    assert (
        english_in(text.replace(photo.name, "") for text in set(texts_of(tab.source)) - names) == []
    )
    assert hidden_controls(tab.source) == []
    tab.source.paint_button.click()
    page = tab.stage.canvas.page
    qtbot.waitUntil(lambda: page.isVisible() and page.view.isEnabled(), timeout=30_000)
    assert page.use_button.text() == "使用"
    for kind in (ToolKind.BRUSH, ToolKind.FRAME):
        page.toolbar.choose(kind)
        assert english_in(texts_of(page)) == []
        assert hidden_controls(page) == []
    page.cancel_button.click()
