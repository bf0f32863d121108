"""Checks the lyrics and the MIDI file of a request for music."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import Problem, StudioError
from studio.core.requests import MusicRequest
from studio.core.translation import tr
from studio.models.card import ModelCard


def check_music(
    card: ModelCard, request: MusicRequest, *, read_files: bool = True
) -> Problem | None:
    """Return why the model cannot use the request's lyrics or MIDI file, or None."""
    if request.lyrics.strip() and not card.sings:
        return Problem(
            "lyrics",
            tr(
                "{title} does not sing. Leave the lyrics empty, or choose a model such as ACE-Step",
                title=card.title,
            ),
        )
    if not request.continue_from:
        return None
    if not card.writes_notes:
        return Problem(
            "continue_from",
            tr("{title} makes audio, not notes, and cannot continue a MIDI file", title=card.title),
        )
    if not read_files:
        return None
    from studio.symbolic_music.continuation import read_continuation  # imports numpy

    try:
        read_continuation(Path(request.continue_from), request.seconds)
    except StudioError as error:
        return Problem("continue_from", error.message)
    return None
