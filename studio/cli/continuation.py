"""`studio text --continue FILE`: goes on where the text of a file ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.cli.prompt_source import read_text
from studio.core.requests import TextRequest


def continued_values(file: Path, options: dict[str, Any]) -> dict[str, Any]:
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
