"""Test the catalog's cards: strictly valid, with classes and abilities that the libraries have."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shutil
import tomllib
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from typer.testing import CliRunner

from studio.cli.app import app
from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.requests import ImageRequest, VideoRequest, fields
from studio.core.resources import resources
from studio.engine.runtime.schedulers import CLASSES
from studio.models.card import SYMBOLIC_MUSIC, ModelCard, Voice, request_for
from studio.models.card_store import card_folder, read_card, write_card
from studio.models.catalog import (
    CatalogEntry,
    as_known,
    builtin_cards,
    catalog_entries,
    how_to_get,
    license_terms,
    listed,
    why_not_run,
)
from studio.models.install.add import add
from studio.models.install.staging import InstallCancelledError
from studio.models.install.verify import check
from studio.models.memory.choose_plan import fits
from studio.models.memory.hardware import Machine, bytes_needed, memory_needs, probe_machine
from studio.preflight.video import check_video
from tests.models.made import folder_of, safetensors_bytes
from tools.models_table import renewed

ENTRIES = catalog_entries()
CARDS = [entry.card for entry in ENTRIES]
TASKS = {
    "text": {"text-generation", "text2text-generation", "summarization", "translation"},
    "image": {"text-to-image", "image-to-image"},
    "speech": {"text-to-speech"},
    "music": {"text-to-audio"},
    "video": {"text-to-video", "image-to-video"},
    "image-tool": {"image-to-image"},
    "transcribe": {"automatic-speech-recognition"},
}
GB = 10**9
LAPTOP = Machine(16 * GB, 8 * GB, probed=True)
WORKSTATION = Machine(64 * GB, 60 * GB, "A GPU", 24 * GB, probed=True)


def card(name) -> ModelCard:
    return next(card for card in CARDS if card.name == name)


@pytest.mark.parametrize(
    "path", sorted((resources() / "models").glob("*.toml")), ids=lambda path: path.stem
)
def test_card_has_known_fields_only(path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {field.name for field in msgspec.structs.fields(ModelCard)} | {"download", "aliases"}
    assert set(table) <= known
    assert table["name"] == path.stem
    only_installed = {"added", "files_sha256"}
    assert not only_installed & set(table)
    assert not Path(table.get("path", "")).is_absolute()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_is_valid(card):
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*", card.name)
    assert card.kind in KINDS
    assert card.tasks
    assert set(card.tasks) <= TASKS[card.kind]
    assert 20 <= len(card.description) <= 200
    assert card.description.endswith(".")
    assert card.languages
    assert all(re.fullmatch(r"[a-z]{2}", language) for language in card.languages)
    assert bool(card.repo) != (
        card.builtin or bool(next(e for e in ENTRIES if e.card is card).download)
    )
    assert not card.repo or re.fullmatch(r"[A-Za-z0-9][\w-]*/[A-Za-z0-9][\w.-]*", card.repo)
    assert not card.revision or re.fullmatch(r"[0-9a-f]{40}|refs/pr/\d+|[\w.-]+", card.revision)
    assert not card.repo or card.needed_files
    assert not any(pattern.endswith((".bin", ".pt", ".ckpt", ".py", "*")) for pattern in card.files)
    assert license_terms()[card.license].commercial == card.commercial
    if card.base:
        base = next(other for other in CARDS if other.name == card.base)
        assert base.family == card.family or (card.family, base.family) == (
            "AnimateDiffPipeline",
            "StableDiffusionPipeline",
        )


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_card_defaults_give_a_valid_request(card):
    assert set(card.defaults) <= {info.name for info in fields(KINDS[card.kind].request_type)}
    request = request_for(card, {"prompt": "x"})
    for name, value in card.defaults.items():
        assert getattr(request, name) == value
    if isinstance(request, VideoRequest):
        assert (
            check_video(card, msgspec.structs.replace(request, image="")) is None
            or "text-to-video" not in card.tasks
        )
        assert set(card.tasks) <= set(card.abilities)
        assert (request.num_frames - 1) % card.frame_step == 0
        assert request.num_frames <= (card.max_frames or request.num_frames)
    if isinstance(request, (ImageRequest, VideoRequest)):
        assert (request.width, request.height) in (card.sizes or ((256, 256),))
        assert request.width % card.size_multiple == request.height % card.size_multiple == 0
        assert all(side % card.size_multiple == 0 for size in card.sizes for side in size)
        assert within(request.num_inference_steps, card.steps)
        assert within(request.guidance_scale, card.guidance_range)
        assert card.negative_prompt is not None
        assert card.preview
    assert set(card.schedulers or ()) <= CLASSES.keys()
    assert card.memory is None or card.memory.bf16 >= card.memory.int8 >= card.memory.int4
    assert not card.size or not card.parameters or 0.2 < card.size / card.parameters < 6


def within(value, limits):
    return limits is None or limits[0] <= value <= limits[1]


def test_names_and_repositories_are_unique():
    names = [card.name for card in CARDS]
    repos = [card.repo for card in CARDS if card.repo]
    assert len(names) == len(set(names))
    assert len(repos) == len(set(repos))


def test_requested_families_are_in_the_catalog():
    families = {card.family for card in CARDS}
    assert {
        "gpt2",
        "qwen3",
        "qwen3_5",
        "llama",
        "gemma3",
        "gemma4",
        "smollm3",
        "phi3",
        "mistral3",
        "gpt_oss",
        "t5",
        "bart",
        "pegasus",
        "mt5",
        "StableDiffusionPipeline",
        "StableDiffusionXLPipeline",
        "LatentConsistencyModelPipeline",
        "StableDiffusion3Pipeline",
        "FluxPipeline",
        "FluxFillPipeline",
        "FluxKontextPipeline",
        "Flux2KleinPipeline",
        "Flux2Pipeline",
        "ZImagePipeline",
        "QwenImagePipeline",
        "QwenImageEditPipeline",
        "PixArtSigmaPipeline",
        "SanaPipeline",
        "SanaSprintPipeline",
        "Lumina2Pipeline",
        "KolorsPipeline",
        "CogView4Pipeline",
        "ChromaPipeline",
        "vits",
        "speecht5",
        "bark",
        "dia",
        "csm",
        "kokoro",
        "musicgen",
        "musicgen_melody",
        "AudioLDM2Pipeline",
        "StableAudioPipeline",
        "AceStepPipeline",
        "LTXPipeline",
        "LTXConditionPipeline",
        "WanPipeline",
        "WanImageToVideoPipeline",
        "CogVideoXPipeline",
        "CogVideoXImageToVideoPipeline",
        "AnimateDiffPipeline",
        "HunyuanVideoPipeline",
        "MochiPipeline",
    } <= families
    chinese = [
        card
        for card in CARDS
        if card.kind == "text" and "zh" in card.languages and "chat" in card.abilities
    ]
    assert len(chinese) >= 3
    free = [card for card in CARDS if card.commercial == "yes"]
    assert len(free) > len(CARDS) / 2


# Against the installed libraries
# ----------------------------------------------------------------------


def pipeline_class(card):
    return getattr(importlib.import_module("diffusers"), card.family)


DIFFUSERS = [card for card in CARDS if card.runner == "diffusers"]
PICTURES = [card for card in DIFFUSERS if card.kind == "image" and not card.builtin]


@pytest.mark.parametrize(
    "card", [card for card in CARDS if card.runner == "transformers"], ids=lambda card: card.name
)
def test_transformers_has_the_class_of_a_card(card):
    import transformers
    from transformers.models.auto import modeling_auto

    tables = {
        "text": (
            modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
            modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
            modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
        ),
        "speech": (
            modeling_auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES,
            modeling_auto.MODEL_FOR_TEXT_TO_SPECTROGRAM_MAPPING_NAMES,
            modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
        ),
        "music": (modeling_auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES,),
        "transcribe": (modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,),
    }[card.kind]
    if card.family == SYMBOLIC_MUSIC:  # a language model whose words are notes
        assert inspect.isclass(transformers.LlamaForCausalLM)
        return
    name = next(table[card.family] for table in tables if card.family in table)
    assert inspect.isclass(getattr(transformers, name))
    assert card.encoder_decoder == (card.kind == "text" and card.family in tables[1])


@pytest.mark.parametrize("card", DIFFUSERS, ids=lambda card: card.name)
def test_diffusers_has_the_pipeline_of_a_card_with_its_arguments(card):
    takes = inspect.signature(pipeline_class(card).__call__).parameters
    guided = {
        "above_1": "guidance_scale",
        "above_0": "guidance_scale",
        "embedded": "guidance_scale",
    }
    wanted = (
        "true_cfg_scale" if card.guidance == "true_cfg" else guided.get(card.guidance, "prompt")
    )
    assert wanted in takes
    assert not card.negative_prompt or "negative_prompt" in takes
    length = takes.get("max_sequence_length")
    if card.max_prompt_tokens and length is not None and length.default:
        assert card.max_prompt_tokens <= length.default
    assert (
        card.kind not in ("image", "video")
        or {"num_inference_steps", "width", "height"} <= takes.keys()
    )
    assert card.kind != "video" or {"num_frames", "callback_on_step_end"} <= takes.keys()


@pytest.mark.parametrize("card", PICTURES, ids=lambda card: card.name)
def test_image_abilities_equal_those_of_diffusers(card):
    import diffusers
    from diffusers.loaders.lora_base import LoraBaseMixin

    kind = pipeline_class(card)
    takes, parents = (
        inspect.signature(kind.__call__).parameters,
        {parent.__name__ for parent in kind.__mro__},
    )

    def has(word):  # of the same parts, as engine/image/source_image.py makes it
        return hasattr(diffusers, f"{card.family.removesuffix('Pipeline')}{word}Pipeline")

    can = {
        "text-to-image": "mask_image" not in takes
        and (takes.get("image") is None or card.family in text_to_image()),
        "image-to-image": (has("Img2Img") or ("image" in takes and "mask_image" not in takes))
        and card.family not in CANNOT_START,
        "inpaint": (has("Inpaint") and card.family not in CANNOT_INPAINT) or "mask_image" in takes,
        "control": hasattr(diffusers, card.family.removesuffix("Pipeline") + "ControlNetPipeline"),
        "adapters": issubclass(kind, LoraBaseMixin),
        "ip-adapter": any("IPAdapterMixin" in parent for parent in parents),
        "textual-inversion": "TextualInversionLoaderMixin" in parents,
        "batch": "num_images_per_prompt" in takes,
    }
    assert set(card.abilities) == {ability for ability, there in can.items() if there}
    vae = inspect.signature(kind.__init__).parameters["vae"].annotation
    assert (card.preview == "fitted") == (vae is diffusers.AutoencoderKL)


CANNOT_START, CANNOT_INPAINT = (
    {"GlmImagePipeline"},
    {"ChromaPipeline"},
)  # see models/families/image.py


@pytest.mark.parametrize(
    "card", [card for card in CARDS if card.kind == "video"], ids=lambda card: card.name
)
def test_video_abilities_equal_those_of_diffusers(card):
    import diffusers
    from diffusers.loaders.lora_base import LoraBaseMixin

    kind = pipeline_class(card)
    parents = {parent.__name__ for parent in kind.__mro__}
    can = {
        "control": hasattr(diffusers, card.family.removesuffix("Pipeline") + "ControlNetPipeline"),
        "adapters": issubclass(kind, LoraBaseMixin),
        "ip-adapter": any("IPAdapterMixin" in parent for parent in parents),
        "textual-inversion": "TextualInversionLoaderMixin" in parents,
    }
    assert set(card.abilities) - set(card.tasks) == {
        ability for ability, there in can.items() if there
    }


def text_to_image():
    from diffusers.pipelines.auto_pipeline import AUTO_TEXT2IMAGE_PIPELINES_MAPPING

    return {found.__name__ for found in AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()}


# What is made of them
# ----------------------------------------------------------------------


def test_builtin_cards_are_found_without_reading_the_catalog():
    assert builtin_cards() == [card for card in CARDS if card.builtin]


def test_installed_models_are_listed_first_with_catalog_facts():
    added = ModelCard(
        name="mine",
        title="Mine",
        kind="text",
        runner="transformers",
        family="gpt2",
        path="/m",
        sha256="a" * 64,
    )
    fetched = ModelCard(
        name="z-image-turbo-2",
        title="Z",
        kind="image",
        runner="diffusers",
        family="ZImagePipeline",
        path="/z",
        repo="Tongyi-MAI/Z-Image-Turbo",
        size=5,
    )
    found = listed([*builtin_cards(), added, fetched])
    assert [entry.card.name for entry in found[:7]] == [
        "hibari",
        "image-tools",
        "starter-image",
        "starter-music",
        "starter-poem",
        "mine",
        "z-image-turbo-2",
    ]
    assert len(found) == len(ENTRIES) + 1  # mine
    assert found[5] == CatalogEntry(card=added)
    assert found[6].card.license == "Apache-2.0"
    assert found[6].card.size == 5
    assert not found[6].card.builtin
    assert [entry.card.name for entry in found].count("z-image-turbo") == 0


def test_facts_from_files_are_kept_for_catalog_models():
    seen = ModelCard(
        name="x",
        title="X",
        kind="speech",
        runner="transformers",
        path="/x",
        voices=(Voice("alba"),),
        trigger_words=("pxl",),
    )
    assert as_known(card("pocket-tts"), seen).voices == (Voice("alba"),)
    assert as_known(card("csm-1b"), seen).voices == card("csm-1b").voices
    assert as_known(card("hyper-sdxl"), seen).trigger_words == ("pxl",)


def test_unsupported_models_are_explained():
    assert (
        why_not_run(card("gpt2"))
        == why_not_run(card("kokoro-82m"))
        == why_not_run(card("sdxl-base-1.0"))
        == ""
    )
    assert why_not_run(card("sdxl-lightning")) == ""
    assert not [other.name for other in CARDS if other.kind == "text" and why_not_run(other)]
    assert why_not_run(card("starter-music")) == ""
    assert why_not_run(card("flux.1-fill-dev")) == why_not_run(card("qwen-image-edit")) == ""


def test_every_model_has_an_installation_command():
    commands = {entry.card.name: how_to_get(entry) for entry in ENTRIES}
    assert commands["hibari"] == "comes with Studio"
    assert commands["smollm2-135m-instruct"] == "studio models install starter"
    assert commands["bark-small"] == "studio models get suno/bark-small@refs/pr/5"


def test_fit_follows_the_precision_of_the_engine():
    turbo, gpt2 = card("z-image-turbo"), card("gpt2")
    assert bytes_needed(turbo, "fp32") == 46 * GB
    assert fits(turbo, LAPTOP) is False
    assert (
        fits(turbo, Machine(16 * GB, 8 * GB, "A GPU", 24 * GB)) is False
    )  # 23 of 22.8 GB that may be taken, and no memory for parts that wait
    assert fits(turbo, Machine(16 * GB, 8 * GB, "A GPU", 32 * GB)) is True
    assert fits(gpt2, LAPTOP) is True
    assert fits(card("kokoro-82m"), LAPTOP) is True


def test_unknown_memory_needs_are_not_guessed():
    assert memory_needs(card("gemma-4-e2b-it")) is None
    assert memory_needs(card("sdxl-lightning")) is None
    assert fits(card("gemma-4-e2b-it"), LAPTOP) is None
    known = memory_needs(card("qwen3-8b"))
    assert known is not None
    assert known[1]  # computed from the number of weights
    assert known[0].bf16 == 19_657_764_864


def test_documented_table_equals_the_cards():
    text = (Path(__file__).parents[2] / "docs/models.md").read_text(encoding="utf-8")
    assert renewed(text) == text, "python -m tools.models_table docs/models.md"
    assert text.partition("<!-- end of table -->")[0].count("\n| ") == len(CARDS) + 2 * len(
        {card.kind for card in CARDS}
    )


# Checking files
# ----------------------------------------------------------------------


def test_check_detects_a_changed_folder(data, tmp_path):
    mine = add(
        data,
        folder_of(tmp_path / "m", {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}),
    )
    progress = []
    assert check(data, mine, lambda done, total: progress.append((done, total))).state == "same"
    assert progress[-1][0] == progress[-1][1] > 0
    weights = tmp_path / "m/model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert check(data, mine).state == "changed"
    weights.write_bytes(content[:-1])
    with pytest.raises(StudioError, match=r"model\.safetensors is damaged"):
        check(data, mine)
    weights.unlink()
    with pytest.raises(StudioError, match="weights of m are missing"):
        check(data, mine)
    shutil.rmtree(tmp_path / "m")
    with pytest.raises(StudioError, match="folder of m is missing"):
        check(data, mine)


def test_first_check_of_a_converted_model_records_its_hash(data):
    """Its card has the GGUF's hash; what lies in the folder is something else."""
    folder = folder_of(data.models / "made", {"model_type": "llama"})
    write_card(
        ModelCard(name="made", title="Made", kind="text", runner="transformers", sha256="a" * 64),
        folder,
    )
    mine = read_card(folder)
    assert check(data, mine).state == "noted"
    mine = read_card(folder)
    assert mine.sha256 == "a" * 64
    assert check(data, mine).state == "same"
    (folder / "model.safetensors").write_bytes(
        safetensors_bytes({"other": np.zeros(3, np.float32)})
    )
    assert check(data, mine).state == "changed"


