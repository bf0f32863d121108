"""A tiny model that writes one fixed text: its next token depends on the position only."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.text import make_tokenizer

POSITIONS = 512
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% "
    "endfor %}"
    "{% if add_generation_prompt %}<|assistant|>OPENING{% endif %}"
)


def make_scripted(
    folder: Path,
    script: str,
    *,
    prompt: str = "Hi",
    opening: str = "",
    mentions: str = "",
    special: tuple[str, ...] = (),
    ends: bool = True,
    chat: bool = True,
) -> ModelCard:
    """Write a GPT-2 that answers `prompt` with `script`.

    `ends`: ends after the script, else repeats its last token. `opening`: text that the chat
    template adds after the start of the assistant's turn. `mentions`: a comment in the template.
    `special`: texts that are one special token each.
    """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = _tokenizer(opening, mentions, special, chat=chat)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=POSITIONS,
        n_embd=POSITIONS,
        n_layer=1,
        n_head=2,
        n_inner=4,
        tie_word_embeddings=False,
        bos_token_id=0,
        eos_token_id=0,
    )
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.zero_()
        model.transformer.wpe.weight.copy_(torch.eye(POSITIONS))
        model.transformer.ln_f.weight.fill_(1.0)
        model.lm_head.weight.copy_(
            torch.from_numpy(_head(tokenizer, prompt, script, chat=chat, ends=ends))
        )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return inspect(folder)


def make_scripted_gguf(
    path: Path,
    script: str,
    *,
    prompt: str = "Hi",
    opening: str = "",
    mentions: str = "",
    special: tuple[str, ...] = (),
) -> Path:
    """Write the same model as a GGUF."""
    import gguf

    tokenizer = _tokenizer(opening, mentions, special, chat=True)
    table = json.loads(tokenizer.backend_tokenizer.to_str())
    tokens = [
        token for token, _number in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    ]
    writer = gguf.GGUFWriter(str(path), "gpt2")
    writer.add_name("Scripted")
    writer.add_context_length(POSITIONS)
    writer.add_embedding_length(POSITIONS)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(
        [3 if token.startswith("<|") or token in special else 1 for token in tokens]
    )
    writer.add_token_merges(
        [" ".join(pair) if isinstance(pair, list) else pair for pair in table["model"]["merges"]]
    )
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.chat_template)
    size, zeros = POSITIONS, lambda *shape: np.zeros(shape, np.float32)
    tensors = {
        "token_embd.weight": zeros(len(tokens), size),
        "position_embd.weight": np.eye(size, dtype=np.float32),
        "output_norm.weight": np.ones(size, np.float32),
        "output_norm.bias": zeros(size),
        "output.weight": _head(tokenizer, prompt, script, chat=True, ends=True),
        "blk.0.attn_norm.weight": zeros(size),
        "blk.0.attn_norm.bias": zeros(size),
        "blk.0.attn_qkv.weight": zeros(3 * size, size),
        "blk.0.attn_qkv.bias": zeros(3 * size),
        "blk.0.attn_output.weight": zeros(size, size),
        "blk.0.attn_output.bias": zeros(size),
        "blk.0.ffn_norm.weight": zeros(size),
        "blk.0.ffn_norm.bias": zeros(size),
        "blk.0.ffn_up.weight": zeros(32, size),
        "blk.0.ffn_up.bias": zeros(32),
        "blk.0.ffn_down.weight": zeros(size, 32),
        "blk.0.ffn_down.bias": zeros(size),
    }
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tokenizer(opening: str, mentions: str, special: tuple[str, ...], *, chat: bool):
    tokenizer = make_tokenizer()
    if special:
        tokenizer.add_special_tokens({"additional_special_tokens": list(special)})
    if chat:
        comment = "{#" + mentions + "#}" if mentions else ""
        tokenizer.chat_template = comment + TEMPLATE.replace("OPENING", opening)
    return tokenizer


def _head(tokenizer, prompt: str, script: str, *, chat: bool, ends: bool) -> NDArray[np.float32]:
    """Return the output layer: at the prompt's last position the first token of the script is
    likeliest, and so on.
    """
    length = len(tokenizer(prompt).input_ids)
    if chat:
        messages = [{"role": "user", "content": prompt}]
        length = len(
            tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)[
                "input_ids"
            ]
        )
    tokens = tokenizer.encode(script, add_special_tokens=False) + ([0] if ends else [])
    head = np.zeros((len(tokenizer), POSITIONS), np.float32)
    for place in range(POSITIONS - length):
        head[tokens[min(place, len(tokens) - 1)], length - 1 + place] = 10
    return head
