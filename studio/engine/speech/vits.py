"""VITS and other models of transformers that generate the whole waveform in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.protocol import CancelCheck
from studio.engine.runtime.interrupt import cancel_between_layers
from studio.engine.runtime.placement import DEFAULT_PLAN
from studio.engine.runtime.waveform_model import load_waveform_model, mono
from studio.engine.speech.base import MAX_FOREIGN, SpeechModel
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan


class VitsModel(SpeechModel):
    """A speech model that generates the waveform in one pass (VITS, MMS-TTS)."""

    def __init__(self, card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> None:
        self._model, self._tokenizer, self._device = load_waveform_model(card, plan)
        self._title = card.title
        self._names = [voice.name for voice in card.voices]
        if vars(self._tokenizer).get("phonemize"):
            raise StudioError(
                tr(
                    "{model} needs phonemes from the program espeak, which Studio does not "
                    "include.",
                    model=card.title,
                ),
                cause="model",
                cure=tr("Use a model that reads letters, such as an MMS-TTS one."),
            )
        config = self._model.config
        self.rate = int(vars(config).get("sampling_rate") or card.sampling_rate or 16_000)

    def check(self, text: str) -> None:
        """See `SpeechModel.check`. The model skips letters that are not in its vocabulary."""
        vocabulary = self._tokenizer.get_vocab()
        letters = [letter for letter in text if letter.isalpha()]
        unknown = sum(
            letter not in vocabulary and letter.lower() not in vocabulary for letter in letters
        )
        if letters and unknown / len(letters) > MAX_FOREIGN:
            raise StudioError(
                tr("{model} cannot read the letters of this text.", model=self._title),
                cause="invalid",
                cure=tr(
                    "Choose a model of the text's language; English and Chinese are spoken by "
                    "Kokoro."
                ),
            )

    def synthesize(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """See `SpeechModel.synthesize`. `voice`: one of the card's, if the model has several."""
        import torch

        inputs = self._tokenizer(text, return_tensors="pt").to(self._device)
        if not inputs["input_ids"].shape[-1]:
            return np.zeros(0, np.float32)
        more: dict[str, Any] = (
            {"speaker_id": self._names.index(voice)} if len(self._names) > 1 else {}
        )
        self._model.speaking_rate = speed
        torch.manual_seed(seed)
        with torch.inference_mode(), cancel_between_layers(self._model, is_cancelled):
            output = self._model(**inputs, **more)
        return mono(output.waveform, self._title)
