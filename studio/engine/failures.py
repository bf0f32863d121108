"""Turns exceptions that are raised while a job runs into failures that a user can act on."""

from __future__ import annotations

import errno
import traceback

from studio.core.errors import Failure
from studio.core.translation import tr
from studio.engine.runtime.memory import is_out_of_memory

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def explain(error: Exception) -> Failure:
    """Describe an exception that a model raised."""
    if is_out_of_memory(error):
        return Failure(
            cause="memory",
            message=tr("There was not enough memory for this."),
            cure=tr(
                "Choose smaller settings (size, length, count) or a smaller model, or close other "
                "programs."
            ),
            details=_details(error),
        )
    text = str(error).strip()
    first_line = text.splitlines()[0][:200] if text else type(error).__name__
    return Failure(
        cause="unknown",
        message=tr("The model failed: {reason}", reason=first_line),
        cure=tr("Try other settings or another model; the details say more."),
        details=_details(error),
    )


def explain_save(error: OSError, folder: str) -> Failure:
    """Describe why a result could not be saved; the engine keeps it."""
    why = (
        tr("the disk is full")
        if error.errno in _NO_SPACE
        else (error.strerror or str(error)).lower()
    )
    return Failure(
        cause="disk",
        message=tr(
            "The result could not be saved in {folder}: {reason}.", folder=folder, reason=why
        ),
        cure=tr("Free some space, or save it to another folder. It is kept in memory until then."),
        details=_details(error),
        unsaved=True,
    )


def _details(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
