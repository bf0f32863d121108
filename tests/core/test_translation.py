"""The language of a process, and what its texts become."""

import os
import subprocess
import sys

import pytest

from studio.core import translation
from studio.core.translation import (
    VARIABLE,
    choose_language,
    current_language,
    tr,
    tr_marked,
    tr_plural,
    use_language,
)


def changes(count):
    return tr_plural("One setting changes.", "{count} settings change.", count)


def output_of(script):
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def chinese():
    use_language("zh_CN")
    yield
    use_language("en")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_SG"}, "zh_CN"),
        ({"LANG": "zh"}, "zh_CN"),
        ({"LANG": "zh_TW.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:zh_CN:en"}, "zh_CN"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:en:zh_CN"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8", "LANGUAGE": "zh_CN"}, "en"),
        ({"LANG": "C", "LC_ALL": ""}, "en"),
        ({"LANG": "zh_CN@pinyin"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", VARIABLE: "en"}, "en"),
        ({"LANG": "zh_CN.UTF-8", VARIABLE: "tlh"}, "zh_CN"),
    ],
)
def test_the_environment_chooses_the_language(environment, language):
    assert choose_language("system", (), environment) == language


@pytest.mark.parametrize(
    ("names", "language"),
    [
        (["zh-Hans-CN", "zh", "en-US"], "zh_CN"),
        (["fr-FR", "zh-CN"], "zh_CN"),
        (["zh-Hant-TW"], "en"),
    ],
)
def test_the_desktop_chooses_where_no_variable_does(names, language):
    assert choose_language("system", names, {}) == language
    assert choose_language("system", names, {"LANG": "en_US.UTF-8"}) == "en"


def test_the_setting_beats_the_environment_but_not_the_variable():
    assert choose_language("zh_CN", (), {"LANG": "de_DE.UTF-8"}) == "zh_CN"
    assert choose_language("en", (), {"LANG": "zh_CN.UTF-8"}) == "en"
    assert choose_language("en", (), {VARIABLE: "zh_CN"}) == "zh_CN"


def test_english_is_the_source():
    assert tr("Settings") == "Settings"
    assert tr("Saved {name}", name="{x}") == "Saved {x}"
    assert tr("Write it like {date}-{prompt:30}.") == "Write it like {date}-{prompt:30}."
    assert changes(1) == "One setting changes."
    assert changes(0) == "0 settings change."


def test_a_text_is_translated(chinese):
    assert current_language() == "zh_CN"
    assert tr("Settings") == "设置"
    assert tr("Saved {name}", name="{x} & 猫") == "已保存 {x} & 猫"
    assert changes(1) == "将更改 1 项设置。"
    assert changes(5) == "将更改 5 项设置。"


def test_a_text_without_translation_stays_english(chinese):
    assert tr_marked("A text that no catalog has") == "A text that no catalog has"
    assert tr_marked("Settings", "of a camera") == "Settings"
    assert tr_marked("") == ""


def test_a_child_has_the_language_of_its_parent(chinese):
    script = "from studio.core.translation import tr; print(ascii(tr('Settings')))"
    assert output_of(script) == ascii("设置")


def test_a_missing_catalog_means_english(monkeypatch, tmp_path):
    monkeypatch.setattr(translation, "resources", lambda: tmp_path)
    use_language("zh_CN")
    assert tr("Settings") == "Settings"
    assert current_language() == os.environ[VARIABLE] == "en"


def test_english_opens_no_catalog():
    script = "import sys; from studio.core.translation import tr; tr('Settings')\n"
    script += "print('gettext' in sys.modules)"
    assert output_of(script) == "False"
