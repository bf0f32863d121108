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
from studio.core.requests.text import CONSTRAINTS
from studio.core.translation import mark


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
    starter_note: str = ""
    """What the starter is, where the window offers it; empty if the window does not."""
    needs_model_note: str = mark("Add a model folder with Models…")
    """What the window shows where no model for it is installed and it has no starter."""
    expands_prompts: bool = False
    """True if `{a|b}` in a form's prompt is an alternative, unless the user switches that off."""
    is_optional: bool = False
    """True if Studio is complete without a model for it."""
    keeps_builtin: bool = False
    """The model that comes with Studio stays the default: others do a part of what it does."""
    source: str = ""
    """The field with the file that it works on instead of a prompt; empty for others.

    Its fields have everyday names, such as style and language, which in a batch of another kind
    are variables of prompts.
    """
    commands_by: str = ""
    """The field whose values are commands of their own on the command line; empty for one."""
    model_dependent: frozenset[str] = frozenset()
    """Fields of its request that only some of its models use (`ModelCard.unused_fields`)."""

    @property
    def name(self) -> str:
        """Its name in requests, cards, commands and batch files."""
        return str(self.request_type.__struct_config__.tag)

    @property
    def media_types(self) -> Mapping[str, str]:
        """File format → media type of its artifacts."""
        return self.request_type.media_types

    @property
    def makes_texts(self) -> bool:
        """True if its artifacts are texts."""
        return self._makes("text/")

    @property
    def makes_images(self) -> bool:
        """True if its artifacts are images."""
        return self._makes("image/")

    @property
    def makes_audio(self) -> bool:
        """True if its artifacts are audio."""
        return self._makes("audio/")

    def _makes(self, media_type: str) -> bool:
        return all(one.startswith(media_type) for one in self.media_types.values())


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            request_type=ImageRequest,
            title=mark("Image"),
            noun=mark("images"),
            model_noun=mark("an image model"),
            task="text-to-image",
            place=1,
            expands_prompts=True,
            tab="image",
        ),
        Kind(
            request_type=SpeechRequest,
            title=mark("Speech"),
            noun=mark("speech"),
            model_noun=mark("a voice"),
            task="text-to-speech",
            place=2,
            tab="audio",
            starter="kokoro",
        ),
        Kind(
            request_type=MusicRequest,
            title=mark("Music"),
            noun=mark("music"),
            model_noun=mark("a music model"),
            task="text-to-audio",
            place=3,
            expands_prompts=True,
            tab="audio",
            model_dependent=frozenset(
                (
                    "continue_from",
                    "guidance_scale",
                    "lyrics",
                    "negative_prompt",
                    "num_inference_steps",
                    "temperature",
                )
            ),
        ),
        Kind(
            request_type=TextRequest,
            title=mark("Text"),
            noun=mark("text"),
            model_noun=mark("a text model"),
            task="text-generation",
            place=0,
            tab="text",
            starter="starter",
            starter_note=mark("A small English chat model that runs on any computer."),
            model_dependent=frozenset(("mode", "prefix", *CONSTRAINTS)),
        ),
        Kind(
            request_type=VideoRequest,
            title=mark("Video"),
            noun=mark("video"),
            model_noun=mark("a video model"),
            task="text-to-video",
            place=4,
            expands_prompts=True,
            tab="video",
            needs_model_note=mark(
                "A video model makes clips of a few seconds from a text, and some begin with an "
                "image of yours. Each takes several GB of disk space, and needs a GPU to be fast."
            ),
            is_optional=True,
        ),
        Kind(
            request_type=ImageToolRequest,
            title=mark("Image tool"),
            noun=mark("changed image"),
            model_noun=mark("a model for image tools"),
            task="image-to-image",
            place=5,
            tab="image",
            is_optional=True,
            commands_by="tool",
            source="image",
            keeps_builtin=True,
        ),
        Kind(
            request_type=TranscribeRequest,
            title=mark("Transcript"),
            noun=mark("a transcript"),
            model_noun=mark("a model that writes down speech"),
            task="automatic-speech-recognition",
            place=6,
            tab="",
            starter="whisper",
            is_optional=True,
            source="audio",
        ),
        Kind(
            request_type=ClipRequest,
            title=mark("Clip"),
            noun=mark("a clip"),
            model_noun=mark("what renders clips"),
            task="video-to-video",
            place=7,
            is_optional=True,
            source="project",
        ),
    )
}
"""Name → kind, in the order of commands, menus and tables."""
DEFAULT_KIND = str(TextRequest.__struct_config__.tag)
"""The kind of a batch that names none."""
STARTER_KIND = next(kind for kind in KINDS.values() if kind.starter_note)
"""The kind whose starter model the window offers."""
TABS = tuple(
    dict.fromkeys(kind.tab for kind in sorted(KINDS.values(), key=attrgetter("place")) if kind.tab)
)
"""The window's tabs, in order."""


def kinds_with_settings_for(kind: str) -> tuple[Kind, ...]:
    """Return the kinds whose fields are names of settings where a batch is of this kind."""
    return tuple(one for one in KINDS.values() if not one.source or one.name == kind)


if TYPE_CHECKING:
    AnyRequest = Request
else:
    # built at run time
    AnyRequest = Union[tuple(kind.request_type for kind in KINDS.values())]  # noqa: UP007
"""A request of any kind, as msgspec decodes it."""
