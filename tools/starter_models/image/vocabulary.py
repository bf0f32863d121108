"""What is made of words that the model has not learned: what it is given in their place, or what
the window says about them.

Nearness is that of the whole all-MiniLM-L6-v2: the cut encoder is enough to draw by, but puts
single words in a poorer order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.starter_models.image.compose import plural
from tools.starter_models.image.icons import Icon
from tools.starter_models.image.nouns import Nouns

FILE = "vocabulary.json"
_NEAR = 0.5
"""Cosine similarity from which on a name is offered for a word."""
_OFFERED = 2
_ALIKE = 0.6
"""From here on a name of the same sort (animal, food …) stands for the word."""
_WORD = re.compile(r"[a-z]{3,}")


def write(
    whole_encoder: Path, nouns: Nouns, target: Path, icons: Sequence[Icon], captions: set[str]
) -> None:
    """Write `vocabulary.json` into `target`.

    `known`: the words of the captions. `reads`: another word → the learned name that the model is
    given instead. `near`: a word that nothing stands for → the nearest names.
    """
    names = sorted({icon.names[0] for icon in icons if icon.source != "openclipart"})
    known = {
        word for text in (*captions, *names, *map(plural, names)) for word in _WORD.findall(text)
    }
    words = (whole_encoder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    others = [word for word in words if _WORD.fullmatch(word) and word not in known]
    reads = {
        word: name
        for word, name in nouns.stand_ins(names).items()
        if not known.intersection(word.split())
    }
    reads |= _alike(
        whole_encoder,
        nouns,
        [word for word in nouns.words() if " " not in word and word not in known | reads.keys()],
        names,
    )
    near = _nearest(whole_encoder, [word for word in others if word not in reads], names)
    text = json.dumps(
        {"known": sorted(known), "reads": dict(sorted(reads.items())), "near": near},
        indent=0,
        separators=(",", ":"),
    )
    (target / FILE).write_text(text + "\n", encoding="utf-8")


def _nearest(encoder: Path, words: list[str], names: list[str]) -> dict[str, list[str]]:
    values, places = (_embed(encoder, words) @ _embed(encoder, names).T).topk(_OFFERED)
    found = {
        word: [names[place] for value, place in zip(row, row_places, strict=True) if value >= _NEAR]
        for word, row, row_places in zip(words, values.tolist(), places.tolist(), strict=True)
    }
    return {word: offered for word, offered in sorted(found.items()) if offered}


def _alike(encoder: Path, nouns: Nouns, words: list[str], names: list[str]) -> dict[str, str]:
    """Return word → the nearest name of its own sort, where that is near enough."""
    sorts = [nouns.category_of_thing(name) for name in names]
    of_names, of_words = _embed(encoder, names), _embed(encoder, words)
    found = {}
    for word, likeness in zip(words, (of_words @ of_names.T).tolist(), strict=True):
        sort = nouns.category(word)
        value, name = max(
            (value if sort == other else -1.0, name)
            for value, other, name in zip(likeness, sorts, names, strict=True)
        )
        if value >= _ALIKE:
            found[word] = name
    return found


def _embed(encoder: Path, texts: list[str], batch: int = 256) -> Any:
    """Return sentence embeddings, (texts, 384), of length 1: the mean of the last states, as the
    model was trained to be used.
    """
    import torch
    from transformers import BertModel, BertTokenizerFast

    model = BertModel.from_pretrained(encoder, add_pooling_layer=False).eval()
    tokenizer = BertTokenizerFast.from_pretrained(encoder)
    made = []
    with torch.inference_mode():
        for start in range(0, len(texts), batch):
            tokens = tokenizer(
                texts[start : start + batch],
                padding=True,
                truncation=True,
                max_length=16,
                return_tensors="pt",
            )
            mask = tokens.attention_mask[..., None]
            states = model(tokens.input_ids, attention_mask=tokens.attention_mask)[0]
            made.append(torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1))
    return torch.cat(made)
