"""Where a command's prompt comes from: the argument, standard input (`-`), or a file (`--file`)."""

from __future__ import annotations

import sys
from pathlib import Path

from studio.batch.tables.encoding import MAX_FILE_BYTES, decode, read_bytes
from studio.cli import output
from studio.core.errors import StudioError
from studio.core.requests.base import MAX_PROMPT_CHARACTERS

STANDARD_INPUT = "-"
_MAX_PROMPT_BYTES = 4 * MAX_PROMPT_CHARACTERS + 1024
"""UTF-32, which takes the most, with its mark and some blanks."""


def read_prompt(argument: str | None, file: Path | None) -> str:
    """Return the prompt. Raises StudioError where it cannot be read, or where there is none or more
    than one.
    """
    if argument is not None and file is not None:
        raise StudioError(
            "A prompt and --file cannot be used together.",
            cause="invalid",
            cure="Leave one of them out.",
        )
    if file is not None:
        return _decoded(read_bytes(file), file.name)
    if argument is None:
        cure = "Write the prompt in quotes, - to read standard input, or --file FILE."
        raise StudioError("Missing argument 'PROMPT'.", cause="invalid", cure=cure)
    if argument == STANDARD_INPUT:
        return _decoded(read_standard_input(_MAX_PROMPT_BYTES), "standard input")
    return argument


def read_standard_input(most: int = MAX_FILE_BYTES) -> bytes:
    """Return all bytes of standard input. Raises StudioError where there are none, or more than
    `most`.
    """
    try:
        data = sys.stdin.buffer.read(most + 1)
    except OSError as error:
        raise StudioError(
            f"Standard input cannot be read: {error.strerror}.", cause="invalid"
        ) from error
    if len(data) > most:
        raise StudioError(
            f"Standard input has more than {most:,} bytes.",
            cause="invalid",
            cure="Pass less, or use a file.",
        )
    if not data.strip():
        raise StudioError(
            "Standard input is empty.", cause="invalid", cure="Pipe the text into the command."
        )
    return data


def _decoded(data: bytes, name: str) -> str:
    if len(data) > _MAX_PROMPT_BYTES:
        message = f"The prompt in {name} is longer than {MAX_PROMPT_CHARACTERS:,} characters."
        raise StudioError(
            message, cause="invalid", cure="`studio batch` reads a file with many prompts."
        )
    decoded = decode(data)
    if decoded.warning:
        output.note(decoded.warning)
    return decoded.text.replace("\r\n", "\n").rstrip("\r\n")
