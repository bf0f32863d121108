"""Models that transformers loads with `AutoModelForTextToWaveform`: VITS and MMS for speech, MusicGen and others for music."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.engine.device import best_device
from studio.models.card import ModelCard


def load_waveform_model(card: ModelCard) -> tuple[Any, Any, str]:
    """Return model, processor (or tokenizer) and device."""
    import torch
    from transformers import AutoModelForTextToWaveform, AutoProcessor, AutoTokenizer

    device = best_device()
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    # In float32 also on a GPU: vocoders lose quality in half precision, and the models are small.
    model = AutoModelForTextToWaveform.from_pretrained(card.path, dtype=torch.float32, use_safetensors=True, **local)
    reader = AutoProcessor if (card.folder / "preprocessor_config.json").exists() else AutoTokenizer
    return model.to(device).eval(), reader.from_pretrained(card.path, **local), device


class SpokenByTransformers:
    """A speech model that makes the wave in one pass (VITS, MMS-TTS)."""

    def __init__(self, card: ModelCard) -> None:
        self._model, self._tokenizer, self._device = load_waveform_model(card)
        self._title = card.title
        config = self._model.config
        self.rate = int(getattr(config, "sampling_rate", 0) or getattr(self._model, "sampling_rate", 0) or 16_000)

    def say(self, text: str, voice: str, speed: float, seed: int) -> NDArray[np.float32]:
        """See `voices.Speaker.say`. `voice` is a speaker's number where the model has several."""
        import torch

        inputs = self._tokenizer(text, return_tensors="pt").to(self._device)
        if not inputs["input_ids"].shape[-1]:
            return np.zeros(0, np.float32)
        more: dict[str, Any] = {}
        if voice and getattr(self._model.config, "num_speakers", 1) > 1:
            more["speaker_id"] = int(voice) if voice.isdigit() else 0
        if hasattr(self._model, "speaking_rate"):
            self._model.speaking_rate = speed
        torch.manual_seed(seed)
        with torch.inference_mode():
            output = self._model(**inputs, **more) if self._model.config.model_type == "vits" else self._model.generate(**inputs)
        wave = output.waveform if hasattr(output, "waveform") else output
        samples = np.asarray(wave.float().cpu().numpy().reshape(-1), np.float32)
        if not np.isfinite(samples).all():
            raise StudioError(
                f"{self._title} made numbers that are no sound (NaN).", cause="model", cure="The model's files may be damaged."
            )
        return samples
