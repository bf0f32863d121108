"""Families of models and what they need, from `resources/families.toml`."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

from studio.core.paths import resources
from studio.models.card import GuidanceRule
from studio.models.files.folder_check import read_json

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "source.spm",
    "prophetnet.tokenizer",
)
SOUND_DEFAULTS: dict[str, dict[str, Any]] = {
    "AudioLDM2Pipeline": {"guidance_scale": 3.5, "seconds": 10.0, "num_inference_steps": 200},
    "StableAudioPipeline": {"guidance_scale": 7.0, "seconds": 10.0, "num_inference_steps": 100},
    "StableAudio3Pipeline": {"guidance_scale": 1.0, "seconds": 30.0},
    "AceStepPipeline": {"seconds": 60.0},
}
SLOW_SONG = {"guidance_scale": 7.0, "num_inference_steps": 60}
"""Of an ACE-Step that is no turbo."""
PIPELINES = ("image", "video", "sounds")
"""Kinds of pipelines in `families.toml`."""
NEED_CODEC = {"dia", "pocket_tts", "gradium_phonon_tts"}
"""Families whose codec is a repository of its own."""
CODEC = "audio_tokenizer"
"""The folder in theirs where it lies."""
CODEC_TABLES = ("audio_tokenizer_config.json", "processor_config.json")
"""Which of their files name it."""
EVENTS_FILE = "events.json"
"""Beside the weights of a model that writes notes."""
# diffusers' own modules that parts of a pipeline may come from; any other name would be a module in
# the folder.
SAFE_LIBRARIES = {
    "diffusers",
    "transformers",
    "stable_diffusion",
    "deepfloyd_if",
    "kandinsky",
    "kolors",
    "prx",
    "deprecated",
    "ace_step",
    "audioldm2",
    "stable_audio",
    "stable_audio_3",
}


@functools.cache
def families() -> dict[str, frozenset[str]]:
    """Return causal, seq2seq, speech, music, gguf → the names of the model types
    (`resources/families.toml`).
    """
    table = tomllib.loads((resources() / "families.toml").read_text(encoding="utf-8"))
    return {kind: frozenset(names) for kind, names in table.items()}


def _guidance(family: str) -> GuidanceRule:
    if "QwenImage" in family:
        return "true_cfg"
    if family.startswith("Flux"):
        return "embedded"
    return "above_0" if family.startswith("ZImage") else "above_1"


def _image_defaults(folder: Path, family: str) -> dict[str, Any]:
    side = 1024 if re.search("XL|Flux|QwenImage|ZImage|3|Sana|Lumina|Sigma", family) else 512
    if family == "StableDiffusionPipeline":
        sample = read_json(folder / "unet/config.json").get("sample_size", 64)
        blocks = read_json(folder / "vae/config.json").get("block_out_channels")
        factor = 2 ** (len(blocks) - 1) if isinstance(blocks, list) and 0 < len(blocks) < 8 else 8
        side = min(1024, max(64, sample * factor)) if type(sample) is int else 512
    return {"width": side - side % 8, "height": side - side % 8}


def _kind_of(family: str) -> str:
    kinds = {
        "causal": "text",
        "multimodal": "text",
        "seq2seq": "text",
        "speech": "speech",
        "music": "music",
    }
    return next((kind for name, kind in kinds.items() if family in families()[name]), "")
