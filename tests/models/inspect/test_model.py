"""Test inspecting models: kind, facts, and refusal of unsafe or unsupported folders and files."""

import json
import os
import pickle
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.models import llama_cpp
from studio.models.inspect.model import inspect
from studio.models.inspect.summary import inspect_any
from tests.checkpoints.audio import make_musicgen, make_vits
from tests.checkpoints.image import make_sd, make_sdxl
from tests.checkpoints.text import make_gpt2, make_llama, make_t5
from tests.models.made import (
    folder_of,
    gguf_bytes,
    gguf_string,
    make_gguf,
    safetensors_bytes,
    with_header,
)

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "max_position_embeddings": 64,
}


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """One tiny checkpoint of each architecture, written by the libraries; no test changes them."""
    root = tmp_path_factory.mktemp("模型 models")
    makers = {
        "gpt2": make_gpt2,
        "llama": make_llama,
        "t5": make_t5,
        "sd": make_sd,
        "sdxl": make_sdxl,
        "vits": make_vits,
        "musicgen": make_musicgen,
    }
    for name, make in makers.items():
        make(root / name)
    return root


def refusal(path) -> str:
    with pytest.raises(StudioError) as caught:
        inspect(path)
    assert caught.value.cause == "model"
    assert caught.value.cure
    caught.value.message.encode()
    assert caught.value.message.isprintable()
    return caught.value.message


# What it is
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "family"),
    [
        ("gpt2", "text", "gpt2"),
        ("llama", "text", "llama"),
        ("t5", "text", "t5"),
        ("sd", "image", "StableDiffusionPipeline"),
        ("sdxl", "image", "StableDiffusionXLPipeline"),
        ("vits", "speech", "vits"),
        ("musicgen", "music", "musicgen"),
    ],
)
def test_kind_is_detected_from_content(checkpoints, tmp_path, name, kind, family):
    # The name is misleading on purpose.
    folder = shutil.copytree(checkpoints / name, tmp_path / "Stable Diffusion LLaMA GPT 语音.gguf")
    card = inspect(folder)
    assert (card.kind, card.family, card.path) == (kind, family, str(folder))
    assert card.parameters > 0
    assert card.size > 0
    assert card.name == "stable-diffusion-llama-gpt-.gguf"
    assert card.title == folder.name
    assert card.encoder_decoder is (name == "t5")
    assert card.chat is (name == "llama")


def test_parameter_count_equals_the_models(checkpoints):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        checkpoints / "gpt2", dtype="float32", local_files_only=True
    )
    assert inspect(checkpoints / "gpt2").parameters == sum(
        parameter.numel() for parameter in model.parameters()
    )
    assert inspect(checkpoints / "gpt2").max_positions == 64


def test_sampling_rate_of_musicgen_is_read(checkpoints):
    assert inspect(checkpoints / "musicgen").sampling_rate == 4_000


def test_gguf_is_identified_by_metadata(tmp_path):
    card = inspect(make_gguf(tmp_path / "anything.bin", template="{{ messages }}"))
    assert (card.kind, card.family, card.max_positions, card.chat) == ("text", "llama", 128, True)
    assert (card.name, card.title) == ("anything", "Tiny llama")


def test_folder_with_one_gguf_is_inspected_as_that_file(tmp_path):
    make_gguf(tmp_path / "a.gguf")
    (tmp_path / "README.md").write_text("hello")
    assert inspect(tmp_path).path == str(tmp_path / "a.gguf")


def test_safetensors_file_with_a_config_is_inspected_as_its_folder(checkpoints):
    card = inspect(checkpoints / "gpt2/model.safetensors")
    assert card.path == str(checkpoints / "gpt2")