def test_check_never_treats_a_hub_model_as_converted(data):
    folder = folder_of(data.models / "got", {"model_type": "llama"})
    write_card(
        ModelCard(
            name="got", title="Got", kind="text", runner="transformers", sha256="a" * 64, repo="a/b"
        ),
        folder,
    )
    assert check(data, read_card(folder)).state == "changed"


@pytest.mark.parametrize("mine", builtin_cards(), ids=lambda mine: mine.name)
def test_builtin_models_match_their_cards(data, mine):
    assert check(data, mine).state == "same"


def test_check_can_be_stopped(data):
    with pytest.raises(InstallCancelledError):
        check(data, card("starter-image"), cancelled=lambda: True)
    assert not card_folder(data, "starter-image").exists()


# This machine
# ----------------------------------------------------------------------


def test_machine_probe_runs_in_a_child_and_can_be_stopped():
    found = probe_machine()
    assert found.probed
    assert found.memory >= found.free > 0
    assert bool(found.gpu_memory) <= bool(found.gpu)
    assert not probe_machine(lambda: True).probed
    assert not [
        child
        for child in psutil.Process().children()
        if "studio.models.memory.probe" in child.cmdline()
    ]


# The command line
# ----------------------------------------------------------------------


def run(*words):
    result = CliRunner().invoke(app, ["models", *words])
    return result.exit_code, result.stdout, result.stderr


