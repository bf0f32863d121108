"""Inspects folders of diffusers: whole pipelines, and motion adapters of AnimateDiff."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.families.record import Family
from studio.models.families.video import MOTION_FAMILY
from studio.models.files import licenses
from studio.models.files.config import read_config, read_config_if_present
from studio.models.files.folder_check import check_headers, check_names, check_weights, refused
from studio.models.inspect.names import MAX_TITLE, card_name, title_of_folder
from studio.models.inspect.video import with_video_facts

MOTION_BASE: Final = "stable-diffusion-1.5"
"""The card of the model that a motion adapter changes."""
# Modules of diffusers that a pipeline's parts may come from; any other name would be a module in
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
_WITHOUT_WEIGHTS = re.compile(
    r"^(?!audio_token).*(tokenizer|scheduler|processor|feature_extractor)"
)


def inspect_pipeline(folder: Path) -> ModelCard:
    """Return the card of a pipeline. Raises StudioError, HeaderError and OSError."""
    family = check_pipeline_index(folder)
    parameters = size = 0
    for name, entry in read_config(folder / "model_index.json").items():
        if name.startswith("_") or not isinstance(entry, list) or entry == [None, None]:
            continue
        part_parameters, part_size = _check_part(folder, name)
        parameters, size = parameters + part_parameters, size + part_size
    if not parameters:
        raise refused(folder, tr("it holds no weights."))
    title = title_of_folder(folder)
    card = ModelCard(
        name=card_name(title),
        title=title,
        kind=family.kind,
        runner="diffusers",
        family=family.name,
        path=str(folder.absolute()),
        parameters=parameters,
        size=size,
        license=licenses.of_folder(folder),
        guidance=family.guidance,
    )
    if card.makes_audio:
        return _with_audio_facts(card, family)
    if family.video is not None:
        return with_video_facts(card, family, folder)
    return msgspec.structs.replace(card, defaults=_image_defaults(folder, family))


def check_pipeline_index(folder: Path) -> Family:
    """Return the family that a model_index.json names. Raises StudioError if it cannot be run."""
    index = read_config(folder / "model_index.json")
    name = index.text("_class_name")
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise refused(folder, tr("its model_index.json names no pipeline."))
    family = find_family(name)
    if family is None or not family.is_pipeline:
        raise refused(
            folder,
            tr(
                "its pipeline ({name}) makes no images, videos or audio from text.",
                name=name[:MAX_TITLE],
            ),
        )
    for part, entry in index.items():
        if not part.startswith("_") and isinstance(entry, list) and entry != [None, None]:
            _check_library(folder, part, entry)
    return family


def _check_library(folder: Path, part: str, entry: list[Any]) -> None:
    """Raise StudioError if a part's class comes from a library that is not trusted."""
    if (
        len(entry) != 2
        or not all(isinstance(word, str) for word in entry)
        or entry[0] not in SAFE_LIBRARIES
    ):
        raise refused(
            folder,
            tr(
                "its part {part} comes from {library}, and only diffusers and transformers are "
                "trusted.",
                part=part,
                library=str(entry[:1])[1:-1],
            ),
        )


def _check_part(folder: Path, name: str) -> tuple[int, int]:
    """Return parameters and bytes of one part. Raises StudioError if it is unsafe or damaged."""
    part = folder / name
    if Path(name).name != name or not part.is_dir():
        raise refused(folder, tr("its part {name} is missing.", name=name))
    if _WITHOUT_WEIGHTS.search(name):
        check_headers(folder, part)  # a library might load weights from it all the same
        return 0, 0
    if not (part / "config.json").is_file():
        raise refused(folder, tr("the config.json of its part {name} is missing.", name=name))
    counted = check_weights(folder, part, variants=True)
    check_names(folder, part, read_config(part / "config.json"))
    return counted


def _with_audio_facts(card: ModelCard, family: Family) -> ModelCard:
    is_distilled = read_config_if_present(card.folder / "transformer" / "config.json").is_true(
        "is_turbo"
    )
    defaults = family.defaults
    if family.undistilled_defaults is not None and not is_distilled:
        defaults = family.undistilled_defaults
    return msgspec.structs.replace(
        card,
        sampling_rate=_sampling_rate(card.folder),
        negative_prompt=not family.lyrics,
        guidance="ignored" if is_distilled else family.guidance,
        defaults=defaults.values(),
    )


def _sampling_rate(folder: Path) -> int:
    """Return the samples a second that the vocoder or VAE states, or 0."""
    for part in ("vocoder", "vae"):
        config = read_config_if_present(folder / part / "config.json")
        if rate := config.positive("sampling_rate"):
            return rate
    return 0


def _image_defaults(folder: Path, family: Family) -> dict[str, Any]:
    defaults = family.defaults
    if family.size_from_unet:
        side = _trained_side(folder)
        defaults = msgspec.structs.replace(defaults, width=side, height=side)
    return defaults.values()


def _trained_side(folder: Path) -> int:
    """Return the side of the images that a Stable Diffusion was trained with, in pixels."""
    sample_size = read_config(folder / "unet/config.json").values.get("sample_size", 64)
    if type(sample_size) is not int:
        return 512
    channels = read_config(folder / "vae/config.json").get("block_out_channels")
    is_plausible = isinstance(channels, list) and 0 < len(channels) < 8
    factor = 2 ** (len(channels) - 1) if is_plausible else 8
    side = min(1024, max(64, sample_size * factor))
    return side - side % 8


def inspect_motion_adapter(folder: Path) -> ModelCard:
    """Return the card of a motion adapter. Raises StudioError, HeaderError and OSError."""
    parameters, size = check_weights(folder, folder, variants=True)
    title = title_of_folder(folder)
    family = find_family(MOTION_FAMILY)
    assert family is not None
    card = ModelCard(
        name=card_name(title),
        title=title,
        kind="video",
        runner="diffusers",
        family=MOTION_FAMILY,
        base=MOTION_BASE,
        path=str(folder.absolute()),
        parameters=parameters,
        size=size,
        license=licenses.of_folder(folder),
    )
    return with_video_facts(card, family, folder)
