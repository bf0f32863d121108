"""What window and spelling child send each other: JSON, one message a line."""

from __future__ import annotations

import msgspec

from studio.core.errors import Failure


class Question(msgspec.Struct, frozen=True):
    """Words to look up, and one to find others for."""

    words: tuple[str, ...] = ()
    suggest: str = ""


class Answer(msgspec.Struct, frozen=True):
    """The words that no dictionary has, and words that are like the one that was asked for."""

    unknown: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    failure: Failure | None = None
    """Why there is no answer."""
