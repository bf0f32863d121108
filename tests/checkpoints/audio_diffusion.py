"""Tiny random audio pipelines of diffusers, with the real classes, by `save_pretrained`."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.text import make_tokenizer

RATE = 8_000
LIBRARY_WARNINGS = [
    # diffusers passes GPT-2's KV cache under an old name and uses a deprecated weight_norm.
    pytest.mark.filterwarnings("ignore:.past_key_values. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:At least one mel filter:UserWarning"),
]
"""Marks of tests that run these pipelines: warnings about the libraries' own code."""


def _t5(width: int = 16) -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(vocab_size=512, d_model=width, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    ).eval()


def _oobleck(channels: int) -> Any:
    from diffusers import AutoencoderOobleck

    return AutoencoderOobleck(
        encoder_hidden_size=8,
        downsampling_ratios=[4, 8],
        channel_multiples=[1, 2],
        decoder_channels=8,
        decoder_input_channels=channels,
        audio_channels=2,
        sampling_rate=RATE,
    ).eval()


def make_stable_audio(folder: Path) -> ModelCard:
    """Write a Stable Audio Open; its scheduler is called as on the hub, where diffusers wants
    torchsde for it.
    """
    import torch
    from diffusers import EDMDPMSolverMultistepScheduler, StableAudioDiTModel, StableAudioPipeline
    from diffusers.pipelines.stable_audio.modeling_stable_audio import StableAudioProjectionModel

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 32
    dit = StableAudioDiTModel(
        sample_size=2048,
        in_channels=8,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        num_key_value_attention_heads=2,
        out_channels=8,
        cross_attention_dim=16,
        time_proj_dim=8,
        global_states_input_dim=32,
        cross_attention_input_dim=16,
    ).eval()
    pipe = StableAudioPipeline(
        vae=_oobleck(8),
        text_encoder=_t5(),
        tokenizer=tokenizer,
        transformer=dit,
        scheduler=EDMDPMSolverMultistepScheduler(),
        projection_model=StableAudioProjectionModel(
            text_encoder_dim=16, conditioning_dim=16, min_value=0, max_value=32
        ),
    )
    pipe.save_pretrained(folder)
    name = "CosineDPMSolverMultistepScheduler"
    settings = {
        "sigma_min": 0.3,
        "sigma_max": 500,
        "sigma_data": 1.0,
        "sigma_schedule": "exponential",
        "solver_order": 2,
    }
    scheduler = {
        "_class_name": name,
        "num_train_timesteps": 1000,
        "prediction_type": "v_prediction",
        **settings,
    }
    (folder / "scheduler/scheduler_config.json").write_text(json.dumps(scheduler), encoding="utf-8")
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    index["scheduler"] = ["diffusers", name]
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    return inspect(folder)


def make_stable_audio_3(folder: Path) -> ModelCard:
    """Write a distilled Stable Audio 3 (eight steps, no guidance), with a T5Gemma encoder."""
    import torch
    from diffusers import (
        AutoencoderSAME,
        FlowMatchEulerDiscreteScheduler,
        StableAudio3DiTModel,
        StableAudio3Pipeline,
    )
    from diffusers.pipelines.stable_audio_3.modeling_stable_audio_3 import (
        StableAudio3DurationEmbedder,
    )
    from transformers import T5GemmaConfig, T5GemmaEncoderModel

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = 32
    layers: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "pad_token_id": 1,
        "eos_token_id": 0,
        "bos_token_id": 0,
    }
    text = T5GemmaEncoderModel(
        T5GemmaConfig(
            encoder=layers, decoder=layers, is_encoder_decoder=False, vocab_size=len(tokenizer)
        )
    )
    pipe = StableAudio3Pipeline(
        vae=AutoencoderSAME(
            patch_size=16,
            encoder_channels=16,
            encoder_c_mults=(1,),
            encoder_strides=(2,),
            encoder_transformer_depths=(1,),
            latent_dim=8,
            dim_heads=8,
            ff_mult=1,
            sampling_rate=RATE,
            encoder_sinusoidal_blocks=(0,),
            decoder_sinusoidal_blocks=(0,),
        ).eval(),
        text_encoder=text.eval(),
        tokenizer=tokenizer,
        duration_embedder=StableAudio3DurationEmbedder(output_dim=16, fourier_dim=8),
        transformer=StableAudio3DiTModel(
            io_channels=8,
            embed_dim=16,
            depth=1,
            num_heads=2,
            cond_token_dim=16,
            global_cond_dim=16,
            local_add_cond_dim=9,
            timestep_features_dim=8,
            ff_mult=1.0,
            num_memory_tokens=2,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, stochastic_sampling=True),
    )
    with (
        torch.no_grad()
    ):  # what begins as zero in training lets nothing of the prompt and the noise through
        for weights in (*pipe.vae.parameters(), *pipe.transformer.parameters()):
            if not weights.any():
                weights.normal_(0, 0.3)
    pipe.save_pretrained(folder)
    return inspect(folder)


