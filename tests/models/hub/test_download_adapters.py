"""Test downloading adapters: the file of the catalog, or the one that the user names."""

from __future__ import annotations

import pytest

from studio.core.errors import StudioError
from studio.models.catalog import entry_named
from studio.models.hub.download import download, query
from studio.models.hub.repository import Repository
from studio.models.inspect.adapter_files import weights_file
from studio.models.registry import ModelRegistry
from tests.models.hub.server import LoopbackHub
from tests.models.hub.test_download import speak_to
from tests.models.inspect.test_adapter import UNET_XL, lora_bytes

LIGHTNING = entry_named("sdxl-lightning").card


@pytest.fixture
def hub():
    files = {
        "README.md": b"# SDXL-Lightning",
        LIGHTNING.files[0]: lora_bytes(UNET_XL, width=2048),
        "sdxl_lightning_8step_lora.safetensors": lora_bytes(UNET_XL, rank=8, width=2048),
        "odd.safetensors": lora_bytes("lora_unet_nowhere", width=5),
    }
    with LoopbackHub() as hub:
        hub.add(LIGHTNING.repo, files, card={"license": "openrail++"})
        yield hub


def test_catalog_adapter_is_downloaded_with_its_card(data, hub):
    repository = Repository(LIGHTNING.repo)
    assert [file.path for file in query(data, repository, hub=speak_to(hub)).contents.files] == [
        LIGHTNING.files[0]
    ]
    card = download(data, repository, hub=speak_to(hub))
    assert (card.name, card.kind, card.adapter, card.base) == (
        LIGHTNING.name,
        "image",
        "lora",
        LIGHTNING.base,
    )
    assert card.defaults == LIGHTNING.defaults
    assert weights_file(card).name == LIGHTNING.files[0]
    assert [card.name for card in ModelRegistry(data).of_kind("image") if not card.builtin] == [
        LIGHTNING.name
    ]
    assert [card.name for card in ModelRegistry(data).of_kind("adapter")] == [LIGHTNING.name]


def test_second_file_of_a_repository_is_a_separate_adapter(data, hub):
    name = "sdxl_lightning_8step_lora.safetensors"
    card = download(data, Repository(LIGHTNING.repo, files=(name,)), hub=speak_to(hub))
    assert (card.kind, card.adapter, card.family, card.base) == ("adapter", "lora", "SDXL", "")
    assert weights_file(card).parent == data.models / card.name


def test_adapter_with_unknown_base_model_is_refused(data, hub):
    with pytest.raises(StudioError, match="does not name the model"):
        download(data, Repository(LIGHTNING.repo, files=("odd.safetensors",)), hub=speak_to(hub))
    assert not [card for card in ModelRegistry(data).list() if card.adapter]
    assert not list(data.downloads.iterdir())
