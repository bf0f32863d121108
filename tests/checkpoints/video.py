"""Tiny random pipelines that make videos, with the real classes, written by `save_pretrained`."""

from __future__ import annotations

from pathlib import Path

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.image import make_sd
from tests.checkpoints.image_parts import clip_tokenizer, tokenizer_folder
from tests.checkpoints.text import make_tokenizer


def _t5(umt5: bool = False):
    import torch
    from transformers import T5Config, T5EncoderModel, T5Tokenizer, UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz"]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=64)
    kind, config = (UMT5EncoderModel, UMT5Config) if umt5 else (T5EncoderModel, T5Config)
    made = config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=37,
        num_layers=2,
        num_heads=4,
        relative_attention_num_buckets=8,
        dropout_rate=0.0,
    )
    return kind(made).eval(), tokenizer


def _wan_parts(
    *, channels: int = 4, strong: bool = False, image: bool = False, second: bool = False
):
    import torch
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel

    torch.manual_seed(0)
    plain = {"base_dim": 3, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1}
    compressed = {
        "base_dim": 3,
        "z_dim": 48,
        "dim_mult": [1, 1, 1, 1],
        "num_res_blocks": 1,
        "in_channels": 12,
        "out_channels": 12,
        "is_residual": True,
        "patch_size": 2,
        "latents_mean": [0.0] * 48,
        "latents_std": [1.0] * 48,
        "scale_factor_spatial": 16,
        "scale_factor_temporal": 4,
        "decoder_base_dim": 3,
    }
    vae = AutoencoderKLWan(
        **(compressed if strong else plain), temperal_downsample=[False, True, True]
    )
    latent = 48 if strong else 16

    def transformer():
        return WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=latent + (latent + 4 if image else 0),
            out_channels=latent,
            text_dim=32,
            freq_dim=256,
            ffn_dim=32,
            num_layers=2,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
        )

    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )
    text_encoder, tokenizer = _t5(umt5=True)
    return {
        "vae": vae,
        "scheduler": scheduler,
        "text_encoder": text_encoder,
        "tokenizer": tokenizer,
        "transformer": transformer(),
        "transformer_2": transformer() if second else None,
    }


def make_wan(folder: Path) -> ModelCard:
    """Wan 2.1, from text."""
    from diffusers import WanPipeline

    WanPipeline(**_wan_parts()).save_pretrained(folder)
    return inspect(folder)


def make_wan_two_denoisers(folder: Path) -> ModelCard:
    """Wan 2.2 A14B, from text: two transformers."""
    from diffusers import WanPipeline

    WanPipeline(**_wan_parts(second=True), boundary_ratio=0.875).save_pretrained(folder)
    return inspect(folder)


def make_wan_ti2v(folder: Path) -> ModelCard:
    """Wan 2.2 TI2V 5B: one transformer for text and images, and another autoencoder."""
    from diffusers import WanPipeline

    WanPipeline(**_wan_parts(strong=True), expand_timesteps=True).save_pretrained(folder)
    return inspect(folder)


def make_wan_i2v(folder: Path) -> ModelCard:
    """Wan 2.2 A14B I2V."""
    from diffusers import WanImageToVideoPipeline

    parts = _wan_parts(image=True, second=True)
    WanImageToVideoPipeline(**parts, boundary_ratio=0.9).save_pretrained(folder)
    return inspect(folder)


def make_wan_i2v_clip(folder: Path) -> ModelCard:
    """Wan 2.1 I2V: one transformer, which also gets CLIP's embedding of the image."""
    import torch
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    parts = _wan_parts()
    torch.manual_seed(0)
    transformer = WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=36,
        out_channels=16,
        text_dim=32,
        freq_dim=256,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32,
        image_dim=4,
        added_kv_proj_dim=24,
    )
    sees = CLIPVisionConfig(
        hidden_size=4,
        projection_dim=4,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        intermediate_size=16,
        patch_size=1,
    )
    WanImageToVideoPipeline(
        **{**parts, "transformer": transformer},
        image_encoder=CLIPVisionModel(sees),
        image_processor=CLIPImageProcessor(crop_size=32, size=32),
    ).save_pretrained(folder)
    return inspect(folder)


