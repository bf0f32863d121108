"""Hibari, the English starter voice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.core.environment import thread_count
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.onnx import import_onnxruntime
from studio.engine.speech import phonemes
from studio.engine.speech.base import RATE, SpeechModel


class Hibari(SpeechModel):
    """The package hibari-tts with its built-in voice; its other voices would be downloaded."""

    rate = RATE
    languages = ("en",)
    reads_phonemes = True

    def __init__(self) -> None:
        import_onnxruntime()
        from hibari import Hibari as Synthesizer

        self._synthesizer = Synthesizer(voice="heart", threads=thread_count())

    def check(self, text: str) -> None:
        """See `SpeechModel.check`. The language check covers it."""

    def synthesize(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `SpeechModel.synthesize`. So fast (0.01 × real time) that it is not cancelled."""
        if "[[" in text:  # its own method takes no phonemes within a text
            spoken = phonemes.with_marks(text)
            samples = self._synthesizer.from_phonemes(spoken, speed=speed, seed=seed)
            return np.asarray(samples, np.float32)
        return np.asarray(self._synthesizer(text, speed=speed, seed=seed), np.float32)
