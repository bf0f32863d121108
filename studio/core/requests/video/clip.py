"""A request for a clip: a project that is rendered."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import msgspec
from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.requests.video.project import shown_seconds
from studio.core.requests.video.project_check import project_problems
from studio.core.requests.video.project_file import decode_project
from studio.core.translation import mark, tr

ClipFormat = Literal["mp4", "webm", "webp", "gif"]
_BYTES_PER_SECOND = {"mp4": 1_000_000, "webm": 700_000, "webp": 3_000_000, "gif": 5_000_000}
_UNKNOWN_SECONDS = 30.0
"""Of a video whose end is that of its file."""


class ClipRequest(Request, frozen=True, kw_only=True, tag="clip"):
    """Render a clip project: videos, images and titles with captions, voice and music."""

    media_types: ClassVar = {
        "mp4": "video/mp4",
        "webm": "video/webm",
        "webp": "image/webp",
        "gif": "image/gif",
    }

    prompt: Annotated[
        str,
        Meta(
            title=mark("Name"),
            description=mark("What the clip is called; empty for the project's title."),
            extra={"internal": True},
        ),
    ] = ""
    project: Annotated[
        str,
        Meta(
            title=mark("Project"),
            description=mark("The clip project: a JSON file, see `studio clip new`."),
            extra={"content": True},
        ),
    ] = ""
    """The project itself as JSON, its sources absolute; empty only before `preflight.checks`."""
    format: Annotated[
        ClipFormat,
        Meta(
            title=mark("File format"),
            description=mark("MP4 and WebM have audio; animated WebP and GIF have none."),
        ),
    ] = "mp4"

    def __post_init__(self) -> None:
        if not self.prompt:  # lists, searches and file names call a result by its prompt
            try:
                title = decode_project(self.project).title
            except ValueError:
                title = ""
            msgspec.structs.force_setattr(self, "prompt", title.strip() or tr("Clip"))
        super().__post_init__()

    def with_seed(self) -> Self:
        """Return the request as it is: its result needs no random numbers."""
        return self

    @property
    def work(self) -> float:
        """Seconds of 1280 × 720 pixels."""
        project = decode_project(self.project)
        seconds = sum(shown_seconds(clip, _UNKNOWN_SECONDS) for clip in project.clips)
        return seconds * project.width * project.height / (1280 * 720)

    @property
    def likely_bytes(self) -> int:
        """Of 1280 × 720 pixels with some movement."""
        return 65_536 + int(self.work * _BYTES_PER_SECOND[self.format])

    def cross_check(self) -> list[Problem]:
        """Check the project; `preflight.checks` looks for its sources."""
        if not self.project:
            return []
        try:
            project = decode_project(self.project)
        except ValueError as error:
            return [Problem("project", str(error))]
        return [Problem("project", problem) for problem in project_problems(project)]
