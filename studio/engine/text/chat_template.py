"""From a request to the token ids that a model reads."""

from __future__ import annotations

from typing import Any

from studio.core.requests import TextRequest
from studio.models.card import ModelCard

MAX_TEMPLATE_CHARACTERS = 65_536
END_TOKENS = 32
"""Of a prompt, in which the mark stands that a template puts last."""


def prompt_tokens(tokenizer: Any, card: ModelCard, request: TextRequest) -> list[int]:
    """Return the ids: through the chat template where the model has one, else of the prompt as it
    is.
    """
    if card.chat and len(str(tokenizer.chat_template or "")) <= MAX_TEMPLATE_CHARACTERS:
        for messages in (_messages(request), _folded(request)):
            ids = _render(tokenizer, messages)
            if ids:
                return ids
    if card.chat:  # a template that is missing or broken must not keep a model from answering
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
        # Qwen 3, SmolLM3 and Gemma 4 would think aloud first, and end before the answer; templates
        # without the switch ignore it.
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
    # Some templates raise on a system message.
    return [{"role": "user", "content": f"{request.system_prompt}\n\n{request.prompt}".strip()}]
