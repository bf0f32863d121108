"""What a request asks beyond its prompt, before it runs: MIDI to go on from, lyrics, pictures. Light: every command asks."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, MusicRequest, Request, VideoRequest
from studio.media import image_reader
from studio.models.card import ModelCard
from studio.preflight import images, prompt_translation


def check_given(card: ModelCard, request: Request) -> Problem | None:
    """Return why the files that the request names cannot be used, or what else the model cannot make of it; else None."""
    if isinstance(request, ImageRequest):
        return images.check_given(card, request)
    if isinstance(request, VideoRequest):
        from studio.preflight.video import check_video

        return check_video(card, request)
    if not isinstance(request, MusicRequest):
        return None
    if request.lyrics.strip() and not card.sings:
        return Problem("lyrics", f"{card.title} does not sing. Leave the lyrics empty, or choose a model such as ACE-Step")
    if not request.continue_from:
        return None
    if not card.writes_notes:
        return Problem("continue_from", f"{card.title} makes sound, not notes, and cannot continue a MIDI file")
    from studio.symbolic_music.continuation import read_given

    try:
        read_given(Path(request.continue_from), request.seconds)
    except StudioError as error:
        return Problem("continue_from", error.message)
    return None


def advise(card: ModelCard, request: Request) -> str:
    """Return how the request is read, with what it goes on from; empty where there is nothing to say."""
    if isinstance(request, MusicRequest) and request.continue_from and card.writes_notes:
        from studio.symbolic_music import continuation, prompt

        given = continuation.read_given(Path(request.continue_from))
        return prompt.advise(request.prompt, continuation.join(prompt.read(request.prompt), given))
    told = prompt_translation.advise(request.prompt, card)
    if isinstance(request, ImageRequest) and request.image:
        fit = images.describe_fit(image_reader.look(Path(request.image)), request.width, request.height)
        return " ".join(part for part in (told, f"{image_reader.short_name(Path(request.image))}: {fit}" if fit else "") if part)
    return told
