"""Test identifying weight files by their tensors.

Names come from diffusers' real classes and from files of other programs.
"""

import contextlib

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.models.files.tensor_layout import identify
from studio.models.files.weights_header import WeightsHeader
from studio.models.inspect.model import inspect
from studio.models.inspect.summary import inspect_any
from tests.models.made import safetensors_bytes


def header(names, metadata=None) -> WeightsHeader:
    shapes = dict(names) if isinstance(names, dict) else dict.fromkeys(names, (1,))
    return WeightsHeader(1, shapes, {"F16": 1}, metadata or {})


def real(name: str, **config) -> WeightsHeader:
    """The tensors of a real class with its own (large) sizes; they take no memory."""
    import diffusers
    from accelerate import init_empty_weights

    with init_empty_weights():
        model = getattr(diffusers, name)(**config)
    return header({key: tuple(tensor.shape) for key, tensor in model.state_dict().items()})


@pytest.mark.parametrize(
    ("name", "config", "family"),
    [
        ("FluxTransformer2DModel", {"num_layers": 1, "num_single_layers": 1}, "FLUX.1"),
        ("Flux2Transformer2DModel", {"num_layers": 1, "num_single_layers": 1}, "FLUX.2"),
        ("SD3Transformer2DModel", {"num_layers": 2}, "Stable Diffusion 3"),
        ("QwenImageTransformer2DModel", {"num_layers": 1}, "Qwen-Image"),
        ("ChromaTransformer2DModel", {"num_layers": 1, "num_single_layers": 1}, "Chroma"),
        ("PixArtTransformer2DModel", {"num_layers": 1}, "PixArt"),
        ("SanaTransformer2DModel", {"num_layers": 1}, "Sana"),
        ("Lumina2Transformer2DModel", {"num_layers": 1, "num_refiner_layers": 1}, "Lumina 2"),
        ("ZImageTransformer2DModel", {"n_layers": 1, "n_refiner_layers": 1}, "Z-Image"),
        ("WanTransformer3DModel", {"num_layers": 1}, "Wan"),
        (
            "AuraFlowTransformer2DModel",
            {"num_mmdit_layers": 1, "num_single_dit_layers": 1},
            "AuraFlow",
        ),
        ("LTXVideoTransformer3DModel", {"num_layers": 1}, "LTX-Video"),
        ("CogVideoXTransformer3DModel", {"num_layers": 1}, "CogVideoX"),
        ("UNet2DConditionModel", {"cross_attention_dim": 768}, "Stable Diffusion 1.x"),
        ("UNet2DConditionModel", {"cross_attention_dim": 1024}, "Stable Diffusion 2.x"),
        ("UNet2DConditionModel", {"cross_attention_dim": 2048}, "SDXL"),
    ],
)
def test_diffusers_denoiser_is_identified(name, config, family):
    found = identify(real(name, **config))
    assert (found.kind, found.family) == ("denoiser", family)


@pytest.mark.parametrize(
    ("name", "config", "kind", "family"),
    [
        ("AutoencoderKL", {"latent_channels": 4}, "vae", "Stable Diffusion or SDXL"),
        ("AutoencoderKL", {"latent_channels": 16}, "vae", "FLUX.1 or Stable Diffusion 3"),
        ("AutoencoderKLWan", {}, "vae", ""),
        ("AutoencoderTiny", {}, "vae", ""),
        ("ControlNetModel", {"cross_attention_dim": 768}, "controlnet", "Stable Diffusion 1.x"),
        ("ControlNetModel", {"cross_attention_dim": 2048}, "controlnet", "SDXL"),
        ("FluxControlNetModel", {"num_layers": 1, "num_single_layers": 1}, "controlnet", "FLUX.1"),
        ("SD3ControlNetModel", {"num_layers": 1}, "controlnet", "Stable Diffusion 3"),
        ("MotionAdapter", {}, "motion", "Stable Diffusion 1.x"),
        ("T2IAdapter", {}, "controlnet", ""),
    ],
)
def test_other_diffusers_components_are_identified(name, config, kind, family):
    found = identify(real(name, **config))
    assert (found.kind, found.family) == (kind, family)


