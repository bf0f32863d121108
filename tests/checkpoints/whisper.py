"""A tiny random Whisper, as CTranslate2 stores it: model.bin, tokenizer.json and config.json."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

LANGUAGES = ("en", "zh")
LAYERS, HEADS, POSITIONS = 2, 2, 40


def make_whisper(folder: Path) -> Any:
    """Write the three files; return the model with the same weights."""
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    folder.mkdir(parents=True, exist_ok=True)
    ids = _write_tokenizer(folder / "tokenizer.json")
    suppressed = {"suppress_ids": [ids["<|startofprev|>"]], "suppress_ids_begin": [32]}
    (folder / "config.json").write_text(json.dumps(suppressed))
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=ids["<|notimestamps|>"] + 1 + 1501,
        num_mel_bins=80,
        d_model=16,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=32,
        decoder_ffn_dim=24,
        max_source_positions=1500,
        max_target_positions=POSITIONS,
        pad_token_id=ids["<|endoftext|>"],
        bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"],
        decoder_start_token_id=ids["<|startoftranscript|>"],
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = WhisperForConditionalGeneration(config).eval()
    (folder / "model.bin").write_bytes(container(tensors_of(model)))
    return model


def _write_tokenizer(path: Path) -> dict[str, int]:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    names = ["endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe"]
    names += ["startoflm", "startofprev", "nocaptions", "notimestamps"]
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in names])
    tokenizer.save(str(path))
    return {f"<|{name}|>": tokenizer.token_to_id(f"<|{name}|>") for name in names}


def tensors_of(model: Any) -> dict[str, np.ndarray]:
    """Return the tensors as CTranslate2 names and joins them, as float16."""
    state = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    stored: dict[str, np.ndarray] = {}

    def put(target: str, *sources: str) -> None:
        stored[target] = np.concatenate([state[one] for one in sources])

    for side in ("encoder", "decoder"):
        _put_side(side, state, put)
        stored[f"{side}/num_heads"] = np.array(HEADS, np.int16)
    put("encoder/conv1/weight", "model.encoder.conv1.weight")
    put("encoder/conv1/bias", "model.encoder.conv1.bias")
    put("encoder/conv2/weight", "model.encoder.conv2.weight")
    put("encoder/conv2/bias", "model.encoder.conv2.bias")
    put("decoder/embeddings/weight", "model.decoder.embed_tokens.weight")
    stored["decoder/pre_norm"] = np.array(1, np.int8)
    return {
        name: value.astype(np.float16) if value.dtype == np.float32 else value
        for name, value in stored.items()
    }


def _put_side(side: str, state: dict[str, np.ndarray], put: Any) -> None:
    start = f"model.{side}."
    put(f"{side}/position_encodings/encodings", f"{start}embed_positions.weight")
    put(f"{side}/layer_norm/gamma", f"{start}layer_norm.weight")
    put(f"{side}/layer_norm/beta", f"{start}layer_norm.bias")
    for number in range(LAYERS):
        here, there = f"{start}layers.{number}.", f"{side}/layer_{number}/"
        blocks = [("self_attention", "self_attn", "self_attn_layer_norm")]
        if side == "decoder":
            blocks.append(("attention", "encoder_attn", "encoder_attn_layer_norm"))
        for block, attention, norm in blocks:
            names = [f"{here}{attention}.{one}_proj" for one in "qkv"]
            state[f"{names[1]}.bias"] = np.zeros_like(state[f"{names[0]}.bias"])
            joined = [names] if block == "self_attention" else [names[:1], names[1:]]
            for kind in ("weight", "bias"):
                for at, group in enumerate(joined):
                    put(f"{there}{block}/linear_{at}/{kind}", *(f"{one}.{kind}" for one in group))
                put(
                    f"{there}{block}/linear_{len(joined)}/{kind}",
                    f"{here}{attention}.out_proj.{kind}",
                )
            put(f"{there}{block}/layer_norm/gamma", f"{here}{norm}.weight")
            put(f"{there}{block}/layer_norm/beta", f"{here}{norm}.bias")
        for kind in ("weight", "bias"):
            put(f"{there}ffn/linear_0/{kind}", f"{here}fc1.{kind}")
            put(f"{there}ffn/linear_1/{kind}", f"{here}fc2.{kind}")
        put(f"{there}ffn/layer_norm/gamma", f"{here}final_layer_norm.weight")
        put(f"{there}ffn/layer_norm/beta", f"{here}final_layer_norm.bias")


_TYPES = {np.dtype("f4"): 0, np.dtype("i1"): 1, np.dtype("i2"): 2, np.dtype("f2"): 4}


def container(
    tensors: dict[str, np.ndarray], *, version: int = 6, type_name: str = "WhisperSpec"
) -> bytes:
    """Return a file of CTranslate2."""
    data = struct.pack("<I", version) + _text(type_name) + struct.pack("<II", 3, len(tensors))
    for name, value in tensors.items():
        data += _text(name) + struct.pack("<B", value.ndim)
        data += struct.pack(f"<{value.ndim}I", *value.shape)
        data += struct.pack("<BI", _TYPES[value.dtype], value.nbytes) + value.tobytes()
    return data + struct.pack("<I", 0)


def _text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"
