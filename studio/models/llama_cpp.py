"""llama.cpp, where it has wheels: opens a GGUF file and tokenizes. See docs/gguf.md.

`files/gguf_header.py` checks every header first. Native code may crash all the same, so this runs
in child processes only.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from studio.core.errors import StudioError
from studio.core.regular_file import HeaderError
from studio.core.translation import tr
from studio.models.files.gguf_header import read_gguf

PACKAGE = "cyllama"
REQUIREMENT = "cyllama==0.2.18"
"""As in pyproject.toml."""
RUNNER: Final = "llama.cpp"
_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
_SENTENCE_PIECE = 1
"""llama.cpp's id of vocabularies whose tokens include the space before a word."""


def is_installed() -> bool:
    """Return whether the package is installed, without importing it."""
    return importlib.util.find_spec(PACKAGE) is not None


@functools.cache
def binding() -> Any:
    """Return the package's llama.cpp module, with its logging to stdout disabled."""
    llama = importlib.import_module(f"{PACKAGE}.llama.llama_cpp")
    llama.disable_logging()
    return llama


@functools.cache
def _model_type() -> Any:
    """Return the package's class of a model, with what its `get_logits_ith` misses (0.2.18)."""

    class _Model(binding().LlamaModel):  # type: ignore[misc]  # the package is untyped
        @property
        def n_vocab(self) -> int:
            return int(self.get_vocab().n_vocab)

    return _Model


def open_model(path: Path) -> Any:
    """Open a GGUF file, mapped into memory. Raises StudioError if it cannot be run."""
    try:
        read_gguf(path)
        params = binding().LlamaModelParams()
        # Weights in another order would be multiplied with four texts at once in another way than
        # with one: a text would depend on the others. They would also be a second copy.
        params.use_extra_bufts = False
        return _model_type()(str(path), params, False)
    except HeaderError as error:
        raise StudioError(
            tr("{name} cannot be loaded: {error}.", name=path.name, error=error),
            cause="model",
            cure=tr("Get the file again."),
        ) from error
    except (OSError, ValueError, ImportError) as error:
        raise StudioError(
            tr("llama.cpp cannot run {name}.", name=path.name),
            cause="model",
            cure=tr("Convert it: studio models add --convert {path}", path=path),
        ) from error


def read_one_token(model: Any, tokenizer: Tokenizer) -> None:
    """Evaluate one token. Raises StudioError or RuntimeError if that fails."""
    llama = binding()
    params = llama.LlamaContextParams()
    params.n_ctx = 256
    batch = llama.LlamaBatch(n_tokens=1, embd=0, n_seq_max=1)
    batch.add(tokenizer.bos_token_id or 0, 0, [0], True)
    llama.LlamaContext(model, params, False).decode(batch)


@dataclass(frozen=True)
class Encoded:
    """The result of a call to a transformers tokenizer."""

    input_ids: list[int]


class Tokenizer:
    """The tokenizer of a GGUF, with the methods of transformers' tokenizers that Studio calls."""

    def __init__(self, model: Any, *, chat: bool) -> None:
        self._model = model  # keeps the vocabulary's memory alive
        self._vocabulary = model.get_vocab()
        self._chat = chat
        self._begins_with_space = self._vocabulary.vocab_type == _SENTENCE_PIECE
        self.chat_template = str(model.get_default_chat_template() or "")
        self.bos_token_id = _valid(self._vocabulary.token_bos())
        self.eos_token_id = _valid(self._vocabulary.token_eos())
        # The binding drops blanks at both ends of a text, so these tokens are put around it.
        self._around = self._tokens("|", begin=False)
        self._around_length = len(str(self._vocabulary.detokenize(self._around, 64)))

    def __call__(self, text: str) -> Encoded:
        """Return the tokens of a text, with the model's initial tokens."""
        return Encoded(self._tokens(text, begin=True))

    def apply_chat_template(
        self, messages: list[dict[str, str]], *, tokenize: bool = True, **_options: Any
    ) -> dict[str, list[int]] | str:
        """Return the tokens, or the text, of a conversation and the start of the answer.

        transformers' sandbox runs the template.
        """
        from transformers.utils.chat_template_utils import render_jinja_template

        names = {
            "bos_token": self._text(self.bos_token_id),
            "eos_token": self._text(self.eos_token_id),
        }
        texts, _places = render_jinja_template(
            [messages], chat_template=self.chat_template, add_generation_prompt=True, **names
        )
        return {"input_ids": self._tokens(texts[0], begin=False)} if tokenize else str(texts[0])

    def encode(self, text: str, **_options: Any) -> list[int]:
        """Return the tokens of a text without special ones."""
        return self._tokens(text, begin=False)

    def written(self, ids: list[int]) -> str:
        """Return the text of tokens, with the special ones."""
        return str(self._vocabulary.detokenize(ids, 16 * len(ids) + 64, False, True))

    def decode(self, ids: list[int], **_options: Any) -> str:
        """Return the text of tokens, without the special ones."""
        ids = [*self._around, *ids, *self._around]
        text = str(self._vocabulary.detokenize(ids, 16 * len(ids) + 64))
        text = text[self._around_length : len(text) - self._around_length]
        # An answer does not begin with the space of its first word; a continuation does.
        return text.removeprefix(" ") if self._chat and self._begins_with_space else text

    def is_end(self, token: int) -> bool:
        """Return whether a token ends an answer: end of text, end of turn …"""
        return bool(self._vocabulary.is_eog(token))

    def is_special(self, token: int) -> bool:
        """Return whether a token stands for no text."""
        return bool(self._vocabulary.is_control(token))

    def bytes_of(self, token: int) -> bytes:
        """Return the bytes of a token, which may be part of a character."""
        piece = str(self._vocabulary.token_to_piece(token, 0, True))
        if "\ufffd" not in piece:
            return piece.encode()
        text = self._text(token)
        if match := _BYTE_TOKEN.fullmatch(text):
            return bytes([int(match[1], 16)])
        try:
            return bytes(_byte_values()[character] for character in text)
        except KeyError:  # no byte-level token: the replacement character itself
            return piece.encode()

    def __len__(self) -> int:
        """Return the number of tokens."""
        return int(self._vocabulary.n_vocab)

    def _tokens(self, text: str, *, begin: bool) -> list[int]:
        # Copied: the binding reuses its list.
        return list(self._vocabulary.tokenize(text, begin, True)) if text or begin else []

    def _text(self, token: int | None) -> str:
        return "" if token is None else str(self._vocabulary.get_text(token))


def _valid(token: int) -> int | None:
    return token if token >= 0 else None


@functools.cache
def _byte_values() -> dict[str, int]:
    """Return the bytes that the characters of byte-level tokens stand for, as in GPT-2.

    https://github.com/openai/gpt-2/blob/master/src/encoder.py
    """
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in plain]
    found = {chr(byte): byte for byte in plain}
    return found | {chr(0x100 + place): byte for place, byte in enumerate(others)}
