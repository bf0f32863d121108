"""Write the files of a finished batch: report, collected texts, contact sheet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from studio.batch.output.finished_batch import FinishedBatch
from studio.batch.output.report import write_lines
from studio.core.errors import StudioError
from studio.core.translation import tr

log = logging.getLogger(__name__)


def write_report(finished: FinishedBatch) -> list[Path]:
    """Write report, collected texts and contact sheet, and return the paths.

    Never overwrites: numbers the names of further reports. A second call after a kill completes
    what is missing, and keeps files with the same content. Raises StudioError if a file cannot be
    written, after writing the others.
    """
    from studio.batch.output.collected import write_collected
    from studio.batch.output.contact_sheet import write_contact_sheet

    paths: list[Path] = []
    problems: list[str] = []
    writers: tuple[tuple[str, Callable[[FinishedBatch], list[Path]]], ...] = (
        ("report", write_lines),
        ("collected texts", write_collected),
        ("contact sheet", write_contact_sheet),
    )
    for name, write in writers:
        try:
            finished.folder.mkdir(parents=True, exist_ok=True)
            paths += write(finished)
        # boundary: a fault in one writer must not lose the other files
        except Exception as error:
            log.exception("cannot write the %s of a batch", name)
            reason = error.strerror if isinstance(error, OSError) else None
            problems.append(f"{name}: {reason or error or type(error).__name__}")
    if problems:
        raise StudioError(
            tr(
                "Not all files of the batch could be written to {folder} ({problems}).",
                folder=finished.folder,
                problems="; ".join(problems),
            ),
            cause="disk",
            cure=tr("Studio tries again at the next start."),
        )
    return paths
