"""GGUF once to safetensors: through transformers a GGUF takes 40 to 80 s to load each time, the same weights as safetensors 1 s.

Runs in a process of its own (`python -m studio.models.convert GGUF FOLDER`), because it imports torch. It prints one JSON line
that tells what the card needs.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import msgspec

MAX_EXACT_PARAMETERS = 300_000_000


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the converted model."""

    family: str
    parameters: int
    max_positions: int
    chat: bool
    template_tokens: int


def convert(gguf: Path, folder: Path) -> Converted:
    """Write the model of a GGUF file to `folder` as safetensors with its tokenizer.

    Small models are saved in float32, with exactly the logits of the GGUF. Large ones in float16 at half the size: that rounds
    less than the quantization did.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
    model.hf_quantizer = None
    with contextlib.suppress(AttributeError):
        del model.config.quantization_config
    if sum(parameter.numel() for parameter in model.parameters()) > MAX_EXACT_PARAMETERS:
        model = model.half()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return describe(model, tokenizer)


def describe(model: Any, tokenizer: Any) -> Converted:
    """Return what the card needs to know about a loaded model."""
    chat = bool(getattr(tokenizer, "chat_template", None))
    config = model.config.get_text_config()
    empty = [{"role": "user", "content": ""}]
    template: Any = (
        tokenizer.apply_chat_template(empty, add_generation_prompt=True, return_dict=True) if chat else {"input_ids": []}
    )
    return Converted(
        family=str(config.model_type),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        max_positions=int(getattr(config, "max_position_embeddings", 0) or 0),
        chat=chat,
        template_tokens=len(template["input_ids"]),
    )


def main() -> int:
    """Convert; the process's entry point."""
    from studio.core import environment

    environment.prepare()
    converted = convert(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(msgspec.json.encode(converted).decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
