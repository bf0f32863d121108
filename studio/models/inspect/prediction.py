"""What a checkpoint's denoiser was trained to predict: the noise, v, or the image itself."""

from __future__ import annotations

import re

import msgspec

from studio.models.files.weights_header import Metadata
from studio.models.files.weights_kind import Shapes

_PREDICTION_KEYS = (
    "modelspec.prediction_type",
    "modelspec.predict_key",
    "prediction_type",
    "predict_key",
    "parameterization",
)
_ZERO_SNR_KEYS = (
    "ss_zero_terminal_snr",
    "modelspec.zero_terminal_snr",
    "modelspec.ztsnr",
    "modelspec.zsnr",
    "zero_terminal_snr",
    "ztsnr",
    "zsnr",
    "rescale_betas_zero_snr",
    "modelspec.rescale_betas_zero_snr",
)
_TRUE = {"true", "1", "yes", "on"}
_PREDICTIONS = {
    "v": "v_prediction",
    "vpred": "v_prediction",
    "vprediction": "v_prediction",
    "velocity": "v_prediction",
    "vparameterization": "v_prediction",
    "eps": "epsilon",
    "epsilon": "epsilon",
    "epsilonprediction": "epsilon",
    "epsprediction": "epsilon",
    "noise": "epsilon",
    "e": "epsilon",
    "x0": "sample",
    "sample": "sample",
}
"""The words of training programs, lower-case letters and digits only → `prediction_type`."""
_V_ARCHITECTURE = re.compile(r"\bv-?pred(iction)?\b|-v2?-768-v\b")


class Prediction(msgspec.Struct, frozen=True):
    """What a denoiser predicts of a noisy latent."""

    kind: str = "epsilon"
    """diffusers' `prediction_type`; empty if the file states one that diffusers lacks."""
    zero_snr: bool = False
    """Trained with a last step of pure noise (zero terminal SNR, arXiv 2305.08891)."""
    stated: str = ""
    """The file's own word for it."""


def prediction(shapes: Shapes, metadata: Metadata) -> Prediction:
    """Return what the denoiser predicts, by marker tensors (`v_pred`, `ztsnr`) or metadata."""
    texts = {
        str(key).lower(): value.strip() for key, value in metadata.items() if isinstance(value, str)
    }
    zero_snr = "ztsnr" in shapes or any(
        texts.get(key, "").lower() in _TRUE for key in _ZERO_SNR_KEYS
    )
    if "v_pred" in shapes or texts.get("ss_v_parameterization", "").lower() in _TRUE:
        return Prediction("v_prediction", zero_snr)
    stated = next((value for key in _PREDICTION_KEYS if (value := texts.get(key, ""))), "")
    if not stated and _V_ARCHITECTURE.search(texts.get("modelspec.architecture", "").lower()):
        stated = "v"
    kind = _PREDICTIONS.get(re.sub(r"[^a-z0-9]", "", stated.lower()), "") if stated else "epsilon"
    return Prediction(kind, zero_snr, stated)
