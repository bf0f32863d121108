"""Test that packed and misnamed weights are refused from their headers when a folder is added."""

import json

import pytest
from safetensors.torch import load_file, save_file

from studio.core.errors import StudioError
from studio.models.files.weight_names import misnamed, missing_head, packing
from studio.models.inspect.model import inspect
from studio.models.install.add import add
from studio.models.install.verify import check
from tests.checkpoints.text import make_gpt2, make_llama

LINEAR = "model.layers.0.mlp.up_proj"


def changed(folder, rename=lambda name: name, **config):
    file = folder / "model.safetensors"
    state = {rename(name): tensor.clone() for name, tensor in load_file(file).items()}
    state.pop("", None)
    save_file(state, file, {"format": "pt"})
    table = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**table, **config}))
    return folder


def refusal(folder) -> str:
    with pytest.raises(StudioError) as caught:
        inspect(folder)
    assert caught.value.cause == "model"
    return caught.value.message


@pytest.mark.parametrize(
    ("prefix", "source"),
    [
        ("_orig_mod.", "torch.compile"),
        ("module.", "DataParallel"),
        ("base_model.model.", "PEFT"),
        ("_fsdp_wrapped_module.", "FSDP"),
    ],
)
def test_training_prefix_is_reported(tmp_path, prefix, source):
    make_gpt2(tmp_path / "m")
    message = refusal(changed(tmp_path / "m", lambda name: prefix + name))
    assert prefix in message
    assert source in message


def test_inner_prefix_and_unmerged_lora_are_reported(tmp_path):
    make_llama(tmp_path / "m")
    assert "torch.compile" in misnamed(["model.layers.0._orig_mod.self_attn.q_proj.weight"])
    renamed = changed(
        tmp_path / "m", lambda name: name.replace("q_proj.weight", "q_proj.base_layer.weight")
    )
    assert "a LoRA that was not merged" in refusal(renamed)
    assert not misnamed(["module.a", "encoder.module.b"])


def test_missing_output_layer_is_reported(tmp_path):
    make_llama(tmp_path / "m")
    folder = changed(
        tmp_path / "m",
        lambda name: "" if name == "lm_head.weight" else name,
        tie_word_embeddings=False,
    )
    assert "weights are missing: lm_head.weight" in refusal(folder)
    inspect(changed(folder, tie_word_embeddings=True))
    table = {"tie_word_embeddings": False, "architectures": ["LlamaForCausalLM"]}
    assert not missing_head(table, {"transformer.wte.weight"})


def test_check_reports_misnamed_weights_of_an_added_model(data, tmp_path):
    make_llama(tmp_path / "m")
    card = add(data, tmp_path / "m")
    changed(tmp_path / "m", lambda name: f"_orig_mod.{name}")
    with pytest.raises(
        StudioError, match=r"cannot be loaded: its tensors have names with the prefix _orig_mod\."
    ):
        check(data, card)


@pytest.mark.parametrize(
    ("names", "dtypes", "title"),
    [
        ([".qweight", ".qzeros", ".scales", ".g_idx"], {"I32", "F16"}, "GPTQ or AWQ"),
        ([".q_weight", ".q_scale", ".q_groups"], {"I32", "F16"}, "EXL2"),
        ([".trellis", ".suh", ".svh"], {"I16", "F16"}, "EXL3"),
        (
            [".weight_packed", ".weight_scale", ".weight_shape"],
            {"I32", "BF16"},
            "compressed-tensors",
        ),
        (
            [".weight", ".weight_scale", ".weight_scale_2", ".input_scale"],
            {"U8", "F8_E4M3", "F32"},
            "NVFP4",
        ),
        ([".weight", ".weight.absmax", ".weight.quant_map"], {"U8", "F32"}, "bitsandbytes"),
        ([".weight", ".SCB"], {"I8", "F32"}, "bitsandbytes"),
        ([".W_q", ".scale", ".zero"], {"U8", "F16"}, "HQQ"),
        ([".weight", ".scales", ".biases"], {"U32", "F16"}, "MLX"),
        ([".weight", ".weight_scale"], {"U8", "BF16"}, "8 bits or less with scales"),
        ([".weight", ".weight_scale"], {"F8_E4M3", "F32"}, "8 bits or less with scales"),
        ([".weight._data", ".weight._scale"], {"I8", "F32"}, "Quanto"),
        ([".weight", ".bias"], {"F16"}, ""),
        ([".weight", ".scales"], {"F16"}, ""),
    ],
)
def test_packed_weights_are_identified_by_tensors(names, dtypes, title):
    assert packing({}, [LINEAR + name for name in names], dtypes) == title


@pytest.mark.parametrize(
    ("config", "title"),
    [
        ({"quantization_config": {"quant_method": "exl2", "bits": 4.0}}, "exl2"),
        ({"quantization_config": {"quant_method": "bitnet"}}, "bitnet"),
        ({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}, "modelopt"),
        ({"quantization_config": {"quant_algo": "NVFP4"}}, "NVFP4"),
        ({"quantization": {"group_size": 64, "bits": 4}}, "MLX"),
        ({"quantization_config": {"group_size": 64, "bits": 4, "mode": "affine"}}, "MLX"),
        ({"quantization_config": {"quant_method": "fp8"}}, ""),
        ({"quantization_config": {"quant_method": "mxfp4"}}, ""),
        ({"quantization_config": None}, ""),
        ({}, ""),
    ],
)
def test_packed_weights_are_identified_by_config(config, title):
    assert (
        packing(config, [f"{LINEAR}.weight", f"{LINEAR}.weight_scale_inv"], {"F8_E4M3", "BF16"})
        == title
    )


def test_an_mlx_folder_is_refused(tmp_path):
    make_llama(tmp_path / "m")
    message = refusal(changed(tmp_path / "m", quantization={"group_size": 32, "bits": 4}))
    assert "packed with MLX" in message
    assert "GGUF" in message
