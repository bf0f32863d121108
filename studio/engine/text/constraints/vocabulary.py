"""A model's vocabulary, as grammars need it: the bytes of each token."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.models.llama_cpp import Tokenizer

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tokens of one model."""

    tokens: Any
    """llguidance's tokenizer."""
    size: int
    ends: frozenset[int]
    """Tokens that end a text."""
    marks: Mapping[int, str]
    """Token → the mark of thoughts that it stands for."""

    @functools.cached_property
    def texts(self) -> list[str]:
        """The text of each token; empty for parts of a character and for special ones but marks."""
        decode, is_special = self.tokens.decode_bytes, self.tokens.is_special_token
        found = ["" if is_special(one) else _text(decode([one])) for one in range(self.size)]
        for token, mark in self.marks.items():
            found[token] = mark
        return found

    @functools.cached_property
    def blanks(self) -> Mask:
        """Tokens of nothing but white space."""
        return self.mask(number for number, text in enumerate(self.texts) if text.isspace())

    @functools.cached_property
    def end_mask(self) -> Mask:
        """Tokens that end a text."""
        return self.mask(self.ends)

    def mask(self, tokens: Iterable[int]) -> Mask:
        """Return a mask of these tokens."""
        found = np.zeros(self.size, np.bool_)
        found[list(tokens)] = True
        return found

    @functools.lru_cache(maxsize=64)  # noqa: B019  a vocabulary lives as long as its model
    def parts_of(self, mark: str) -> Mask:
        """Return the tokens that a mark may begin with."""
        return self.mask(
            number for number, text in enumerate(self.texts) if text and mark.startswith(text)
        )

    @functools.lru_cache(maxsize=64)  # noqa: B019
    def beyond(self, mark: str) -> Mask:
        """Return the tokens that begin with a mark and go on with more than white space."""
        return self.mask(
            number
            for number, text in enumerate(self.texts)
            if text.startswith(mark) and text[len(mark) :].strip()
        )


def read_vocabulary(
    tokenizer: Any, ends: set[int], marks: Mapping[int, str], size: int = 0
) -> Vocabulary:
    """Return the vocabulary of a tokenizer; `size`: of the model's logits, if it is another.

    `marks`: token → the mark of thoughts that it stands for. Takes about a second. Raises
    StudioError for a tokenizer that has no list of tokens.
    """
    if isinstance(tokenizer, Tokenizer):
        tokens = _of_gguf(tokenizer, sorted(ends))
    else:
        tokens = _of_transformers(tokenizer, sorted(ends), size)
    return Vocabulary(tokens, int(tokens.vocab_size), frozenset(ends), marks)


def _of_transformers(tokenizer: Any, ends: Sequence[int], size: int) -> Any:
    from llguidance.hf import from_tokenizer

    try:
        return from_tokenizer(tokenizer, n_vocab=max(size, len(tokenizer)), eos_token=list(ends))
    except ValueError as error:
        raise StudioError(
            tr("The tokenizer of this model cannot constrain a text."),
            cause="model",
            cure=tr("Choose another model, or leave the constraint out."),
        ) from error


def _of_gguf(tokenizer: Tokenizer, ends: Sequence[int]) -> Any:
    from llguidance import LLTokenizer, TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(_GgufTokens(tokenizer, ends)), eos_token=list(ends))


class _GgufTokens:
    """The attributes that llguidance reads."""

    def __init__(self, tokenizer: Tokenizer, ends: Sequence[int]) -> None:
        self.eos_token_id = ends[0] if ends else 0
        self.bos_token_id = tokenizer.bos_token_id
        self.tokens = [tokenizer.bytes_of(token) for token in range(len(tokenizer))]
        self.special_token_ids = [
            token for token in range(len(tokenizer)) if tokenizer.is_special(token)
        ]
        self._tokenizer = tokenizer

    def __call__(self, text: bytes | str) -> list[int]:
        """Return the tokens of a text."""
        text = text.decode(errors="replace") if isinstance(text, bytes) else text
        return self._tokenizer.encode(text)


def _text(token: bytes) -> str:
    try:
        return token.decode()
    except UnicodeDecodeError:
        return ""
