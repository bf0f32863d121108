"""A request for music or sound."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.requests.shared_fields import MIDI_SUFFIXES, Guidance, negative_prompt
from studio.core.requests.speech import AUDIO_MEDIA_TYPES, BYTES_A_SECOND, AudioFormat


class MusicRequest(Request, frozen=True, kw_only=True, tag="music"):
    """Make music or a sound from a description."""

    media_types: ClassVar = AUDIO_MEDIA_TYPES

    seconds: Annotated[
        float,
        Meta(
            title="Length",
            description="In seconds.",
            ge=0.5,
            le=600,
            extra={"unit": "s", "step": 0.5},
        ),
    ] = 8.0
    guidance_scale: Guidance = 3.0
    temperature: Annotated[
        float,
        Meta(
            title="Temperature",
            description="Higher is freer.",
            gt=0,
            le=5,
            extra={"step": 0.05, "advanced": True},
        ),
    ] = 1.0
    num_inference_steps: Annotated[
        int,
        Meta(
            title="Steps",
            description="More steps refine the sound and take longer; 0 takes the model's own "
            "number.",
            ge=0,
            le=500,
            extra={"flag": "steps", "lowest": "Model's own"},
        ),
    ] = 0
    negative_prompt: Annotated[str, negative_prompt("sound")] = ""
    lyrics: Annotated[
        str,
        Meta(
            title="Lyrics",
            description="What is sung, by a model that sings; lines such as [verse] and [chorus] "
            "part it.",
        ),
    ] = ""
    continue_from: Annotated[
        str,
        Meta(
            title="MIDI file",
            description="A MIDI file that the music goes on from, in its key and tempo; the length "
            "is that of what is added.",
            extra={"flag": "continue", "file": True},
        ),
    ] = ""
    format: Annotated[
        AudioFormat, Meta(title="File format", description="The file that is written.")
    ] = "wav"

    def cross_check(self) -> list[Problem]:
        """What the file holds is seen by `preflight.music.check_music`: a request outlives its
        files.
        """
        if self.continue_from and not self.continue_from.lower().endswith(MIDI_SUFFIXES):
            return [Problem("continue_from", "must be a MIDI file: its name ends in .mid")]
        return []

    @property
    def work(self) -> float:
        """Seconds of sound."""
        return self.seconds

    @property
    def likely_bytes(self) -> int:
        """Of sound in two channels with 44 100 samples a second, at most."""
        return 4096 + int(self.seconds * BYTES_A_SECOND[self.format] * 2 * 44_100 / 24_000)
