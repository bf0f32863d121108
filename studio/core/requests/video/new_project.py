"""Makes a clip project of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.requests.shared_fields import IMAGE_SUFFIXES
from studio.core.requests.video.project import (
    Clip,
    ClipProject,
    ImageClip,
    Motion,
    Transition,
    VideoClip,
)
from studio.core.translation import tr

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".gif")
SUBTITLE_SUFFIXES = (".srt", ".vtt")
_MOTIONS: tuple[Motion, ...] = ("zoom-in", "pan-right", "zoom-out", "pan-left")
"""Of images, one after the other."""


def clips_of(
    files: Sequence[Path], *, seconds: float, transition: Transition, moves: bool
) -> tuple[Clip, ...]:
    """Return a clip for each file. Raises StudioError for a file that is no video or image.

    `seconds`: how long images are shown. `moves`: whether they move (Ken Burns).
    """
    clips: list[Clip] = []
    for number, path in enumerate(files):
        before = transition if number else Transition()
        source, suffix = str(path.absolute()), path.suffix.lower()
        if suffix in VIDEO_SUFFIXES:
            clips.append(VideoClip(source=source, transition=before))
        elif suffix in IMAGE_SUFFIXES:
            motion: Motion = _MOTIONS[number % len(_MOTIONS)] if moves else "none"
            clips.append(
                ImageClip(source=source, seconds=seconds, motion=motion, transition=before)
            )
        else:
            raise StudioError(
                tr("{name} is neither a video nor an image.", name=path.name),
                cause="invalid",
                cure=tr(
                    "Choose from: {known}.", known=" ".join((*VIDEO_SUFFIXES, *IMAGE_SUFFIXES))
                ),
            )
    return tuple(clips)


def relinked(project: ClipProject, folder: Path) -> tuple[ClipProject, list[str]]:
    """Return the project with missing sources from a folder, by name, and what is still missing."""
    names = {
        path.name: str(path.absolute()) for path in sorted(folder.rglob("*")) if path.is_file()
    }

    def find(source: str) -> str:
        return source if Path(source).is_file() else names.get(Path(source).name, source)

    found = project.with_sources(find)
    missing = [source for source in found.sources.values() if not Path(source).is_file()]
    return found, list(dict.fromkeys(missing))


def with_frame(project: ClipProject, size: str, frame_rate: float | None) -> ClipProject:
    """Return the project with a size such as 1280x720, and a frame rate. Raises StudioError."""
    values: dict[str, object] = {}
    if size:
        width, _times, height = size.lower().replace("×", "x").partition("x")
        if not (width.strip().isdecimal() and height.strip().isdecimal()):
            raise StudioError(
                tr("{size} is no size.", size=repr(size)),
                cause="invalid",
                cure=tr("Write it as 1280x720."),
            )
        values |= {"width": int(width), "height": int(height)}
    if frame_rate is not None:
        values["frame_rate"] = frame_rate
    changed = {**msgspec.to_builtins(project), **values}
    try:
        return msgspec.convert(changed, ClipProject)
    except msgspec.ValidationError as error:
        raise StudioError(
            tr("The size or frame rate is not possible: {reason}", reason=error), cause="invalid"
        ) from error
