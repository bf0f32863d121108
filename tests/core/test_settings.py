"""Settings: read back as written, whole after a kill, and never a reason not to start."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.paths import DataFolder
from studio.core.settings import Settings, load_settings, save_settings

_plain = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    drafts=st.dictionaries(_text, st.dictionaries(_text, _plain.filter(lambda value: not isinstance(value, str)))),
    prompts=st.lists(_text),
    models=st.dictionaries(_text, _text),
)
def test_what_is_saved_is_read(tmp_path_factory, drafts, prompts, models):
    folder = DataFolder(root=tmp_path_factory.getbasetemp() / "设置")
    settings = Settings(drafts=drafts, recent_prompts=prompts, default_models=models, theme="dark", last_tab=2)
    save_settings(folder, settings)
    assert load_settings(folder) == settings


def test_without_a_file_the_defaults_hold(data):
    assert load_settings(data) == Settings()
    assert not data.settings.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"theme": "pink"}', b'{"drafts": 7}', b'{"last_tab": 1e99}',
        b'{"geometry": "\xff"}',
        b'{"drafts": {"text": ' + b"[" * 100_000, b'{"drafts": {"text": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}}",
        b"\0" * 4096,
    ],
)  # fmt: skip
def test_a_damaged_file_is_kept_aside(data, content):
    data.settings.write_bytes(content)
    assert load_settings(data) == Settings()
    assert not data.settings.exists()
    aside = list(data.root.glob("settings.damaged-*"))
    assert [path.read_bytes() for path in aside] == [content]
    save_settings(data, Settings(theme="dark"))
    assert load_settings(data).theme == "dark"


def test_what_another_version_wrote_is_passed_over(data):
    data.settings.write_text('{"theme": "light", "from_the_future": {"a": [1]}}')
    assert load_settings(data) == Settings(theme="light")


def test_a_folder_in_the_way_does_not_hinder(data):
    data.settings.mkdir()
    assert load_settings(data) == Settings()
    save_settings(data, Settings(theme="dark"))
    assert load_settings(data).theme == "dark"


def test_a_kill_while_saving_leaves_the_old_or_the_new(data):
    program = (
        "from studio.core.paths import data_folder; from studio.core.settings import Settings, save_settings\n"
        "for number in range(10**9):\n"
        "    save_settings(data_folder(), Settings(last_tab=number, recent_prompts=['x' * 1000] * 100))\n"
        "    print(number, flush=True)"
    )
    for kill_after in (1, 3, 5, 8):
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if int(line) >= kill_after:
                break
        process.kill()
        process.wait()
        process.stdout.close()
        settings = load_settings(data)
        assert settings.last_tab >= kill_after
        assert len(settings.recent_prompts) == 100
    assert not list(data.root.glob("settings.damaged-*"))
