"""Textual inversions: new words for the text encoders, with the embeddings that a file holds."""

from __future__ import annotations

import copy
from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.image.adapter_state import AppliedAdapters
from studio.engine.image.adapters.weights import (
    LIBRARY_ERRORS,
    StateDict,
    incompatibility_error,
    read_weights,
)
from studio.models.card import ModelCard
from studio.preflight.adapters import ResolvedAdapter

_COMPONENTS = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
_KEYS = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}
"""Keys of an encoder's embeddings in a file for several encoders."""


def apply(
    pipe: Any, applied: AppliedAdapters, wanted: list[ResolvedAdapter], model: ModelCard
) -> None:
    """Add these words to the model, and remove all other added ones.

    Raises StudioError if one doesn't fit; the model then has none of them.
    """
    hashes = {one.card.name: one.card.sha256 for one in wanted}
    if hashes == applied.tokens:
        return
    remove(pipe, applied)
    if not wanted:
        return
    if not hasattr(pipe, "load_textual_inversion"):
        raise StudioError(
            tr("{model} takes no textual inversions.", model=model.title),
            cause="invalid",
            cure=tr("Remove it."),
        )
    _keep_original(pipe, applied)
    try:
        for one in wanted:
            _load(pipe, one.card, model)
    except BaseException:
        remove(pipe, applied)
        raise
    applied.tokens = hashes


def _keep_original(pipe: Any, applied: AppliedAdapters) -> None:
    """Keep the original tokenizers and embeddings; the pipeline gets copies of the tokenizers."""
    for tokenizer, encoder in _COMPONENTS:
        if pipe.components.get(encoder) is not None:
            vectors = getattr(pipe, encoder).get_input_embeddings().weight.data
            applied.original_text[encoder] = (getattr(pipe, tokenizer), vectors)
            setattr(pipe, tokenizer, copy.deepcopy(getattr(pipe, tokenizer)))


def remove(pipe: Any, applied: AppliedAdapters) -> None:
    """Restore the model as it was loaded."""
    for tokenizer, encoder in _COMPONENTS:
        if encoder in applied.original_text:
            original_tokenizer, vectors = applied.original_text.pop(encoder)
            setattr(pipe, tokenizer, original_tokenizer)
            embedding = getattr(pipe, encoder).get_input_embeddings()
            embedding.weight.data = vectors
            embedding.num_embeddings = vectors.shape[0]
            getattr(pipe, encoder).config.vocab_size = vectors.shape[0]
    applied.tokens = {}


def _load(pipe: Any, card: ModelCard, model: ModelCard) -> None:
    state, token = read_weights(card), card.trigger_words[0]
    encoders = 0
    for tokenizer, encoder in _COMPONENTS:
        text_encoder = pipe.components.get(encoder)
        if text_encoder is None:
            continue
        width = text_encoder.get_input_embeddings().weight.shape[1]
        vectors = _vectors_for(state, encoder)
        if vectors is None or vectors.shape[-1] != width:
            continue
        try:
            pipe.load_textual_inversion(
                {token: vectors},
                token=token,
                tokenizer=getattr(pipe, tokenizer),
                text_encoder=text_encoder,
            )
        except LIBRARY_ERRORS as error:
            raise incompatibility_error(
                card, model, tr("the model already has its word {word!r}", word=token)
            ) from error
        encoders += 1
    if not encoders:
        widths = sorted({int(tensor.shape[-1]) for tensor in state.values() if tensor.ndim})
        raise incompatibility_error(
            card,
            model,
            tr(
                "no text encoder of the model has embeddings of {widths} numbers",
                widths=tr(" or ").join(map(str, widths)),
            ),
        )


def _vectors_for(state: StateDict, encoder: str) -> Any:
    """Return the embeddings for a text encoder, or None if the file has none for it."""
    vectors = state.get(_KEYS[encoder])
    if vectors is None and len(state) == 1:
        vectors = next(iter(state.values()))
    return vectors if vectors is not None and vectors.ndim in (1, 2) else None
