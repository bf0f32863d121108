"""Test the window's settings and drafts: shared with commands, saved by one thread, recoverable."""

import json
import os
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from studio.core.drafts import load_drafts, save_drafts
from studio.core.file_lock import hold
from studio.core.settings_store import load_settings, update
from studio.ui.tabs.base import GenerateTab
from studio.ui.widgets import theme
from tests.cli.programs import studio as run_studio
from tests.ui.conftest import PATIENCE, close_studio


def test_window_keeps_settings_changed_by_a_command(qtbot, open_studio, data):
    studio = open_studio()
    tab = studio.window.text_tab
    for arguments in (
        ("models", "hub", "--offline", "--endpoint", "https://hub.example"),
        ("models", "memory", "4-bit"),
        ("models", "memory", "--unload", "3", "--no-warm-start"),
    ):
        assert run_studio(*arguments, data=data).returncode == 0
        QTest.keyClicks(tab.prompt, "x")
        studio.window.set_theme("dark")
        assert studio.shared.save_now()
    settings = load_settings(data)
    assert (settings.offline, settings.endpoint) == (True, "https://hub.example")
    assert (settings.memory, settings.unload_minutes, settings.warm_start) == ("4-bit", 3, False)
    assert settings.theme == "dark"
    qtbot.waitUntil(lambda: studio.settings == settings, timeout=PATIENCE)
    close_studio(studio)
    assert load_settings(data).offline
    assert load_drafts(data)["text"]["prompt"] == "xxx"


def test_window_applies_settings_changed_by_a_command(qtbot, open_studio, data):
    studio = open_studio()
    update(data, {"offline": True, "model_memory": {"m": "8-bit"}})
    qtbot.waitUntil(lambda: studio.shared.settings.offline, timeout=PATIENCE)
    assert studio.settings.model_memory == {"m": "8-bit"}


def test_latest_settings_are_saved_at_close_while_the_lock_is_held(open_studio, data):
    studio = open_studio()
    studio.shared.save_now()
    with hold(data.settings_lock):
        studio.window.set_theme("light")
        QTest.keyClicks(studio.window.text_tab.prompt, "a")
        studio.window.show_tab("image")
        studio.window.set_theme("dark")
        QTest.keyClicks(studio.window.image_tab.prompt, "b")
        assert load_settings(data).theme == "system"
    close_studio(studio)
    assert (load_settings(data).theme, load_settings(data).last_tab) == ("dark", 1)
    drafts = load_drafts(data)
    assert (drafts["text"]["prompt"], drafts["image"]["prompt"]) == ("a", "b")


def test_last_of_many_changes_is_saved(open_studio, data):
    studio = open_studio()
    for number in range(200):
        studio.shared.change_settings(
            last_tab=number, default_models={f"kind {number % 7}": str(number)}
        )
    close_studio(studio)
    assert load_settings(data).last_tab == 199
    assert load_settings(data).default_models == {
        f"kind {number % 7}": str(number) for number in range(193, 200)
    }


@pytest.fixture
def no_modal(monkeypatch):
    def refuse(box):
        raise AssertionError(f"a modal message: {box.text()}")

    monkeypatch.setattr(QMessageBox, "exec", refuse)


@pytest.mark.parametrize("refused", ["settings", "drafts"])
def test_failed_save_is_reported_once_and_retried(qtbot, open_studio, data, no_modal, refused):
    studio = open_studio()
    studio.shared.save_now()
    messages = []
    studio.shared.save_failed.connect(messages.append)
    in_the_way = data.settings_lock if refused == "settings" else data.drafts
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    for text in ("a", "b", "c"):
        QTest.keyClicks(studio.window.text_tab.prompt, text)
        studio.shared.change_settings(endpoint=text)
        assert not studio.shared.save_now()
        QApplication.processEvents()
    assert len(messages) == 1
    assert "cannot be saved" in studio.window.settings_banner.message
    assert studio.window.settings_banner.isVisible()
    assert studio.window.isEnabled()
    in_the_way.rmdir()
    studio.shared.change_settings(theme="dark")
    assert studio.shared.save_now()
    qtbot.waitUntil(lambda: not studio.window.settings_banner.isVisible(), timeout=PATIENCE)
    assert messages[1:] == [""]
    assert (load_settings(data).endpoint, load_drafts(data)["text"]["prompt"]) == ("c", "abc")


def test_window_closes_if_settings_cannot_be_saved(open_studio, data, no_modal):
    studio = open_studio()
    studio.shared.save_now()
    data.settings_lock.unlink(missing_ok=True)
    data.settings_lock.mkdir()
    close_studio(studio)
    assert not studio.window.isVisible()


def test_damaged_settings_are_renamed_and_reported(open_studio, data):
    data.settings.write_bytes(b'{"theme": "da')
    studio = open_studio()
    (aside,) = data.root.glob("settings.damaged-*")
    assert aside.name in studio.window.settings_banner.message
    assert studio.window.settings_banner.isVisible()


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders")
def test_window_starts_with_pipes_in_place_of_settings_and_drafts(open_studio, data):
    os.mkfifo(data.settings)
    os.mkfifo(data.drafts)
    studio = open_studio()
    QTest.keyClicks(studio.window.text_tab.prompt, "x")
    close_studio(studio)
    assert load_drafts(data)["text"]["prompt"] == "x"


