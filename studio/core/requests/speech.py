"""A request for speech."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from studio.core.requests.base import Request
from studio.core.settings import AudioFormat
from studio.core.translation import mark

AUDIO_MEDIA_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
}
BYTES_A_SECOND = {"wav": 48_000, "flac": 26_000, "ogg": 8_000, "mp3": 8_000}
"""Approximate, for one channel with 24 000 samples per second."""
_CHARACTERS_A_SECOND = 14


class SpeechRequest(Request, frozen=True, kw_only=True, tag="speech"):
    """Read the prompt aloud."""

    media_types: ClassVar = AUDIO_MEDIA_TYPES

    prompt: Annotated[
        str,
        Meta(
            title=mark("Prompt"),
            description=mark(
                'Text to read aloud. [pause:2] or <break time="500ms"/> adds a silence.'
            ),
            min_length=1,
        ),
    ]
    voice: Annotated[
        str,
        Meta(
            title=mark("Voice"),
            description=mark(
                "One of the model's voices; empty for the first that speaks the text's language."
            ),
        ),
    ] = ""
    speed: Annotated[
        float,
        Meta(
            title=mark("Speed"),
            description=mark("1 is normal, 2 twice as fast."),
            ge=0.25,
            le=4,
            extra={"unit": "×", "step": 0.05, "slider": (0.5, 2.0)},
        ),
    ] = 1.0
    format: Annotated[
        AudioFormat,
        Meta(
            title=mark("File format"),
            description=mark("The file that is written."),
            extra={"advanced": True},
        ),
    ] = "wav"

    @property
    def work(self) -> float:
        """Characters, divided by the speed."""
        return len(self.prompt) / self.speed

    @property
    def likely_bytes(self) -> int:
        """At about 14 characters per second."""
        return 4096 + int(self.work / _CHARACTERS_A_SECOND * BYTES_A_SECOND[self.format])
