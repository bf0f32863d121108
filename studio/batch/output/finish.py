"""Writes what a finished batch leaves in its folder: report, collected texts, contact sheet."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from studio.batch.output.report import write_lines
from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.jobs import Batch, Job

log = logging.getLogger(__name__)


def write_report(batch: Batch, jobs: list[Job], artifacts: dict[str, list[Artifact]]) -> list[Path]:
    """Write what a batch leaves in its folder, numbered where it exists, and return the paths.

    These are `report.csv` and `report.jsonl`, the collected texts, the contact sheet. Called again
    after a kill it completes what is missing: files with the very same content are kept. Raises
    StudioError where one cannot be written, after the others.
    """
    from studio.batch.output.collected import write_collected
    from studio.batch.output.contact_sheet import write_contact_sheet

    written: list[Path] = []
    problems: list[str] = []
    parts: tuple[tuple[str, Callable[[], list[Path]]], ...] = (
        ("report", lambda: write_lines(batch, jobs, artifacts)),
        ("collected texts", lambda: write_collected(batch, jobs, artifacts)),
        ("contact sheet", lambda: write_contact_sheet(batch, jobs, artifacts)),
    )
    for name, part in parts:
        try:
            Path(batch.folder).mkdir(parents=True, exist_ok=True)
            written += part()
        except Exception as error:
            log.exception("a batch's %s could not be written", name)
            problems.append(
                f"{name}: {getattr(error, 'strerror', None) or error or type(error).__name__}"
            )
    if problems:
        raise StudioError(
            f"Not all files of the batch could be written to {batch.folder} "
            f"({'; '.join(problems)}).",
            cause="disk",
            cure="The next start tries again.",
        )
    return written
