"""Each setting has a test that shows what it changes, not only that it is stored."""

import ast
from pathlib import Path

import pytest

from studio.core.settings_catalog.catalog import BY_KEY

ROOT = Path(__file__).parents[3]
UI, WRITER = "tests/ui/settings/test_effects.py", "tests/ui/settings/test_writer.py"
DEVICE = "tests/engine/runtime/test_device.py"
EFFECTS = {
    "language": (
        "tests/ui/test_language.py",
        "test_the_language_chosen_in_the_settings_is_that_of_the_next_start",
    ),
    "theme": (WRITER, "test_an_open_window_follows_a_command"),
    "text_size": (WRITER, "test_an_open_window_follows_a_command"),
    "output_folder": (UI, "test_results_get_the_folder_the_name_and_the_format_of_texts"),
    "file_name": (UI, "test_results_get_the_folder_the_name_and_the_format_of_texts"),
    "text_format": (UI, "test_results_get_the_folder_the_name_and_the_format_of_texts"),
    "image_format": (UI, "test_images_get_the_format_and_restore_the_form"),
    "audio_format": (
        "tests/cli/test_settings.py",
        "test_names_and_formats_of_results_follow_the_settings",
    ),
    "compressed_quality": (
        "tests/cli/test_image.py",
        "test_compressed_files_are_smaller_with_the_setting",
    ),
    "memory": ("tests/cli/test_memory.py", "test_the_setting_decides_how_a_model_is_loaded"),
    "unload_minutes": (
        "tests/engine/test_engines.py",
        "test_an_unused_model_is_freed_in_the_child",
    ),
    "warm_start": ("tests/ui/test_memory.py", "test_last_used_model_is_loaded_at_window_start"),
    "gpu": (DEVICE, "test_the_chosen_gpu_is_the_only_one_that_torch_sees"),
    "threads": (
        DEVICE,
        "test_a_model_uses_the_chosen_number_of_threads_and_a_missing_gpu_is_ignored",
    ),
    "order_by_model": (UI, "test_jobs_are_grouped_by_model"),
    "batch_jobs": (UI, "test_jobs_with_equal_settings_run_as_one_batch"),
    "keep_awake": (
        "tests/ui/desktop/test_desktop_settings.py",
        "test_sleep_is_inhibited_until_a_command_turns_it_off",
    ),
    "only_idle": (
        "tests/ui/desktop/test_desktop_settings.py",
        "test_jobs_wait_while_the_desktop_is_in_use_until_a_command_lets_them_run",
    ),
    "pause_on_disk": (UI, "test_a_batch_that_cannot_be_saved_pauses_the_queue"),
    "endpoint": (
        "tests/models/hub/test_download_cli.py",
        "test_endpoint_and_offline_are_saved",
    ),
    "offline": (
        "tests/ui/models/test_download_dialog.py",
        "test_offline_and_endpoint_are_saved_and_applied",
    ),
    "audio_device": (UI, "test_an_output_device_is_chosen"),
    "play_while_generating": ("tests/ui/test_audio_tab.py", "test_autoplay_can_be_turned_off"),
    "notify": (UI, "test_the_end_of_a_long_run_is_notified"),
    "recipe_in_files": (
        "tests/cli/test_image.py",
        "test_a_recipe_outside_the_file_is_found_by_the_library_and_not_in_the_file",
    ),
    "keep_drafts": (WRITER, "test_drafts_that_are_not_to_be_kept_last_until_the_end"),
    "shortcuts": (
        "tests/ui/settings/test_window.py",
        "test_a_new_shortcut_works_in_the_form_and_after_a_restart",
    ),
}
"""Setting → (file, test)."""


def test_each_setting_has_a_test_of_its_effect():
    assert EFFECTS.keys() == BY_KEY.keys()


@pytest.mark.parametrize("key", EFFECTS)
def test_the_test_of_an_effect_exists(key):
    file, name = EFFECTS[key]
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