def test_hub_cache_is_read_through_links(checkpoints, tmp_path):
    top = tmp_path / "models--openai-community--gpt2"
    snapshot = top / "snapshots/607a30d783dfa663caf39e06633721c8d4cfcd7e"
    (top / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for number, path in enumerate((checkpoints / "gpt2").iterdir()):
        shutil.copy(path, top / f"blobs/{number}")
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    for folder in (top, snapshot):
        card = inspect(folder)
        assert (card.title, card.name, card.path) == ("gpt2", "gpt2", str(snapshot))


def test_stable_diffusion_with_a_safety_checker_is_accepted(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints / "sd", tmp_path / "sd")
    shutil.copytree(folder / "text_encoder", folder / "safety_checker")
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    (folder / "model_index.json").write_text(json.dumps(index))
    assert inspect(folder).kind == "image"


def test_several_precisions_are_counted_once(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints / "sd", tmp_path / "sd")
    plain = inspect(folder)
    for file in list(folder.rglob("*.safetensors")):
        shutil.copy(file, file.with_name(file.name.replace(".safetensors", ".fp16.safetensors")))
    assert (inspect(folder).parameters, inspect(folder).size) == (plain.parameters, plain.size)
    for file in list(folder.rglob("*.fp16.safetensors")):
        file.with_name(file.name.replace(".fp16", "")).unlink()
    assert (
        inspect(folder).parameters == plain.parameters
    )  # only fp16: diffusers loads that as a variant


def test_sizes_of_shards_are_added(tmp_path):
    weights = {"w.safetensors": safetensors_bytes()}
    folder = folder_of(tmp_path / "m", LLAMA)
    (folder / "model.safetensors").unlink()
    for number in (1, 2):
        (folder / f"model-0000{number}-of-00002.safetensors").write_bytes(weights["w.safetensors"])
    assert "must be named" in refusal(folder)  # without the index nothing loads it
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    assert inspect(folder).parameters == 16
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert "model-00002-of-00002.safetensors is missing" in refusal(folder)


def test_leftover_index_of_missing_pickles_is_ignored(tmp_path):
    left = {"weight_map": {"a": "pytorch_model-00001-of-00002.bin"}}
    inspect(folder_of(tmp_path / "m", LLAMA, **{"pytorch_model.bin.index.json": left}))


def test_auto_map_in_the_vocabulary_is_accepted(tmp_path):
    inspect(
        folder_of(
            tmp_path / "m", LLAMA, **{"tokenizer.json": {"model": {"vocab": {"auto_map": 7}}}}
        )
    )


# Not safe
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"modeling_x.py": "print(1)"}, "program code"),
        ({"MODELING_X.PY": "print(1)"}, "program code"),
        ({"config.json": {**LLAMA, "auto_map": {"AutoModel": "x.Y"}}}, "auto_map"),
        # The same, as JSON may also write it: a search of the text does not find this one.
        (
            {
                "config.json": json.dumps({**LLAMA, "auto_map": {"A": "x.Y"}}).replace(
                    "auto_map", "auto\\u005fmap"
                )
            },
            "auto_map",
        ),
        ({"tokenizer_config.json": {"auto_map": {"AutoTokenizer": ["x.Y", None]}}}, "auto_map"),
        ({"nested_config.json": {"a": [{"auto_map": {"A": "b"}}]}}, "auto_map"),
        (
            {"preprocessor_config.json": '{"a": "' + "x" * 21_000_000 + '"}'},
            "larger than any configuration",
        ),
        (
            {"model.safetensors.index.json": {"weight_map": {"w": "../outside.safetensors"}}},
            "outside",
        ),
        ({"model.safetensors.index.json": {"weight_map": {"w": "/etc/passwd"}}}, "outside"),
        (
            {"model.safetensors.index.json": {"weight_map": {"w": "..\\outside.safetensors"}}},
            "outside",
        ),
        ({"model.safetensors.index.json": {"weight_map": {"w": ".."}}}, "outside"),
        ({"model.safetensors.index.json": {"weight_map": {"w": ["a"]}}}, "outside"),
        ({"model.safetensors.index.json": {"weight_map": ["a"]}}, "outside"),
        ({"model.safetensors.index.json": ["a"]}, "outside"),
        (
            {
                "model.safetensors.index.json": {"weight_map": {"w": "pytorch_model.bin"}},
                "pytorch_model.bin": "x",
            },
            "not a safetensors file",
        ),
        ({"model.safetensors.index.json": {"weight_map": {"w": "a\0b.safetensors"}}}, "missing"),
        ({"model.safetensors.index.json": {"weight_map": {"w": "\ud800.safetensors"}}}, "missing"),
        (
            {"model.safetensors.index.json": {"weight_map": {"w": "a" * 300 + ".safetensors"}}},
            "cannot be read",
        ),
        ({"model.safetensors.index.json": "{"}, "damaged"),
        (
            {"MODEL.SAFETENSORS.INDEX.JSON": {"weight_map": {"w": "../outside.safetensors"}}},
            "outside",
        ),
        ({"config.json": {**LLAMA, "transformers_weights": "../outside.safetensors"}}, "outside"),
        (
            {"config.json": {**LLAMA, "_attn_implementation_internal": "someone/kernels"}},
            "code of its own",
        ),
        (
            {
                "config.json": {
                    **LLAMA,
                    "text_config": {"attn_implementation": "someone/kernels@v1:f"},
                }
            },
            "code of its own",
        ),
        ({"ops.so": "x"}, "program code"),
        (
            {"adapter_config.json": {"base_model_name_or_path": "org/Llama-3"}},
            "an adapter for Llama-3",
        ),
        (
            {"x.safetensors.index.fp16.json": {"weight_map": {"w": "../outside.safetensors"}}},
            "outside",
        ),
    ],
)
def test_unsafe_folders_are_refused(tmp_path, files, reason):
    (tmp_path / "outside.safetensors").write_bytes(safetensors_bytes())
    assert reason in refusal(folder_of(tmp_path / "m", LLAMA, **files))