def _ltx_parts(*, last_noise: bool = False):
    import torch
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXVideoTransformer3DModel,
    )

    torch.manual_seed(0)
    transformer = LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        patch_size=1,
        patch_size_t=1,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=1,
        caption_channels=32,
    )
    vae = AutoencoderKLLTXVideo(
        in_channels=3,
        out_channels=3,
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, True, False),
        decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5,
        upsample_residual=(False,) * 4,
        upsample_factor=(1,) * 4,
        timestep_conditioning=last_noise,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    text_encoder, tokenizer = _t5()
    scheduler = FlowMatchEulerDiscreteScheduler()
    return {
        "scheduler": scheduler,
        "vae": vae,
        "text_encoder": text_encoder,
        "tokenizer": tokenizer,
        "transformer": transformer,
    }


def make_ltx(folder: Path) -> ModelCard:
    """LTX-Video 0.9.0."""
    from diffusers import LTXPipeline

    LTXPipeline(**_ltx_parts()).save_pretrained(folder)
    return inspect(folder)


def make_ltx_i2v(folder: Path) -> ModelCard:
    from diffusers import LTXImageToVideoPipeline

    LTXImageToVideoPipeline(**_ltx_parts()).save_pretrained(folder)
    return inspect(folder)


def make_ltx_condition(folder: Path) -> ModelCard:
    """LTX-Video from 0.9.5 on: its autoencoder removes the last noise."""
    from diffusers import LTXConditionPipeline

    LTXConditionPipeline(**_ltx_parts(last_noise=True)).save_pretrained(folder)
    return inspect(folder)


def _cogvideox_parts(*, image: bool = False, side: tuple[int, int] = (4, 4)):
    import torch
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDDIMScheduler,
        CogVideoXTransformer3DModel,
    )

    torch.manual_seed(0)
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=8 if image else 4,
        out_channels=4,
        time_embed_dim=2,
        text_embed_dim=32,
        num_layers=1,
        sample_width=side[0],
        sample_height=side[1],
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=226,
        use_rotary_positional_embeddings=image,
        use_learned_positional_embeddings=image,
    )
    vae = AutoencoderKLCogVideoX(
        in_channels=3,
        out_channels=3,
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    )
    text_encoder, tokenizer = _t5()
    return {
        "tokenizer": tokenizer,
        "text_encoder": text_encoder,
        "vae": vae,
        "transformer": transformer,
        "scheduler": CogVideoXDDIMScheduler(),
    }


def make_cogvideox(folder: Path) -> ModelCard:
    from diffusers import CogVideoXPipeline

    CogVideoXPipeline(**_cogvideox_parts()).save_pretrained(folder)
    return inspect(folder)


def make_cogvideox_i2v(folder: Path, side: tuple[int, int] = (4, 4)) -> ModelCard:
    """As CogVideoX 5B I2V it makes one size only, 8 × `side`."""
    from diffusers import CogVideoXImageToVideoPipeline

    CogVideoXImageToVideoPipeline(**_cogvideox_parts(image=True, side=side)).save_pretrained(folder)
    return inspect(folder)


def _adapter():
    import torch
    from diffusers import MotionAdapter

    torch.manual_seed(0)
    return MotionAdapter(
        block_out_channels=(32, 64),
        motion_layers_per_block=1,
        motion_norm_num_groups=2,
        motion_num_attention_heads=4,
        motion_max_seq_length=32,
        use_motion_mid_block=True,
    )


def make_motion_adapter(folder: Path) -> ModelCard:
    """The adapter alone; `make_sd` makes what it moves."""
    _adapter().save_pretrained(folder)
    return inspect(folder)


def make_animatediff(folder: Path) -> ModelCard:
    """The whole pipeline in one folder."""
    from diffusers import AnimateDiffPipeline, DDIMScheduler, StableDiffusionPipeline

    base = folder.with_name(folder.name + "-base")
    make_sd(base)
    parts = StableDiffusionPipeline.from_pretrained(base, safety_checker=None).components
    shared = {name: parts[name] for name in ("vae", "text_encoder", "tokenizer", "unet")}
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="linear",
        clip_sample=False,
        steps_offset=1,
    )
    AnimateDiffPipeline(**shared, motion_adapter=_adapter(), scheduler=scheduler).save_pretrained(
        folder
    )
    return inspect(folder)


