"""Adds to a video model's card what its family and its own configuration state."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.models.card import ModelCard
from studio.models.families.record import Family, VideoRules
from studio.models.families.video import MOTION_FAMILY
from studio.models.files.config import read_config_if_present

_COGVIDEOX_KEYS = ("sample_width", "sample_height", "patch_size", "sample_frames")
_MAX_COGVIDEOX_VALUE = 4096


def with_video_facts(card: ModelCard, family: Family, folder: Path) -> ModelCard:
    """Return the card of a pipeline or motion adapter with sizes, lengths and defaults."""
    family = _as_configured(family, folder)
    rules, defaults = family.video or VideoRules(), family.defaults
    has_one_size = _has_learned_positions(folder)
    size = (defaults.width or 0, defaults.height or 0)
    return msgspec.structs.replace(
        card,
        tasks=family.tasks,
        size_multiple=rules.size_multiple,
        frame_step=rules.frame_step,
        max_frames=rules.max_frames,
        guidance=family.guidance,
        schedulers=rules.schedulers,
        fixed_sizes=has_one_size,
        sizes=(size,) if has_one_size else (),
        defaults=defaults.values(),
    )


def _as_configured(family: Family, folder: Path) -> Family:
    """Return the family with the values that a folder's own configuration states."""
    rules = family.video or VideoRules()
    if family.name == MOTION_FAMILY:
        return _motion_as_configured(family, rules, folder)
    if family.architecture == "Wan":
        return _wan_as_configured(family, rules, folder)
    if family.architecture == "CogVideoX":
        return _cogvideox_as_configured(family, rules, folder)
    return family


def _motion_as_configured(family: Family, rules: VideoRules, folder: Path) -> Family:
    config = read_config_if_present(folder / "motion_adapter/config.json")
    if not config.values:
        config = read_config_if_present(folder / "config.json")
    max_frames = config.positive("motion_max_seq_length") or rules.max_frames
    return msgspec.structs.replace(
        family, video=msgspec.structs.replace(rules, max_frames=max_frames)
    )


def _wan_as_configured(family: Family, rules: VideoRules, folder: Path) -> Family:
    """Return the family of Wan 2.2 TI2V: one model for both tasks, with a stronger compression."""
    if not read_config_if_present(folder / "model_index.json").get("expand_timesteps"):
        return family
    return msgspec.structs.replace(
        family,
        tasks=tuple(dict.fromkeys((*family.tasks, "image-to-video"))),
        defaults=msgspec.structs.replace(
            family.defaults, width=1280, height=704, num_frames=121, frame_rate=24
        ),
        video=msgspec.structs.replace(rules, size_multiple=32),
    )


def _cogvideox_as_configured(family: Family, rules: VideoRules, folder: Path) -> Family:
    config = read_config_if_present(folder / "transformer/config.json")
    width, height, patch, frames = (config.positive(key) for key in _COGVIDEOX_KEYS)
    if not all(0 < value <= _MAX_COGVIDEOX_VALUE for value in (width, height, patch, frames)):
        return family
    return msgspec.structs.replace(
        family,
        defaults=msgspec.structs.replace(
            family.defaults, width=8 * width, height=8 * height, num_frames=frames
        ),
        video=msgspec.structs.replace(
            rules,
            size_multiple=8 * patch,
            max_frames=frames if _has_learned_positions(folder) else 0,
        ),
    )


def _has_learned_positions(folder: Path) -> bool:
    """Return whether the transformer learned one size and can make no other (CogVideoX 5B I2V)."""
    config = read_config_if_present(folder / "transformer/config.json")
    return config.is_true("use_learned_positional_embeddings")