def test_single_file_layouts_of_diffusers_are_identified():
    """diffusers identifies a file by these names; each must map to that model and no other."""
    from diffusers.loaders.single_file_utils import CHECKPOINT_KEY_NAMES

    expected = {
        "sd3": "Stable Diffusion 3",
        "flux2": "FLUX.2",
        "chroma": "Chroma",
        "hunyuan-video": "HunyuanVideo",
        "wan": "",
        "hidream": "HiDream",
        "ltx-video": "LTX-Video",
        "mochi-1-preview": "Mochi",
        "stable_cascade_stage_c": "Stable Cascade",
    }
    for name, family in expected.items():
        keys = CHECKPOINT_KEY_NAMES[name]
        found = identify(
            header(
                [keys]
                if isinstance(keys, str)
                else [key for key in keys if not key.startswith("vae.")]
            )
        )
        assert found.family == family, name


def kohya(*modules, width=768, rank=4):
    names = {}
    for module in modules:
        names |= {
            f"{module}.lora_down.weight": (rank, width),
            f"{module}.lora_up.weight": (width, rank),
            f"{module}.alpha": (),
        }
    return names


UNET1 = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
UNET_XL = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"


@pytest.mark.parametrize(
    ("tensors", "family"),
    [
        (kohya(UNET1, "lora_te_text_model_encoder_layers_0_mlp_fc1"), "Stable Diffusion 1.x"),
        (kohya(UNET1, width=1024), "Stable Diffusion 2.x"),
        (kohya(UNET_XL, width=2048), "SDXL"),
        (
            kohya(
                "lora_te1_text_model_encoder_layers_0_mlp_fc1",
                "lora_te2_text_model_encoder_layers_0_mlp_fc1",
            ),
            "SDXL",
        ),
        (kohya("lora_te_text_model_encoder_layers_0_mlp_fc1"), "Stable Diffusion 1.x"),
        (
            kohya(
                "lora_unet_double_blocks_0_img_attn_qkv",
                "lora_unet_single_blocks_0_linear1",
                width=3072,
            ),
            "FLUX.1",
        ),
        (kohya("lora_unet_joint_blocks_0_context_block_attn_qkv"), "Stable Diffusion 3"),
        ({"transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight": (16, 3072)}, "FLUX.1"),
        (
            {"transformer.transformer_blocks.0.img_mlp.net.2.lora_A.weight": (16, 3072)},
            "Qwen-Image",
        ),
        ({"diffusion_model.blocks.0.cross_attn.k.lora_A.weight": (16, 1536)}, "Wan"),
        ({"diffusion_model.layers.0.attention.to_q.lora_A.weight": (16, 3840)}, "Z-Image"),
        (
            {
                "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight": (
                    16,
                    2048,
                )
            },
            "SDXL",
        ),
        (
            {
                "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora.down.weight": (  # noqa: E501
                    4,
                    768,
                )
            },
            "Stable Diffusion 1.x",
        ),
        (
            {
                "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight": (  # noqa: E501
                    4,
                    768,
                )
            },
            "Stable Diffusion 1.x",
        ),
        (
            {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": (8, 576)},
            "a language model",
        ),
        ({"lora_unet_x.hada_w1_a": (4, 4)}, ""),
        ({"lora_unet_x.lokr_w1": (4, 4)}, ""),
    ],
)
def test_lora_and_its_base_model_are_identified(tensors, family):
    found = identify(header(tensors))
    assert (found.kind, found.family) == ("lora", family)


@pytest.mark.parametrize(
    ("metadata", "family"),
    [
        ({"ss_base_model_version": "sdxl_base_v1-0"}, "SDXL"),
        ({"ss_base_model_version": "sd_v1"}, "Stable Diffusion 1.x"),
        ({"modelspec.architecture": "flux-1-dev/lora"}, "FLUX.1"),
        ({"modelspec.architecture": "x" * 10**6}, ""),
        ({}, ""),
    ],
)
def test_lora_metadata_decides_if_its_tensors_are_ambiguous(metadata, family):
    assert identify(header({"lora_unet_x.hada_w1_a": (4, 4)}, metadata)).family == family
    assert identify(header(kohya(UNET1), metadata)).family == "Stable Diffusion 1.x"


DIFFUSION = "model.diffusion_model."
ENTRY = {f"{DIFFUSION}input_blocks.0.0.weight": (320, 4, 3, 3)}
REST = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
CLIP = {"cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (49408, 768)}
CLIP_XL = {"conditioner.embedders.1.model.token_embedding.weight": (49408, 1280)}


def context(width):
    return {f"{DIFFUSION}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, width)}


@pytest.mark.parametrize(
    ("tensors", "kind", "family", "variant"),
    [
        ({**ENTRY, **REST, **CLIP, **context(768)}, "checkpoint", "Stable Diffusion 1.x", ""),
        (
            {
                **ENTRY,
                **REST,
                **CLIP,
                **context(768),
                f"{DIFFUSION}input_blocks.0.0.weight": (320, 9, 3, 3),
            },
            "checkpoint",
            "Stable Diffusion 1.x",
            "inpainting",
        ),
        (
            {**ENTRY, **REST, "cond_stage_model.model.x": (1,), **context(1024)},
            "checkpoint",
            "Stable Diffusion 2.x",
            "",
        ),
        (
            {
                **ENTRY,
                **REST,
                **CLIP_XL,
                **context(2048),
                f"{DIFFUSION}label_emb.0.0.weight": (1280, 2816),
            },
            "checkpoint",
            "SDXL",
            "",
        ),
        (
            {**ENTRY, **REST, **CLIP_XL, **context(2048), "v_pred": ()},
            "checkpoint",
            "SDXL",
            "v-prediction",
        ),
        (
            {**ENTRY, **REST, "conditioner.embedders.0.model.x": (1,), **context(1280)},
            "checkpoint",
            "SDXL refiner",
            "",
        ),
        ({**ENTRY, **context(2048)}, "denoiser", "SDXL", ""),
        ({**ENTRY, **CLIP, **context(768)}, "checkpoint", "Stable Diffusion 1.x", "no VAE"),
        (
            {
                f"{DIFFUSION}double_blocks.0.img_attn.qkv.weight": (1, 1),
                f"{DIFFUSION}single_blocks.0.linear1.weight": (1, 1),
                "vae.decoder.conv_in.weight": (512, 16, 3, 3),
                "text_encoders.clip_l.x": (1,),
            },
            "checkpoint",
            "FLUX.1",
            "",
        ),
        (
            {
                f"{DIFFUSION}joint_blocks.0.x_block.x": (1,),
                "first_stage_model.x": (1,),
                "text_encoders.x": (1,),
            },
            "checkpoint",
            "Stable Diffusion 3",
            "",
        ),
        (
            {
                "double_blocks.0.img_attn.qkv.weight": (1, 1),
                "single_blocks.0.linear1.weight": (1, 1),
            },
            "denoiser",
            "FLUX.1",
            "",
        ),
        (
            {"decoder.conv_in.weight": (512, 4, 3, 3), "encoder.conv_in.weight": (128, 3, 3, 3)},
            "vae",
            "Stable Diffusion or SDXL",
            "",
        ),
        (
            {
                "control_model.input_hint_block.0.weight": (1,),
                "control_model.x.attn2.to_k.weight": (320, 768),
            },
            "controlnet",
            "Stable Diffusion 1.x",
            "",
        ),
        (
            {"ip_adapter.1.to_k_ip.weight": (320, 768), "image_proj.proj.weight": (1, 1)},
            "ip_adapter",
            "Stable Diffusion 1.x",
            "",
        ),
        (
            {"ip_adapter.1.to_k_ip.weight": (320, 2048), "image_proj.proj.weight": (1, 1)},
            "ip_adapter",
            "SDXL",
            "",
        ),
        ({"emb_params": (4, 768)}, "textual_inversion", "Stable Diffusion 1.x", ""),
        ({"emb_params": (4, 1024)}, "textual_inversion", "Stable Diffusion 2.x", ""),
        ({"clip_l": (4, 768), "clip_g": (4, 1280)}, "textual_inversion", "SDXL", ""),
        ({"<cat>": (768,)}, "textual_inversion", "Stable Diffusion 1.x", ""),
        (
            {
                "text_model.encoder.layers.0.mlp.fc1.bias": (1,),
                "text_model.embeddings.token_embedding.weight": (49408, 768),
            },
            "text_encoder",
            "CLIP L",
            "",
        ),
        (
            {
                "encoder.block.0.layer.0.SelfAttention.q.weight": (4096, 4096),
                "shared.weight": (32128, 4096),
            },
            "text_encoder",
            "T5",
            "",
        ),
        ({"vision_model.encoder.layers.0.mlp.fc1.bias": (1,)}, "image_encoder", "", "CLIP"),
        (
            {"model.layers.0.self_attn.q_proj.weight": (1, 1), "model.embed_tokens.weight": (1, 1)},
            "language_model",
            "",
            "",
        ),
        ({"token_embd.weight": (1, 1), "blk.0.attn_q.weight": (1, 1)}, "language_model", "", ""),
        ({"conv_first.weight": (64, 3, 3, 3), "conv_body.weight": (1,)}, "upscaler", "", ""),
        ({"weight": (4, 2)}, "unknown", "", ""),
        ({}, "unknown", "", ""),
    ],
)
def test_files_of_other_programs_are_identified(tensors, kind, family, variant):
    found = identify(header(tensors))
    assert (found.kind, found.family, found.variant) == (kind, family, variant)


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        (
            {"ip_adapter.1.to_k_ip.weight": (2, 768)},
            "it is an IP-Adapter for Stable Diffusion 1.x, and its image encoder",
        ),
        (
            {"decoder.conv_in.weight": (8, 32, 3, 3)},
            "it is a VAE of FLUX.2, which Studio cannot use as one file.",
        ),
        (
            {**ENTRY, **context(768)},
            "it is the denoiser of a model, without its text encoder and VAE",
        ),
        (
            {**ENTRY, **REST, **CLIP, **context(1024)},
            "it is a whole model in one file of Stable Diffusion 2.x",
        ),
        (
            {**ENTRY, **REST, **CLIP, **context(768)},
            "its parts are not laid out as in other such files",
        ),
    ],
)
def test_unsupported_weights_are_identified_and_refused(tmp_path, tensors, sentence):
    path = tmp_path / "Best model ever.safetensors"
    small = {
        name: np.ones([min(side, 2048) for side in shape], np.float32)
        for name, shape in tensors.items()
    }
    path.write_bytes(safetensors_bytes(small))
    with pytest.raises(StudioError) as caught:
        inspect(path)
    assert sentence in caught.value.message
    found = inspect_any(path)
    assert (found.runs, found.why_not) == (False, caught.value.message)
    assert found.precision == "fp32"


def test_identify_never_raises_for_any_shape():
    """Use the same names with every number of dimensions."""
    names = [
        *kohya(UNET1),
        *ENTRY,
        *REST,
        *CLIP,
        *context(1),
        "decoder.conv_in.weight",
        "emb_params",
        "clip_l",
        "clip_g",
        "ip_adapter.1.to_k_ip.weight",
        "controlnet_x",
        "x.attn2.to_k.weight",
        "embeddings.token_embedding.weight",
    ]
    for shape in ((), (0,), (1,), (768, 0), (1, 1, 1), (1,) * 5):
        for name in names:
            identify(header({name: shape}))
        identify(header(dict.fromkeys(names, shape)))
        with contextlib.suppress(StudioError):
            str(identify(header(dict.fromkeys(names[3:9], shape))))
