"""What the window says about words: those that captions have, and for other English words the nearest names.

Nearness is that of the whole all-MiniLM-L6-v2: the cut encoder is enough to draw by, but puts single words in a poorer order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.training.image.compose import plural
from studio.training.image.pictures import Icon

FILE = "vocabulary.json"
_NEAR = 0.5
"""Cosine similarity from which on a name is offered for a word."""
_OFFERED = 2
_WORD = re.compile(r"[a-z]{3,}")


def write(whole_encoder: Path, target: Path, icons: Sequence[Icon]) -> None:
    """Write `vocabulary.json` into `target`: `known` words, and `near`: another word → the names that are nearest to it."""
    names = sorted({icon.names[0] for icon in icons if icon.source != "openclipart"})
    texts = [text for icon in icons for text in (*icon.names, *icon.keywords)]
    known = {word for text in (*texts, *map(plural, names)) for word in _WORD.findall(text)}
    words = (whole_encoder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    others = [word for word in words if _WORD.fullmatch(word) and word not in known]
    near = _nearest(whole_encoder, others, names)
    text = json.dumps({"known": sorted(known), "near": near}, indent=0, separators=(",", ":"))
    (target / FILE).write_text(text + "\n", encoding="utf-8")


def _nearest(encoder: Path, words: list[str], names: list[str]) -> dict[str, list[str]]:
    values, places = (_embed(encoder, words) @ _embed(encoder, names).T).topk(_OFFERED)
    found = {
        word: [names[place] for value, place in zip(row, row_places, strict=True) if value >= _NEAR]
        for word, row, row_places in zip(words, values.tolist(), places.tolist(), strict=True)
    }
    return {word: offered for word, offered in sorted(found.items()) if offered}


def _embed(encoder: Path, texts: list[str], batch: int = 256) -> Any:
    """Return sentence embeddings, (texts, 384), of length 1: the mean of the last states, as the model was trained to be used."""
    import torch
    from transformers import BertModel, BertTokenizerFast

    model = BertModel.from_pretrained(encoder, add_pooling_layer=False).eval()
    tokenizer = BertTokenizerFast.from_pretrained(encoder)
    made = []
    with torch.inference_mode():
        for start in range(0, len(texts), batch):
            tokens = tokenizer(texts[start : start + batch], padding=True, truncation=True, max_length=16, return_tensors="pt")
            mask = tokens.attention_mask[..., None]
            states = model(tokens.input_ids, attention_mask=tokens.attention_mask)[0]
            made.append(torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1))
    return torch.cat(made)