def make_hunyuan(folder: Path) -> ModelCard:
    """HunyuanVideo 1.0: two text encoders, with embedded guidance."""
    import torch
    from diffusers import (
        AutoencoderKLHunyuanVideo,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideoPipeline,
        HunyuanVideoTransformer3DModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaModel

    torch.manual_seed(0)
    transformer = HunyuanVideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=2,
        patch_size_t=1,
        guidance_embeds=True,
        text_embed_dim=16,
        pooled_projection_dim=32,
        rope_axes_dim=(2, 4, 4),
    )
    vae = AutoencoderKLHunyuanVideo(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        act_fn="silu",
        norm_num_groups=4,
        scaling_factor=0.476986,
        spatial_compression_ratio=8,
        temporal_compression_ratio=4,
        mid_block_add_attention=True,
    )
    tokenizer = make_tokenizer()
    llama = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=1,
    )
    tokenizer_2, vocabulary = clip_tokenizer(tokenizer_folder(folder))
    clip = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
        projection_dim=32,
    )
    HunyuanVideoPipeline(
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=LlamaModel(llama),
        tokenizer=tokenizer,
        text_encoder_2=CLIPTextModel(clip),
        tokenizer_2=tokenizer_2,
    ).save_pretrained(folder)
    return inspect(folder)


def make_mochi(folder: Path) -> ModelCard:
    import torch
    from diffusers import (
        AutoencoderKLMochi,
        FlowMatchEulerDiscreteScheduler,
        MochiPipeline,
        MochiTransformer3DModel,
    )

    torch.manual_seed(0)
    transformer = MochiTransformer3DModel(
        patch_size=2,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=2,
        pooled_projection_dim=16,
        in_channels=12,
        out_channels=None,
        qk_norm="rms_norm",
        text_embed_dim=32,
        time_embed_dim=4,
        activation_fn="swiglu",
        max_sequence_length=16,
    )
    vae = AutoencoderKLMochi(
        latent_channels=12,
        out_channels=3,
        encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32),
        layers_per_block=(1, 1, 1, 1, 1),
    )
    text_encoder, tokenizer = _t5()
    MochiPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        transformer=transformer,
    ).save_pretrained(folder)
    return inspect(folder)


MAKERS = {
    "wan": ("WanPipeline", make_wan),
    "wan-two-denoisers": ("WanPipeline", make_wan_two_denoisers),
    "wan-ti2v": ("WanPipeline", make_wan_ti2v),
    "wan-i2v": ("WanImageToVideoPipeline", make_wan_i2v),
    "wan-i2v-clip": ("WanImageToVideoPipeline", make_wan_i2v_clip),
    "ltx": ("LTXPipeline", make_ltx),
    "ltx-i2v": ("LTXImageToVideoPipeline", make_ltx_i2v),
    "ltx-condition": ("LTXConditionPipeline", make_ltx_condition),
    "cogvideox": ("CogVideoXPipeline", make_cogvideox),
    "cogvideox-i2v": ("CogVideoXImageToVideoPipeline", make_cogvideox_i2v),
    "animatediff": ("AnimateDiffPipeline", make_animatediff),
    "hunyuan": ("HunyuanVideoPipeline", make_hunyuan),
    "mochi": ("MochiPipeline", make_mochi),
}
"""Name → class in its model_index.json, and the function that makes it."""
SMALL = {"width": 32, "height": 32, "num_frames": 9, "num_inference_steps": 2, "frame_rate": 8}


def first_frame(folder: Path) -> str:
    """Write a first frame, of another shape than any video here."""
    import numpy as np
    from PIL import Image

    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:, :45] = (255, 0, 0)
    path = folder / "first 首帧.png"
    Image.fromarray(pixels).save(path)
    return str(path)
