"""The trained parts as a plain diffusers folder, which any program that reads diffusers' format can load."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from studio.training.image.pictures import Icon

WORDS_FILE = "words.json"


def pack(folder: Path, target: Path, icons: Iterable[Icon]) -> None:
    """Write the pipeline in half precision into `target`, and `words.json`: what it can draw. `NOTICE` there is left alone."""
    import torch
    from diffusers import AutoencoderTiny, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
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
    # Other schedulers are made from this configuration; some clip samples by default, which turns latents into noise.
    config = target / "scheduler" / "scheduler_config.json"
    values = {**json.loads(config.read_text(encoding="utf-8")), "clip_sample": False, "set_alpha_to_one": True, "steps_offset": 1}
    config.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    names = sorted({icon.names[0] for icon in icons if icon.source != "openclipart"})
    (target / WORDS_FILE).write_text(json.dumps(names, indent=0) + "\n", encoding="utf-8")
