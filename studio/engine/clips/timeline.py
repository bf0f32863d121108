"""When each clip of a project is shown, to the frame."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from studio.core.errors import StudioError
from studio.core.requests.video.project import Clip, ClipProject, VideoClip, shown_seconds
from studio.core.translation import tr

_MAX_FRAMES = 10_000_000
_TOLERANCE = 1e-6


class Piece(NamedTuple):
    """A clip with its place in time, in seconds."""

    number: int
    clip: Clip
    begin: float
    seconds: float
    overlap: float
    """With the clip before it."""

    @property
    def end(self) -> float:
        """When it is over."""
        return self.begin + self.seconds


class Timeline(NamedTuple):
    """All clips in order."""

    pieces: tuple[Piece, ...]
    rate: Fraction
    frames: int

    @property
    def seconds(self) -> float:
        """Length, a whole number of frames."""
        return float(self.frames / self.rate)


def make_timeline(project: ClipProject, length_of: Callable[[Path], float]) -> Timeline:
    """Return the timeline. `length_of`: video file → its seconds. Raises StudioError."""
    pieces: list[Piece] = []
    end = 0.0
    for number, clip in enumerate(project.clips):
        seconds = _seconds(number, clip, length_of)
        overlap = clip.transition.overlap if number else 0.0
        following = project.clips[number + 1 : number + 2]
        needed = overlap + sum(one.transition.overlap for one in following)
        if needed > seconds + _TOLERANCE:
            raise StudioError(
                tr(
                    "Clip {number} is {seconds:.2f} s long, and its transitions take {needed:.2f} "
                    "s.",
                    number=number + 1,
                    seconds=seconds,
                    needed=needed,
                ),
                cause="invalid",
                cure=tr("Make the transitions shorter, or the clip longer."),
            )
        pieces.append(Piece(number, clip, end - overlap, seconds, overlap))
        end = pieces[-1].end
    frames = max(1, round(Fraction(end).limit_denominator(1_000_000) * project.rate))
    if frames > _MAX_FRAMES:
        raise StudioError(tr("The clip is too long."), cause="invalid", cure=tr("Make it shorter."))
    return Timeline(tuple(pieces), project.rate, frames)


def _seconds(number: int, clip: Clip, length_of: Callable[[Path], float]) -> float:
    if not isinstance(clip, VideoClip):
        return clip.seconds
    path = Path(clip.source)
    length = length_of(path)
    if clip.start >= length:
        raise StudioError(
            tr(
                "Clip {number} starts at {start:.2f} s, and {name} is {length:.2f} s long.",
                number=number + 1,
                start=clip.start,
                name=path.name,
                length=length,
            ),
            cause="invalid",
            cure=tr("Choose an earlier start."),
        )
    return shown_seconds(clip, length)