def make_ace_step(folder: Path) -> ModelCard:
    """Write a turbo ACE-Step with a Qwen 3 as its text encoder."""
    import torch
    from diffusers import (
        AceStepPipeline,
        AceStepTransformer1DModel,
        FlowMatchEulerDiscreteScheduler,
    )
    from diffusers.pipelines.ace_step.modeling_ace_step import AceStepConditionEncoder
    from transformers import Qwen3Config, Qwen3Model

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    heads: dict[str, Any] = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8}
    text = Qwen3Model(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            **heads,
        )
    ).eval()
    small: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 16, **heads}
    pipe = AceStepPipeline(
        vae=_oobleck(8),
        text_encoder=text,
        tokenizer=tokenizer,
        transformer=AceStepTransformer1DModel(
            num_hidden_layers=2, in_channels=24, audio_acoustic_hidden_dim=8, is_turbo=True, **small
        ).eval(),
        condition_encoder=AceStepConditionEncoder(
            text_hidden_dim=16,
            timbre_hidden_dim=8,
            num_lyric_encoder_hidden_layers=1,
            num_timbre_encoder_hidden_layers=1,
            **small,
        ).eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
    )
    pipe.save_pretrained(folder)
    return inspect(folder)


def make_audioldm2(folder: Path) -> ModelCard:
    """Write an AudioLDM 2: CLAP, T5 and GPT-2 for text; U-Net, VAE and HiFi-GAN for audio."""
    import torch
    from diffusers import (
        AudioLDM2Pipeline,
        AudioLDM2ProjectionModel,
        AudioLDM2UNet2DConditionModel,
        AutoencoderKL,
        DDIMScheduler,
    )
    from transformers import (
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        GPT2Config,
        GPT2LMHeadModel,
        RobertaTokenizer,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
        T5Tokenizer,
    )

    torch.manual_seed(0)
    letters = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *string.ascii_lowercase]
    tokenizer = RobertaTokenizer(
        {letter: number for number, letter in enumerate(letters)}, [], model_max_length=32
    )
    pieces = ["<pad>", "</s>", "<unk>", "▁", *string.ascii_lowercase]
    second = T5Tokenizer(
        [(piece, -float(number)) for number, piece in enumerate(pieces)],
        extra_ids=0,
        model_max_length=32,
    )
    unet = AudioLDM2UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=8,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=((None, 16, 8), (None, 16, 8)),
        attention_head_dim=8,
    )
    vae = AutoencoderKL(
        block_out_channels=[8, 16],
        in_channels=1,
        out_channels=1,
        norm_num_groups=8,
        latent_channels=4,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
    )
    text_config: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "projection_dim": 16,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "max_position_embeddings": 64,
    }
    audio_config: dict[str, Any] = {
        "spec_size": 64,
        "window_size": 4,
        "num_mel_bins": 64,
        "intermediate_size": 16,
        "patch_size": 4,
        "patch_stride": [4, 4],
        "depths": [1, 1],
        "num_attention_heads": [1, 1],
        "hidden_size": 192,
        "projection_dim": 16,
        "patch_embeds_hidden_size": 8,
        "num_hidden_layers": 2,
    }
    clap = ClapModel(
        ClapConfig(text_config=text_config, audio_config=audio_config, projection_dim=16)
    ).eval()
    language = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=8,
            n_positions=64,
            n_embd=16,
            n_layer=1,
            n_head=2,
            bos_token_id=0,
            eos_token_id=0,
        )
    ).eval()
    language.config.max_new_tokens = 8
    hifigan = SpeechT5HifiGanConfig(
        model_in_dim=8,
        sampling_rate=RATE,
        upsample_initial_channel=16,
        upsample_rates=[4, 4, 4],
        upsample_kernel_sizes=[8, 8, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        normalize_before=False,
        initializer_range=0.2,
    )
    pipe = AudioLDM2Pipeline(
        vae=vae.eval(),
        text_encoder=clap,
        text_encoder_2=_t5(8),
        language_model=language,
        tokenizer=tokenizer,
        projection_model=AudioLDM2ProjectionModel(
            text_encoder_dim=16, text_encoder_1_dim=8, langauge_model_dim=16
        ),
        tokenizer_2=second,
        feature_extractor=ClapFeatureExtractor(feature_size=8, sampling_rate=RATE),
        unet=unet.eval(),
        scheduler=DDIMScheduler(),
        vocoder=SpeechT5HifiGan(hifigan).eval(),
    )
    pipe.save_pretrained(folder)
    return inspect(folder)
