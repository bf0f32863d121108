"""Results: the outputs of models in memory, before they become files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio.core.artifact import FinishReason, SpokenSentence, TokenLogprobs
from studio.core.requests.text_task import TaskReview
from studio.core.settings import CompressedQuality
from studio.media.transcript import Transcript


@dataclass(frozen=True, kw_only=True)
class Result:
    """One of a job's results. `ordinal` counts them from 0."""

    ordinal: int = 0
    seed: int | None = None
    score: float | None = None
    partial: bool = False


@dataclass(frozen=True, kw_only=True)
class TextResult(Result):
    """A text, without the prompt for chat models, with it for models that continue it."""

    text: str
    finish_reason: FinishReason = ""
    thought_tokens: int = 0
    distinct: int = 0
    """Number of different candidates, if some were equal; else 0."""
    logprobs: TokenLogprobs | None = None
    review: TaskReview | None = None
    transcript: Transcript | None = None
    """What was spoken when, if the text is a transcript in one of its formats."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Field of the request → SHA-256 of the file that it names."""


@dataclass(frozen=True, kw_only=True)
class ImageResult(Result):
    """An image."""

    pixels: NDArray[np.uint8]
    """height × width × 3, sRGB, or × 4 with transparency."""
    prompt_read: str = ""
    """The model's input, if it differs from the request's prompt."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Field of the request → SHA-256 of the file that it names."""
    weight_hashes: dict[str, str] = field(default_factory=dict)
    """Adapter that was applied → SHA-256."""


@dataclass(frozen=True, kw_only=True)
class AudioResult(Result):
    """Audio."""

    samples: NDArray[np.float32]
    """frames × channels, in −1..1."""
    sampling_rate: int
    """In Hz."""
    sentences: tuple[SpokenSentence, ...] = ()
    """Of speech, in the order of time."""
    midi: bytes = b""
    """The music as a MIDI file with the job's id, from a model that writes notes."""
    prompt_read: str = ""
    """How the prompt was read, if that differs from the request's prompt."""


@dataclass(frozen=True, kw_only=True)
class VideoResult(Result):
    """A video."""

    frames: NDArray[np.uint8]
    """frames × height × width × 3, sRGB."""
    frame_rate: int
    """Frames per second."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Field of the request → SHA-256 of the file that it names."""
    weight_hashes: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of further weights, such as a motion adapter."""


class StreamedVideo(Protocol):
    """A video that is made while its file is written."""

    width: int
    height: int
    duration: float
    """Seconds."""
    thumbnail: NDArray[np.uint8] | None
    """A frame, height × width × 3, once the file is written."""

    def write(self, path: Path, comment: str, quality: CompressedQuality) -> None:
        """Create the file. Raises OSError and StudioError, and JobCancelledError of the engine."""


@dataclass(frozen=True, kw_only=True)
class StreamedResult(Result):
    """A video of any length, of which memory holds few frames at a time."""

    video: StreamedVideo
    inputs: dict[str, str] = field(default_factory=dict)
    """Where a source is used, such as `clips.0` → SHA-256 of the file."""
