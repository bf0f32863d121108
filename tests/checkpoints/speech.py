"""Tiny random checkpoints of autoregressive speech families, with the real classes."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect

RATE = 8_000
BARK_RATE = 24_000
_QWEN = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 2048,
}


def _words(folder: Path, extra: list[str], template: Any = None) -> Any:
    """Write a tokenizer of letters with these special words, which get the first numbers; return
    it.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<unk>", *extra, *string.printable[:-5]]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    if template is not None:
        tokenizer.post_processor = template(vocabulary)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=extra,
    )
    fast.save_pretrained(folder)
    return fast


def make_bark(folder: Path, *, voices: bool = False) -> ModelCard:
    """Write a Bark: three language models of a layer each and an Encodec. The numbers of its words
    are the real ones.
    """
    import numpy as np
    import torch
    from transformers import BarkConfig, BarkModel, GenerationConfig

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    _words(folder, [])
    small: dict[str, Any] = {"num_layers": 1, "num_heads": 2, "hidden_size": 8, "block_size": 1024}
    codec = {
        "model_type": "encodec",
        "sampling_rate": BARK_RATE,
        "num_filters": 4,
        "hidden_size": 8,
        "upsampling_ratios": [8, 5, 4, 2],
        "codebook_size": 1024,
        "codebook_dim": 8,
        "num_lstm_layers": 1,
        "target_bandwidths": [6.0],
    }
    model = BarkModel(
        BarkConfig(
            semantic_config={**small, "input_vocab_size": 10_304, "output_vocab_size": 10_048},
            coarse_acoustics_config={
                **small,
                "input_vocab_size": 12_096,
                "output_vocab_size": 12_096,
            },
            fine_acoustics_config={
                **small,
                "input_vocab_size": 1_056,
                "output_vocab_size": 1_056,
                "n_codes_given": 1,
            },
            codec_config=codec,
        )
    ).eval()
    model.generation_config = GenerationConfig(
        sample_rate=BARK_RATE,
        codebook_size=1024,
        # The numbers of the words that are no text lie behind it, as in the real one, where there
        # is more of it.
        semantic_config={
            "text_encoding_offset": 10_048,
            "text_pad_token": 10_300,
            "semantic_infer_token": 10_301,
            "max_new_tokens": 24,
            "do_sample": True,
        },
        coarse_acoustics_config={"do_sample": True},
        fine_acoustics_config={"temperature": 0.5},
    )
    for layer in (
        model.codec_model.quantizer.layers
    ):  # all zero in a new codec: every code would give the same audio
        layer.codebook.embed.normal_()
    model.save_pretrained(folder)
    if voices:
        (folder / "speaker_embeddings").mkdir()
        rng = np.random.default_rng(0)
        named = {"repo_or_path": "somewhere/else"}
        shapes = {
            "semantic_prompt": (10_000, (40,)),
            "coarse_prompt": (1_024, (2, 60)),
            "fine_prompt": (1_024, (8, 60)),
        }
        for voice in ("v2/en_speaker_0", "v2/zh_speaker_1"):
            named[voice] = {}
            for part, (count, shape) in shapes.items():
                file = f"speaker_embeddings/{voice.replace('/', '_')}_{part}.npy"
                np.save(folder / file, rng.integers(0, count, shape))
                named[voice][part] = file
        (folder / "speaker_embeddings_path.json").write_text(json.dumps(named), encoding="utf-8")
    return inspect(folder)


def make_csm(folder: Path) -> ModelCard:
    """Write a CSM: backbone, depth decoder and Mimi, with four codebooks."""
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import CsmConfig, CsmForConditionalGeneration

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|AUDIO|>", "<|audio_eos|>"]

    def ends(vocabulary: dict[str, int]) -> Any:
        first, last = special[:2]
        return TemplateProcessing(
            single=f"{first} $A {last}",
            special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])],
        )

    tokenizer = _words(folder, special, ends)
    layers = _QWEN | {"max_position_embeddings": 256}
    codec = {
        "model_type": "mimi",
        "sampling_rate": RATE,
        "num_filters": 4,
        "hidden_size": 16,
        "upsampling_ratios": [8, 5, 4],
        "codebook_size": 64,
        "codebook_dim": 8,
        "num_quantizers": 4,
        "vector_quantization_hidden_dimension": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "intermediate_size": 16,
        "upsample_groups": 16,
        "frame_rate": 25.0,
    }
    model = CsmForConditionalGeneration(
        CsmConfig(
            num_codebooks=4,
            vocab_size=64,
            text_vocab_size=len(tokenizer),
            codebook_pad_token_id=63,
            codebook_eos_token_id=0,
            pad_token_id=0,
            bos_token_id=2,
            eos_token_id=None,
            audio_token_id=4,
            audio_eos_token_id=5,
            **layers,
            depth_decoder_config={
                "num_codebooks": 4,
                "backbone_hidden_size": 32,
                "vocab_size": 64,
                **layers,
            },
            codec_config=codec,
        )
    ).eval()
    quantizer = (
        model.codec_model.quantizer
    )  # all zero in a new codec: every code would give the same audio
    for layer in (
        *quantizer.semantic_residual_vector_quantizer.layers,
        *quantizer.acoustic_residual_vector_quantizer.layers,
    ):
        layer.codebook.embed_sum.normal_()
    model.generation_config.max_new_tokens = None
    model.generation_config.do_sample = model.depth_decoder.generation_config.do_sample = True
    model.save_pretrained(folder)
    return inspect(folder)


