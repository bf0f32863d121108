"""Texts of typer and click in the user's language, and applications whose help has them.

Some of them find their translations in our catalog (`cli/language.py`); a text that an installed
version words otherwise stays English. The others are replaced here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from studio.core.translation import mark, tr, tr_marked

Function = TypeVar("Function", bound=Callable[..., Any])
TEXTS = (
    mark("Usage:"),
    mark("Options"),
    mark("Arguments"),
    mark("Commands"),
    mark("Show this message and exit."),
    mark("required"),
    mark("default: {default}"),
    mark("env var: {var}"),
    mark("Aborted!"),
    mark("Missing command."),
)
_PLACEHOLDERS = (mark("[OPTIONS]"), mark("COMMAND [ARGS]..."))
# not translated: patterns of English texts, each before its text
_ERRORS = (
    (
        r"No such option: (?P<option>.+) \(Possible options: (?P<options>.+)\)",
        mark("No such option: {option} (did you mean {options}?)"),
    ),
    (r"No such option: (?P<option>.+)", mark("No such option: {option}")),
    (
        r"No such command '(?P<name>.*)'\. Did you mean (?P<options>.+)\?",
        mark("No such command: {name} (did you mean {options}?)"),
    ),
    (r"No such command '(?P<name>.*)'\.", mark("No such command: {name}")),
    (r"Missing argument '?(?P<name>.+?)'?\.", mark("Missing argument: {name}")),
    (r"Missing option '?(?P<name>.+?)'?\.", mark("Missing option: {name}")),
    (
        r"Option '(?P<option>.+)' requires an argument\.",
        mark("The option {option} needs a value."),
    ),
    (
        r"Option '(?P<option>.+)' does not take a value\.",
        mark("The option {option} takes no value."),
    ),
    (
        r"Got unexpected extra argument(?:s|\(s\))? \((?P<arguments>.+)\)",
        mark("Unexpected arguments: {arguments}"),
    ),
    (
        r"Invalid value for '?(?P<name>.+?)'?: (?P<reason>(?s:.+))",
        mark("Invalid value for {name}: {reason}"),
    ),
)
"""An error of the parser as Typer words it → in our words."""


def translate_usage_error(message: str) -> str:
    """Return an error of the parser in the user's language."""
    for pattern, text in _ERRORS:
        if match := re.fullmatch(pattern, message):
            return tr_marked(text).format(**match.groupdict())
    return message


def _translate_pieces(pieces: list[str]) -> list[str]:
    """Translate the placeholders of the usage line, which Typer made."""
    return [tr_marked(piece) if piece in _PLACEHOLDERS else piece for piece in pieces]


class Command(TyperCommand):
    """A command."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line after the command."""
        return _translate_pieces(super().collect_usage_pieces(ctx))

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        _write_usage(self, ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help`."""
        return _with_help(super().get_help_option(ctx))


class Group(TyperGroup):
    """A command that has commands."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line after the command."""
        return _translate_pieces(super().collect_usage_pieces(ctx))

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        _write_usage(self, ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help`."""
        return _with_help(super().get_help_option(ctx))


def _write_usage(command: Command | Group, ctx: Any, formatter: Any) -> None:
    arguments = " ".join(command.collect_usage_pieces(ctx))
    formatter.write_usage(ctx.command_path, arguments, prefix=f"{tr('Usage:')} ")


def _with_help(option: Any) -> Any:
    if option is not None:
        option.help = tr("Show this message and exit.")
    return option


class TranslatedApp(typer.Typer):
    """A `typer.Typer` of these commands and groups."""

    def __init__(self, **options: Any) -> None:
        super().__init__(cls=Group, **options)

    def command(self, name: str | None = None, **options: Any) -> Callable[[Function], Function]:
        """Return a decorator that adds a command."""
        return super().command(name, cls=Command, **options)
