"""The windows of the help menu and of presets in Chinese."""

import pytest

from studio.core.presets import Preset
from studio.ui.help.about import AboutWindow
from studio.ui.help.documents_window import DocumentsWindow
from studio.ui.help.palette import Palette
from studio.ui.help.shortcuts_window import ShortcutsWindow
from studio.ui.tabs.presets.manage_dialog import ManageDialog
from studio.ui.tabs.presets.save_dialog import SaveDialog
from tests.ui.chinese_texts import english_in, texts_of
from tests.ui.conftest import PATIENCE
from tests.ui.visible_controls import hidden_controls


@pytest.fixture
def window(chinese, open_studio):
    window = open_studio().window
    window.resize(1024, 700)
    return window


def left_in(dialog, *names):
    texts = {text for text in texts_of(dialog) if not any(name in text for name in names)}
    return english_in(texts), hidden_controls(dialog)


def test_the_about_window_is_chinese(window, data):
    about = AboutWindow(window.shared, window)
    about.show()
    assert left_in(about, "Apache License 2.0", "Python", str(data.root)) == ([], [])
    about.close()


def test_the_shortcuts_are_chinese(window):
    shortcuts = ShortcutsWindow(window.shared, window)
    shortcuts.show()
    assert left_in(shortcuts) == ([], [])
    table = shortcuts.table
    cells = [table.item(row, column).text() for row in range(table.rowCount()) for column in (0, 1)]
    assert english_in(cells) == []
    shortcuts.close()


def test_the_documents_are_framed_in_chinese(window):
    documents = DocumentsWindow(window.shared, window)
    documents.show()
    assert left_in(documents) == ([], [])
    documents.close()


def test_the_palette_finds_a_chinese_action(window, qtbot):
    window.action("dialogs.show_palette").trigger()
    palette = window.findChild(Palette)
    palette.search.setText("设置")
    qtbot.waitUntil(
        lambda: palette.model.rowCount() > 0 and not palette._is_searching, timeout=PATIENCE
    )
    assert left_in(palette) == ([], [])
    entries = palette.model.entries
    assert english_in(entry.group for entry in entries) == []
    assert any(entry.title.startswith("设置") for entry in entries)
    palette.close()


def test_the_dialogs_of_presets_are_chinese(window):
    form = Preset(title="猫", values={"prompt": "一只猫", "num_images": 2})
    save = SaveDialog(window.shared, "image", form, window)
    save.show()
    assert left_in(save) == ([], [])
    save.close()
    manage = ManageDialog(window.shared, "image", window)
    manage.show()
    assert left_in(manage) == ([], [])
    manage.close()
