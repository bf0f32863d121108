"""Turns a request into token ids, through the model's chat template if it has one."""

from __future__ import annotations

from typing import Any

from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.engine.text.thoughts import NO_MARKS, Marks, answer_opening
from studio.engine.text.time_limit import TimeLimitError, time_limit
from studio.models.card import ModelCard

CONTINUE = "Continue this text."  # not translated: text for the model
"""What a chat model is asked in mode `complete`; docs/text.md compares it with other ways."""
NEXT_TURN = "\n\nUser:"  # not translated: text for the model
MAX_TEMPLATE_CHARACTERS = 65_536
TEMPLATE_SECONDS = 10.0
"""A template takes milliseconds; one that takes longer does not end."""
END_TOKENS = 32
"""The last tokens of a prompt, which hold the mark that a template may put there."""


def prompt_tokens(
    tokenizer: Any, card: ModelCard, request: TextRequest, marks: Marks = NO_MARKS
) -> list[int]:
    """Return the token ids, through the chat template of a chat model.

    Its answer begins with the text that it continues (`continued_text`), if there is one.
    """
    answer = continued_text(card, request)
    if card.chat and len(str(tokenizer.chat_template or "")) <= MAX_TEMPLATE_CHARACTERS:
        for messages in (_messages(request), _folded(request)):
            ids = _render(tokenizer, messages, answer, marks)
            if ids:
                return ids
    if (card.chat and request.mode == "chat") or request.messages:
        # its template is missing or broken, or it has none; the model can answer all the same
        ids = tokenizer(_transcript(request) + answer).input_ids
    else:
        ids = tokenizer(request.prompt if card.encoder_decoder else answer).input_ids
    return list(ids) or [tokenizer.bos_token_id or tokenizer.eos_token_id or 0]


def continued_text(card: ModelCard, request: TextRequest) -> str:
    """Return the text that the model continues, which is part of the result.

    Without blanks at its end, because the model's first word begins with one; a plain prompt of a
    model without chat stays as it is.
    """
    if request.messages:
        return request.prefix.rstrip(" \t")
    if request.mode == "chat" and not request.prefix:
        return "" if card.chat else request.prompt
    completes = request.mode == "complete" or not card.chat
    text = request.prompt + request.prefix if completes else request.prefix
    return text.rstrip(" \t")


def stop_strings(card: ModelCard, request: TextRequest) -> tuple[str, ...]:
    """Return what ends the text; a model without chat would write the user's next turn."""
    return request.stop if card.chat or not request.messages else (*request.stop, NEXT_TURN)


def prompt_end(tokenizer: Any, ids: list[int]) -> str:
    """Return the end of a prompt as the model reads it, special tokens included."""
    last = ids[-END_TOKENS:]
    if hasattr(tokenizer, "written"):
        return str(tokenizer.written(last))
    return str(
        tokenizer.decode(last, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )


def _render(tokenizer: Any, messages: list[dict[str, str]], answer: str, marks: Marks) -> list[int]:
    from jinja2 import TemplateError

    try:
        # Qwen 3, SmolLM3 and Gemma 4 would think first, and stop before the answer. Templates
        # without `enable_thinking` ignore it.
        with time_limit(TEMPLATE_SECONDS):
            encoded = tokenizer.apply_chat_template(
                messages,
                add_generation_prompt=True,
                enable_thinking=False,
                tokenize=not answer,
                return_dict=not answer,
            )
    except (TemplateError, ValueError, TypeError):
        return []
    except (TimeLimitError, MemoryError, RecursionError, OverflowError) as error:
        raise StudioError(
            tr("The model's chat template does not end."),
            cause="invalid",
            cure=tr("Choose another model; do not use this one if you do not trust its source."),
        ) from error
    if not answer:
        return list(encoded["input_ids"])
    text = encoded + answer_opening(marks, encoded) + answer
    return list(tokenizer.encode(text, add_special_tokens=False))


def _messages(request: TextRequest) -> list[dict[str, str]]:
    system = (
        [{"role": "system", "content": request.system_prompt}]
        if request.system_prompt.strip()
        else []
    )
    return [*system, *_turns(request)]


def _folded(request: TextRequest) -> list[dict[str, str]]:
    # for templates that raise on a system message
    first, *others = _turns(request)
    content = f"{request.system_prompt}\n\n{first['content']}".strip()
    return [{"role": "user", "content": content}, *others]


def _turns(request: TextRequest) -> list[dict[str, str]]:
    before = [{"role": one.role, "content": one.content} for one in request.messages]
    return [*before, {"role": "user", "content": _question(request)}]


def _transcript(request: TextRequest) -> str:
    if not request.messages:
        return f"{request.system_prompt}\n\n{request.prompt}\n\n".lstrip()
    names = {"user": "User", "assistant": "Assistant"}  # not translated: text for the model
    turns = [f"{names[one['role']]}: {one['content']}" for one in _turns(request)]
    return "\n\n".join([*filter(str.strip, [request.system_prompt]), *turns, "Assistant:\n"])


def _question(request: TextRequest) -> str:
    return CONTINUE if request.mode == "complete" else request.prompt