def test_renamed_pickle_is_refused_and_not_run(tmp_path):
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self):
            return Path.touch, (canary,)

    for protocol in range(2, 6):
        folder = folder_of(
            tmp_path / f"m{protocol}", LLAMA, pickle.dumps(Evil(), protocol=protocol)
        )
        assert "pickle" in refusal(folder)
        assert "pickle" in refusal(folder / "model.safetensors")
    assert not canary.exists()


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "model.pt", "model.CKPT", "flax_model.msgpack", "tf_model.h5"]
)
def test_a_folder_with_only_pickles_is_refused(tmp_path, name):
    folder = folder_of(tmp_path / "m", LLAMA)
    (folder / "model.safetensors").rename(folder / name)
    assert f"pickle ({name})" in refusal(folder)
    (folder / "config.json").unlink()
    assert "pickle" in refusal(folder)


def test_links_outside_the_folder_and_special_files_are_refused(tmp_path):
    outside = folder_of(tmp_path / "outside", LLAMA)
    begun = time.monotonic()
    for number, target in enumerate(
        [outside / "config.json", outside, Path("/etc/passwd"), tmp_path / "nothing", "loop"]
    ):
        folder = folder_of(tmp_path / f"m{number}", LLAMA)
        (folder / "loop").symlink_to(target)
        assert "link" in refusal(folder)
    pipe = folder_of(tmp_path / "pipe", LLAMA)
    (pipe / "model.safetensors").unlink()
    os.mkfifo(pipe / "model.safetensors")
    assert "neither a file nor a folder" in refusal(pipe)
    assert "neither a file nor a folder" in refusal(pipe / "model.safetensors")
    assert time.monotonic() - begun < 10


def test_link_inside_the_folder_is_accepted(tmp_path):
    folder = folder_of(tmp_path / "m", LLAMA)
    (folder / "tokenizer_copy.json").symlink_to("tokenizer.json")
    assert inspect(folder).kind == "text"


def test_links_to_blobs_outside_a_hub_cache_are_refused(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/x").write_text("{}")
    folder = folder_of(tmp_path / "a/m", LLAMA)
    (folder / "x.json").symlink_to(tmp_path / "blobs/x")
    assert "outside" in refusal(folder)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (["my_module", "Pipe"], "trusted"),
        (["os", "system"], "trusted"),
        (["unet_module", "UNet2DConditionModel"], "trusted"),
        ([["diffusers"], "UNet2DConditionModel"], "trusted"),
        (["diffusers"], "trusted"),
        (["diffusers", None], "trusted"),
        ([{}, {}], "trusted"),
    ],
)
def test_pipeline_components_must_be_library_classes(checkpoints, tmp_path, entry, reason):
    folder = shutil.copytree(checkpoints / "sd", tmp_path / "sd")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "unet": entry}))
    assert reason in refusal(folder)


