"""Failures of jobs whose child process crashed, hangs or did not start."""

from __future__ import annotations

import signal

from studio.core.errors import Failure
from studio.core.events import Event, Loading, Progress


def phase_of(event: Event, previous: str) -> str:
    """Return what the child does now, as a failure describes it."""
    if isinstance(event, Loading):
        return event.phase
    if isinstance(event, Progress):
        return f"{event.unit} {event.step} of {event.total}"
    return previous


def crashed(exit_code: int | None, phase: str, details: str) -> Failure:
    """Describe a child that ended. A negative exit code is a signal."""
    reason = "ended unexpectedly"
    cure = "Try again; if it happens again, try smaller settings or another model."
    if exit_code is not None and exit_code < 0:
        number = -exit_code
        known = number in set(signal.Signals)
        name = signal.Signals(number).name if known else f"signal {number}"
        reason = f"was ended by the system ({name})"
        if name == "SIGKILL":
            cure = (
                "Memory may have run out: choose smaller settings or a smaller model, or close "
                "other programs."
            )
    elif exit_code:
        reason = f"ended with exit code {exit_code}"
    return Failure(
        cause="crash", message=f"The engine {reason} during: {phase}.", cure=cure, details=details
    )


def hung(minutes: float, phase: str, details: str) -> Failure:
    """Describe a child that sent nothing for so long that it was killed."""
    return Failure(
        cause="hung",
        message=f"The engine did not respond for {minutes:.0f} minutes during: {phase}. "
        "It was ended.",
        cure="Try smaller settings or another model.",
        details=details,
    )


def garbled(details: str) -> Failure:
    """Describe a child whose message could not be decoded."""
    return Failure(
        cause="crash",
        message="The engine sent a message that cannot be read. It was ended.",
        cure="Try again.",
        details=details,
    )


def not_started(details: str) -> Failure:
    """Describe a child that did not start."""
    return Failure(
        cause="unknown",
        message="The engine could not be started.",
        cure="Run `studio doctor` to see what is missing.",
        details=details,
    )
