"""A request for the words of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

import msgspec
from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.translation import mark, tr

TranscriptFormat = Literal["txt", "srt", "vtt", "lrc", "json"]
_BYTES_A_JOB = 32_768

_CODES = (  # not translated: codes
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he "
    "hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne "
    "nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk "
    "ur uz vi yi yo yue zh"
)
LANGUAGES = frozenset(_CODES.split())
"""Codes of the languages that Whisper writes."""


class TranscribeRequest(Request, frozen=True, kw_only=True, tag="transcribe"):
    """Write down what is spoken in an audio or video file, with times."""

    media_types: ClassVar = {
        "txt": "text/plain",
        "srt": "text/srt",
        "vtt": "text/vtt",
        "lrc": "text/lrc",
        "json": "text/json",
    }

    prompt: Annotated[
        str,
        Meta(
            title=mark("Name"),
            description=mark("What the transcript is called; empty for the file's name."),
            extra={"internal": True},
        ),
    ] = ""
    audio: Annotated[
        str,
        Meta(
            title=mark("Audio"),
            description=mark("The audio or video file whose speech is written down."),
            extra={"file": True},
        ),
    ] = ""
    """Empty only before `preflight.checks`."""
    language: Annotated[
        str,
        Meta(
            title=mark("Language"),
            description=mark("The spoken language, such as en or zh; empty to detect it."),
        ),
    ] = ""
    format: Annotated[
        TranscriptFormat,
        Meta(
            title=mark("File format"),
            description=mark("Text, or subtitles with times: SRT, VTT, LRC or JSON."),
        ),
    ] = "txt"

    def __post_init__(self) -> None:
        if not self.prompt:  # lists, searches and file names call a result by its prompt
            name = Path(self.audio).stem
            msgspec.structs.force_setattr(
                self, "prompt", tr("Transcript of {name}", name=name).strip()
            )
        super().__post_init__()

    @property
    def language_code(self) -> str:
        """The language without its country: `zh` for zh-CN; empty to detect it."""
        return self.language.strip().replace("_", "-").partition("-")[0].lower()

    def with_seed(self) -> Self:
        """Return the request as it is: its result needs no random numbers."""
        return self

    @property
    def likely_bytes(self) -> int:
        """About that of an hour of speech."""
        return _BYTES_A_JOB

    def cross_check(self) -> list[Problem]:
        """Check the language; `preflight.transcription` reads the file."""
        if self.language_code and self.language_code not in LANGUAGES:
            sentence = tr("must be the code of a language, such as en, zh or de")
            return [Problem("language", sentence)]
        return []
