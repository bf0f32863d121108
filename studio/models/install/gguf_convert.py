"""Converts a GGUF to safetensors: transformers loads a GGUF in 40 to 80 s, safetensors in 1 s.

Runs in a child process (`python -m studio.models.install.gguf_convert GGUF FOLDER`), because it
imports torch, and prints what the card needs as one JSON line. With `try` behind the folder,
llama.cpp tries to run the file, and the folder gets only its tokenizer.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from studio.models.files.gguf_header import MAX_EXACT_PARAMETERS

TRY = "try"
"""The argument with which nothing is converted."""
TOKENIZER_FILE = "tokenizer.json"
_SAMPLES = (
    "Trains in 2024: 12345.67%!",  # not translated: a sample
    "一只猫坐在窗台上看雨。🐈 ÄÖÜ ß Ελληνικά हिन्दी",
    "def f(x):\n\treturn x ** 2\n\n\n   # Don't  you'll\r\n",
)
"""Texts that a tokenizer must split as llama.cpp does."""
MAX_TEMPLATE_CHARACTERS = 64 * 1024
TEMPLATE_SECONDS = 20


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """Facts for the card of a model, converted or not."""

    family: str
    parameters: int
    max_positions: int
    chat: bool
    template_tokens: int


def convert(gguf: Path, folder: Path) -> Converted:
    """Write the model of a GGUF file to `folder` as safetensors with its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    from studio.models.files.gguf_header import read_gguf

    header = read_gguf(gguf)
    loader = (
        AutoModelForSeq2SeqLM
        if header.metadata.get("general.architecture") == "t5"
        else AutoModelForCausalLM
    )
    dtype = torch.float32 if header.parameters <= MAX_EXACT_PARAMETERS else torch.float16
    source: dict[str, Any] = {
        "gguf_file": gguf.name,
        "local_files_only": True,
        "trust_remote_code": False,
    }
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
    model = loader.from_pretrained(gguf.parent, dtype=dtype, **source)
    model.hf_quantizer = None
    with contextlib.suppress(AttributeError):
        del model.config.quantization_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return describe(model, tokenizer)


def describe(model: Any, tokenizer: Any) -> Converted:
    """Return the facts of a loaded model for its card."""
    config = model.config.get_text_config()
    return Converted(
        family=str(config.model_type),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        max_positions=int(getattr(config, "max_position_embeddings", 0) or 0),
        chat=bool(getattr(tokenizer, "chat_template", None)),
        template_tokens=_template_tokens(tokenizer),
    )


def try_out(gguf: Path, folder: Path) -> Converted:
    """Let llama.cpp open a GGUF and evaluate one token; return the facts for the card.

    Writes its tokenizer to `folder`, for the count of tokens in the window. Raises the library's
    errors, or ValueError.
    """
    from studio.models import llama_cpp
    from studio.models.files.gguf_header import read_gguf

    header = read_gguf(gguf)
    model = llama_cpp.open_model(gguf)
    if model.has_encoder() or not model.has_decoder():
        raise ValueError("it is no model that continues a text")
    tokenizer = llama_cpp.Tokenizer(model, chat=True)
    llama_cpp.read_one_token(model, tokenizer)
    _write_tokenizer(gguf, folder, tokenizer)
    return Converted(
        family=str(header.metadata["general.architecture"]),
        parameters=header.parameters,
        max_positions=int(model.n_ctx_train),
        chat=bool(tokenizer.chat_template),
        template_tokens=_template_tokens(tokenizer),
    )


def _write_tokenizer(gguf: Path, folder: Path, expected: Any) -> None:
    """Write `tokenizer.json` if transformers can read it from the file and it counts the same."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            gguf.parent, gguf_file=gguf.name, local_files_only=True, trust_remote_code=False
        )
        same = all(
            tokenizer.encode(text, add_special_tokens=False) == expected.encode(text)
            for text in _SAMPLES
        )
        if same:
            tokenizer.backend_tokenizer.save(str(folder / TOKENIZER_FILE))
    # What its readers raise for an unknown vocabulary; the model runs without the count.
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        sys.stderr.write(f"no tokenizer for the count of tokens: {error}\n")


def _template_tokens(tokenizer: Any) -> int:
    """Return the tokens that the chat template adds.

    The template is a program from the file; if it does not end, this process does.
    """
    template = getattr(tokenizer, "chat_template", None)
    if not template:
        return 0
    if len(str(template)) > MAX_TEMPLATE_CHARACTERS:
        raise ValueError(f"its chat template is longer than {MAX_TEMPLATE_CHARACTERS:,} characters")
    empty = [{"role": "user", "content": ""}]
    faulthandler.dump_traceback_later(TEMPLATE_SECONDS, exit=True, file=2)
    try:
        return len(
            tokenizer.apply_chat_template(
                empty, add_generation_prompt=True, enable_thinking=False, return_dict=True
            )["input_ids"]
        )
    finally:
        faulthandler.cancel_dump_traceback_later()


def main() -> int:
    """Convert a GGUF, or try it out; the process's entry point."""
    from studio.core import environment

    environment.prepare()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gguf, folder, arguments = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    converted = (try_out if arguments == [TRY] else convert)(gguf, folder)
    sys.stdout.write(msgspec.json.encode(converted).decode() + "\n")
    sys.stdout.flush()
    return 0


def _end_with_parent() -> None:
    # Nothing is written to this pipe; it ends when the parent has ended.
    with contextlib.suppress(OSError):  # no stdin at all
        os.read(0, 1)
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