@pytest.mark.parametrize("name", ["../sd2/unet", "/etc", "", "unet/../unet", "a\0b"])
def test_pipeline_components_must_be_in_the_folder(checkpoints, tmp_path, name):
    folder = shutil.copytree(checkpoints / "sd", tmp_path / "sd")
    shutil.copytree(folder, tmp_path / "sd2")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(
        json.dumps({**index, name: ["diffusers", "UNet2DConditionModel"]})
    )
    assert "missing" in refusal(folder)


# Not whole, not runnable
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "weights", "reason"),
    [
        (LLAMA, safetensors_bytes()[:-1], "cut off"),
        (LLAMA, b"", "too short"),
        (LLAMA, np.random.default_rng(0).bytes(5000), "damaged"),
        (LLAMA, with_header({}), "empty"),
        ({"model_type": "bert"}, None, "(bert)"),
        ({"model_type": ["llama"]}, None, "does not name"),
        ({"model_type": "x" * 5000}, None, "Studio cannot run its kind of model"),
        ({}, None, "does not name"),
        ([], None, "config.json is damaged"),
        ("", None, "config.json is damaged"),
        ("[" * 100_000, None, "config.json is damaged"),
        ("\ufeff" + json.dumps(LLAMA), None, "config.json is damaged"),
        ('{"a": ' + "[]," * 100 + "}", None, "config.json is damaged"),
        ({**LLAMA, "architectures": ["LlamaForSequenceClassification"]}, None, "sorts texts"),
        ({**LLAMA, "quantization_config": {"quant_method": "gptq"}}, None, "packed with gptq"),
        ({**LLAMA, "rms_norm_eps": float("nan")}, None, "config.json is damaged"),
        ('{"a": [' + '"ab",' * 3_000_000 + "0]}", None, "config.json is damaged"),
        (
            {"_class_name": "T2IAdapter"},
            None,
            "a ControlNet (T2IAdapter), which Studio cannot use yet",
        ),
    ],
)
def test_damaged_and_unknown_folders_are_refused(tmp_path, config, weights, reason):
    message = refusal(folder_of(tmp_path / "m", config, weights))
    assert reason in message
    assert len(message) < 400


@pytest.mark.parametrize("value", [-5, True, 2**70, 1.5, "7", [], None, {}])
def test_invalid_numbers_in_a_config_are_ignored(tmp_path, value):
    card = inspect(
        folder_of(
            tmp_path / "m", {**LLAMA, "max_position_embeddings": value, "sampling_rate": value}
        )
    )
    assert (card.max_positions, card.sampling_rate) == (0, 0)


def test_missing_files_are_named(checkpoints, tmp_path):
    folder = folder_of(tmp_path / "m", LLAMA)
    (folder / "tokenizer.json").unlink()
    assert "tokenizer is missing" in refusal(folder)
    (folder / "config.json").unlink()
    assert "config.json is missing" in refusal(folder)
    (folder / "model.safetensors").unlink()
    assert "holds no weights" in refusal(folder)
    sd = shutil.copytree(checkpoints / "sd", tmp_path / "sd")
    (sd / "vae/config.json").unlink()
    assert "config.json of its part vae" in refusal(sd)
    shutil.rmtree(sd / "vae")
    assert "part vae is missing" in refusal(sd)


def test_weights_must_have_the_librarys_file_names(tmp_path):
    folder = folder_of(tmp_path / "m", LLAMA)
    (folder / "model.safetensors").rename(folder / "llama.safetensors")
    assert "must be named" in refusal(folder)


def test_component_with_truncated_weights_is_refused(checkpoints, tmp_path):
    folder = shutil.copytree(checkpoints / "sd", tmp_path / "sd")
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    assert "diffusion_pytorch_model.safetensors is damaged" in refusal(folder)


@pytest.mark.parametrize(
    "family",
    ["StableVideoDiffusionPipeline", "AudioLDMPipeline", "Nonsense", "../x", "", ["a", "b"], None],
)
def test_pipelines_other_than_text_to_image_are_refused(checkpoints, tmp_path, family):
    folder = shutil.copytree(checkpoints / "sd", tmp_path / "sd")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": family}))
    assert "pipeline" in refusal(folder)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["lora_unet_down.lora_down.weight"], "LoRA"),
        (["base_model.model.q_proj.lora_A.weight"], "LoRA"),
        (
            ["model.diffusion_model.input_blocks.0.0.weight", "first_stage_model.x"],
            "a whole model in one file",
        ),
        (["model.diffusion_model.input_blocks.0.0.weight"], "the denoiser of a model"),
        (["weight"], "config.json is missing"),
    ],
)
def test_unsupported_single_file_is_refused_with_the_reason(tmp_path, names, reason):
    path = tmp_path / "x.safetensors"
    path.write_bytes(safetensors_bytes({name: np.ones(1, np.float32) for name in names}))
    assert reason in refusal(path)


