"""A family is added in as many files as docs/architecture.md says: its record, card and class.

Each test has weights of a family that Studio does not know, adds what the table in
docs/architecture.md names, and then inspects, adds, loads and runs the model.
"""

import json
import sys
import types

import numpy as np
import pytest
import tomlkit

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.requests import ImageRequest, SpeechRequest, TextRequest
from studio.engine.registry import runner_of
from studio.engine.speech.base import SpeechModel
from studio.models import catalog
from studio.models.capabilities import starts_from_image, takes_mask
from studio.models.card import ModelCard
from studio.models.families import FAMILIES
from studio.models.families.record import Defaults, Family
from studio.models.install.add import add
from studio.models.registry import ModelRegistry
from tests.checkpoints.image import make_sd
from tests.checkpoints.text import make_tokenizer
from tests.engine.runs import run_job
from tests.models.made import folder_of


@pytest.fixture
def data(tmp_path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.models.mkdir(parents=True)
    return folder


@pytest.fixture
def add_record(monkeypatch):
    return lambda family: monkeypatch.setitem(FAMILIES, family.name, family)


@pytest.fixture
def add_catalog_card(monkeypatch, tmp_path):
    def write(**facts):
        (tmp_path / "resources/models").mkdir(parents=True)
        path = tmp_path / "resources/models" / f"{facts['name']}.toml"
        path.write_text(tomlkit.dumps(facts), encoding="utf-8")
        monkeypatch.setattr(catalog, "resources", lambda: tmp_path / "resources")

    return write


def results_of(card, request):
    runner = runner_of(card.kind)
    return run_job(runner, card, runner.load(card), request).results


@pytest.fixture
def novel_text_folder(tmp_path):
    """A language model whose class transformers knows and Studio doesn't."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

    class NovelConfig(GPT2Config):
        model_type = "novel_text"

    class NovelForCausalLM(GPT2LMHeadModel):
        config_class = NovelConfig

    AutoConfig.register("novel_text", NovelConfig)
    AutoModelForCausalLM.register(NovelConfig, NovelForCausalLM)
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    config = NovelConfig(vocab_size=len(tokenizer), n_positions=64, n_embd=32, n_layer=2, n_head=2)
    NovelForCausalLM(config).save_pretrained(tmp_path / "novel")
    tokenizer.save_pretrained(tmp_path / "novel")
    yield tmp_path / "novel"
    CONFIG_MAPPING._extra_content.pop("novel_text")
    MODEL_FOR_CAUSAL_LM_MAPPING._extra_content.pop(NovelConfig)


def test_a_text_family_needs_a_record(data, novel_text_folder, add_record):
    with pytest.raises(StudioError, match=r"cannot run its kind of model \(novel_text\)"):
        add(data, novel_text_folder)
    add_record(Family(name="novel_text", kind="text"))
    card = add(data, novel_text_folder)
    assert (card.kind, card.family, card.max_positions) == ("text", "novel_text", 64)
    assert ModelRegistry(data).find("text", card.name) == card
    request = TextRequest(prompt="This is", seed=1, max_new_tokens=8)
    (result,) = results_of(card, request)
    assert len(result.text) > len("This is")


def test_an_image_family_needs_a_record_and_a_card(
    data, tmp_path, monkeypatch, add_record, add_catalog_card
):
    import diffusers

    class NovelPipeline(diffusers.StableDiffusionPipeline):
        pass

    monkeypatch.setattr(diffusers, "NovelPipeline", NovelPipeline, raising=False)
    folder = make_sd(tmp_path / "novel").folder
    index = json.loads((folder / "model_index.json").read_text())
    index["_class_name"] = "NovelPipeline"
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(StudioError, match=r"its pipeline \(NovelPipeline\)"):
        add(data, folder)
    add_record(
        Family(
            name="NovelPipeline",
            kind="image",
            tasks=("text-to-image", "image-to-image"),
            guidance="above_0",
            defaults=Defaults(width=32, height=32),
            image_to_image_class="StableDiffusionImg2ImgPipeline",
        )
    )
    add_catalog_card(
        name="novel",
        title="Novel",
        kind="image",
        runner="diffusers",
        family="NovelPipeline",
        repo="somebody/novel",
        defaults={"num_inference_steps": 2},
    )
    card = add(data, folder)
    assert (card.kind, card.family, card.guidance) == ("image", "NovelPipeline", "above_0")
    assert card.defaults == {"width": 32, "height": 32}
    assert starts_from_image(card)
    assert not takes_mask(card)
    known = catalog.entry_named("novel").card
    assert catalog.why_not_run(known) == ""
    assert catalog.as_known(known, card).path == card.path
    request = ImageRequest(prompt="a cat", seed=1, width=32, height=32, num_inference_steps=2)
    (result,) = results_of(card, request)
    assert result.pixels.shape == (32, 32, 3)
    from PIL import Image

    Image.fromarray(result.pixels).save(tmp_path / "source.png")
    request = ImageRequest(
        prompt="a cat",
        seed=2,
        width=32,
        height=32,
        num_inference_steps=4,
        image=str(tmp_path / "source.png"),
        strength=0.5,
    )
    (result,) = results_of(card, request)
    assert result.pixels.shape == (32, 32, 3)


class NovelSpeech(SpeechModel):
    """The class in the new family's own module: it speaks each text as one tone."""

    rate = 16_000

    def __init__(self, card: ModelCard, plan: object) -> None:
        self.folder = card.folder

    def synthesize(self, _text, _voice, _speed, _seed, _is_cancelled):
        return np.sin(np.arange(self.rate // 10, dtype=np.float32) / 5)


def test_a_speech_family_needs_a_record_a_class_and_a_card(
    data, tmp_path, monkeypatch, add_record, add_catalog_card
):
    config = {"model_type": "novel_tts", "sampling_rate": 16_000, "num_speakers": 3}
    folder = folder_of(tmp_path / "novel", config)
    with pytest.raises(StudioError, match=r"\(novel_tts\)"):
        add(data, folder)
    module = types.ModuleType("novel_tts")
    module.NovelSpeech = NovelSpeech
    monkeypatch.setitem(sys.modules, "studio.engine.speech.autoregressive.novel_tts", module)
    add_record(
        Family(
            name="novel_tts",
            kind="speech",
            engine_class="novel_tts:NovelSpeech",
            voices="speaker-ids",
        )
    )
    add_catalog_card(
        name="novel-tts",
        title="Novel TTS",
        kind="speech",
        runner="transformers",
        family="novel_tts",
        repo="somebody/novel-tts",
    )
    card = add(data, folder)
    assert (card.kind, card.family, card.sampling_rate) == ("speech", "novel_tts", 16_000)
    assert [voice.name for voice in card.voices] == ["0", "1", "2"]
    assert catalog.why_not_run(catalog.entry_named("novel-tts").card) == ""
    (result,) = results_of(card, SpeechRequest(prompt="Hello.", seed=1, voice="1"))
    assert result.sampling_rate == 16_000
    assert np.abs(result.samples).max() > 0.9
