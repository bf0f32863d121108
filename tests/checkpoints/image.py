"""Tiny random diffusion pipelines with the real classes, written by `save_pretrained`."""

from __future__ import annotations

from pathlib import Path

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.image_parts import clip_tokenizer, tokenizer_folder


def parts_of_sd(cross: int, vocabulary: int, **more):
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(32, 64),
        norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross,
        attention_head_dim=8,
        **more,
    )
    vae = AutoencoderKL(
        block_out_channels=(32, 64),
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=16,
    )
    text = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        pad_token_id=vocabulary - 1,
        projection_dim=32,
    )
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        steps_offset=1,
    )
    return unet, vae, text, scheduler


def make_sd(folder: Path) -> ModelCard:
    from diffusers import StableDiffusionPipeline
    from transformers import CLIPTextModel

    tokenizer, vocabulary = clip_tokenizer(tokenizer_folder(folder))
    unet, vae, text, scheduler = parts_of_sd(32, vocabulary)
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return inspect(folder)


def make_sdxl(folder: Path) -> ModelCard:
    from diffusers import StableDiffusionXLPipeline
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    tokenizer, vocabulary = clip_tokenizer(tokenizer_folder(folder))
    unet, vae, text, scheduler = parts_of_sd(
        64,
        vocabulary,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=80,
        transformer_layers_per_block=(1, 1),
        use_linear_projection=True,
    )
    pipe = StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        text_encoder_2=CLIPTextModelWithProjection(text),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=unet,
        scheduler=scheduler,
        add_watermarker=False,
    )
    pipe.save_pretrained(folder)
    return inspect(folder)


def make_lcm(folder: Path) -> ModelCard:
    from diffusers import LatentConsistencyModelPipeline, LCMScheduler
    from transformers import CLIPTextModel

    tokenizer, vocabulary = clip_tokenizer(tokenizer_folder(folder))
    unet, vae, text, scheduler = parts_of_sd(32, vocabulary, time_cond_proj_dim=16)
    pipe = LatentConsistencyModelPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=LCMScheduler.from_config(scheduler.config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return inspect(folder)


def make_sd_that_decodes_large(folder: Path, channels: int = 32) -> ModelCard:
    """Its autoencoder enlarges eight times, as a real one's, so that decoding takes many times the
    memory of a step.
    """
    import torch
    from diffusers import AutoencoderKL, StableDiffusionPipeline
    from transformers import CLIPTextModel

    tokenizer, vocabulary = clip_tokenizer(tokenizer_folder(folder))
    unet, _vae, text, scheduler = parts_of_sd(32, vocabulary)
    torch.manual_seed(1)
    vae = AutoencoderKL(
        block_out_channels=(channels,) * 4,
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=8,
        sample_size=512,
        mid_block_add_attention=False,
    )
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return inspect(folder)
