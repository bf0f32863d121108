"""Checks of a clip before it is rendered: its sources are there, and can be read."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import Problem, StudioError
from studio.core.requests import ClipRequest
from studio.core.requests.video.project import ClipProject
from studio.core.requests.video.project_check import missing_sources
from studio.core.requests.video.project_file import decode_project
from studio.core.translation import mark, tr, tr_marked

_CURE = mark("Put it back, or find it in another folder with `studio clip relink PROJECT FOLDER`.")
_MAX_NAMED = 3


def check_clip(request: ClipRequest, *, read_files: bool) -> Problem | None:
    """Return the first reason why the clip cannot be rendered."""
    if not request.project:
        return Problem("project", tr("is missing"))
    if not read_files:
        return None
    error = _missing(decode_project(request.project))
    return Problem("project", f"{error.message} {error.cure}") if error is not None else None


def require_sources(project: ClipProject) -> None:
    """Raise StudioError if a source is not there."""
    if error := _missing(project):
        raise error


def _missing(project: ClipProject) -> StudioError | None:
    missing = missing_sources(project)
    if not missing:
        return None
    named = ", ".join(str(Path(source)) for source in missing[:_MAX_NAMED])
    if len(missing) > _MAX_NAMED:
        named += ", …"
    return StudioError(tr("Missing: {files}.", files=named), cause="invalid", cure=tr_marked(_CURE))
