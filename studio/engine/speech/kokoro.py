"""Kokoro, a voice model for English and Chinese that runs on onnxruntime."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.environment import thread_count
from studio.core.errors import StudioError
from studio.core.resources import resources
from studio.core.translation import tr
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.interrupt import run_session
from studio.engine.runtime.onnx import import_onnxruntime
from studio.engine.speech import phonemes
from studio.engine.speech.base import RATE, SpeechModel
from studio.models.card import ModelCard

MAX_PHONEMES = 500
"""Kokoro reads 510 with its two end tokens; longer pieces are cut at a clause or a space."""


class Kokoro(SpeechModel):
    """Kokoro-82M (https://huggingface.co/hexgrad/Kokoro-82M).

    Reads phoneme ids, a speed, and the row of the voice's styles for that number of ids.
    """

    rate = RATE
    languages = ("en", "zh")
    reads_phonemes = True

    def __init__(self, card: ModelCard) -> None:
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        files = sorted(card.folder.glob("*.onnx"))
        if not files:
            raise StudioError(
                tr(
                    "The model file of {model} is missing in {path}.",
                    model=card.title,
                    path=card.path,
                ),
                cause="model",
                cure=tr("Remove it and install it again."),
            )
        self._session = onnxruntime.InferenceSession(
            str(files[0]), options, providers=["CPUExecutionProvider"]
        )
        self._vocabulary: dict[str, int] = json.loads(
            (resources() / "voices/kokoro/vocab.json").read_text(encoding="utf-8")
        )

    def check(self, text: str) -> None:
        """See `SpeechModel.check`. The language check covers it."""

    def synthesize(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `SpeechModel.synthesize`. `voice`: name of a file in `resources/voices/kokoro`.

        Ignores the seed: the model draws no random numbers.
        """
        spoken = phonemes.with_marks(text, british=voice.startswith("b"))
        parts = [self._run(part, voice, speed, is_cancelled) for part in _cut(spoken)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _run(
        self, spoken: str, voice: str, speed: float, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        ids = [self._vocabulary[symbol] for symbol in spoken if symbol in self._vocabulary]
        if not ids:
            return np.zeros(0, np.float32)
        style = _styles(voice)[len(ids)][None]
        inputs: dict[str, Any] = {
            "tokens": np.asarray([[0, *ids, 0]], np.int64),
            "style": style,
            "speed": np.asarray([speed], np.float32),
        }
        return np.asarray(run_session(self._session, inputs, is_cancelled)[0], np.float32).reshape(
            -1
        )


@functools.lru_cache(maxsize=4)
def _styles(voice: str) -> NDArray[np.float32]:
    folder = resources() / "voices/kokoro"
    files = {path.stem: path for path in folder.glob("*.bin")}
    if voice not in files:  # a card may name a missing one
        raise StudioError(
            tr("Kokoro has no voice {voice!r}.", voice=voice),
            cause="invalid",
            cure=tr("It has {voices}.", voices=", ".join(sorted(files))),
        )
    return np.fromfile(files[voice], np.float32).reshape(510, 256)


def _cut(spoken: str) -> list[str]:
    parts = []
    while len(spoken) > MAX_PHONEMES:
        clause = max(spoken.rfind(mark, MAX_PHONEMES // 2, MAX_PHONEMES) for mark in ",;:—") + 1
        cut = clause or spoken.rfind(" ", 1, MAX_PHONEMES)
        cut = cut if cut > 0 else MAX_PHONEMES
        parts.append(spoken[:cut])
        spoken = spoken[cut:].strip()
    return [*parts, spoken] if spoken else parts
