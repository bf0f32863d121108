"""A batch whose last job is over, as its report, texts and contact sheet need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studio.core.artifact import Artifact
from studio.core.jobs import Batch, Job


@dataclass(frozen=True)
class FinishedBatch:
    """A batch with the jobs of its rows and their artifacts."""

    batch: Batch
    jobs: Sequence[Job]
    artifacts: Mapping[str, Sequence[Artifact]] = field(default_factory=dict)
    """Job id → artifacts in order."""

    @property
    def folder(self) -> Path:
        """The folder for results and reports."""
        return Path(self.batch.folder)
