"""The catalog of settings, and what each of its values may be."""

import msgspec
import pytest

from studio.core.errors import StudioError
from studio.core.resources import resources
from studio.core.settings import Settings
from studio.core.settings_catalog.catalog import BY_KEY, GROUPS, SETTINGS
from studio.core.settings_catalog.transfer import export_settings, import_settings
from studio.core.settings_catalog.values import (
    checked_value,
    find_setting,
    is_changed,
    read_value,
    reset_change,
    value_change,
    value_text,
)
from studio.core.settings_store import apply_change, check_change

NOT_SHOWN = {
    "default_models",  # chosen in the Models window
    "model_memory",
    "geometry",
    "history_since",
    "advanced_shown",
    "prompt_heights",
    "window_state",
    "last_tab",
    "library_sidebar",
    "text_view",
    "text_columns",  # chosen above the candidates
    "text_heat_map",
    "last_document",
    "document_font",  # chosen in the document's own menu
    "document_size",
    "document_spelling",
    "document_width",
    "starter_declined",
    "larger_declined",
    "pending_installs",
}
OTHER = {
    "theme": "dark",
    "text_size": "150",
    "file_name": "{date}-{prompt:20}",
    "text_format": "md",
    "image_format": "webp",
    "audio_format": "flac",
    "compressed_quality": "small",
    "memory": "4-bit",
    "unload_minutes": "2.5",
    "warm_start": "off",
    "gpu": "1",
    "threads": "4",
    "order_by_model": "no",
    "batch_jobs": "false",
    "keep_awake": "0",
    "only_idle": "on",
    "pause_on_disk": "off",
    "endpoint": "https://hub.example",
    "offline": "yes",
    "audio_device": "Headphones 耳机",
    "play_while_generating": "off",
    "notify": "off",
    "recipe_in_files": "off",
    "keep_drafts": "off",
    "shortcuts": '{"generate":"Ctrl+G"}',
}


def test_every_setting_is_in_the_catalog_once():
    keys = [setting.key for setting in SETTINGS]
    assert len(set(keys)) == len(keys)
    assert set(keys) | NOT_SHOWN == set(Settings.__struct_fields__)
    assert {setting.group for setting in SETTINGS} == set(GROUPS)


def test_every_setting_is_documented():
    page = (resources().parent / "docs" / "settings.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert f"| {GROUPS[setting.group]} | {setting.title} | `{setting.key}` |" in page


@pytest.mark.parametrize("key", OTHER)
def test_a_value_is_read_shown_changed_and_reset(key):
    setting, settings = BY_KEY[key], Settings()
    value = read_value(setting, OTHER[key])
    assert value != setting.default
    assert read_value(setting, value_text(setting, value)) == value
    change = value_change(setting, value, settings)
    check_change(change)
    apply_change(settings, change)
    assert getattr(settings, key) == value
    assert is_changed(setting, settings)
    apply_change(settings, reset_change(setting, settings))
    assert settings == Settings()


def test_the_default_of_every_setting_is_valid():
    for setting in SETTINGS:
        assert checked_value(setting, setting.default) == setting.default


@pytest.mark.parametrize(
    ("key", "text", "cure"),
    [
        ("theme", "blue", "system, light, dark"),
        ("text_size", "300", "80 to 200"),
        ("text_size", "1.5", "whole number"),
        ("unload_minutes", "nan", "0 to 100000"),
        ("unload_minutes", "1e400", "0 to"),
        ("threads", "9" * 30, "0 to 1024"),
        ("threads", "9" * 5_000, "0 to 1024"),
        ("gpu", "-1", "0 to 63"),
        ("notify", "maybe", "on or off"),
        ("file_name", "{row}", "{date}"),
        ("file_name", "a/b", "{date}"),
        ("endpoint", "ftp://x", "https"),
        ("output_folder", "/dev/null/x", "folder"),
        ("output_folder", "a\0b", "without control"),
        ("shortcuts", "[1]", "object"),
        ("shortcuts", "{", "{"),
        ("shortcuts", '{"a": 1}', "object"),
        ("shortcuts", '{"a": "' + "x" * 200 + '"}', "window"),
        ("shortcuts", '{"stop": "Ctrl+G", "generate": "ctrl + g"}', "keys of its own"),
        ("file_name", "\ud800", "without control"),
    ],
)
def test_an_invalid_value_is_refused_with_what_is_allowed(key, text, cure):
    with pytest.raises(StudioError) as caught:
        read_value(BY_KEY[key], text)
    assert caught.value.cause == "invalid"
    assert cure in caught.value.cure or cure in caught.value.message


def test_names_may_be_written_with_dashes():
    assert find_setting("text-size").key == "text_size"
    with pytest.raises(StudioError, match="no setting 'geometry'"):
        find_setting("geometry")


def test_a_table_is_replaced_as_a_whole():
    settings = Settings(shortcuts={"generate": "Ctrl+G", "stop": "F9"})
    apply_change(settings, value_change(BY_KEY["shortcuts"], {"stop": "F8"}, settings))
    assert settings.shortcuts == {"stop": "F8"}


def test_exported_settings_come_back():
    settings = Settings()
    for key, text in OTHER.items():
        setting = BY_KEY[key]
        apply_change(settings, value_change(setting, read_value(setting, text), settings))
    imported = import_settings(export_settings(settings), Settings())
    assert set(imported.values) == set(OTHER)
    assert imported.refused == {}
    again = Settings()
    apply_change(again, imported.change)
    assert again == settings
    assert import_settings(export_settings(settings), settings).change == {}


def test_an_import_uses_what_is_valid_and_names_the_rest():
    content = msgspec.json.encode(
        {"studio": "9", "settings": {"theme": "dark", "text_size": 9, "geometry": "x", "new": 1}}
    )
    imported = import_settings(content, Settings())
    assert imported.change == {"theme": "dark"}
    assert set(imported.refused) == {"text_size", "geometry", "new"}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"settings": {}}', b"[" * 100_000, b'{"studio": "1"}']
)
def test_a_file_that_is_no_export_is_refused(content):
    with pytest.raises(StudioError, match="not a file of exported settings"):
        import_settings(content, Settings())
