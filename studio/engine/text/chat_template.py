"""Turns a request into token ids, through the model's chat template if it has one."""

from __future__ import annotations

from typing import Any

from studio.core.requests import TextRequest
from studio.models.card import ModelCard

MAX_TEMPLATE_CHARACTERS = 65_536
END_TOKENS = 32
"""The last tokens of a prompt, which hold the mark that a template may put there."""


def prompt_tokens(tokenizer: Any, card: ModelCard, request: TextRequest) -> list[int]:
    """Return the token ids, through the chat template of a chat model."""
    if card.chat and len(str(tokenizer.chat_template or "")) <= MAX_TEMPLATE_CHARACTERS:
        for messages in (_messages(request), _folded(request)):
            ids = _render(tokenizer, messages)
            if ids:
                return ids
    if card.chat:  # its template is missing or broken; the model can answer all the same
        ids = tokenizer(f"{request.system_prompt}\n\n{request.prompt}\n\n".lstrip()).input_ids
    else:
        ids = tokenizer(request.prompt).input_ids
    return list(ids) or [tokenizer.bos_token_id or tokenizer.eos_token_id or 0]


def prompt_end(tokenizer: Any, ids: list[int]) -> str:
    """Return the end of a prompt as the model reads it, special tokens included."""
    last = ids[-END_TOKENS:]
    if hasattr(tokenizer, "written"):
        return str(tokenizer.written(last))
    return str(
        tokenizer.decode(last, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )


def _render(tokenizer: Any, messages: list[dict[str, str]]) -> list[int]:
    from jinja2 import TemplateError

    try:
        # Qwen 3, SmolLM3 and Gemma 4 would think first, and stop before the answer. Templates
        # without `enable_thinking` ignore it.
        encoded = tokenizer.apply_chat_template(
            messages,
            add_generation_prompt=True,
            enable_thinking=False,
            tokenize=True,
            return_dict=True,
        )
    except (TemplateError, ValueError, TypeError):
        return []
    return list(encoded["input_ids"])


def _messages(request: TextRequest) -> list[dict[str, str]]:
    system = (
        [{"role": "system", "content": request.system_prompt}]
        if request.system_prompt.strip()
        else []
    )
    return [*system, {"role": "user", "content": request.prompt}]


def _folded(request: TextRequest) -> list[dict[str, str]]:
    # for templates that raise on a system message
    return [{"role": "user", "content": f"{request.system_prompt}\n\n{request.prompt}".strip()}]
