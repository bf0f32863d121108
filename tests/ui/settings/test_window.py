"""The window of settings, driven with mouse and keyboard."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from studio.core.drafts import load_drafts
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import BY_KEY, GROUPS, SETTINGS
from studio.core.settings_catalog.transfer import export_settings
from studio.core.settings_store import load_settings, update
from studio.models.hub.credentials import stored_token
from studio.models.hub.repository import Hub
from studio.ui.settings.shortcuts import refusal
from studio.ui.settings.transfer import ImportDialog, open_import
from studio.ui.settings.window import SettingsWindow
from tests.models.hub.keyrings import MemoryKeyring, in_use
from tests.ui.conftest import PATIENCE

CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def program(open_studio, monkeypatch):
    # the child that lists the GPUs imports torch
    monkeypatch.setattr("studio.ui.models.hardware_probe.HardwareProbe.start", lambda _probe: None)
    return open_studio()


@pytest.fixture
def settings_window(program):
    """Open the window with its shortcut."""
    QTest.keyClick(program.window, Qt.Key.Key_Comma, CONTROL)
    window = program.window.findChild(SettingsWindow)
    assert QTest.qWaitForWindowActive(window, PATIENCE)
    return window


def row_of(window, key):
    row = window.sections[BY_KEY[key].group].rows[key]
    window.show_setting(key)
    assert row.isVisible()
    return row


def type_into(control, text):
    control.setFocus()
    QTest.keySequence(control, "Ctrl+A")
    if text.isascii():
        QTest.keyClicks(control, text)
    else:
        control.insert(text)  # as an input method does
    QTest.keyClick(control, Qt.Key.Key_Return)


def answer(monkeypatch, title):
    """Click a button of the next message box; return the texts of the boxes."""
    seen = []

    def press(box):
        seen.append(box.text())
        for button in box.buttons():
            if button.text().replace("&", "") == title:
                button.click()

    monkeypatch.setattr(QMessageBox, "exec", press)
    return seen


def test_every_setting_is_in_its_group(settings_window):
    for at, group in enumerate(GROUPS):
        settings_window.groups.setCurrentRow(at)
        section = settings_window.sections[group]
        assert section.isVisible()
        assert sum(other.isVisible() for other in settings_window.sections.values()) == 1
        for setting in SETTINGS:
            if setting.group == group and setting.editor != "shortcuts":
                row = section.rows[setting.key]
                assert row.isVisible()
                assert row.editor.control.accessibleName() == setting.title


def test_changes_apply_at_once_and_are_kept(settings_window, program, data):
    theme = row_of(settings_window, "theme").editor.control
    QTest.keyClick(theme, Qt.Key.Key_Down)
    assert program.shared.settings.theme == "light"
    box = row_of(settings_window, "only_idle").editor.control
    QTest.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    type_into(row_of(settings_window, "text_size").editor.control, "120")
    type_into(row_of(settings_window, "unload_minutes").editor.control, "2.5")
    type_into(row_of(settings_window, "file_name").editor.control, "{date}-{seed}")
    type_into(row_of(settings_window, "endpoint").editor.control, "https://hub.example/")
    assert program.shared.save_now()
    settings = load_settings(data)
    assert (settings.theme, settings.only_idle, settings.text_size) == ("light", True, 120)
    assert (settings.unload_minutes, settings.file_name) == (2.5, "{date}-{seed}")
    assert settings.endpoint == "https://hub.example"
    assert settings_window.isVisible()


def test_return_in_a_field_presses_no_button(settings_window, program):
    type_into(row_of(settings_window, "file_name").editor.control, "{seed}")
    assert program.shared.settings.file_name == "{seed}"
    assert settings_window.isVisible()


def test_a_wrong_value_is_explained_and_not_used(settings_window, program):
    row = row_of(settings_window, "file_name")
    type_into(row.editor.control, "{row}")
    assert row._problem.isVisible()
    assert "{row} is unknown" in row._problem.text()
    assert program.shared.settings.file_name == ""
    type_into(row.editor.control, "{job}")
    assert not row._problem.isVisible()
    assert program.shared.settings.file_name == "{job}"


def test_a_folder_is_checked_before_it_is_used(settings_window, program, qtbot, tmp_path):
    row = row_of(settings_window, "output_folder")
    (tmp_path / "file").write_text("x")
    type_into(row.editor.control, str(tmp_path / "file"))
    qtbot.waitUntil(row._problem.isVisible, timeout=PATIENCE)
    assert program.shared.settings.output_folder == ""
    type_into(row.editor.control, str(tmp_path / "结果"))
    qtbot.waitUntil(
        lambda: program.shared.output_folder() == str(tmp_path / "结果"), timeout=PATIENCE
    )


def test_the_button_for_reset_appears_with_a_change(settings_window, program):
    row = row_of(settings_window, "threads")
    assert not row.reset_button.isVisible()
    type_into(row.editor.control, "3")
    assert row.reset_button.isVisible()
    QTest.mouseClick(row.reset_button, LEFT)
    assert program.shared.settings.threads == 0
    assert not row.reset_button.isVisible()
    assert row.editor.control.hasFocus()


def test_a_change_elsewhere_is_shown(settings_window, program, qtbot, data):
    row = row_of(settings_window, "threads")
    update(data, {"threads": 5})
    qtbot.waitUntil(lambda: row.editor.control.value() == 5, timeout=PATIENCE)
    assert row.reset_button.isVisible()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("threads", {"threads"}),
        ("FILE name token", {"file_name"}),
        ("mp3", {"audio_format", "compressed_quality"}),
        ("started again cpu", {"gpu", "threads"}),
    ],
)
def test_a_search_finds_settings_of_all_groups(settings_window, words, found):
    QTest.keyClicks(settings_window.search, words)
    rows = {
        key: row
        for section in settings_window.sections.values()
        for key, row in section.rows.items()
    }
    assert {key for key, row in rows.items() if row.isVisible()} == found
    shown = [
        item
        for at in range(len(GROUPS))
        if not (item := settings_window.groups.item(at)).isHidden()
    ]
    assert {GROUPS[BY_KEY[key].group] for key in found} == {item.text() for item in shown}
    assert any(
        "<span" in row._title.text() + row._description.text() for row in map(rows.get, found)
    )
    settings_window.search.clear()
    assert not any("<span" in row._title.text() + row._description.text() for row in rows.values())


def test_a_search_without_a_result_is_shown(settings_window):
    QTest.keyClicks(settings_window.search, "xyzzy <b>")
    assert settings_window._nothing.isVisible()
    assert "xyzzy <b>" in settings_window._nothing.text()
    settings_window.search.clear()
    assert not settings_window._nothing.isVisible()


def test_the_window_opens_once(program, settings_window):
    program.window.dialogs.show_settings("threads")
    assert len(program.window.findChildren(SettingsWindow)) == 1
    assert settings_window.sections["devices"].isVisible()


def test_all_settings_are_reset_after_a_question(settings_window, program, monkeypatch):
    assert not settings_window.reset_button.isEnabled()
    program.shared.change_settings(threads=3, shortcuts={"stop": "F9"}, last_tab=1)
    seen = answer(monkeypatch, "Reset")
    QTest.mouseClick(settings_window.reset_button, LEFT)
    assert "CPU threads" in seen[0]
    assert program.shared.settings.threads == 0
    assert program.shared.settings.shortcuts == {}
    assert program.shared.settings.last_tab == 1
    assert not settings_window.reset_button.isEnabled()


# Shortcuts
# ----------------------------------------------------------------------


def select(window, title):
    window.show_setting("shortcuts")
    table = window.sections["shortcuts"].shortcuts
    items = table.table.findItems(title, Qt.MatchFlag.MatchExactly)
    table.table.selectRow(next(item.row() for item in items if item.column() == 1))
    return table


def record(table, key, modifiers=CONTROL):
    table.keys.setFocus()
    QTest.keyClick(table.keys, key, modifiers)
    table.table.setFocus()  # ends the recording at once


def test_a_new_shortcut_works_in_the_form_and_after_a_restart(
    settings_window, program, qtbot, data
):
    record(select(settings_window, "Generate"), Qt.Key.Key_G)
    assert program.shared.settings.shortcuts == {"generate": "Ctrl+G"}
    settings_window.close()
    window = program.window
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, PATIENCE)
    tab = window.text_tab
    assert "Ctrl+G" in tab.generate_button.toolTip()
    tab.prompt.setFocus()
    QTest.keyClicks(tab.prompt, "a cat")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return, CONTROL)
    assert not window._actions["generate"].text().endswith("Return")
    QTest.keyClick(tab.prompt, Qt.Key.Key_G, CONTROL)
    qtbot.waitUntil(lambda: len(program.shared.queue.jobs()) == 1, timeout=PATIENCE)


def test_a_shortcut_of_a_menu_changes(settings_window, program):
    record(select(settings_window, "Queue"), Qt.Key.Key_U)
    item = program.window._actions["toggle_queue"]
    assert item.shortcut().toString() == "Ctrl+U"
    assert "Ctrl+U" in item.toolTip()
    table = select(settings_window, "Queue")
    QTest.mouseClick(table.reset_button, LEFT)
    assert item.shortcut().toString() == "Ctrl+J"
    assert program.shared.settings.shortcuts == {}


def test_keys_of_another_action_are_taken_only_when_asked(settings_window, program):
    table = select(settings_window, "Queue")
    record(table, Qt.Key.Key_M)
    assert "shortcut of Models" in table.notice.message
    assert program.shared.settings.shortcuts == {}
    use = next(one for one in table.notice.findChildren(type(table.reset_button)))
    assert use.text() == "Use it here"
    QTest.mouseClick(use, LEFT)
    assert program.shared.settings.shortcuts == {
        "toggle_queue": "Ctrl+M",
        "dialogs.show_models": "",
    }
    assert program.window._actions["dialogs.show_models"].shortcut().isEmpty()


@pytest.mark.parametrize("keys", ["A", "Shift+A", "Ctrl+C", "Space", "Return", "Left", "Del"])
def test_keys_for_typing_are_refused(keys):
    assert refusal(keys)


@pytest.mark.parametrize("keys", ["", "F9", "Esc", "Ctrl+Shift+A", "Alt+Left", "Ctrl+Space"])
def test_other_keys_are_free(keys):
    assert not refusal(keys)


def test_invalid_shortcuts_are_ignored(program):
    program.shared.change_settings(shortcuts={"stop": "nonsense", "unknown": "Ctrl+G"})
    assert program.window._actions["stop"].text().endswith("Esc")


def test_a_search_filters_the_table(settings_window):
    QTest.keyClicks(settings_window.search, "ctrl+j")
    table = settings_window.sections["shortcuts"].shortcuts.table
    shown = [at for at in range(table.rowCount()) if not table.isRowHidden(at)]
    assert [table.item(at, 1).text() for at in shown] == ["Queue"]


# Import, token, privacy
# ----------------------------------------------------------------------


def test_an_import_shows_what_changes_before_it_does(settings_window, program, qtbot, tmp_path):
    path = tmp_path / "settings.json"
    path.write_bytes(export_settings(Settings(threads=7, shortcuts={"stop": "F7"})))
    open_import(program.shared, path, settings_window)
    qtbot.waitUntil(lambda: bool(settings_window.findChild(ImportDialog)), timeout=PATIENCE)
    dialog = settings_window.findChild(ImportDialog)
    assert [dialog.table.item(0, at).text() for at in range(3)] == ["CPU threads", "0", "7"]
    assert program.shared.settings.threads == 0
    QTest.mouseClick(dialog.use_button, LEFT)
    assert program.shared.settings.threads == 7
    assert program.shared.settings.shortcuts == {"stop": "F7"}


def test_an_import_refuses_shortcuts_that_would_break_editing_or_others(
    settings_window, program, qtbot, tmp_path
):
    path = tmp_path / "hostile.json"
    path.write_text(
        '{"studio": "99", "settings": {"unknown\u202e<b>": 1, "shortcuts": '
        '{"generate": "Ctrl+C", "stop": "Ctrl+,", "toggle_form": "Ctrl+Alt+9"}}}',
        encoding="utf-8",
    )
    open_import(program.shared, path, settings_window)
    qtbot.waitUntil(lambda: settings_window.findChild(ImportDialog) is not None, timeout=PATIENCE)
    dialog = settings_window.findChild(ImportDialog)
    assert "Ctrl+C edits text" in dialog.refused.text()
    assert "Ctrl+, is the shortcut of" in dialog.refused.text()
    assert "\u202e" not in dialog.refused.text()
    QTest.mouseClick(dialog.use_button, LEFT)
    assert program.shared.settings.shortcuts == {"toggle_form": "Ctrl+Alt+9"}


def test_a_file_without_settings_is_explained(
    settings_window, program, qtbot, tmp_path, monkeypatch
):
    (tmp_path / "x.json").write_text("[]")
    seen = answer(monkeypatch, "")
    open_import(program.shared, tmp_path / "x.json", settings_window)
    qtbot.waitUntil(lambda: bool(seen), timeout=PATIENCE)
    assert "not a file of exported settings" in seen[0]


@pytest.fixture
def own_keyring():
    with in_use(MemoryKeyring()):
        yield


@pytest.mark.usefixtures("own_keyring")
def test_a_token_is_saved_in_the_keyring_and_deleted(settings_window, qtbot, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    settings_window.groups.setCurrentRow(list(GROUPS).index("hub"))
    panel = settings_window.sections["hub"].token
    type_into(panel.token, "hf_secret")
    qtbot.waitUntil(lambda: "A token" in panel.account.text(), timeout=PATIENCE)
    assert stored_token(Hub()) == "hf_secret"
    assert panel.token.text() == ""
    QTest.mouseClick(panel.delete_button, LEFT)
    qtbot.waitUntil(lambda: "No token" in panel.account.text(), timeout=PATIENCE)
    assert stored_token(Hub()) == ""


def test_drafts_and_finished_jobs_are_cleared(settings_window, program, qtbot, data, monkeypatch):
    tab = program.window.text_tab
    tab.prompt.insertPlainText("a secret")
    tab.generate()
    queue = program.shared.queue
    qtbot.waitUntil(lambda: queue.counts.over == 1, timeout=PATIENCE)
    assert program.shared.save_now()
    assert load_drafts(data)["text"]["prompt"] == "a secret"
    settings_window.groups.setCurrentRow(list(GROUPS).index("privacy"))
    panel = settings_window.sections["privacy"].stored
    answer(monkeypatch, "Clear")
    QTest.mouseClick(panel.clear_drafts_button, LEFT)
    QTest.mouseClick(panel.clear_jobs_button, LEFT)
    qtbot.waitUntil(lambda: not queue.jobs(), timeout=PATIENCE)
    assert program.shared.save_now()
    assert load_drafts(data) == {}
    assert tab.prompt.toPlainText() == "a secret"
    assert len(list(data.outputs.glob("*.txt"))) == 1
