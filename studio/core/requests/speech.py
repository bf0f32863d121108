"""A request for speech."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.requests.prompt_syntax import pronunciations
from studio.core.settings import AudioFormat
from studio.core.translation import mark, tr

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
    lufs: (
        Annotated[
            float,
            Meta(
                title=mark("Loudness"),
                description=mark(
                    "Loudness of the whole in LUFS after EBU R128, such as -16 for podcasts; "
                    "empty leaves it."
                ),
                ge=-40,
                le=-9,
                extra={"unit": "LUFS", "advanced": True},
            ),
        ]
        | None
    ) = None
    speakers: Annotated[
        tuple[str, ...],
        Meta(
            title=mark("Speakers"),
            description=mark("Who speaks lines such as `Anna: Hello.`, as Anna=voice."),
            max_length=40,
            extra={"flag": "speaker", "advanced": True},
        ),
    ] = ()
    dictionary: Annotated[
        str,
        Meta(
            title=mark("Pronunciations"),
            description=mark(
                "Words with their reading, such as `SQL = sequel; Nguyen = /nwin/`, or a file "
                "of them."
            ),
            extra={"content": "pronunciations", "advanced": True},
        ),
    ] = ""
    subtitles: Annotated[
        Literal["", "srt", "vtt", "lrc"],
        Meta(
            title=mark("Subtitles"),
            description=mark("Also write each sentence with its time into a file of this format."),
            extra={"advanced": True, "titles": {"": mark("none", "mode")}},
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
        """See `Request`."""
        problems = []
        if any("=" not in entry.strip("= ") for entry in self.speakers):
            problems.append(Problem("speakers", tr("must be entries such as Anna=voice")))
        if wrong := pronunciations.first_problem(self.dictionary):
            problems.append(Problem("dictionary", wrong))
        return problems

    @property
    def voices_of_speakers(self) -> dict[str, str]:
        """Name of a speaker, in small letters → voice."""
        pairs = (entry.partition("=") for entry in self.speakers)
        return {name.strip().casefold(): voice.strip() for name, _equals, voice in pairs}

    @property
    def work(self) -> float:
        """Characters, divided by the speed."""
        return len(self.prompt) / self.speed

    @property
    def likely_bytes(self) -> int:
        """At about 14 characters per second."""
        return 4096 + int(self.work / _CHARACTERS_A_SECOND * BYTES_A_SECOND[self.format])
