"""Requests: one file a kind. A new kind is a new file here (its class is found by itself) and one in `engine/`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Union

from studio.core.requests.base import (
    MAX_SEED,
    FieldInfo,
    Request,
    build_request,
    draw_seed,
    fields,
    resolve_files,
)
from studio.core.requests.image import ImageRequest
from studio.core.requests.music import MusicRequest
from studio.core.requests.speech import SpeechRequest
from studio.core.requests.text import MAX_NEW_TOKENS, TextRequest
from studio.core.requests.video import VideoRequest

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

KINDS: dict[str, type[Request]] = {
    str(request_type.__struct_config__.tag): request_type for request_type in Request.__subclasses__()
}
"""Kind → request type, for every file of this package."""

if TYPE_CHECKING:
    AnyRequest = Request
else:
    AnyRequest = Union[tuple(KINDS.values())]  # noqa: UP007  built at run time from what is there

__all__ = [
    "KINDS",
    "MAX_NEW_TOKENS",
    "MAX_SEED",
    "AnyRequest",
    "FieldInfo",
    "ImageRequest",
    "MusicRequest",
    "Request",
    "SpeechRequest",
    "TextRequest",
    "VideoRequest",
    "build_request",
    "draw_seed",
    "fields",
    "resolve_files",
]