def test_settings_of_a_later_version_are_kept(open_studio, data):
    later = {"memory": "2-bit", "theme": "sepia", "sidebar": {"width": 3}, "starter_declined": True}
    data.settings.write_text(json.dumps(later))
    studio = open_studio()
    studio.window.show_tab("image")
    close_studio(studio)
    on_disk = json.loads(data.settings.read_bytes())
    assert {name: on_disk[name] for name in later} == later
    assert on_disk["last_tab"] == 1


def test_drafts_of_an_earlier_version_are_migrated(open_studio, data):
    data.settings.write_text(
        json.dumps(
            {"theme": "dark", "drafts": {"text": {"prompt": "a cat"}}, "recent_prompts": ["x"]}
        )
    )
    studio = open_studio()
    assert studio.window.text_tab.prompt.toPlainText() == "a cat"
    close_studio(studio)
    assert load_drafts(data)["text"]["prompt"] == "a cat"
    assert not {"drafts", "recent_prompts"} & set(json.loads(data.settings.read_bytes()))


WRONG = (None, True, -1, 10**30, 1e300, "x", "\0", [], [1, {}], {"a": 1}, "999999999999")


def test_valid_fields_of_an_invalid_draft_are_restored(open_studio, data):
    studio = open_studio()
    tabs: list[GenerateTab] = [
        studio.window.text_tab,
        studio.window.image_tab,
        *studio.window.audio_tab.pages,
    ]
    for tab in tabs:
        names = [*tab.values(), "model"]
        for wrong in WRONG:
            tab.set_values(dict.fromkeys(names, wrong) | {"prompt": "a cat"})
            assert tab.prompt.toPlainText() == "a cat"
        tab.set_values({"prompt": 10**30})
    close_studio(studio)
    save_drafts(
        data,
        {
            "text": dict.fromkeys(studio.window.text_tab.values(), 1e300),
            "image": [1],
            "music": {"prompt": "b"},
        },
    )
    studio = open_studio()
    assert studio.window.text_tab.prompt.toPlainText() == ""
    assert studio.window.audio_tab.music.prompt.toPlainText() == "b"


def test_an_open_window_follows_a_command(qtbot, open_studio, data):
    studio = open_studio()
    pixels = studio.application.font().pixelSize()
    menu = studio.window.queue_dock.panel.pause_menu
    for name, value in (("theme", "dark"), ("text_size", "150"), ("batch_jobs", "off")):
        assert run_studio("settings", "set", name, value, data=data).returncode == 0
    qtbot.waitUntil(lambda: not studio.shared.settings.batch_jobs, timeout=PATIENCE)
    assert theme.is_dark(studio.application)
    assert studio.application.font().pixelSize() > pixels
    assert not studio.session.queue.batch_jobs
    assert not menu.batch_jobs.isChecked()
    menu.batch_jobs.trigger()
    assert studio.session.queue.batch_jobs
    studio.shared.change_settings(theme="light", text_size=100)
    assert not theme.is_dark(studio.application)
    assert studio.application.font().pixelSize() == pixels


def test_every_setting_of_the_queue_reaches_it(open_studio):
    studio = open_studio()
    studio.shared.change_settings(
        order_by_model=False, pause_on_disk=False, file_name="{seed}", keep_awake=False
    )
    queue = studio.session.queue
    assert (queue.by_model, queue.ends.pause_on_disk, queue.name_template) == (
        False,
        False,
        "{seed}",
    )
    assert not studio.session.worker.keep_awake


def test_a_form_begins_with_the_format_of_the_settings_until_another_is_chosen(open_studio, data):
    studio = open_studio()
    editor = studio.window.audio_tab.speech.form.fields["format"].editor
    assert editor.currentData() == "wav"
    studio.shared.change_settings(audio_format="flac")
    assert editor.currentData() == "flac"
    close_studio(studio)
    update(data, {"audio_format": "ogg"})
    studio = open_studio()
    speech = studio.window.audio_tab.speech
    editor = speech.form.fields["format"].editor
    assert editor.currentData() == "ogg"
    editor.setCurrentIndex(editor.findData("mp3"))
    studio.shared.change_settings(audio_format="wav")
    assert editor.currentData() == "mp3"
    close_studio(studio)
    assert open_studio().window.audio_tab.speech.form.fields["format"].value() == "mp3"


def test_drafts_that_are_not_to_be_kept_last_until_the_end(open_studio, data):
    studio = open_studio()
    QTest.keyClicks(studio.window.text_tab.prompt, "abc")
    assert studio.shared.save_now()
    assert load_drafts(data)["text"]["prompt"] == "abc"
    studio.shared.change_settings(keep_drafts=False)
    QTest.keyClicks(studio.window.text_tab.prompt, "d")
    assert studio.shared.save_now()
    assert load_drafts(data) == {}
    assert studio.window.text_tab.prompt.toPlainText() == "abcd"
    assert studio.shared.draft("text")["prompt"] == "abcd"
    close_studio(studio)
    assert open_studio().window.text_tab.prompt.toPlainText() == ""


def test_a_result_is_named_as_the_settings_say(qtbot, open_studio, data):
    studio = open_studio()
    studio.shared.change_settings(file_name="{kind} {prompt:9}")
    tab = studio.window.text_tab
    QTest.keyClicks(tab.prompt, "Write about light")
    QTest.keyClick(tab.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(list(data.outputs.glob("*.txt"))), timeout=PATIENCE)
    (path,) = data.outputs.glob("*.txt")
    assert path.name.startswith("text-Write-abo-")
