"""Results: what a model made, in memory, before it is a file."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from studio.core.artifact import FinishReason


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
    """How many results the job has, where candidates were alike; else 0."""


@dataclass(frozen=True, kw_only=True)
class ImageResult(Result):
    """A picture."""

    pixels: NDArray[np.uint8]
    """height × width × 3, sRGB."""
    prompt_read: str = ""
    """What the model was given, where that is not the request's prompt."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Field of the request → SHA-256 of the file that it named."""
    parts: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of the adapters that the model ran with."""


@dataclass(frozen=True, kw_only=True)
class AudioResult(Result):
    """A sound."""

    samples: NDArray[np.float32]
    """frames × channels, in −1..1."""
    sampling_rate: int
    """In Hz."""
    midi: bytes = b""
    """The same as a standard MIDI file, from a model that writes notes; saved beside the sound. It
    names the job's id.
    """
    prompt_read: str = ""
    """How the prompt was understood, where that is not the request's prompt."""


@dataclass(frozen=True, kw_only=True)
class VideoResult(Result):
    """Moving pictures."""

    frames: NDArray[np.uint8]
    """frames × height × width × 3, sRGB."""
    frame_rate: int
    """A second."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Field of the request → SHA-256 of the file that it named."""
    parts: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of the weights that it ran with beside the model's own."""
