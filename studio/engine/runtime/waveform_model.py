"""Models of `AutoModelForTextToWaveform`: VITS and MMS for speech, MusicGen for music."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.engine.runtime.placement import DEFAULT_PLAN, device_of, dtype_of
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan


def load_waveform_model(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> tuple[Any, Any, str]:
    """Return model, tokenizer and device, loaded as planned.

    Not a processor: it would load a feature extractor, which may need torchaudio.
    """
    import torch
    from transformers import AutoModelForTextToWaveform, AutoTokenizer

    device = device_of(plan)
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    # float32 also on a GPU, if it fits: vocoders lose quality in half precision, and these models
    # are small.
    dtype = dtype_of(plan) if plan.precision else torch.float32
    model = AutoModelForTextToWaveform.from_pretrained(
        card.path, dtype=dtype, use_safetensors=True, **local
    )
    return model.to(device).eval(), AutoTokenizer.from_pretrained(card.path, **local), device


def mono(wave: Any, title: str) -> NDArray[np.float32]:
    """Return a tensor's samples in one row. Raises StudioError if some are not finite."""
    samples = np.asarray(wave.float().cpu().numpy().reshape(-1), np.float32)
    if not np.isfinite(samples).all():
        raise StudioError(
            tr("{model} generated invalid audio (NaN).", model=title),
            cause="model",
            cure=tr("The model's files may be damaged: remove it and install it again."),
        )
    return samples
