"""Textual inversions: words that the text encoders did not know, each with the vectors that a file
gives it.
"""

from __future__ import annotations

import copy
from typing import Any

from studio.core.errors import StudioError
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import WRONG, no_fit, read_weights
from studio.models.card import ModelCard
from studio.preflight.adapters import ResolvedAdapter

_PARTS = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
_NAMES = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}
"""What the vectors for an encoder are called where a file has them for several."""


def wear(pipe: Any, worn: AppliedAdapters, wanted: list[ResolvedAdapter], model: ModelCard) -> None:
    """Let the model know these words and no other new ones. Raises StudioError; it knows none of
    them then.
    """
    names = {one.card.name: one.card.sha256 for one in wanted}
    if names == worn.tokens:
        return
    take_off(pipe, worn)
    if not wanted:
        return
    if not hasattr(pipe, "load_textual_inversion"):
        raise StudioError(
            f"{model.title} takes no textual inversions.", cause="invalid", cure="Take it out."
        )
    _keep_own(pipe, worn)
    try:
        for one in wanted:
            _put_on(pipe, one.card, model)
    except BaseException:
        take_off(pipe, worn)
        raise
    worn.tokens = names


def _keep_own(pipe: Any, worn: AppliedAdapters) -> None:
    """Note what the model has now, and give it tokenizers that may change."""
    for tokenizer, encoder in _PARTS:
        if getattr(pipe, encoder, None) is not None:
            vectors = getattr(pipe, encoder).get_input_embeddings().weight.data
            worn.before_tokens[encoder] = (getattr(pipe, tokenizer), vectors)
            setattr(pipe, tokenizer, copy.deepcopy(getattr(pipe, tokenizer)))


def take_off(pipe: Any, worn: AppliedAdapters) -> None:
    """Leave the model as it was loaded."""
    for tokenizer, encoder in _PARTS:
        if encoder in worn.before_tokens:
            own, vectors = worn.before_tokens.pop(encoder)
            setattr(pipe, tokenizer, own)
            embedding = getattr(pipe, encoder).get_input_embeddings()
            embedding.weight.data = vectors
            embedding.num_embeddings = vectors.shape[0]
            getattr(pipe, encoder).config.vocab_size = vectors.shape[0]
    worn.tokens = {}


def _put_on(pipe: Any, card: ModelCard, model: ModelCard) -> None:
    state, token = read_weights(card), card.trigger_words[0]
    known = 0
    for tokenizer, encoder in _PARTS:
        part = getattr(pipe, encoder, None)
        if part is None:
            continue
        width = part.get_input_embeddings().weight.shape[1]
        vectors = _of(state, encoder)
        if vectors is None or vectors.shape[-1] != width:
            continue
        try:
            pipe.load_textual_inversion(
                {token: vectors}, token=token, tokenizer=getattr(pipe, tokenizer), text_encoder=part
            )
        except WRONG as error:
            raise no_fit(
                card, model, f"its word {token!r} is one that the model knows already"
            ) from error
        known += 1
    if not known:
        widths = sorted({int(tensor.shape[-1]) for tensor in state.values() if tensor.ndim})
        raise no_fit(
            card,
            model,
            f"no text encoder of it reads vectors of {' or '.join(map(str, widths))} numbers",
        )


def _of(state: dict[str, Any], encoder: str) -> Any:
    """Return the vectors for a text encoder; None where the file has none for it."""
    found = state.get(_NAMES[encoder])
    if found is None and len(state) == 1:
        found = next(iter(state.values()))
    return found if found is not None and found.ndim in (1, 2) else None
