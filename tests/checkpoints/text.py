"""Tiny random language models of the real classes with a real tokenizer."""

from __future__ import annotations

import os
from pathlib import Path

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect

os.environ.setdefault("HF_HUB_OFFLINE", "1")

SENTENCES = [
    "This is a news article about a small cat.",
    "The quick brown fox jumps over the lazy dog.",
    "一只猫坐在窗台上看雨。",
    "今天天气很好，我们去公园吧！",
    "Emoji are fine too: 🐈 🚀 🎂",
]
CHAT = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% "
    "endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def make_tokenizer(chat: bool = False):
    """A byte-level BPE tokenizer: one Chinese character or emoji is several tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|end|>", "<|pad|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", bos_token="<|end|>", pad_token="<|pad|>"
    )
    if chat:
        fast.chat_template = CHAT
    return fast


def _save(model, tokenizer, folder: Path) -> ModelCard:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return inspect(folder)


def make_gpt2(folder: Path, positions: int = 64) -> ModelCard:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=positions,
        n_embd=32,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    return _save(GPT2LMHeadModel(config), tokenizer, folder)


def make_llama(folder: Path, wide: int = 64) -> ModelCard:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = make_tokenizer(chat=True)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=wide,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=256,
        bos_token_id=0,
        eos_token_id=0,
    )
    return _save(LlamaForCausalLM(config), tokenizer, folder)


def make_t5(folder: Path) -> ModelCard:
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=1,
        pad_token_id=1,
        eos_token_id=0,
    )
    return _save(T5ForConditionalGeneration(config), tokenizer, folder)
