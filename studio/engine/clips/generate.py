"""The runner of clips. It loads no model."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

from studio.core.events import Statistics
from studio.core.files import sha256_of
from studio.core.requests import ClipRequest
from studio.core.requests.video.project import ClipProject
from studio.core.requests.video.project_file import decode_project
from studio.engine.clips.render import ClipVideo
from studio.engine.clips.timeline import make_timeline
from studio.engine.protocol import JobContext
from studio.library.results import Result, StreamedResult
from studio.media.video_decoder.open_frames import open_frames
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan
from studio.preflight.clips import require_sources


def load(card: ModelCard, _plan: LoadPlan | None = None) -> ModelCard:
    """Return the card itself: there is nothing to load. See `protocol.Runner.load`."""
    return card


def generate(context: JobContext, _card: ModelCard) -> Generator[Result, None, Statistics]:
    """Yield the clip, which is rendered while it is saved. See `protocol.Runner.generate`."""
    request = context.job.request
    assert isinstance(request, ClipRequest)
    started = time.monotonic()
    project = decode_project(request.project)
    require_sources(project)
    hashes = _hashes(context, project)
    timeline = make_timeline(project, lambda path: open_frames(path).opened.length)
    video = ClipVideo(context, project, timeline, request.format)
    yield StreamedResult(video=video, inputs=hashes)
    return Statistics(run_seconds=time.monotonic() - started, units=timeline.frames, unit="frame")


def _hashes(context: JobContext, project: ClipProject) -> dict[str, str]:
    """Return where a source is used → SHA-256 of its file, each of which is read once."""
    known: dict[str, str] = {}
    for source in project.sources.values():
        if source not in known:
            known[source] = sha256_of(Path(source), lambda _size: context.check())
    return {place: known[source] for place, source in project.sources.items()}
