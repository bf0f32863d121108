"""Real artifacts in a data folder, as the queue records them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from studio.core.artifact import Artifact
from studio.core.files import sha256_of
from studio.core.jobs import JobState, new_job
from studio.core.paths import DataFolder
from studio.core.requests import (
    ImageRequest,
    Request,
    SpeechRequest,
    TextRequest,
    TranscribeRequest,
)
from studio.jobs.store import JobStore
from studio.library import artifacts
from studio.library.library import Library
from studio.library.results import AudioResult, ImageResult, Result, TextResult
from studio.media.transcript import FORMATS, Segment, Transcript
from studio.models.card import ModelCard

CARD = ModelCard(name="m", title="M", kind="text", runner="transformers", sha256="abc")
PIXELS = np.zeros((8, 16, 3), np.uint8)
TALK = Transcript(
    "zh",
    (Segment(0.0, 2.0, "秋天的风吹过"), Segment(2.0, 4.5, "金色的田野。 Good morning, harbor.")),
)
TONE = np.zeros((2400, 1), np.float32)


def result_for(request: Request) -> Result:
    """Return a small result for a request."""
    if isinstance(request, ImageRequest):
        return ImageResult(pixels=PIXELS, seed=request.seed)
    if isinstance(request, TextRequest):
        return TextResult(text=f"A text about {request.prompt}")
    if isinstance(request, TranscribeRequest):
        return TextResult(
            text=FORMATS[request.format](TALK),
            transcript=TALK,
            inputs={"audio": sha256_of(Path(request.audio))},
        )
    return AudioResult(samples=TONE, sampling_rate=24_000)


@dataclass
class Studio:
    """A data folder with a queue and a library."""

    data: DataFolder
    library: Library

    def make(
        self, request: Request, folder: Path | None = None, *, batch: str = "", store: bool = True
    ) -> Artifact:
        """Save an artifact as a job does; `store`: also record it in the queue's database."""
        job = new_job(request, str(folder or self.data.outputs), batch=batch)
        artifact = artifacts.save(result_for(job.request), job=job, card=CARD, versions={})
        if store:
            self.record(artifact)
        return artifact

    def record(self, *made: Artifact) -> None:
        """Record artifacts in the queue's database."""
        queue = JobStore.open(self.data.database)
        queue.end(made[0].job_id, JobState.COMPLETED, artifacts=made)
        queue.close()

    def image(self, prompt: str, folder: Path | None = None, **options) -> Path:
        """Make an image and return its path."""
        return Path(self.make(ImageRequest(prompt=prompt, seed=1), folder, **options).path)

    def text(self, prompt: str, folder: Path | None = None, **options) -> Path:
        """Make a text and return its path."""
        return Path(self.make(TextRequest(prompt=prompt, seed=1), folder, **options).path)

    def speech(self, prompt: str, folder: Path | None = None, **options) -> Path:
        """Make speech and return its path."""
        return Path(self.make(SpeechRequest(prompt=prompt, seed=1), folder, **options).path)


@pytest.fixture
def studio(tmp_path: Path):
    """Return a data folder with a queue and a library."""
    data = DataFolder(tmp_path / "data")
    data.create()
    opened = Studio(data, Library(data))
    yield opened
    opened.library.close()


@pytest.fixture
def reopened(studio: Studio) -> Callable[[], Library]:
    """Return a function that closes the library and opens it again."""

    def reopen() -> Library:
        studio.library.close()
        studio.library = Library(studio.data)
        return studio.library

    return reopen
