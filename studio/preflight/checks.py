"""Checks a request in every way that is possible before its job runs; fast, loads no model."""

from __future__ import annotations

import functools
from pathlib import Path

from studio.core.errors import Problem, StudioError
from studio.core.requests import (
    ClipRequest,
    ImageRequest,
    ImageToolRequest,
    MusicRequest,
    Request,
    SpeechRequest,
    TextRequest,
    TranscribeRequest,
    VideoRequest,
)
from studio.core.translation import tr
from studio.media import image_reader
from studio.models.card import ModelCard
from studio.preflight import images, prompt_translation
from studio.preflight.adapters import FindCard, check_adapters
from studio.preflight.clips import check_clip
from studio.preflight.grammar import check_grammar
from studio.preflight.music import check_music
from studio.preflight.prompt_syntax import check_prompts, words_of
from studio.preflight.tokens import check_length


def check(
    card: ModelCard,
    request: Request,
    find_card: FindCard,
    *,
    read_files: bool = True,
    tokens: int | None = None,
) -> list[Problem]:
    """Return every reason why the model cannot run the request.

    The window passes `read_files` False, so that its thread opens no tokenizer, image or MIDI file
    and compiles no grammar; its panels read files in the background. `tokens` is the prompt's
    length if it is known.
    """
    found = (
        _check_length(card, request, tokens, count=read_files),
        check_prompts(card, request) if isinstance(request, ImageRequest) else None,
        _check_inputs(request, card, read_files=read_files),
        check_adapters(find_card, card, request),
    )
    return [problem for problem in found if problem is not None]


def _check_length(
    card: ModelCard, request: Request, tokens: int | None, *, count: bool
) -> Problem | None:
    counted = count or tokens is not None
    if not isinstance(request, TextRequest) or not counted or card.only_task:
        return None
    return check_length(card, request, tokens)


@functools.singledispatch
def _check_inputs(_request: Request, _card: ModelCard, *, read_files: bool) -> Problem | None:
    """Return what the model cannot do with the request's settings and input files."""
    return None


@_check_inputs.register
def _check_image(request: ImageRequest, card: ModelCard, *, read_files: bool) -> Problem | None:
    return images.check_images(card, request, read_files=read_files)


@_check_inputs.register
def _check_tool(request: ImageToolRequest, _card: ModelCard, *, read_files: bool) -> Problem | None:
    return images.check_tool_image(request, read_files=read_files)


@_check_inputs.register
def _check_transcript(
    request: TranscribeRequest, _card: ModelCard, *, read_files: bool
) -> Problem | None:
    if not request.audio:
        return Problem("audio", tr("is missing"))
    if not read_files:
        return None
    from studio.media.speech_samples import open_speech  # imports numpy

    try:
        open_speech(Path(request.audio)).close()
    except StudioError as error:
        return Problem("audio", error.message.rstrip(".。"))
    return None


@_check_inputs.register
def _check_video(request: VideoRequest, card: ModelCard, *, read_files: bool) -> Problem | None:
    from studio.preflight.video import check_video  # imports psutil

    return check_video(card, request, read_files=read_files)


@_check_inputs.register
def _check_clip(request: ClipRequest, _card: ModelCard, *, read_files: bool) -> Problem | None:
    return check_clip(request, read_files=read_files)


@_check_inputs.register
def _check_music(request: MusicRequest, card: ModelCard, *, read_files: bool) -> Problem | None:
    return check_music(card, request, read_files=read_files)


@_check_inputs.register
def _check_text(request: TextRequest, card: ModelCard, *, read_files: bool) -> Problem | None:
    if card.only_task:
        from studio.preflight.quatrain import check_quatrain  # imports the tasks

        return check_quatrain(card, request)
    if request.messages and card.encoder_decoder:
        sentence = tr("{model} cannot chat; choose a chat model.", model=card.title)
        return Problem("messages", sentence)
    return check_grammar(card, request, thorough=read_files)


@_check_inputs.register
def _check_speech(request: SpeechRequest, card: ModelCard, *, read_files: bool) -> Problem | None:
    from studio.models.speech_languages import check_language  # its tables take 20 ms to import

    return check_language(card, request)


def describe_inputs(card: ModelCard, request: Request) -> str:
    """Return how the model reads the request's prompt and files, as text for a person, or ""."""
    return _describe(request, card)


@functools.singledispatch
def _describe(request: Request, card: ModelCard) -> str:
    return prompt_translation.describe_prompt(request.prompt, card)


@_describe.register
def _describe_text(request: TextRequest, card: ModelCard) -> str:
    if not card.only_task:
        return ""
    from studio.preflight.quatrain import describe_quatrain  # imports the tasks

    return describe_quatrain(card, request)


@_describe.register
def _describe_image(request: ImageRequest, card: ModelCard) -> str:
    text = prompt_translation.describe_prompt(words_of(request.styled_prompts[0], card), card)
    if not request.image:
        return text
    path = Path(request.image)
    size = image_reader.image_size(path)
    fit = images.describe_fit(size, request.width, request.height)
    return f"{text} {image_reader.short_name(path)}: {fit}".strip() if fit else text


@_describe.register
def _describe_music(request: MusicRequest, card: ModelCard) -> str:
    if not request.continue_from or not card.writes_notes:
        return prompt_translation.describe_prompt(request.prompt, card)
    from studio.symbolic_music import continuation, prompt

    source = continuation.read_continuation(Path(request.continue_from))
    merged = continuation.merge(prompt.read(request.prompt), source)
    return prompt.advise(request.prompt, merged)