def test_component_file_error_names_the_pipeline_folder(checkpoints):
    shutil.copytree(checkpoints / "sd", checkpoints.parent / "part")
    folder = checkpoints.parent / "part/unet"
    (folder / "config.json").unlink()
    assert "Add the folder above" in refusal(folder / "diffusion_pytorch_model.safetensors")


def _text(text: str):
    return 8, gguf_string(text)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"general.architecture": _text("martian")}, "architecture (martian) cannot be loaded"),
        ({}, "names no architecture"),
        ({"general.architecture": (4, b"\0\0\0\0")}, "names no architecture"),
        (
            {"general.architecture": _text("llama"), "general.type": _text("adapter")},
            "not a complete model",
        ),
        (
            {"general.architecture": _text("llama"), "split.count": (2, b"\3\0")},
            "one part of several",
        ),
    ],
)
def test_unsupported_gguf_is_refused(tmp_path, metadata, reason):
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_bytes(metadata))
    assert reason in refusal(path)


def test_gguf_metadata_is_sanitized(tmp_path):
    path = tmp_path / "x.gguf"
    name = "Nice\n\x1b[31m\u202e model" + "!" * 500
    path.write_bytes(
        gguf_bytes(
            {
                "general.architecture": _text("llama"),
                "general.name": _text(name),
                "llama.context_length": (5, b"\xff\xff\xff\xff"),
            }
        )
    )
    card = inspect(path)
    assert card.max_positions == 0
    assert card.title.isprintable()
    assert len(card.title) <= 80


def test_folder_with_several_models_requires_a_choice(tmp_path):
    for name in ("a.gguf", "b.gguf"):
        make_gguf(tmp_path / name)
    assert "several models" in refusal(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    (tmp_path / "tokenizer.json").write_text("{}")
    assert "GGUF files. Add one" in refusal(tmp_path)


def test_empty_random_missing_and_unreadable_paths_are_refused(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "random").write_bytes(np.random.default_rng(0).bytes(100_000))
    (tmp_path / "folder").mkdir()
    assert "too short" in refusal(tmp_path / "empty")
    assert "safetensors" in refusal(tmp_path / "random")
    assert "no weights" in refusal(tmp_path / "folder")
    assert "cannot be read" in refusal(tmp_path / "absent")
    assert "cannot be read" in refusal(tmp_path / ("x" * 300))
    undecodable = tmp_path / os.fsdecode(b"\xff\xfe")
    undecodable.mkdir()
    assert "name is not readable" in refusal(undecodable)


def test_folder_with_too_many_files_is_refused_quickly(tmp_path):
    folder = folder_of(tmp_path / "m", LLAMA)
    for number in range(5_100):
        (folder / f"{number}.txt").touch()
    assert "5,000 files" in refusal(folder)


@pytest.mark.parametrize("name", ["con", "NUL.txt", "Aux", "..m", "模型", "a⁄b", " x ", "-_-"])
def test_model_name_is_a_safe_folder_name(tmp_path, name):
    made = inspect(folder_of(tmp_path / name, LLAMA)).name
    assert made
    assert made.isascii()
    assert made.partition(".")[0] not in ("con", "nul", "aux")
    assert not made.startswith((".", "-"))


# Metadata of a model
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("readme", "license"),
    [
        ("---\nlicense: apache-2.0\nlanguage:\n- en\n---\n# Hello", "Apache-2.0"),
        ("---\r\nlanguage: en\r\nlicense: mit\r\n---\r\n", "MIT"),
        (
            "---\nlicense: other\nlicense_name: flux-1-dev-non-commercial-license\n---",
            "flux-1-dev-non-commercial-license",
        ),
        ("---\nlicense:\n- cc-by-nc-4.0\n---", "cc-by-nc-4.0"),
        ('---\nlicense: "llama3.1"\n---', "llama3.1"),
        ("---\nlicense: unknown\n---", ""),
        ("---\ntags: [a]\n---\nlicense: mit", ""),
        ("# Hello\nlicense: mit", ""),
        ("---\nlicense: " + "x" * 100_000 + "\n---", ""),
        ("---\nlicense: a\x1b[31m\u202eb\n---", "a�[31m�b"),
        ("", ""),
    ],
)
def test_license_is_read_from_the_readme(tmp_path, readme, license):
    folder = folder_of(tmp_path / "m", LLAMA)
    (folder / "README.md").write_text(readme, encoding="utf-8", newline="")
    assert inspect(folder).license == license


