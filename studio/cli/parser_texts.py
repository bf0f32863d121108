"""Texts of typer and click in the user's language, and applications whose help has them.

Some of them find their translations in our catalog (`cli/language.py`); a text that an installed
version words otherwise stays English. The others are replaced here.
"""

from __future__ import annotations

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
