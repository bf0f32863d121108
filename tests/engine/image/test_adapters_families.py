"""LoRAs for other families: tiny denoisers of the real classes in an otherwise empty pipeline."""

from __future__ import annotations

import msgspec
import pytest
import torch
from safetensors.torch import save_file

from studio.core.jobs import new_job
from studio.core.requests import ImageRequest
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters import lora
from studio.engine.protocol import JobContext
from studio.models.adapter_compatibility import architecture, incompatibility
from studio.models.card import ModelCard
from studio.models.files.tensor_layout import identify
from studio.models.files.weights_header import read_safetensors
from studio.models.install.add import add
from studio.preflight.adapters import ResolvedAdapter
from tests.checkpoints.adapters import LAYERS

SMALL = {
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "num_layers": 1,
    "joint_attention_dim": 32,
}
FAMILIES = {
    "FluxPipeline": (
        "FluxTransformer2DModel",
        {
            **SMALL,
            "patch_size": 1,
            "in_channels": 4,
            "num_single_layers": 1,
            "pooled_projection_dim": 32,
            "axes_dims_rope": [4, 4, 8],
        },
    ),
    "StableDiffusion3Pipeline": (
        "SD3Transformer2DModel",
        {
            **SMALL,
            "sample_size": 16,
            "patch_size": 1,
            "in_channels": 4,
            "caption_projection_dim": 32,
            "pooled_projection_dim": 32,
            "out_channels": 4,
        },
    ),
    "QwenImagePipeline": (
        "QwenImageTransformer2DModel",
        {
            **SMALL,
            "patch_size": 2,
            "in_channels": 16,
            "out_channels": 4,
            "axes_dims_rope": (8, 4, 4),
        },
    ),
    "Flux2KleinPipeline": (
        "Flux2Transformer2DModel",
        {
            **SMALL,
            "patch_size": 1,
            "in_channels": 4,
            "num_single_layers": 1,
            "timestep_guidance_channels": 32,
            "axes_dims_rope": (4, 4, 4, 4),
        },
    ),
    "ChromaPipeline": (
        "ChromaTransformer2DModel",
        {
            **SMALL,
            "patch_size": 1,
            "in_channels": 4,
            "num_single_layers": 1,
            "axes_dims_rope": (4, 4, 8),
            "approximator_hidden_dim": 32,
            "approximator_layers": 1,
            "approximator_num_channels": 16,
        },
    ),
    "ZImagePipeline": (
        "ZImageTransformer2DModel",
        {
            "all_patch_size": (2,),
            "all_f_patch_size": (1,),
            "in_channels": 4,
            "dim": 32,
            "n_layers": 1,
            "n_refiner_layers": 1,
            "n_heads": 2,
            "n_kv_heads": 2,
            "cap_feat_dim": 16,
            "axes_dims": [8, 4, 4],
            "axes_lens": [32, 16, 16],
        },
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_lora_of_each_family_is_inspected_applied_and_removed(data, tmp_path, name):
    import diffusers
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    kind, config = FAMILIES[name]
    torch.manual_seed(0)
    transformer = getattr(diffusers, kind)(**config)
    transformer.add_adapter(
        LoraConfig(r=4, lora_alpha=4, target_modules=LAYERS, init_lora_weights=False)
    )
    state = {
        f"transformer.{key}": tensor.contiguous()
        for key, tensor in get_peft_model_state_dict(transformer).items()
    }
    transformer.unload_lora()
    transformer.save_pretrained(tmp_path / "model" / "transformer")
    model = ModelCard(
        name="m",
        title="M",
        kind="image",
        runner="diffusers",
        family=name,
        path=str(tmp_path / "model"),
    )
    save_file(state, tmp_path / "look.safetensors")
    card = add(data, tmp_path / "look.safetensors", made_for=model)
    assert card.family == architecture(model)
    assert incompatibility(card, model) == ""
    if name == "ChromaPipeline":  # its layers are called as those of FLUX.1
        assert identify(read_safetensors(tmp_path / "look.safetensors")).family == "FLUX.1"
        assert incompatibility(msgspec.structs.replace(card, family="FLUX.1"), model) == ""

    pipe_class = getattr(diffusers, name)
    pipe = pipe_class.__new__(pipe_class)
    diffusers.DiffusionPipeline.__init__(pipe)
    expected, _optional = pipe_class._get_signature_keys(pipe_class)
    pipe.register_modules(**{**dict.fromkeys(expected), "transformer": transformer})
    before = {key: tensor.clone() for key, tensor in transformer.state_dict().items()}
    applied, context = (
        AppliedAdapters(),
        JobContext(
            new_job(ImageRequest(prompt="x"), "/nowhere"), model, lambda _event: None, lambda: False
        ),
    )
    lora.apply(pipe, applied, [ResolvedAdapter(card, 0.7)], context)
    ours = [module for module in transformer.modules() if hasattr(module, "lora_A")]
    assert len(ours) * 2 == len(state)
    assert all(set(module.scaling.values()) == {0.7} for module in ours)
    lora.apply(pipe, applied, [], context)
    after = transformer.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
