"""A GGUF file of the starter text model, for benchmarks that need one and get no file named.

An installed starter model that was converted from a GGUF to safetensors is written back
as Q4_1 (embeddings as Q8_0), with llama.cpp's names and order of heads.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.core.paths import DataFolder, data_folder
from studio.models.card import ModelCard
from studio.models.inspect.checkpoint import checkpoint_in
from studio.models.llama_cpp import RUNNER
from studio.models.registry import ModelRegistry

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def starter_text_model() -> ModelCard:
    """Return the text model of $STUDIO_STARTER_DIR, or of the data folder."""
    folder = os.environ.get("STUDIO_STARTER_DIR")
    data = DataFolder(root=Path(folder)) if folder else data_folder()
    return ModelRegistry(data).find("text")


def gguf_file(folder: Path) -> Path:
    """Return the file of the command line or $STUDIO_BENCHMARK_GGUF, else write one to `folder`."""
    named = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("STUDIO_BENCHMARK_GGUF", "")
    if named:
        return Path(named)
    card = starter_text_model()
    own = checkpoint_in(card.folder) if card.runner == RUNNER else None
    return Path(own.path) if own is not None else write_gguf(card, folder / "starter.gguf")


def write_gguf(card: ModelCard, path: Path) -> Path:
    """Write a Llama model's safetensors as GGUF and return its path."""
    import gguf
    from safetensors import safe_open

    config = json.loads((card.folder / "config.json").read_text(encoding="utf-8"))
    with _closing(gguf.GGUFWriter(path, "llama")) as writer:
        _write_config(writer, config)
        _write_tokenizer(writer, card.folder)
        with safe_open(card.folder / "model.safetensors", "np") as weights:
            for name in weights.keys():  # noqa: SIM118 (it is no dict)
                if name == "lm_head.weight" and config["tie_word_embeddings"]:
                    continue
                _write_tensor(writer, name, weights.get_tensor(name), config)
    return path


@contextmanager
def _closing(writer: Any) -> Iterator[Any]:
    yield writer
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_config(writer: Any, config: dict[str, Any]) -> None:
    writer.add_name("Starter")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])


def _write_tokenizer(writer: Any, folder: Path) -> None:
    import gguf

    table = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = table["model"]["vocab"]
    special = {token["id"] for token in table["added_tokens"]}
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [
            gguf.TokenType.CONTROL if number in special else gguf.TokenType.NORMAL
            for number in range(len(tokens))
        ]
    )
    writer.add_token_merges([" ".join(merge) for merge in table["model"]["merges"]])
    writer.add_bos_token_id(vocabulary["<|im_start|>"])
    writer.add_eos_token_id(vocabulary["<|im_end|>"])
    writer.add_pad_token_id(vocabulary["<|im_end|>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template((folder / "chat_template.jinja").read_text(encoding="utf-8"))


def _write_tensor(writer: Any, name: str, values: Any, config: dict[str, Any]) -> None:
    import gguf
    import numpy as np

    part, _, suffix = name.rpartition(".")
    values = values.astype(np.float32)
    if "q_proj" in part:
        values = _interleave(values, config["num_attention_heads"])
    elif "k_proj" in part:
        values = _interleave(values, config["num_key_value_heads"])
    if part.startswith("model.layers."):
        _model, _layers, number, within = part.split(".", 3)
        target = f"blk.{number}.{NAMES[within]}.{suffix}"
    else:
        target = f"{NAMES[part]}.{suffix}"
    if values.ndim == 1:
        writer.add_tensor(target, values)
        return
    kinds = gguf.GGMLQuantizationType
    kind = kinds.Q8_0 if target.startswith(("token_embd", "output.")) else kinds.Q4_1
    writer.add_tensor(target, gguf.quants.quantize(values, kind), raw_dtype=kind)


def _interleave(values: Any, heads: int) -> Any:
    """Reorder rotary dimensions from transformers' halves to llama.cpp's pairs."""
    rows, columns = values.shape
    return (
        values.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(values.shape)
    )
