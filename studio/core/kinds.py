"""The kinds of content that Studio generates, one record each.

A new kind is a record here, its request in `core/requests/`, and its runner in
`engine/registry.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Union

import msgspec

from studio.core.requests import (
    ImageRequest,
    MusicRequest,
    Request,
    SpeechRequest,
    TextRequest,
    VideoRequest,
)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of content."""

    request_type: type[Request]
    title: str
    """Its name in the window."""
    noun: str
    """What a job generates, after "Generate"."""
    model_noun: str
    """A model for it, with its article."""
    task: str
    """The hub's name for the task of its models; the default for a card without tasks."""
    place: int
    """Its position in the window's list of models, which follows the tabs."""
    tab: str = ""
    """The tab with its form: `audio` is the class `AudioTab` in `ui/tabs/audio.py`; or empty."""
    starter: str = ""
    """Name of a small model for `studio models install`; empty without one."""
    is_optional: bool = False
    """True if Studio is complete without a model for it."""

    @property
    def name(self) -> str:
        """Its name in requests, cards, commands and batch files."""
        return str(self.request_type.__struct_config__.tag)

    @property
    def media_types(self) -> Mapping[str, str]:
        """File format → media type of its artifacts."""
        return self.request_type.media_types

    @property
    def makes_images(self) -> bool:
        """True if its artifacts are images."""
        return all(media_type.startswith("image/") for media_type in self.media_types.values())

    @property
    def makes_texts(self) -> bool:
        """True if its artifacts are texts."""
        return all(media_type.startswith("text/") for media_type in self.media_types.values())


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            request_type=ImageRequest,
            title="Image",
            noun="images",
            model_noun="an image model",
            task="text-to-image",
            place=1,
            tab="image",
        ),
        Kind(
            request_type=SpeechRequest,
            title="Speech",
            noun="speech",
            model_noun="a voice",
            task="text-to-speech",
            place=3,
            tab="audio",
            starter="kokoro",
        ),
        Kind(
            request_type=MusicRequest,
            title="Music",
            noun="music",
            model_noun="a music model",
            task="text-to-audio",
            place=4,
            tab="audio",
        ),
        Kind(
            request_type=TextRequest,
            title="Text",
            noun="text",
            model_noun="a text model",
            task="text-generation",
            place=0,
            tab="text",
            starter="starter",
        ),
        Kind(
            request_type=VideoRequest,
            title="Video",
            noun="a video",
            model_noun="a video model",
            task="text-to-video",
            place=2,
            tab="",
            is_optional=True,
        ),
    )
}
"""Name → kind, in the order of commands, menus and tables."""
TABS = tuple(
    dict.fromkeys(kind.tab for kind in sorted(KINDS.values(), key=attrgetter("place")) if kind.tab)
)
"""The window's tabs, in order."""

if TYPE_CHECKING:
    AnyRequest = Request
else:
    # built at run time
    AnyRequest = Union[tuple(kind.request_type for kind in KINDS.values())]  # noqa: UP007
"""A request of any kind, as msgspec decodes it."""
