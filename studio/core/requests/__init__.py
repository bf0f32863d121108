"""Requests: one file a kind. `core.kinds` has a record for each."""

from __future__ import annotations

from studio.core.requests.base import (
    MAX_SEED,
    FieldInfo,
    Request,
    build_request,
    draw_seed,
    fields,
)
from studio.core.requests.image import ImageRequest
from studio.core.requests.image_tool import ImageToolRequest
from studio.core.requests.input_files import resolve_files
from studio.core.requests.music import MusicRequest
from studio.core.requests.speech import SpeechRequest
from studio.core.requests.text import MAX_NEW_TOKENS, TextRequest
from studio.core.requests.transcribe import TranscribeRequest
from studio.core.requests.video import VideoRequest
from studio.core.requests.video.clip import ClipRequest

__all__ = [
    "MAX_NEW_TOKENS",
    "MAX_SEED",
    "ClipRequest",
    "FieldInfo",
    "ImageRequest",
    "ImageToolRequest",
    "MusicRequest",
    "Request",
    "SpeechRequest",
    "TextRequest",
    "TranscribeRequest",
    "VideoRequest",
    "build_request",
    "draw_seed",
    "fields",
    "resolve_files",
]