def make_dia(folder: Path) -> ModelCard:
    """Write a Dia with nine channels and the real numbers of its words, and a DAC in its folder
    `audio_tokenizer`.
    """
    import torch
    from transformers import (
        DacConfig,
        DacModel,
        DiaConfig,
        DiaFeatureExtractor,
        DiaForConditionalGeneration,
        DiaTokenizer,
    )

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    small: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 8,
    }
    cross = {
        "cross_num_attention_heads": 2,
        "cross_num_key_value_heads": 2,
        "cross_head_dim": 8,
        "cross_hidden_size": 16,
    }
    model = DiaForConditionalGeneration(
        DiaConfig(
            encoder_config={**small, "max_position_embeddings": 1024},
            decoder_config={**small, **cross, "max_position_embeddings": 160},
        )
    ).eval()
    model.generation_config.do_sample, model.generation_config.guidance_scale = True, 3.0
    model.generation_config.max_length = 3072
    model.save_pretrained(folder)
    DiaTokenizer().save_pretrained(folder)
    DiaFeatureExtractor(sampling_rate=RATE, hop_length=8).save_pretrained(folder)
    codec = DacModel(
        DacConfig(
            encoder_hidden_size=4,
            downsampling_ratios=[2, 4],
            decoder_hidden_size=16,
            upsampling_ratios=[4, 2],
            n_codebooks=9,
            codebook_size=1024,
            codebook_dim=4,
            sampling_rate=RATE,
        )
    )
    codec.save_pretrained(folder / "audio_tokenizer")
    named = {
        "audio_tokenizer_class": "DacModel",
        "audio_tokenizer_name_or_path": "descript/dac_44khz",
    }
    (folder / "audio_tokenizer_config.json").write_text(json.dumps(named), encoding="utf-8")
    return inspect(folder)


def make_speecht5(folder: Path, *, vocoder: bool = True) -> ModelCard:
    """Write a SpeechT5 with its tokenizer of letters, and a HiFi-GAN in its folder `vocoder`."""
    import sentencepiece
    import torch
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
        SpeechT5Tokenizer,
    )

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    model_prefix = folder.with_name(folder.name + "-spm")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([string.ascii_letters + " " + string.punctuation] * 4),
        model_prefix=str(model_prefix),
        model_type="char",
        vocab_size=100,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
        hard_vocab_limit=False,
    )
    tokenizer = SpeechT5Tokenizer(f"{model_prefix}.model")
    tokenizer.save_pretrained(folder)
    config = SpeechT5Config(
        vocab_size=len(tokenizer) + 1,
        hidden_size=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=16,
        speech_decoder_prenet_units=16,
        num_mel_bins=80,
        speech_decoder_postnet_units=16,
        speech_decoder_postnet_layers=2,
        speaker_embedding_dim=8,
        max_text_positions=450,
        conv_dim=[8],
        conv_stride=[5],
        conv_kernel=[10],
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )
    model = SpeechT5ForTextToSpeech(config).eval()
    with torch.no_grad():
        model.speech_decoder_postnet.prob_out.bias.fill_(
            -4
        )  # so that it stops neither at the first step nor at the last
        model.speech_decoder_postnet.prob_out.weight.normal_(0, 1)
    model.save_pretrained(folder)
    if vocoder:
        hifigan = SpeechT5HifiGan(
            SpeechT5HifiGanConfig(
                model_in_dim=80,
                sampling_rate=16_000,
                upsample_initial_channel=16,
                upsample_rates=[4, 4, 4, 4],
                resblock_kernel_sizes=[3],
                resblock_dilation_sizes=[[1, 3]],
                initializer_range=0.2,
            )
        )
        hifigan.save_pretrained(folder / "vocoder")
    return inspect(folder)


