"""Test the model registry: listing, defaults, lookup by name, and cards as files."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.settings_store import update
from studio.models import registry as registry_module
from studio.models.card import ModelCard, Voice
from studio.models.card_store import card_folder, read_card, write_card
from studio.models.registry import ModelRegistry, default_first


def put(data, name, added="2026-01-01T00:00:00+00:00", **values) -> ModelCard:
    folder = card_folder(data, name)
    card = ModelCard(
        name=name, runner="transformers", added=added, **{"title": name, "kind": "text", **values}
    )
    write_card(card, folder)
    return read_card(folder)


def test_builtin_models_are_always_listed(data):
    cards = ModelRegistry(data).list()
    assert [card.name for card in cards] == [
        "hibari",
        "image-tools",
        "starter-image",
        "starter-music",
        "starter-poem",
    ]
    assert ModelRegistry(data).find("speech").name == "hibari"
    image = ModelRegistry(data).find("image")
    assert (image.folder / "model_index.json").is_file()


def test_a_model_of_one_task_is_found_by_its_name_only(data):
    registry = ModelRegistry(data)
    assert not registry.of_kind("text")
    assert registry.find("text", "starter-poem").only_task == "poem"
    put(data, "mine")
    assert registry.find("text").name == "mine"
    assert [card.name for card in registry.of_kind("text")] == ["mine"]


def test_missing_model_error_names_the_install_command(data):
    with pytest.raises(StudioError) as caught:
        ModelRegistry(data).find("text")
    assert "studio models install starter" in caught.value.cure
    assert caught.value.cause == "model"


def test_larger_model_is_the_default_instead_of_a_small_starter():
    def made(name, added, builtin=False):
        return ModelCard(
            name=name, title=name, kind="text", runner="transformers", added=added, builtin=builtin
        )

    small, medium = made("smollm2-135m-instruct", "1"), made("qwen2.5-coder-0.5b-instruct", "2")
    large, own = made("qwen2.5-coder-1.5b-instruct", "4"), made("own", "3")
    cards = [made("builtin", "", True), small, medium, large, own]
    assert default_first(cards, None) == [own, large, medium, small, cards[0]]
    assert default_first([small, medium], small.name) == [small, medium]


def test_default_is_the_chosen_or_first_installed_model(data):
    put(data, "zebra", "2026-01-01T00:00:00+00:00")
    put(data, "ant", "2026-02-01T00:00:00+00:00")
    assert ModelRegistry(data).find("text").name == "zebra"
    update(data, {"default_models": {"text": "ant"}})
    assert [card.name for card in ModelRegistry(data).of_kind("text")] == ["ant", "zebra"]
    update(data, {"default_models": {"text": "gone"}})
    assert ModelRegistry(data).find("text").name == "zebra"


def test_added_model_precedes_builtin_models(data):
    put(data, "voice", kind="speech")
    assert ModelRegistry(data).find("speech").name == "voice"


def test_unknown_name_error_lists_installed_models(data):
    put(data, "ant")
    with pytest.raises(StudioError, match="no text model 'bee'; installed: ant"):
        ModelRegistry(data).find("text", "bee")
    with pytest.raises(StudioError, match="no text model 'hibari'"):  # another kind
        ModelRegistry(data).find("text", "hibari")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"name = ",
        b"name = 'x'",
        b"name = 5\ntitle = 6",
        b"a = " + b"[" * 100_000,
        b"name = 'a'\nkind = []",
    ],
)
def test_damaged_card_is_skipped_and_hides_no_other(data, content):
    put(data, "ant")
    folder = card_folder(data, "damaged")
    folder.mkdir()
    (folder / "card.toml").write_bytes(content)
    (card_folder(data, "empty")).mkdir()
    (data.models / "a file").touch()
    assert [card.name for card in ModelRegistry(data).list() if not card.builtin] == ["ant"]


def test_card_of_a_newer_version_is_read(data):
    put(data, "ant")
    path = card_folder(data, "ant") / "card.toml"
    path.write_text("from_the_future = 7\n" + path.read_text())
    assert ModelRegistry(data).find("text").name == "ant"


def test_a_card_with_the_keys_of_an_earlier_version_is_read(data):
    put(data, "ant")
    path = card_folder(data, "ant") / "card.toml"
    old = {
        "licence": '"MIT"',
        "smallest_side": "48",
        "largest_side": "96",
        "only_sizes": "true",
        "most_frames": "49",
        "english_words": "true",
    }
    minimal = "name = 'ant'\ntitle = 'Ant'\nkind = 'video'\nrunner = 'diffusers'\n"
    path.write_text(minimal + "".join(f"{key} = {value}\n" for key, value in old.items()))
    card = ModelRegistry(data).find("video")
    assert (card.license, card.min_side, card.max_side) == ("MIT", 48, 96)
    assert (card.fixed_sizes, card.max_frames, card.translate_prompts) == (True, 49, True)


def test_a_change_of_a_card_keeps_its_comments(data):
    put(data, "ant")
    folder = card_folder(data, "ant")
    (folder / "card.toml").write_text(
        "# mine\nname = 'ant' # the best\ntitle = 'Ant'\nkind = 'image'\nrunner = 'diffusers'\n"
        "licence = 'MIT' # I asked\nfrom_the_future = 7\n\n[defaults]\nwidth = 64 # enough\n"
    )
    card = read_card(folder)
    changed = msgspec.structs.replace(card, files_sha256="ab", title="Queen")
    write_card(changed, folder)
    assert read_card(folder) == changed
    lines = (folder / "card.toml").read_text().splitlines()
    for line in (
        "# mine",
        "name = 'ant' # the best",
        "license = 'MIT' # I asked",
        "from_the_future = 7",
        "width = 64 # enough",
    ):
        assert line in lines
    assert not [line for line in lines if line.startswith("licence")]


def test_data_folder_can_be_moved(data, tmp_path):
    from studio.core.paths import DataFolder

    put(data, "ant")
    moved = DataFolder(root=data.root.rename(tmp_path / "moved"))
    assert ModelRegistry(moved).find("text").path == str(moved.models / "ant")


@pytest.fixture
def reads(monkeypatch):
    """The names of the folders whose card files were parsed, in order."""
    names = []

    def read(folder):
        names.append(folder.name)
        return read_card(folder)

    monkeypatch.setattr(registry_module, "read_card", read)
    return names


def test_a_card_file_is_parsed_once_until_it_changes(data, reads):
    for name in ("ant", "bee", "wasp"):
        put(data, name)
    registry = ModelRegistry(data)
    for _ in range(3):
        assert registry.find("text", "bee").name == "bee"
        assert len(registry.of_kind("text")) == 3
        assert registry.base_of(registry.find("text")).name == "ant"
    assert sorted(reads) == ["ant", "bee", "wasp"]
    put(data, "bee", title="eeb")  # a file of the same size
    assert registry.find("text", "bee").title == "eeb"
    assert registry.find("text", "bee").title == "eeb"
    assert sorted(reads) == ["ant", "bee", "bee", "wasp"]


OTHER_PROCESS = """
import shutil, sys
from pathlib import Path
from studio.core.paths import DataFolder
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
data = DataFolder(Path(sys.argv[1]))
"""


def test_changes_by_another_process_are_seen(data):
    put(data, "ant")
    registry = ModelRegistry(data)

    def run(code):
        subprocess.run([sys.executable, "-c", OTHER_PROCESS + code, str(data.root)], check=True)

    def titles():
        return sorted(card.title for card in registry.of_kind("text"))

    write = (
        "write_card(ModelCard(name={0!r}, title={1!r}, kind='text', runner='transformers'), "
        "card_folder(data, {0!r}))"
    )
    assert titles() == ["ant"]
    run(write.format("ant", "tna") + "\n" + write.format("bee", "bee"))
    assert titles() == ["bee", "tna"]
    run("shutil.rmtree(card_folder(data, 'ant'))")
    assert titles() == ["bee"]


def test_repaired_card_is_listed_again(data):
    put(data, "ant")
    registry = ModelRegistry(data)
    path = card_folder(data, "ant") / "card.toml"
    content = path.read_bytes()
    path.write_bytes(b"name = ")
    assert registry.of_kind("text") == []
    path.write_bytes(content)
    assert [card.name for card in registry.of_kind("text")] == ["ant"]


def test_threads_share_a_registry_while_cards_change(data):
    names = [f"model-{number:02}" for number in range(20)]
    for name in names:
        put(data, name)
    registry = ModelRegistry(data)

    def ask(number):
        if number % 4 == 0:
            put(data, names[number % 20])
        return [card.name for card in registry.list() if not card.builtin]

    with ThreadPoolExecutor(4) as pool:
        assert all(found == names for found in pool.map(ask, range(80)))


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    title=_text,
    description=_text,
    voice=_text,
    temperature=st.floats(allow_nan=False),
    count=st.integers(0, 2**62),
)
def test_card_round_trips(tmp_path_factory, title, description, voice, temperature, count):
    folder = tmp_path_factory.getbasetemp() / "card"
    card = ModelCard(
        name="x",
        title=title,
        kind="speech",
        runner="kokoro",
        path="/else where/模型",
        description=description,
        size=count,
        voices=(Voice(voice, title, "zh"),),
        defaults={"temperature": temperature, "prompt": description},
        schedulers=(),
    )
    write_card(card, folder)
    assert read_card(folder) == card


@pytest.mark.parametrize(
    ("size", "scale", "limits"),
    [
        ((256, 256), 1, (192, 384)),
        ((384, 192), 1, (192, 384)),
        ((384, 160), 2, (96, 192)),
        ((64, 64), 4, (48, 96)),
        ((8, 8), 4, (48, 96)),
    ],
)
def test_small_images_are_drawn_larger(size, scale, limits):
    card = ModelCard(
        name="a",
        title="A",
        kind="image",
        runner="diffusers",
        min_side=48,
        max_side=384,
        drawn_side=192,
    )
    assert card.drawing_scale(*size) == scale
    assert card.side_limits(*size) == limits


def test_images_of_other_models_are_drawn_at_their_size():
    card = ModelCard(name="a", title="A", kind="image", runner="diffusers", min_side=512)
    assert (card.drawing_scale(64, 64), card.side_limits(64, 64)) == (1, (512, 0))
