"""Failures of jobs whose child process crashed, hangs or did not start."""

from __future__ import annotations

import signal

from studio.core.errors import Failure
from studio.core.events import Event, Loading, Progress
from studio.core.translation import mark, tr, tr_marked

_UNITS = {
    "step": mark("step"),
    "token": mark("token"),
    "sentence": mark("sentence"),
    "bar": mark("bar"),
}
"""Units of progress, as a user reads them."""


def phase_of(event: Event, previous: str) -> str:
    """Return what the child does now, as a failure describes it."""
    if isinstance(event, Loading):
        return event.phase
    if isinstance(event, Progress):
        unit = tr_marked(_UNITS.get(event.unit, event.unit))
        return tr("{unit} {step} of {total}", unit=unit, step=event.step, total=event.total)
    return previous


def crashed(exit_code: int | None, phase: str, details: str) -> Failure:
    """Describe a child that ended. A negative exit code is a signal."""
    message = tr("The engine ended unexpectedly during: {phase}.", phase=phase)
    cure = tr("Try again; if it happens again, try smaller settings or another model.")
    if exit_code is not None and exit_code < 0:
        number = -exit_code
        known = number in set(signal.Signals)
        name = signal.Signals(number).name if known else tr("signal {number}", number=number)
        message = tr(
            "The engine was ended by the system ({signal}) during: {phase}.",
            signal=name,
            phase=phase,
        )
        if name == "SIGKILL":
            cure = tr(
                "Memory may have run out: choose smaller settings or a smaller model, or close "
                "other programs."
            )
    elif exit_code:
        message = tr(
            "The engine ended with exit code {code} during: {phase}.", code=exit_code, phase=phase
        )
    return Failure(
        cause="crash",
        message=message,
        cure=cure,
        details=details,
    )


def hung(minutes: float, phase: str, details: str) -> Failure:
    """Describe a child that sent nothing for so long that it was killed."""
    return Failure(
        cause="hung",
        message=tr(
            "The engine did not respond for {minutes:.0f} minutes during: {phase}. It was ended.",
            minutes=minutes,
            phase=phase,
        ),
        cure=tr("Try smaller settings or another model."),
        details=details,
    )


def garbled(details: str) -> Failure:
    """Describe a child whose message could not be decoded."""
    return Failure(
        cause="crash",
        message=tr("The engine sent a message that cannot be read. It was ended."),
        cure=tr("Try again."),
        details=details,
    )


def not_started(details: str) -> Failure:
    """Describe a child that did not start."""
    return Failure(
        cause="unknown",
        message=tr("The engine could not be started."),
        cure=tr("Run `studio doctor` to see what is missing."),
        details=details,
    )
