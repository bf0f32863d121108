"""What a request asks beyond its prompt, before it runs: MIDI to go on from, lyrics, pictures. Light: every command asks."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, MusicRequest, Request, VideoRequest
from studio.engine import prompt_words
from studio.models.card import ModelCard


def check_given(card: ModelCard, request: Request) -> Problem | None:
    """Return why the files that the request names cannot be used, or what else the model cannot make of it; else None."""
    if isinstance(request, ImageRequest):
        from studio.engine import image_inputs

        return image_inputs.check_given(card, request)
    if isinstance(request, VideoRequest):
        from studio.engine.video_given import check_video

        return check_video(card, request)
    if not isinstance(request, MusicRequest):
        return None
    if request.lyrics.strip() and not card.sings:
        return Problem("lyrics", f"{card.title} does not sing. Leave the lyrics empty, or choose a model such as ACE-Step")
    if not request.continue_from:
        return None
    if not card.writes_notes:
        return Problem("continue_from", f"{card.title} makes sound, not notes, and cannot continue a MIDI file")
    from studio.engine.music_given import read_given

    try:
        read_given(Path(request.continue_from), request.seconds)
    except StudioError as error:
        return Problem("continue_from", error.message)
    return None


def advise(card: ModelCard, request: Request) -> str:
    """Return how the request is read, with what it goes on from; empty where there is nothing to say."""
    if isinstance(request, MusicRequest) and request.continue_from and card.writes_notes:
        from studio.engine import music_given, music_words

        given = music_given.read_given(Path(request.continue_from))
        return music_words.advise(request.prompt, music_given.join(music_words.read(request.prompt), given))
    told = prompt_words.advise(request.prompt, card)
    if isinstance(request, ImageRequest) and request.image:
        from studio.engine import image_inputs

        fit = image_inputs.describe_fit(image_inputs.look(Path(request.image)), request.width, request.height)
        return " ".join(part for part in (told, f"{image_inputs.short_name(Path(request.image))}: {fit}" if fit else "") if part)
    return told