def make_vibevoice(folder: Path) -> ModelCard:
    """Write a VibeVoice: Qwen2, a diffusion head, two audio tokenizers."""
    import torch
    from transformers import VibeVoiceConfig, VibeVoiceForConditionalGeneration

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _words(
        folder, ["<|endoftext|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"]
    )
    audio: dict[str, Any] = {"num_filters": 4, "downsampling_ratios": [8, 10], "depths": [1, 1, 1]}
    model = VibeVoiceForConditionalGeneration(
        VibeVoiceConfig(
            text_config={"model_type": "qwen2", "vocab_size": len(tokenizer), **_QWEN},
            audio_config={"model_type": "vibevoice_acoustic_tokenizer", "hidden_size": 8, **audio},
            semantic_model_config={
                "model_type": "vibevoice_acoustic_tokenizer_encoder",
                "hidden_size": 8,
                **audio,
            },
            diffusion_head_config={
                "num_hidden_layers": 1,
                "intermediate_size": 16,
                "frequency_embedding_size": 16,
            },
            pad_token_id=2,
            eos_token_id=2,
            audio_bos_token_id=3,
            audio_eos_token_id=4,
            audio_token_id=5,
        )
    ).eval()
    with torch.no_grad():  # what attention adds is nearly the same everywhere, and means: go on
        attention = model.model.language_model.layers[-1].self_attn
        attention.v_proj.bias.fill_(5)
        onward = attention.o_proj.weight.sum(dim=1)
        model.model.audio_tower.decoder.head.conv.weight.mul_(2_000)
        model.lm_head.weight[5] = onward / onward.norm() * 2
    model.generation_config.update(
        pad_token_id=2,
        bos_token_id=2,
        eos_token_id=2,
        guidance_scale=1.3,
        num_diffusion_steps=3,
        noise_scheduler_class="DPMSolverMultistepScheduler",
        noise_scheduler_config={
            "beta_schedule": "squaredcos_cap_v2",
            "prediction_type": "v_prediction",
        },
    )
    model.save_pretrained(folder)
    return inspect(folder)


def make_pocket(folder: Path, *, phonon: bool = False) -> ModelCard:
    """Write a Pocket TTS, or a Phonon, with its codec in the folder `audio_tokenizer` and two
    voices.
    """
    import torch
    from safetensors.torch import save_file
    from transformers import (
        GradiumPhononTTSConfig,
        GradiumPhononTTSForConditionalGeneration,
        PocketTTSAudioTokenizerConfig,
        PocketTTSAudioTokenizerModel,
        PocketTTSConfig,
        PocketTTSForConditionalGeneration,
    )

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    names = ["<|audio_bos|>", "<|audio_prompt|>", "<|audio_latent|>", "<|audio_prompt_bos|>"]
    tokenizer = _words(folder, names)
    tokenizer.chat_template = (
        "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == "
        "'audio' %}<|audio_prompt|>"
        "{% else %}{{ part['text'] | capitalize }}{% endif %}{% endfor %}{% endfor %}<|audio_bos|>"
    )
    tokenizer.save_pretrained(folder)
    ids = {"audio_bos_token_id": 2, "audio_prompt_token_id": 3, "audio_latent_token_id": 4}
    ids |= {} if phonon else {"audio_prompt_bos_token_id": 5}
    config: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "latent_dim": 8,
        "intermediate_size": 16,
        "pad_token_id": 0,
        "frame_rate": 12.5,
        "flow_head_config": {
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "latent_dim": 8,
            "condition_dim": 32,
        },
    }
    if phonon:
        model: Any = GradiumPhononTTSForConditionalGeneration(
            GradiumPhononTTSConfig(audio_prompt_dim=12, **config, **ids)
        )
    else:
        model = PocketTTSForConditionalGeneration(PocketTTSConfig(**config, **ids))
    model.eval()
    model.generation_config.update(do_sample=True, temperature=0.7, return_dict_in_generate=True)
    model.save_pretrained(folder)
    codec = PocketTTSAudioTokenizerModel(
        PocketTTSAudioTokenizerConfig(
            sampling_rate=RATE,
            hidden_size=16,
            num_filters=4,
            upsampling_ratios=[4, 2],
            upsample_groups=16,
            num_hidden_layers=1,
            intermediate_size=16,
            num_attention_heads=2,
            num_key_value_heads=2,
            latent_dim=8,
            latent_stride=4,
        )
    )
    codec.save_pretrained(folder / "audio_tokenizer")
    (folder / "voices").mkdir()
    for number, voice in enumerate(("alba", "marius")):
        torch.manual_seed(number)
        save_file(
            {"audio_prompt_latents": torch.randn(5, 12 if phonon else 8)},
            folder / "voices" / f"{voice}.safetensors",
        )
    return inspect(folder)