def test_models_list_shows_installed_models_or_the_catalog():
    code, out, _err = run("list", "--json")
    assert code == 0
    assert [found["name"] for found in json.loads(out)["models"]] == [
        "starter-image",
        "hibari",
        "starter-music",
        "image-tools",
        "starter-poem",
    ]
    found = json.loads(run("list", "--all", "--json")[1])["models"]
    assert len(found) == len(CARDS)
    images = json.loads(run("list", "--all", "--task", "text-to-image", "--json")[1])["models"]
    assert {found["kind"] for found in images} == {"image"}
    assert "z-image-turbo" in run("list", "--all", "--task", "image")[1]
    fitting = json.loads(run("list", "--all", "--fits", "--json")[1])["models"]
    names = {found["name"] for found in fitting}
    assert "smollm2-135m-instruct" in names
    assert not {"flux.2-dev"} & names


def test_models_show_prints_a_card():
    code, out, _err = run("show", "Tongyi-MAI/Z-Image-Turbo")
    assert code == 0
    assert "23.0 GB in 16-bit" in out
    assert "Apache-2.0. Free for every use" in out
    assert json.loads(run("show", "starter", "--json")[1])["name"] == "smollm2-135m-instruct"
    code, _out, err = run("show", "flux")
    assert code == 2
    assert "flux.1-schnell" in err


def test_models_check_verifies_files():
    code, out, _err = run("check", "starter-image")
    assert code == 0
    assert "unchanged" in out
    assert json.loads(run("check", "hibari", "--json")[1])["state"] == "same"
    assert run("check", "z-image-turbo")[0] == 2