def test_supported_and_unsupported_models_report_the_same_facts(checkpoints, tmp_path, monkeypatch):
    found = inspect_any(checkpoints / "llama")
    assert (found.runs, found.kind, found.format, found.precision) == (
        True,
        "text",
        "transformers",
        "fp32",
    )
    assert found.card == inspect(checkpoints / "llama")
    folder = shutil.copytree(checkpoints / "llama", tmp_path / "x")
    (folder / "x.py").write_text("")
    refused = inspect_any(folder)
    assert (refused.runs, refused.precision, refused.parameters) == (
        False,
        "fp32",
        found.parameters,
    )
    assert "program code" in refused.why_not
    gguf = inspect_any(make_gguf(tmp_path / "x.gguf"))
    written = 0 if llama_cpp.is_installed() else 4 * gguf.parameters
    assert (gguf.format, gguf.precision, gguf.converted_size) == ("gguf", "fp32", written)
    monkeypatch.setattr(llama_cpp, "PACKAGE", "a_package_that_is_not_there")
    assert inspect_any(tmp_path / "x.gguf").converted_size == 4 * gguf.parameters
    image = inspect_any(checkpoints / "sd")
    assert (image.kind, image.format, image.precision) == ("image", "diffusers", "fp32")
    assert inspect_any(tmp_path / "nothing").why_not


# Fuzz
# ----------------------------------------------------------------------


def read_or_refused(folder) -> str:
    """The title or the reason; anything but a StudioError fails the test."""
    try:
        card = inspect(folder)
    except StudioError as error:
        return error.message
    assert 0 <= card.max_positions < 2**31
    return card.title


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_FIELDS = [
    "model_type",
    "architectures",
    "text_config",
    "quantization_config",
    "max_position_embeddings",
    "num_speakers",
    "sampling_rate",
    "audio_encoder",
    "auto_map",
]
_INDEX_FIELDS = ["_class_name", "unet", "vae", "scheduler", "x"]


@settings(max_examples=150)
@given(
    field=st.sampled_from(_FIELDS),
    value=_JSON,
    family=st.sampled_from(["llama", "vits", "musicgen", "t5"]),
)
def test_any_config_is_read_or_refused(tmp_path_factory, field, value, family):
    folder = tmp_path_factory.getbasetemp() / "any"
    shutil.rmtree(folder, ignore_errors=True)
    folder_of(
        folder,
        {**LLAMA, "model_type": family, field: value},
        **{"tokenizer_config.json": json.dumps({field: value})},
    )
    assert read_or_refused(folder).isprintable()


@settings(max_examples=150)
@given(field=st.sampled_from(_INDEX_FIELDS), value=_JSON)
def test_any_model_index_is_read_or_refused(checkpoints, field, value):
    folder = checkpoints.parent / "any-index"
    if not folder.exists():
        shutil.copytree(checkpoints / "sd", folder)
    index = json.loads((checkpoints / "sd/model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps({**index, field: value}))
    assert read_or_refused(folder).isprintable()


@settings(max_examples=150)
@given(
    name=st.sampled_from(["config.json", "tokenizer_config.json", "model.safetensors.index.json"]),
    data=st.binary(max_size=200),
)
def test_any_bytes_are_read_or_refused(tmp_path_factory, name, data):
    folder = tmp_path_factory.getbasetemp() / "bytes"
    shutil.rmtree(folder, ignore_errors=True)
    (folder_of(folder, LLAMA) / name).write_bytes(data)
    assert read_or_refused(folder).isprintable()
