"""The text encoder: all-MiniLM-L6-v2, reduced to its first layers, needed words and 64 positions.

Its sentence similarity generalizes to words that no caption has. Reimers and Gurevych,
https://arxiv.org/abs/1908.10084.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.starter_models.image.profile import MAX_TOKENS, Profile

_POSITIONS = 64
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def cut(whole: Path, target: Path, profile: Profile, texts: Iterable[str]) -> None:
    """Write `text_encoder` and `tokenizer` to `target`, reduced from the model in `whole`."""
    from transformers import BertModel, BertTokenizerFast

    model = BertModel.from_pretrained(
        whole
    )  # with its pooler, so that a load reports nothing missing
    tokenizer = BertTokenizerFast.from_pretrained(whole)
    words = (whole / "vocab.txt").read_text(encoding="utf-8").splitlines()
    needed = {piece for text in texts for piece in tokenizer.tokenize(text)}
    kept = [
        number
        for number, word in enumerate(words)
        if _is_kept(number, word, needed, profile.vocabulary)
    ]
    _cut_model(model, kept, profile.encoder_layers)
    model.save_pretrained(target / "text_encoder")
    vocabulary = {words[number]: place for place, number in enumerate(kept)}
    BertTokenizerFast(
        vocab=vocabulary, do_lower_case=True, model_max_length=MAX_TOKENS
    ).save_pretrained(target / "tokenizer")


def _is_kept(number: int, word: str, needed: set[str], limit: int) -> bool:
    letters = word.removeprefix("##")
    if word in _SPECIAL:
        return True
    if (
        word.startswith("[unused")
        or not letters.isascii()
        or (letters.isdigit() and len(letters) > 2)
    ):
        return False
    return (
        len(letters) == 1 or word in needed or number <= limit
    )  # the vocabulary is sorted by frequency


def _cut_model(model: Any, kept: list[int], layers: int) -> None:
    import torch

    embeddings = model.embeddings
    words, positions = (
        embeddings.word_embeddings.weight[kept].clone(),
        embeddings.position_embeddings.weight[:_POSITIONS].clone(),
    )
    embeddings.word_embeddings = torch.nn.Embedding(
        words.shape[0], words.shape[1], padding_idx=0, _weight=words
    )
    embeddings.position_embeddings = torch.nn.Embedding(
        positions.shape[0], positions.shape[1], _weight=positions
    )
    embeddings.register_buffer("position_ids", torch.arange(_POSITIONS)[None], persistent=False)
    embeddings.register_buffer(
        "token_type_ids", torch.zeros(1, _POSITIONS, dtype=torch.long), persistent=False
    )
    model.encoder.layer = model.encoder.layer[:layers]
    model.pooler.dense.weight.data.zero_()
    model.pooler.dense.bias.data.zero_()
    config = model.config
    config.vocab_size, config.num_hidden_layers, config.max_position_embeddings = (
        len(kept),
        layers,
        _POSITIONS,
    )
    config.use_attention_mask = (
        True  # the pipeline passes the mask on only where the config says so
    )
    model.eval().requires_grad_(False)


def encode(folder: Path, texts: list[str], batch: int = 512) -> Any:
    """Return the encoder's states of all texts, (texts, MAX_TOKENS, 384), half precision, on the
    CPU.
    """
    import torch
    from transformers import BertModel, BertTokenizerFast

    model = BertModel.from_pretrained(folder / "text_encoder", dtype=torch.float32).eval()
    tokenizer = BertTokenizerFast.from_pretrained(folder / "tokenizer")
    states = []
    with torch.inference_mode():
        for start in range(0, len(texts), batch):
            tokens = tokenizer(
                texts[start : start + batch],
                padding="max_length",
                max_length=MAX_TOKENS,
                truncation=True,
                return_tensors="pt",
            )
            states.append(model(tokens.input_ids, attention_mask=tokens.attention_mask)[0].half())
    return torch.cat(states)
