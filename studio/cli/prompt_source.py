"""Read a command's prompt: its argument, standard input (`-`), or a file (`--file`)."""

from __future__ import annotations

import sys
from pathlib import Path

from studio.batch.tables.read_file import MAX_FILE_BYTES, read_bytes
from studio.cli import output
from studio.core.errors import StudioError
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.core.translation import tr
from studio.documents.formats.catalog import format_of_name, has_document_start
from studio.documents.formats.child.process import read_in_child
from studio.media.text_encoding import decode

STANDARD_INPUT = "-"
_MAX_PROMPT_BYTES = 4 * MAX_PROMPT_CHARACTERS + 1024
"""In UTF-32, the largest encoding, with byte order mark and some white space."""


def read_prompt(argument: str | None, file: Path | None, *, is_spoken: bool = False) -> str:
    """Return the prompt; `is_spoken` leaves out the Markdown of a document.

    Raises StudioError if it is missing, ambiguous or unreadable.
    """
    if argument is not None and file is not None:
        raise StudioError(
            tr("A prompt and --file cannot be used together."),
            cause="invalid",
            cure=tr("Leave one of them out."),
        )
    if file is not None:
        return _within_limit(_document_text(file, is_spoken=is_spoken), file.name) or read_text(
            file
        )
    if argument is None:
        cure = tr("Write it in quotes, or use - for standard input, or --file FILE.")
        raise StudioError(tr("The prompt is missing."), cause="invalid", cure=cure)
    if argument == STANDARD_INPUT:
        return _decoded(read_standard_input(_MAX_PROMPT_BYTES), "standard input")
    return argument


def read_task_prompt(argument: str | None, file: Path | None, continued: Path | None) -> str:
    """Return a task's text, which may be longer than a prompt. Raises StudioError."""
    if continued is not None:
        raise StudioError(
            tr("--task and --continue cannot be used together."),
            cause="invalid",
            cure=tr("Leave one of them out."),
        )
    if file is None or argument is not None:
        return read_prompt(argument, file)
    if text := _document_text(file):
        return text
    decoded = decode(read_bytes(file))
    if decoded.warning:
        output.note(decoded.warning)
    return decoded.text.replace("\r\n", "\n").strip()


def _document_text(file: Path, *, is_spoken: bool = False) -> str:
    """Return the text of a document that is no plain text or Markdown; "" for such a file.

    Raises StudioError.
    """
    named = format_of_name(file)
    if named in ("txt", "md") or not (named or has_document_start(file)):
        return ""
    document = read_in_child(file)
    for notice in document.notices:
        output.note(notice)
    if not (is_spoken and document.is_markdown):
        return document.text.strip()
    from studio.documents.formats.markdown.parse import parse_markdown
    from studio.documents.formats.writers.text import plain_text

    return plain_text(parse_markdown(document.text))


def read_text(file: Path) -> str:
    """Return the text of a file. Raises StudioError if it is unreadable or too long."""
    return _decoded(read_bytes(file), file.name)


def read_standard_input(most: int = MAX_FILE_BYTES) -> bytes:
    """Return all of standard input. Raises StudioError if it is empty or above `most` bytes."""
    try:
        data = sys.stdin.buffer.read(most + 1)
    except OSError as error:
        raise StudioError(
            tr("Standard input cannot be read: {reason}.", reason=error.strerror),
            cause="invalid",
            cure=tr("Check the command before the pipe, or use a file."),
        ) from error
    if len(data) > most:
        raise StudioError(
            tr("Standard input has more than {limit:,} bytes.", limit=most),
            cause="invalid",
            cure=tr("Pass less, or use a file."),
        )
    if not data.strip():
        raise StudioError(
            tr("Standard input is empty."),
            cause="invalid",
            cure=tr("Pipe a text into the command."),
        )
    return data


def _within_limit(text: str, name: str) -> str:
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise _too_long(name)
    return text


def _too_long(name: str) -> StudioError:
    message = tr(
        "The prompt in {name} is longer than {limit:,} characters.",
        name=name,
        limit=MAX_PROMPT_CHARACTERS,
    )
    return StudioError(
        message, cause="invalid", cure=tr("To run a file of many prompts, use `studio batch`.")
    )


def _decoded(data: bytes, name: str) -> str:
    if len(data) > _MAX_PROMPT_BYTES:
        raise _too_long(name)
    decoded = decode(data)
    if decoded.warning:
        output.note(decoded.warning)
    return decoded.text.replace("\r\n", "\n").rstrip("\r\n")
