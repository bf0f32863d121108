"""llama.cpp, where the extra `gguf` is installed: opens a GGUF as it is and knows its words. See
docs/gguf.md.

Every header goes through `files/gguf_header.py` first. What is native may crash all the same, so
this runs in children only.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from studio.core.errors import StudioError
from studio.core.regular_file import HeaderError
from studio.models.files.gguf_header import read_gguf

PACKAGE = "cyllama"
RUNNER: Final = "llama.cpp"
_SENTENCE_PIECE = 1
"""llama.cpp's number for vocabularies whose words begin with their space."""


def is_installed() -> bool:
    """True where the extra is installed; nothing is imported."""
    return importlib.util.find_spec(PACKAGE) is not None


@functools.cache
def binding() -> Any:
    """Return the package's llama.cpp, silent: it would write to the standard output, where others
    speak.
    """
    llama = importlib.import_module(f"{PACKAGE}.llama.llama_cpp")
    llama.disable_logging()
    return llama


def open_model(path: Path) -> Any:
    """Return the model in a GGUF file; the system maps it into memory. Raises StudioError where it
    cannot be run.
    """
    try:
        read_gguf(path)
        return binding().LlamaModel(str(path), None, False)
    except HeaderError as error:
        raise StudioError(
            f"{path.name} cannot be loaded: {error}.", cause="model", cure="Get the file again."
        ) from error
    except (OSError, ValueError, ImportError) as error:
        raise StudioError(
            f"llama.cpp cannot run {path.name}.",
            cause="model",
            cure=f"Convert it: studio models add --convert {path}",
        ) from error


def read_one_token(model: Any, tokenizer: Tokenizer) -> None:
    """Run the model once. Raises StudioError or RuntimeError where that does not work."""
    llama = binding()
    params = llama.LlamaContextParams()
    params.n_ctx = 256
    batch = llama.LlamaBatch(n_tokens=1, embd=0, n_seq_max=1)
    batch.add(tokenizer.bos_token_id or 0, 0, [0], True)
    llama.LlamaContext(model, params, False).decode(batch)


@dataclass(frozen=True)
class Encoded:
    """What a tokenizer of transformers answers."""

    input_ids: list[int]


class Tokenizer:
    """The tokenizer of a GGUF, with the methods of transformers' tokenizers that `chat_template`
    and `RowDecoder` call.
    """

    def __init__(self, model: Any, *, chat: bool) -> None:
        self._model = model  # the words lie in its memory
        self._words = model.get_vocab()
        self._chat = chat
        self._begins_with_space = self._words.vocab_type == _SENTENCE_PIECE
        self.chat_template = str(model.get_default_chat_template() or "")
        self.bos_token_id = _known(self._words.token_bos())
        self.eos_token_id = _known(self._words.token_eos())

    def __call__(self, text: str) -> Encoded:
        """Return the tokens of a text, with those that the model wants at the beginning."""
        return Encoded(self._tokens(text, begin=True))

    def apply_chat_template(
        self, messages: list[dict[str, str]], **_more: Any
    ) -> dict[str, list[int]]:
        """Return the tokens of a conversation, the answer's beginning included; transformers'
        sandbox runs the template.
        """
        from transformers.utils.chat_template_utils import render_jinja_template

        names = {
            "bos_token": self._text(self.bos_token_id),
            "eos_token": self._text(self.eos_token_id),
        }
        texts, _places = render_jinja_template(
            [messages], chat_template=self.chat_template, add_generation_prompt=True, **names
        )
        return {"input_ids": self._tokens(texts[0], begin=False)}

    def encode(self, text: str, **_more: Any) -> list[int]:
        """Return the tokens of a text alone."""
        return self._tokens(text, begin=False)

    def written(self, ids: list[int]) -> str:
        """Return the text of tokens, with the special ones."""
        return str(self._words.detokenize(ids, 16 * len(ids) + 64, False, True))

    def decode(self, ids: list[int], **_more: Any) -> str:
        """Return the text of tokens, without the special ones."""
        text = str(self._words.detokenize(ids, 16 * len(ids) + 64))
        # An answer does not begin with the space of its first word; what goes on from a prompt
        # does.
        return text.removeprefix(" ") if self._chat and self._begins_with_space else text

    def is_end(self, token: int) -> bool:
        """True for tokens that end an answer: end of text, end of turn …"""
        return bool(self._words.is_eog(token))

    def __len__(self) -> int:
        """How many tokens there are."""
        return int(self._words.n_vocab)

    def _tokens(self, text: str, *, begin: bool) -> list[int]:
        # Its list comes from a pool that it uses again.
        return list(self._words.tokenize(text, begin, True)) if text or begin else []

    def _text(self, token: int | None) -> str:
        return "" if token is None else str(self._words.get_text(token))


def _known(token: int) -> int | None:
    return token if token >= 0 else None
