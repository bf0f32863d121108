"""Writes the trained parts as a folder in diffusers' format."""

from __future__ import annotations

import json
from pathlib import Path


def pack(folder: Path, target: Path) -> None:
    """Write the pipeline in half precision to `target`, keeping its `NOTICE`."""
    import torch
    from diffusers import (
        AutoencoderTiny,
        DPMSolverMultistepScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import BertModel, BertTokenizerFast

    pipeline = StableDiffusionPipeline(
        vae=AutoencoderTiny.from_pretrained(folder / "vae"),
        text_encoder=BertModel.from_pretrained(folder / "text_encoder"),
        tokenizer=BertTokenizerFast.from_pretrained(folder / "tokenizer"),
        unet=UNet2DConditionModel.from_pretrained(folder / "unet"),
        scheduler=DPMSolverMultistepScheduler(
            beta_schedule="squaredcos_cap_v2",
            prediction_type="v_prediction",
            use_karras_sigmas=False,
            timestep_spacing="linspace",
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(dtype=torch.float16).save_pretrained(target, safe_serialization=True)
    # Other schedulers are made from this configuration; some clip samples by default, which turns
    # latents into noise.
    _rewrite(
        target / "scheduler" / "scheduler_config.json",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )
    for part in ("unet", "vae"):  # without the path on the training machine
        _rewrite(target / part / "config.json", _name_or_path="")


def _rewrite(config: Path, **values: object) -> None:
    table = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**table, **values}, indent=2) + "\n", encoding="utf-8")
