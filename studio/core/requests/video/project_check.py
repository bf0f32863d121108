"""What is wrong with a clip project, found without its sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from studio.core.requests.video.project import (
    AudioPart,
    Clip,
    ClipProject,
    ImageClip,
    Rectangle,
    VideoClip,
)
from studio.core.translation import tr

MAX_PIXELS = 2560 * 1440
"""Of a frame; the decoder of videos gives no larger ones."""
_EPSILON = 1e-6


def project_problems(project: ClipProject) -> Iterator[str]:
    """Yield what is wrong, a clause for each, the first clip's first."""
    if not project.clips:
        yield tr("has no clips")
    if project.width * project.height > MAX_PIXELS:
        yield tr(
            "is too large: {width} × {height} is more than 2560 × 1440 pixels",
            width=project.width,
            height=project.height,
        )
    for number, clip in enumerate(project.clips, 1):
        if problem := _clip_problem(clip):
            yield tr("clip {number} {problem}", number=number, problem=problem)
    parts = [*project.voice, *project.music]
    for part in parts:
        if problem := _part_problem(part):
            yield f"{Path(part.source).name} {problem}"
    captions = project.captions
    if captions is not None and captions.source and captions.cues:
        yield tr("has captions from a file and of its own; choose one")


def _clip_problem(clip: Clip) -> str:
    if isinstance(clip, (VideoClip, ImageClip)):
        if not clip.source.strip():
            return tr("names no file")
        if clip.crop is not None and not _is_inside(clip.crop):
            return tr("crops outside of its frame")
    if isinstance(clip, VideoClip) and clip.end is not None and clip.end <= clip.start:
        return tr("ends before it starts")
    return ""


def _is_inside(crop: Rectangle) -> bool:
    left, top, width, height = crop
    fits = left + width <= 1 + _EPSILON and top + height <= 1 + _EPSILON
    return fits and width > 0 and height > 0


def _part_problem(part: AudioPart) -> str:
    if not part.source.strip():
        return tr("names no file")
    if part.end is not None and part.end <= part.start:
        return tr("ends before it starts")
    return ""


def missing_sources(project: ClipProject) -> list[str]:
    """Return the files that are not there, each once."""
    return [
        source
        for source in dict.fromkeys(project.sources.values())
        if source and not Path(source).is_file()
    ]
