"""Presets: Studio's are valid, own ones are stored, shared and read with care."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import DataFolder
from studio.core.presets import (
    MAX_TITLE,
    Preset,
    delete_preset,
    describe,
    encode_preset,
    own_presets,
    presets,
    read_preset,
    save_preset,
    shareable,
)
from studio.core.requests import build_request

HEADLINE = Preset(
    "Headline 标题", {"prompt": "This is a news article about …", "num_beams": 5}, "…"
)


@pytest.fixture
def data(tmp_path):
    return DataFolder(tmp_path / "data")


@pytest.mark.parametrize("kind", KINDS)
def test_presets_of_studio_are_valid_requests(kind):
    for preset in presets(kind):
        build_request(KINDS[kind].request_type, {"prompt": "x", **preset.values})
        assert not preset.select or preset.select in preset.values["prompt"]
        assert describe(kind, preset) != "Nothing"


def test_own_presets_are_stored_by_title(data):
    save_preset(data, "text", HEADLINE)
    save_preset(data, "text", Preset("a poem", {"temperature": 0.9}))
    assert [preset.title for preset in own_presets(data, "text")] == ["a poem", HEADLINE.title]
    assert own_presets(data, "text")[1] == HEADLINE
    assert own_presets(data, "image") == []


def test_a_title_is_used_once_unless_replaced(data):
    save_preset(data, "text", HEADLINE)
    changed = Preset(HEADLINE.title.upper(), {"temperature": 0.1})
    with pytest.raises(StudioError, match="exists"):
        save_preset(data, "text", changed)
    save_preset(data, "text", changed, replace=True)
    assert own_presets(data, "text") == [changed]


def test_titles_with_the_same_file_name_are_kept_apart(data):
    save_preset(data, "text", Preset("a/b", {"top_k": 1}))
    save_preset(data, "text", Preset("a:b", {"top_k": 2}))
    assert [preset.values["top_k"] for preset in own_presets(data, "text")] == [1, 2]


def test_deleted_preset_can_be_saved_again(data):
    save_preset(data, "text", HEADLINE)
    delete_preset(data, "text", HEADLINE.title)
    assert own_presets(data, "text") == []
    delete_preset(data, "text", "unknown")
    save_preset(data, "text", HEADLINE)
    assert own_presets(data, "text") == [HEADLINE]


def test_preset_needs_a_title(data):
    with pytest.raises(StudioError, match="needs a name"):
        save_preset(data, "text", Preset("  ", {}))


def test_description_lists_what_is_set():
    assert describe("text", HEADLINE) == "Prompt, Beams 5"
    assert describe("text", Preset("x", {"max_new_tokens": 20, "system_prompt": ""})) == "Length 20"
    assert describe("text", Preset("x", {})) == "Nothing"


def test_files_and_seeds_are_not_shared():
    values = {"prompt": "a", "seed": 3, "image": "/home/me/a.png", "width": 64, "unknown": 1}
    assert shareable("image", values) == {"prompt": "a", "width": 64}


def test_shared_preset_is_read_without_what_is_unknown_or_invalid(tmp_path):
    path = tmp_path / "x.preset.json"
    values = {
        "prompt": "a cat",
        "width": 64,
        "height": "large",
        "guidance_scale": 1e9,
        "image": "/etc/passwd",
        "new": 1,
    }
    path.write_bytes(encode_preset("image", Preset("Cat", values)))
    read = read_preset(path)
    assert read.kind == "image"
    assert read.preset.values == {"prompt": "a cat", "width": 64}
    assert set(read.ignored) == {"height", "guidance_scale", "image", "new"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"kind": "text"}',
        b'{"kind": "unknown", "preset": {"title": "x", "values": {}}}',
        b'{"kind": "text", "studio_preset": 99, "preset": {"title": "x", "values": {}}}',
        b'{"kind": "text", "preset": {"title": 5, "values": {}}}',
        b"[" * 100_000,
        b'"' + b"x" * (2 << 20),
        b"\xff\xfe",
    ],
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "x.preset.json"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=r"x\.preset\.json"):
        read_preset(path)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("a\nb\tc\x00d", "a b c d"),
        ("\u202eabc\u200b", "abc"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("x" * 900_000, "x" * MAX_TITLE),
        ("水墨 " * 60, ("水墨 " * 60)[:MAX_TITLE].strip()),
    ],
)
def test_a_title_from_a_file_is_one_short_line_and_no_path(data, tmp_path, title, shown):
    path = tmp_path / "x.preset.json"
    path.write_bytes(encode_preset("text", Preset(title, {"top_k": 3})))
    read = read_preset(path)
    assert read.preset.title == shown
    save_preset(data, read.kind, read.preset)
    (stored,) = data.presets.rglob("*.json")
    assert stored.parent == data.presets / "text"
    assert own_presets(data, "text") == [read.preset]


@pytest.mark.parametrize("title", ["", " \n", "\x00\u200b"])
def test_a_preset_without_a_visible_title_is_refused(tmp_path, title):
    path = tmp_path / "x.preset.json"
    path.write_bytes(encode_preset("text", Preset(title, {})))
    with pytest.raises(StudioError, match="has no name"):
        read_preset(path)


def test_names_that_are_left_out_are_short(tmp_path):
    path = tmp_path / "x.preset.json"
    path.write_bytes(encode_preset("text", Preset("x", {"un\nknown" * 1_000: 1})))
    (ignored,) = read_preset(path).ignored
    assert len(ignored) <= MAX_TITLE
    assert ignored.isprintable()


def test_missing_file_and_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(StudioError):
            read_preset(path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["prompt", "top_k", "temperature", "format", "x"]), _JSON))
def test_any_values_are_read_or_left_out(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("presets") / "x.preset.json"
    document = {"kind": "text", "preset": {"title": "x", "values": values}}
    path.write_text(json.dumps(document), encoding="utf-8", errors="surrogatepass")
    try:
        read = read_preset(path)
    except StudioError:  # JSON without NaN, valid UTF-8
        return
    assert set(read.preset.values) | set(read.ignored) == set(values)


def test_unreadable_own_presets_are_left_out(data):
    save_preset(data, "text", HEADLINE)
    (data.presets / "text" / "broken.preset.json").write_bytes(b"{")
    assert own_presets(data, "text") == [HEADLINE]


def test_a_task_in_a_shared_preset_is_read_without_its_story(tmp_path):
    task = {"name": "story", "values": {"words": "80"}, "story": {"premise": "x"}}
    path = tmp_path / "a.preset.json"
    for made, expected in ((task, {"name": "story", "values": {"words": "80"}}), ({"x": 1}, None)):
        path.write_bytes(encode_preset("text", Preset("A", {"task": made, "temperature": 0.5})))
        read = read_preset(path)
        assert read.preset.values.get("task") == expected
        assert read.ignored == (() if expected else ("task",))
    image = encode_preset("image", Preset("A", {"task": task, "num_inference_steps": 5}))
    path.write_bytes(image)
    assert "task" not in read_preset(path).preset.values
