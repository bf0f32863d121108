"""The card of a pipeline that makes videos: what its family can make, where its own configuration
does not say more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from studio.models.card import GuidanceRule, ModelCard
from studio.models.files.folder_check import read_json

TEXT, PICTURE = "text-to-video", "image-to-video"
MOTION_FAMILY = "AnimateDiffPipeline"
"""Of a motion adapter, too: together with a Stable Diffusion 1.5 it is that pipeline."""
MOTION_BASE = "stable-diffusion-1.5"
"""The card of the model that a motion adapter moves."""


class _Family(msgspec.Struct, frozen=True, kw_only=True):
    tasks: tuple[str, ...] = (TEXT,)
    size_multiple: int = 16
    frame_step: int = 4
    most_frames: int = 0
    guidance: GuidanceRule = "above_1"
    schedulers: tuple[str, ...] | None = ()
    size: tuple[int, int] = (832, 480)
    num_frames: int = 81
    frame_rate: int = 16
    num_inference_steps: int = 50
    guidance_scale: float = 5.0


_WAN = _Family()
_LTX = _Family(
    tasks=(TEXT, PICTURE),
    size_multiple=32,
    frame_step=8,
    size=(704, 512),
    num_frames=161,
    frame_rate=25,
    guidance_scale=3.0,
)
_COG = _Family(size_multiple=16, size=(720, 480), num_frames=49, frame_rate=8, guidance_scale=6.0)
_ANIMATE = _Family(
    size_multiple=8,
    frame_step=1,
    most_frames=32,
    schedulers=None,
    size=(512, 512),
    num_frames=16,
    frame_rate=8,
    num_inference_steps=25,
    guidance_scale=7.5,
)
FAMILIES = {
    "WanPipeline": _WAN,
    "WanImageToVideoPipeline": msgspec.structs.replace(_WAN, tasks=(PICTURE,)),
    "LTXPipeline": _LTX,
    "LTXImageToVideoPipeline": _LTX,
    "LTXConditionPipeline": _LTX,
    "CogVideoXPipeline": _COG,
    "CogVideoXImageToVideoPipeline": msgspec.structs.replace(_COG, tasks=(PICTURE,)),
    MOTION_FAMILY: _ANIMATE,
    "HunyuanVideoPipeline": _Family(
        guidance="embedded", size=(1280, 720), num_frames=129, frame_rate=24, guidance_scale=6.0
    ),
    "MochiPipeline": _Family(
        frame_step=6,
        size=(848, 480),
        num_frames=85,
        frame_rate=30,
        num_inference_steps=64,
        guidance_scale=4.5,
    ),
}


def of_family(card: ModelCard, folder: Path) -> ModelCard:
    """Return the card of a pipeline in a folder, or of a motion adapter, with what its family can
    make.
    """
    family = _of_folder(FAMILIES[card.family], card.family, folder)
    known = msgspec.to_builtins(family)
    width, height = family.size
    defaults = {
        name: known[name]
        for name in ("num_frames", "frame_rate", "num_inference_steps", "guidance_scale")
    }
    only_sizes = _is_learned(folder)
    return msgspec.structs.replace(
        card,
        kind="video",
        tasks=family.tasks,
        size_multiple=family.size_multiple,
        frame_step=family.frame_step,
        most_frames=family.most_frames,
        guidance=family.guidance,
        schedulers=family.schedulers,
        only_sizes=only_sizes,
        sizes=(family.size,) if only_sizes else (),
        defaults={"width": width, "height": height, **defaults},
    )


def _of_folder(family: _Family, name: str, folder: Path) -> _Family:
    """Return the family as this very folder has it: sizes follow from how its parts compress."""
    if name == MOTION_FAMILY:
        most = _read(folder / "motion_adapter/config.json") or _read(folder / "config.json")
        frames = most.get("motion_max_seq_length")
        return msgspec.structs.replace(
            family, most_frames=frames if type(frames) is int and frames > 0 else family.most_frames
        )
    index, transformer = (
        _read(folder / "model_index.json"),
        _read(folder / "transformer/config.json"),
    )
    if name.startswith("Wan") and index.get("expand_timesteps"):
        # Wan 2.2 TI2V: one model for both, with a stronger compression.
        return msgspec.structs.replace(
            family,
            tasks=(TEXT, PICTURE) if name == "WanPipeline" else (PICTURE,),
            size_multiple=32,
            size=(1280, 704),
            num_frames=121,
            frame_rate=24,
        )
    if name.startswith("CogVideoX"):
        numbers = [
            transformer.get(key)
            for key in ("sample_width", "sample_height", "patch_size", "sample_frames")
        ]
        if all(type(number) is int and 0 < number <= 4096 for number in numbers):
            across, down, patch, frames = (int(number) for number in numbers if number is not None)
            return msgspec.structs.replace(
                family,
                size_multiple=8 * patch,
                size=(8 * across, 8 * down),
                num_frames=frames,
                most_frames=frames if _is_learned(folder) else 0,
            )
    return family


def moves(adapter: ModelCard, base: ModelCard) -> bool:
    """True where a motion adapter goes into this model: both have layers of the same widths."""
    widths = _read(adapter.folder / "config.json").get("block_out_channels")
    return widths is not None and widths == _read(base.folder / "unet/config.json").get(
        "block_out_channels"
    )


def _is_learned(folder: Path) -> bool:
    """True where the transformer has learned one size, and can make no other (CogVideoX 5B from a
    picture).
    """
    return (
        _read(folder / "transformer/config.json").get("use_learned_positional_embeddings") is True
    )


def _read(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}
