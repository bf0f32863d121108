"""Hibari, the English starter voice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.core.environment import thread_count
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.onnx import import_onnxruntime
from studio.engine.speech.base import RATE, SpeechModel


class Hibari(SpeechModel):
    """The package hibari-tts with the one voice that it carries; its others would be fetched from
    the network.
    """

    rate = RATE
    languages = ("en",)

    def __init__(self) -> None:
        import_onnxruntime()
        from hibari import Hibari as Synthesizer

        self._synthesizer = Synthesizer(voice="heart", threads=thread_count())

    def check(self, text: str) -> None:
        """See `Speaker.check`. What it cannot speak is known by its language."""

    def say(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `Speaker.say`. It takes a hundredth of the time that the sound lasts, so that
        `is_cancelled` is not called.
        """
        return np.asarray(self._synthesizer(text, speed=speed, seed=seed), np.float32)
