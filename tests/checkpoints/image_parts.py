"""Tiny random components of image families: tokenizers, text encoders, VAEs, schedulers."""

from __future__ import annotations

import json
import os
from pathlib import Path

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.text import SENTENCES, make_tokenizer

os.environ.setdefault("HF_HUB_OFFLINE", "1")
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endif "
    "%}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def save_and_inspect(pipe, folder: Path) -> ModelCard:
    pipe.save_pretrained(folder)
    return inspect(folder)


# Tokenizers
# ----------------------------------------------------------------------


def tokenizer_folder(folder: Path) -> Path:
    """Return where a pipeline's tokenizer is made before the pipeline is saved."""
    return folder.with_name(folder.name + "-tokenizer")


def clip_tokenizer(place: Path):
    """Return a tokenizer with a token for each letter, and the number of its tokens."""
    from transformers import CLIPTokenizer

    place.mkdir(parents=True, exist_ok=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    vocabulary = {
        token: number
        for number, token in enumerate([*letters, *(f"{letter}</w>" for letter in letters)])
    }
    vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"] = (
        len(vocabulary),
        len(vocabulary) + 1,
    )
    (place / "vocab.json").write_text(json.dumps(vocabulary))
    (place / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(
        str(place / "vocab.json"), str(place / "merges.txt"), model_max_length=77
    ), len(vocabulary)


def _pieces(size: int, special: list[str]) -> tuple[dict[str, int], list[str]]:
    """Return words and merges of a byte-level BPE."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    table = json.loads(tokenizer.to_str())["model"]
    return table["vocab"], [tuple(pair) for pair in table["merges"]]


def qwen_tokenizer():
    from transformers import Qwen2Tokenizer

    special = [
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|vision_start|>",
        "<|vision_end|>",
        "<|image_pad|>",
        "<|video_pad|>",
    ]
    vocabulary, merges = _pieces(400, special)
    made = Qwen2Tokenizer(vocab=vocabulary, merges=merges)
    made.add_special_tokens({"additional_special_tokens": special[1:]})
    made.chat_template = CHAT
    return made


def glm_tokenizer():
    """It puts two words of its own in front of everything, so that nothing is empty."""
    from tokenizers.processors import TemplateProcessing

    made = make_tokenizer()
    first = ["[gMASK]", "<sop>"]
    made.add_special_tokens({"additional_special_tokens": first})
    made.padding_side = "left"
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single="[gMASK] <sop> $A",
        special_tokens=[(word, made.convert_tokens_to_ids(word)) for word in first],
    )
    return made


def t5_tokenizer():
    from transformers import T5Tokenizer

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        ("▁", -1.0),
        *((letter, -2.0) for letter in letters),
    ]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)


def gemma_tokenizer():
    from transformers import GemmaTokenizer

    vocabulary = {"<pad>": 0, "<eos>": 1, "<bos>": 2, "<unk>": 3, "<mask>": 4, "▁": 5}
    for code in range(ord("a"), ord("z") + 1):
        vocabulary[chr(code)] = len(vocabulary)
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    return GemmaTokenizer(vocab=vocabulary, merges=[])


# Text encoders
# ----------------------------------------------------------------------


def clip_config(words: int):
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=words,
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=words - 2,
        eos_token_id=words - 1,
        pad_token_id=words - 1,
        projection_dim=32,
    )


def t5(words: int, size: int = 16):
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(
            vocab_size=words,
            d_model=size,
            d_kv=8,
            d_ff=16,
            num_layers=1,
            num_heads=2,
            decoder_start_token_id=0,
        )
    )


def language_sizes(words: int, layers: int = 2, size: int = 16) -> dict:
    """Of a language model."""
    return {
        "vocab_size": words,
        "hidden_size": size,
        "intermediate_size": 16,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "max_position_embeddings": 4096,
        "pad_token_id": 0,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }


def gemma2(words: int):
    from transformers import Gemma2Config, Gemma2Model

    return Gemma2Model(
        Gemma2Config(**language_sizes(words), query_pre_attn_scalar=8, sliding_window=64)
    )


# Autoencoders, schedulers
# ----------------------------------------------------------------------


def kl(channels: int = 4, blocks: int = 2, **more):
    """It halves the sides once less than it has blocks."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8,) * blocks,
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        latent_channels=channels,
        norm_num_groups=2,
        sample_size=16,
        **more,
    )


def flow(**more):
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**more)
