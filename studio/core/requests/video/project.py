"""A clip project: what is shown and played when, as plain data in a JSON file.

Seconds are seconds, of a source or of the clip that is made. Shares are 0 to 1 of a width or
height. Sources are paths: absolute in memory, relative to the file's folder on disk where they are
inside it. `project_file` reads and writes the files, `project_check` finds what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

VERSION = 1
"""Of the format. Files of a newer one are refused."""
MAX_CLIPS = 2_000
MAX_SIDE = 2560
"""Of a clip's width and height; its frames have at most 2560 × 1440 pixels."""

Color = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}$")]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Share = Annotated[float, Meta(ge=0, le=1)]
Volume = Annotated[float, Meta(ge=0, le=4)]
Rectangle = tuple[Share, Share, Share, Share]
"""Left, top, width and height, as shares."""
Motion = Literal["none", "zoom-in", "zoom-out", "pan-left", "pan-right", "pan-up", "pan-down"]
Fit = Literal["pad", "fill"]
"""Whether bars are added to another ratio, or what is outside it is cut off."""


class _Data(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Base class of the parts of a project."""


class Transition(_Data, frozen=True, kw_only=True):
    """How a clip follows the one before it."""

    kind: Literal["cut", "crossfade", "slide"] = "cut"
    seconds: Seconds = 0.5
    """Time for which both are seen; without a meaning for a cut."""
    direction: Literal["left", "right", "up", "down"] = "left"
    """Where a slide moves to."""

    @property
    def overlap(self) -> float:
        """Seconds for which both clips are seen."""
        return 0.0 if self.kind == "cut" else self.seconds


class _Clip(_Data, frozen=True, kw_only=True):
    """What all clips have."""

    transition: Transition = Transition()
    """From the clip before it."""
    fade_in: Seconds = 0.0
    """From the background's color."""
    fade_out: Seconds = 0.0


class VideoClip(_Clip, frozen=True, kw_only=True, tag_field="type", tag="video"):
    """A part of a video file."""

    source: str
    start: Seconds = 0.0
    end: Seconds | None = None
    """Where the part ends in the source; None for its end."""
    speed: Annotated[float, Meta(ge=0.1, le=10)] = 1.0
    reverse: bool = False
    crop: Rectangle | None = None
    """The part of its frames that is shown, before it is rotated."""
    rotate: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise."""
    fit: Fit = "pad"
    volume: Volume = 1.0
    """Of its own audio."""


class ImageClip(_Clip, frozen=True, kw_only=True, tag_field="type", tag="image"):
    """An image, which may move (Ken Burns)."""

    source: str
    seconds: Annotated[float, Meta(gt=0, le=86_400)] = 4.0
    motion: Motion = "none"
    crop: Rectangle | None = None
    rotate: Literal[0, 90, 180, 270] = 0
    fit: Fit = "fill"


class TitleClip(_Clip, frozen=True, kw_only=True, tag_field="type", tag="title"):
    """A text on a color."""

    text: Annotated[str, Meta(max_length=2_000)]
    seconds: Annotated[float, Meta(gt=0, le=86_400)] = 3.0
    color: Color = "#ffffff"
    background: Color = "#000000"
    size: Annotated[float, Meta(ge=0.01, le=0.5)] = 0.1
    """Height of its letters, as a share of the frame's height."""


Clip = VideoClip | ImageClip | TitleClip


class Cue(_Data, frozen=True, kw_only=True):
    """A caption."""

    start: Seconds
    end: Seconds
    text: str


class Captions(_Data, frozen=True, kw_only=True):
    """The captions, from a file or from `cues`."""

    source: str = ""
    """An SRT or WebVTT file."""
    cues: tuple[Cue, ...] = ()
    size: Annotated[float, Meta(ge=0.01, le=0.2)] = 0.055
    """Height of the letters, as a share of the frame's shorter side."""
    color: Color = "#ffffff"
    outline: Color = "#000000"
    place: Literal["bottom", "top", "middle"] = "bottom"


class AudioPart(_Data, frozen=True, kw_only=True):
    """A part of an audio file, or of a video's audio, in the voice or music track."""

    source: str
    at: Seconds = 0.0
    """When it begins in the clip."""
    start: Seconds = 0.0
    end: Seconds | None = None
    volume: Volume = 1.0
    fade_in: Seconds = 0.0
    fade_out: Seconds = 0.0
    loop: bool = False
    """Repeat it until the clip ends."""


class Ducking(_Data, frozen=True, kw_only=True):
    """How the music becomes quieter while somebody speaks."""

    volume: Share = 0.25
    """Of the music under the voice; 1 for no change."""
    seconds: Annotated[float, Meta(ge=0.01, le=5)] = 0.4
    """Time in which it changes."""


class ClipProject(_Data, frozen=True, kw_only=True):
    """A whole project."""

    version: Annotated[int, Meta(ge=1)] = VERSION
    title: str = ""
    width: Annotated[int, Meta(ge=16, le=MAX_SIDE, multiple_of=2)] = 1280
    height: Annotated[int, Meta(ge=16, le=MAX_SIDE, multiple_of=2)] = 720
    frame_rate: Annotated[float, Meta(ge=1, le=120)] = 25.0
    background: Color = "#000000"
    clips: Annotated[tuple[Clip, ...], Meta(max_length=MAX_CLIPS)] = ()
    captions: Captions | None = None
    voice: Annotated[tuple[AudioPart, ...], Meta(max_length=MAX_CLIPS)] = ()
    music: Annotated[tuple[AudioPart, ...], Meta(max_length=MAX_CLIPS)] = ()
    ducking: Ducking = Ducking()

    @property
    def rate(self) -> Fraction:
        """The exact frame rate: 29.97 is 30000/1001."""
        for rate in (24, 30, 60, 120):
            if abs(self.frame_rate - rate / 1.001) < 0.004:
                return Fraction(rate * 1000, 1001)
        return Fraction(self.frame_rate).limit_denominator(1001)

    @property
    def sources(self) -> dict[str, str]:
        """Where a source is used → its path: `clips.0`, `captions`, `voice.1` …"""
        found = {
            f"clips.{number}": clip.source
            for number, clip in enumerate(self.clips)
            if not isinstance(clip, TitleClip)
        }
        if self.captions is not None and self.captions.source:
            found["captions"] = self.captions.source
        for name, parts in (("voice", self.voice), ("music", self.music)):
            found |= {f"{name}.{number}": part.source for number, part in enumerate(parts)}
        return found

    def with_sources(self, change: Callable[[str], str]) -> ClipProject:
        """Return the project with the paths of all sources changed."""
        captions = self.captions
        if captions is not None and captions.source:
            captions = replace(captions, source=change(captions.source))
        return replace(
            self,
            clips=tuple(
                clip if isinstance(clip, TitleClip) else replace(clip, source=change(clip.source))
                for clip in self.clips
            ),
            captions=captions,
            voice=tuple(replace(part, source=change(part.source)) for part in self.voice),
            music=tuple(replace(part, source=change(part.source)) for part in self.music),
        )


def shown_seconds(clip: Clip, file_seconds: float) -> float:
    """Return how long a clip is shown. `file_seconds`: length of the file of a video."""
    if isinstance(clip, VideoClip):
        end = file_seconds if clip.end is None else min(clip.end, file_seconds)
        return max(0.0, end - clip.start) / clip.speed
    return clip.seconds
