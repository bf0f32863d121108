"""Errors shown to the user: what happened, and what to do next."""

from __future__ import annotations

from typing import Literal

import msgspec

from studio.core.translation import tr

FailureCause = Literal[
    "invalid", "prompt_too_long", "model", "memory", "disk", "crash", "hung", "unknown"
]


class Failure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a job failed, in the user's words, with the technical details separate."""

    cause: FailureCause
    message: str
    """One sentence: what happened."""
    cure: str = ""
    """One sentence: what to do next."""
    details: str = ""
    """Traceback, exit code, last phase, shown behind a button; without the prompt."""
    unsaved: bool = False
    """The engine still has the result: a retry saves it to another folder without generating."""


class StudioError(Exception):
    """An error that the user can act upon; boundaries print it or turn it into a `Failure`."""

    def __init__(self, message: str, *, cause: FailureCause = "unknown", cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cause: FailureCause = cause
        self.cure = cure

    def failure(self, details: str = "", *, unsaved: bool = False) -> Failure:
        """Return the error as plain data."""
        return Failure(
            cause=self.cause,
            message=self.message,
            cure=self.cure,
            details=details,
            unsaved=unsaved,
        )


class Problem(msgspec.Struct, frozen=True, gc=False):
    """An invalid field of a request."""

    field: str
    message: str


class InvalidRequestError(ValueError):
    """A request with invalid fields."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


def offline_error() -> StudioError:
    """Return the error for a download while Studio is set to offline."""
    return StudioError(
        tr("Studio is set to offline and downloads nothing."),
        cause="invalid",
        cure=tr(
            "Go online under Hub and account… in the window or with `studio models hub --online`, "
            "or leave out --offline."
        ),
    )
