"""What writes a video frame by frame, and which formats there are."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio.core.settings import CompressedQuality

Pixels = NDArray[np.uint8]
"""height × width × 4: blue, green, red and an unused byte."""
AUDIO_RATE = 48_000
"""Of the samples, in Hz."""
FORMATS_WITH_AUDIO = ("mp4", "webm")


class VideoSpec:
    """What is written: size in pixels, exact frame rate, audio or none, and the recipe."""

    def __init__(
        self,
        size: tuple[int, int],
        rate: Fraction,
        *,
        has_audio: bool,
        comment: str,
        quality: CompressedQuality = "high",
    ) -> None:
        self.width, self.height = size
        self.rate = rate
        self.has_audio = has_audio
        self.comment = comment
        self.quality: CompressedQuality = quality


class VideoWriter(Protocol):
    """Writes one file. Its methods raise OSError (no space) and StudioError."""

    audio_block: int
    """Samples that `write_audio` takes at once, the last block aside; 0 without audio."""

    def write_frame(self, pixels: Pixels) -> None:
        """Write the next frame."""

    def write_audio(self, samples: NDArray[np.float32]) -> None:
        """Write the next samples, frames × 2, −1 to 1."""

    def finish(self) -> None:
        """Write the rest; the file is complete then."""

    def close(self) -> None:
        """Close the file, complete or not. May be called twice."""
