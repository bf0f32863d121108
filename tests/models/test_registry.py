"""Which models are there, which one is meant; cards as files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.settings_store import update
from studio.models.card import ModelCard, Voice
from studio.models.card_store import card_folder, read_card, write_card
from studio.models.registry import find, list_installed, of_kind


def put(data, name, added="2026-01-01T00:00:00+00:00", **values) -> ModelCard:
    folder = card_folder(data, name)
    card = ModelCard(name=name, runner="transformers", added=added, **{"title": name, "kind": "text", **values})
    write_card(card, folder)
    return read_card(folder)


def test_what_comes_with_studio_is_there_from_the_start(data):
    cards = list_installed(data)
    assert [card.name for card in cards] == ["hibari", "starter-image", "starter-music"]
    assert find(data, "speech").name == "hibari"
    image = find(data, "image")
    assert (image.folder / "model_index.json").is_file()


def test_without_a_model_it_says_how_to_get_one(data):
    with pytest.raises(StudioError) as caught:
        find(data, "text")
    assert "studio models install starter" in caught.value.cure
    assert caught.value.cause == "model"


def test_the_default_is_the_chosen_one_else_the_first_that_was_installed(data):
    put(data, "zebra", "2026-01-01T00:00:00+00:00")
    put(data, "ant", "2026-02-01T00:00:00+00:00")
    assert find(data, "text").name == "zebra"
    update(data, {"default_models": {"text": "ant"}})
    assert [card.name for card in of_kind(data, "text")] == ["ant", "zebra"]
    update(data, {"default_models": {"text": "gone"}})
    assert find(data, "text").name == "zebra"


def test_an_added_model_goes_before_what_came_along(data):
    put(data, "voice", kind="speech")
    assert find(data, "speech").name == "voice"


def test_a_name_that_is_not_there_is_answered_with_those_that_are(data):
    put(data, "ant")
    with pytest.raises(StudioError, match="no text model 'bee'; installed: ant"):
        find(data, "text", "bee")
    with pytest.raises(StudioError, match="no text model 'hibari'"):  # another kind
        find(data, "text", "hibari")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"name = ", b"name = 'x'", b"name = 5\ntitle = 6", b"a = " + b"[" * 100_000, b"name = 'a'\nkind = []"],
)
def test_a_damaged_card_is_no_model_and_hides_no_other(data, content):
    put(data, "ant")
    folder = card_folder(data, "damaged")
    folder.mkdir()
    (folder / "card.toml").write_bytes(content)
    (card_folder(data, "empty")).mkdir()
    (data.models / "a file").touch()
    assert [card.name for card in list_installed(data) if not card.builtin] == ["ant"]


def test_a_card_of_a_newer_studio_is_read(data):
    put(data, "ant")
    path = card_folder(data, "ant") / "card.toml"
    path.write_text("from_the_future = 7\n" + path.read_text())
    assert find(data, "text").name == "ant"


def test_the_data_folder_may_be_moved(data, tmp_path):
    from studio.core.paths import DataFolder

    put(data, "ant")
    moved = DataFolder(root=data.root.rename(tmp_path / "moved"))
    assert find(moved, "text").path == str(moved.models / "ant")


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(title=_text, description=_text, voice=_text, temperature=st.floats(allow_nan=False), count=st.integers(0, 2**62))
def test_a_card_is_read_as_it_was_written(tmp_path_factory, title, description, voice, temperature, count):
    folder = tmp_path_factory.getbasetemp() / "card"
    card = ModelCard(
        name="x", title=title, kind="speech", runner="kokoro", path="/else where/模型", description=description, size=count,
        voices=(Voice(voice, title, "zh"),), defaults={"temperature": temperature, "prompt": description}, schedulers=(),
    )  # fmt: skip
    write_card(card, folder)
    assert read_card(folder) == card
