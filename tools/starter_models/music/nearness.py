"""Finds the nearest known word for words that `resources/words/music.toml` lacks.

It uses the text encoder of the starter image model, and writes `resources/words/music-near.tsv`
once, because the window has no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.core.resources import resources
from studio.symbolic_music.prompt import known_words, replacement_words

NEAR_ENOUGH = 0.88
"""Of the cosine of "WORD music" and "KNOWN music"; below, two in five are wrong."""
_BATCH = 64
_HEAD = """\
# An English word → the word of music.toml that is nearest to it, by the text encoder of the starter images (MiniLM, cut).
# Made by: python -m tools.starter_models.starter_music nearness
"""  # noqa: E501


def write(path: Path) -> int:
    """Write the list; return how many words it has."""
    lines = [
        f"{word}\t{near}\n"
        for word, near, likeness in nearest(unknown_words())
        if likeness >= NEAR_ENOUGH
    ]
    path.write_text(_HEAD + "".join(lines), encoding="utf-8")
    return len(lines)


def unknown_words() -> list[str]:
    """Return the whole English words that the encoder knows and the tables do not."""
    known = known_words()
    words = (
        word
        for word in _tokenizer().get_vocab()
        if word.isascii() and word.isalpha() and len(word) > 2
    )
    return sorted(word for word in words if word not in known)


def nearest(words: Sequence[str]) -> list[tuple[str, str, float]]:
    """Return (word, nearest known word, how alike) for each."""
    known = sorted(word for word in replacement_words() if word.isascii())
    table = _vectors(known)
    best = (_vectors(words) @ table.T).max(dim=1)
    pairs = zip(words, best.indices.tolist(), best.values.tolist(), strict=True)
    return [(word, known[number], float(likeness)) for word, number, likeness in pairs]


def _tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        resources() / "starter" / "image" / "tokenizer", local_files_only=True
    )


def _vectors(words: Sequence[str]) -> Any:
    import torch
    from transformers import AutoModel

    tokenizer = _tokenizer()
    folder = resources() / "starter" / "image" / "text_encoder"
    encoder = AutoModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    rows = []
    for start in range(0, len(words), _BATCH):
        inputs = tokenizer(
            [f"{word} music" for word in words[start : start + _BATCH]],
            return_tensors="pt",
            padding=True,
        )
        with torch.inference_mode():
            hidden = encoder(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None]
        mean = (hidden * mask).sum(1) / mask.sum(1)
        rows.append(mean / mean.norm(dim=-1, keepdim=True))
    return torch.cat(rows)
