"""A request for music or other audio."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.requests.shared_fields import MIDI_SUFFIXES, Guidance, negative_prompt
from studio.core.requests.speech import AUDIO_MEDIA_TYPES, BYTES_A_SECOND
from studio.core.settings import AudioFormat
from studio.core.translation import mark, tr


class MusicRequest(Request, frozen=True, kw_only=True, tag="music"):
    """Generate music or sound effects from a description."""

    media_types: ClassVar = AUDIO_MEDIA_TYPES

    seconds: Annotated[
        float,
        Meta(
            title=mark("Length"),
            description=mark("In seconds."),
            ge=0.5,
            le=600,
            extra={"unit": "s", "step": 0.5, "slider": (1.0, 60.0)},
        ),
    ] = 8.0
    guidance_scale: Guidance = 3.0
    temperature: Annotated[
        float,
        Meta(
            title=mark("Temperature"),
            description=mark("Higher is more varied."),
            gt=0,
            le=5,
            extra={"step": 0.05, "advanced": True},
        ),
    ] = 1.0
    num_inference_steps: Annotated[
        int,
        Meta(
            title=mark("Steps"),
            description=mark(
                "More steps refine the audio and take longer; 0 for the model's default."
            ),
            ge=0,
            le=500,
            extra={"flag": "steps", "lowest": mark("Model's own"), "advanced": True},
        ),
    ] = 0
    negative_prompt: Annotated[str, negative_prompt(mark("What to keep out of the audio."))] = ""
    lyrics: Annotated[
        str,
        Meta(
            title=mark("Lyrics"),
            description=mark(
                "Text to sing, for models that sing; lines such as [verse] and [chorus] divide it."
            ),
        ),
    ] = ""
    continue_from: Annotated[
        str,
        Meta(
            title=mark("MIDI file"),
            description=mark(
                "A MIDI file to continue, in its key and tempo; the length is that of the new part."
            ),
            extra={"flag": "continue", "file": True},
        ),
    ] = ""
    format: Annotated[
        AudioFormat,
        Meta(
            title=mark("File format"),
            description=mark("The file that is written."),
            extra={"advanced": True},
        ),
    ] = "wav"

    def cross_check(self) -> list[Problem]:
        """Check the MIDI file's name; `preflight.music.check_music` reads the file."""
        if self.continue_from and not self.continue_from.lower().endswith(MIDI_SUFFIXES):
            return [Problem("continue_from", tr("must be a MIDI file, whose name ends in .mid"))]
        return []

    @property
    def work(self) -> float:
        """Seconds of audio."""
        return self.seconds

    @property
    def likely_bytes(self) -> int:
        """At most, for two channels with 44 100 samples per second."""
        return 4096 + int(self.seconds * BYTES_A_SECOND[self.format] * 2 * 44_100 / 24_000)
