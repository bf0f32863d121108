"""A tiny untrained poem model in a folder, made by the tool that makes the real one."""

from __future__ import annotations

from studio.models.card import ModelCard
from studio.text_tasks.model_prompts.quatrain.layout import SPECIAL
from tools.starter_models.poem import learning, packing
from tools.starter_models.poem.corpus import Quatrain

CHARACTERS = bytes(
    byte for row in range(0xB0, 0xD7) for cell in range(0xA1, 0xFA) for byte in (row, cell)
).decode("gb2312")
"""The common characters of GB 2312."""
LIFE = Quatrain("登楼", ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"), 0, "ou")


def make_tiny(folder, monkeypatch) -> ModelCard:
    """Write the model, which has learned from `LIFE`, and return its card."""
    monkeypatch.setattr(learning, "LAYERS", 1)
    monkeypatch.setattr(learning, "WIDTH", 16)
    monkeypatch.setattr(learning, "HEADS", 2)
    tokens = [*SPECIAL, *CHARACTERS]
    packing.pack(learning.make_model(tokens), tokens, [LIFE], folder)
    return ModelCard(
        name="poems",
        title="Poems",
        kind="text",
        runner="transformers",
        family="gpt2",
        only_task="poem",
        path=str(folder),
    )
