"""Go on where the text of a file (`--continue`) or a chat (`--chat`) ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.batch.tables.read_file import read_bytes
from studio.cli.prompt_source import read_prompt, read_text
from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.core.requests.chat import read_chat_file
from studio.core.translation import tr


def prompt_values(
    file: Path | None, continued: Path | None, options: Mapping[str, Any], *, is_spoken: bool
) -> dict[str, Any]:
    """Return the request's values of the prompt, and of the text that is continued."""
    if continued is not None and options["prompt"] is None and file is None:
        return _continued_values(continued, options)
    values = {"prompt": read_prompt(options["prompt"], file, is_spoken=is_spoken)}
    return values if continued is None else {**values, "prefix": read_text(continued)}


def _continued_values(file: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request's values that continue a file without a prompt.

    The answer to a prompt of Studio's is continued as that answer, with the same model; any other
    text as a text. `options` of the command take precedence. Raises StudioError.
    """
    from studio.library.artifacts import read_recipe  # imports numpy

    text = read_text(file)
    recipe = read_recipe(file)
    if recipe is None or not isinstance(recipe.request, TextRequest):
        return {"prompt": text, "mode": options.get("mode") or "complete"}
    request = recipe.request
    taken_over = {"model": request.model, "system_prompt": request.system_prompt}
    values = {
        name: value for name, value in taken_over.items() if value and options.get(name) is None
    }
    begins_with_prompt = text.startswith(request.prompt.rstrip())
    if request.mode == "complete" or begins_with_prompt:
        return {**values, "prompt": text, "mode": "complete"}
    return {**values, "prompt": request.prompt, "prefix": text}


def check_alone(chat: Path, *, task: str | None, continued: Path | None) -> None:
    """Raise StudioError if a chat is combined with what it excludes."""
    for option, value in (("--task", task), ("--continue", continued)):
        if value is not None:
            raise StudioError(
                tr("--chat and {option} cannot be used together.", option=option),
                cause="invalid",
                cure=tr("Leave one of them out."),
            )


def chat_values(file: Path, prompt_file: Path | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request's values that answer the chat of a file.

    Its last message is the prompt, unless the command has one. Raises StudioError.
    """
    chat = read_chat_file(read_bytes(file), file.name)
    messages = chat.messages
    if options["prompt"] is not None or prompt_file is not None:
        prompt = read_prompt(options["prompt"], prompt_file)
    elif messages[-1].role == "user":
        prompt, messages = messages[-1].content, messages[:-1]
    else:
        raise StudioError(
            tr("The last message of {name} is an answer.", name=file.name),
            cause="invalid",
            cure=tr("Add the next prompt to the command or to the file."),
        )
    values: dict[str, Any] = {"prompt": prompt, "messages": messages}
    if chat.system_prompt and options["system_prompt"] is None:
        values["system_prompt"] = chat.system_prompt
    return values
