"""Tiny random VITS and MusicGen checkpoints, made with the real classes and `save_pretrained`."""

from __future__ import annotations

import json
import string
from pathlib import Path

from studio.models.card import ModelCard, Voice

RATE = 8_000
CODEC_RATE = 4_000
HOP = 8
"""Samples a code of the tiny codec; a real one has 640."""


def make_vits(folder: Path, *, speakers: int = 1, phonemize: bool = False) -> ModelCard:
    """Write a VITS of ~30,000 parameters that reads lower-case English letters (no phonemizer, as
    MMS-TTS does).
    """
    import torch
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    letters = ["<pad>", *string.ascii_lowercase, " ", "'", "-", "<unk>"]
    (folder / "vocab.json").write_text(
        json.dumps({letter: number for number, letter in enumerate(letters)}), encoding="utf-8"
    )
    config = VitsConfig(
        vocab_size=len(letters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        prior_encoder_num_flows=1,
        prior_encoder_num_wavenet_layers=1,
        duration_predictor_num_flows=1,
        duration_predictor_filter_channels=16,
        depth_separable_num_layers=1,
        posterior_encoder_num_wavenet_layers=1,
        upsample_initial_channel=16,
        upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3, 5]],
        num_speakers=speakers,
        speaker_embedding_size=8 if speakers > 1 else 0,
        sampling_rate=RATE,
    )
    model = VitsModel(config).eval()
    model.save_pretrained(folder)
    VitsTokenizer(str(folder / "vocab.json"), phonemize=phonemize).save_pretrained(folder)
    voices = tuple(
        Voice(name=str(number), title=f"Speaker {number}")
        for number in range(speakers if speakers > 1 else 0)
    )
    return ModelCard(
        name="tiny-vits",
        title="Tiny VITS",
        kind="speech",
        runner="transformers",
        family="vits",
        path=str(folder),
        sampling_rate=RATE,
        voices=voices,
    )


def make_musicgen(folder: Path, *, stereo: bool = False, melody: bool = False) -> ModelCard:
    """Write a MusicGen of ~60,000 parameters: 4 codebooks (8 in stereo), 500 codes a second."""
    import torch
    from transformers import (
        EncodecConfig,
        EncodecFeatureExtractor,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        MusicgenMelodyConfig,
        MusicgenMelodyDecoderConfig,
        MusicgenMelodyForConditionalGeneration,
        MusicgenProcessor,
        T5Config,
    )

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    books = 8 if stereo else 4
    codec = EncodecConfig(
        sampling_rate=CODEC_RATE,
        audio_channels=1,
        num_filters=4,
        hidden_size=8,
        upsampling_ratios=[4, 2],
        codebook_size=16,
        codebook_dim=8,
        num_lstm_layers=1,
        target_bandwidths=[
            CODEC_RATE / HOP * 4 * 4 / 1000
        ],  # kbit/s: codes per second × 4 bits × 4 codebooks
    )
    decoder = (MusicgenMelodyDecoderConfig if melody else MusicgenDecoderConfig)(
        vocab_size=16,
        num_codebooks=books,
        audio_channels=2 if stereo else 1,
        num_hidden_layers=1,
        num_attention_heads=2,
        hidden_size=16,
        ffn_dim=16,
        pad_token_id=16,
        bos_token_id=16,
    )
    text = T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    parts = {"text_encoder": text, "audio_encoder": codec, "decoder": decoder}
    if melody:
        model = MusicgenMelodyForConditionalGeneration(
            MusicgenMelodyConfig(**parts, num_chroma=4, chroma_length=5)
        ).eval()
    else:
        model = MusicgenForConditionalGeneration(MusicgenConfig(**parts)).eval()
    for layer in (
        model.audio_encoder.quantizer.layers
    ):  # all zero in a new codec: every code would give the same audio
        layer.codebook.embed.normal_()
    with torch.no_grad():
        for (
            name,
            weights,
        ) in (
            model.named_parameters()
        ):  # so that prompt, guidance and temperature change what is drawn
            if name.startswith(("decoder.", "enc_to_dec_proj")) and weights.ndim == 2:
                weights.mul_(15)
    model.generation_config.pad_token_id = model.generation_config.decoder_start_token_id = 16
    model.save_pretrained(folder)
    extractor = EncodecFeatureExtractor(feature_size=2 if stereo else 1, sampling_rate=CODEC_RATE)
    MusicgenProcessor(extractor, _tokenizer()).save_pretrained(folder)
    return ModelCard(
        name="tiny-musicgen",
        title="Tiny MusicGen",
        kind="music",
        runner="transformers",
        family="musicgen",
        path=str(folder),
        sampling_rate=CODEC_RATE,
    )


def _tokenizer():
    from transformers import T5Tokenizer

    pieces = ["<pad>", "</s>", "<unk>", "▁", *string.ascii_lowercase]
    return T5Tokenizer(
        vocab=[(piece, -float(number)) for number, piece in enumerate(pieces)], extra_ids=0
    )
