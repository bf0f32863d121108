"""Errors that are shown to a person: what happened, and what to do next."""

from __future__ import annotations

from typing import Literal

import msgspec

FailureCause = Literal[
    "invalid", "prompt_too_long", "model", "memory", "disk", "crash", "hung", "unknown"
]


class Failure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a job failed, in words for a person, with the technical details apart."""

    cause: FailureCause
    message: str
    """One sentence: what happened."""
    cure: str = ""
    """One sentence: what to do next."""
    details: str = ""
    """Traceback, exit code, last phase: shown behind a button. Never holds the prompt."""
    unsaved: bool = False
    """The result is still in the engine's memory: a retry with another folder saves it without
    generating again.
    """


class StudioError(Exception):
    """An error that a person can act upon. Boundaries turn it into a `Failure` or a printed
    sentence.
    """

    def __init__(self, message: str, *, cause: FailureCause = "unknown", cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cause: FailureCause = cause
        self.cure = cure

    def failure(self, details: str = "", *, unsaved: bool = False) -> Failure:
        """Return the same as plain data."""
        return Failure(
            cause=self.cause,
            message=self.message,
            cure=self.cure,
            details=details,
            unsaved=unsaved,
        )


class Problem(msgspec.Struct, frozen=True, gc=False):
    """One field of a request that cannot be right."""

    field: str
    message: str


class InvalidRequestError(ValueError):
    """A request with one or more fields that cannot be right; nothing was run."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


def offline_error() -> StudioError:
    """Return the error for what needs the network while Studio is offline."""
    return StudioError(
        "Studio is set to offline, so nothing is fetched.",
        cause="invalid",
        cure="Switch it off under Hub and account… in the window, or with `studio models hub "
        "--online`; or leave out --offline.",
    )
