"""Weight files made byte by byte, whole and damaged; and a tiny real GGUF with a tokenizer."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np


def safetensors_bytes(tensors=None, metadata=None) -> bytes:
    """A whole safetensors file; `tensors` is name → numpy float32 array."""
    tensors = {"weight": np.ones((4, 2), np.float32)} if tensors is None else tensors
    header, data = {}, b""
    for name, array in tensors.items():
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.tobytes()
    if metadata:
        header["__metadata__"] = metadata
    return with_header(header, data)


def with_header(header, data: bytes = b"") -> bytes:
    """A safetensors file with any header, right or wrong."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def folder_of(path: Path, config, weights: bytes | None = None, **files) -> Path:
    """A transformers folder with a configuration, a tokenizer's name and weights."""
    path.mkdir(parents=True)
    (path / "config.json").write_text(
        config if isinstance(config, str) else json.dumps(config), encoding="utf-8"
    )
    (path / "tokenizer.json").write_text("{}", encoding="utf-8")
    (path / "model.safetensors").write_bytes(safetensors_bytes() if weights is None else weights)
    for name, content in files.items():
        (path / name).write_text(
            content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
        )
    return path


def gguf_string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def gguf_bytes(
    metadata=None,
    tensors=((("weight"), (8, 4), 0, 0),),
    data: bytes | None = None,
    counts=None,
    version=3,
) -> bytes:
    """A GGUF by hand. `metadata`: key → (type number, packed value). `tensors`: (name, dimensions,
    type, offset).
    """
    metadata = {"general.architecture": (8, gguf_string("llama"))} if metadata is None else metadata
    many, entries = counts or (len(tensors), len(metadata))
    head = b"GGUF" + struct.pack("<IQQ", version, many, entries)
    for key, (kind, value) in metadata.items():
        head += gguf_string(key) + struct.pack("<I", kind) + value
    for name, dimensions, kind, offset in tensors:
        head += gguf_string(name) + struct.pack("<I", len(dimensions))
        head += b"".join(struct.pack("<Q", size) for size in dimensions) + struct.pack(
            "<IQ", kind, offset
        )
    head += b"\0" * (-len(head) % 32)
    return head + (b"\0" * 4 * 32 if data is None else data)


def make_gguf(
    path: Path,
    *,
    template: str = "",
    seed: int = 0,
    architecture: str = "llama",
    positions: int = 128,
    pre: str = "gpt-2",
    sharpness: float = 1,
    width: int = 32,
) -> Path:
    """Write a real GGUF of a random Llama of some 30,000 parameters, in float32, with a byte-level
    BPE tokenizer.

    With more sharpness one token is much likelier than the others, and rounding changes no choice.
    """
    import gguf

    from tests.checkpoints.text import make_tokenizer

    tokenizer = json.loads(make_tokenizer().backend_tokenizer.to_str())
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    tokens, heads, rows = (
        [token for token, _number in vocabulary],
        2,
        np.random.default_rng(seed),
    )
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_name(f"Tiny {architecture}")
    writer.add_context_length(positions)
    writer.add_embedding_length(width)
    writer.add_block_count(2)
    writer.add_feed_forward_length(64)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in tokens])
    writer.add_token_merges(
        [
            " ".join(pair) if isinstance(pair, list) else pair
            for pair in tokenizer["model"]["merges"]
        ]
    )
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    if template:
        writer.add_chat_template(template)

    def add(name, *shape):
        scale = 0.2 * (sharpness if name == "output.weight" else 1)
        writer.add_tensor(name, rows.normal(0, scale, shape).astype(np.float32))

    add("token_embd.weight", len(tokens), width)
    add("output.weight", len(tokens), width)
    add("output_norm.weight", width)
    for block in range(2):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{block}.{name}.weight", width, width)
        add(f"blk.{block}.ffn_gate.weight", 64, width)
        add(f"blk.{block}.ffn_up.weight", 64, width)
        add(f"blk.{block}.ffn_down.weight", width, 64)
        add(f"blk.{block}.attn_norm.weight", width)
        add(f"blk.{block}.ffn_norm.weight", width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
