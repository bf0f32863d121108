"""Loads the starter poem model. It runs on the CPU everywhere, so that a seed repeats a poem."""

from __future__ import annotations

import inspect
from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.text.quatrain.prosody import Prosody
from studio.models.card import ModelCard
from studio.text_tasks.model_prompts.quatrain.known_lines import KnownLines
from studio.text_tasks.model_prompts.quatrain.layout import SPECIAL


class QuatrainModel:
    """A loaded model with its characters, their tones and rhymes, and the lines it has read."""

    def __init__(self, model: Any, tokens: list[str], known_lines: KnownLines) -> None:
        self.model = model
        self.tokens = tokens
        self.numbers = {token: number for number, token in enumerate(tokens)}
        self.prosody = Prosody(tokens)
        self.known_lines = known_lines
        # transformers renamed it
        parameters = inspect.signature(model.forward).parameters
        self.cache_name = "cache" if "cache" in parameters else "past_key_values"


def load(card: ModelCard) -> QuatrainModel:
    """Load the model from the card's folder. Raises StudioError for tokens of another version."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    model = AutoModelForCausalLM.from_pretrained(
        card.folder, dtype=torch.float32, use_safetensors=True, **local
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(card.folder, **local)
    tokens = tokenizer.convert_ids_to_tokens(list(range(int(model.config.vocab_size))))
    if tuple(tokens[: len(SPECIAL)]) != SPECIAL:
        raise StudioError(
            tr(
                "{model} was made for another version of Studio: it writes other tokens.",
                model=card.title,
            ),
            cause="model",
            cure=tr("Use the model that came with this version."),
        )
    return QuatrainModel(model, tokens, KnownLines.read(card.folder))
