"""The files of an installed adapter: its weights, its image encoder and peft's configuration."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import StudioError
from studio.core.regular_file import HeaderError
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.models.files.config import read_config
from studio.models.files.folder_check import check_folder, check_weights
from studio.models.files.weights_header import WeightsHeader
from studio.models.inspect.checkpoint import checked, checkpoint_in

PEFT_CONFIG, PEFT_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def weights_file(card: ModelCard) -> Path:
    """Return the file of an installed adapter's weights. Raises StudioError if it has changed."""
    checkpoint = checkpoint_in(card.folder)
    if checkpoint is not None:
        return checked(checkpoint)
    files = sorted(path for path in card.folder.glob("*.safetensors") if path.is_file())
    if len(files) != 1:
        raise StudioError(
            tr("The weights of {title} are missing.", title=card.title),
            cause="model",
            cure=tr("Remove it, and add it again."),
        )
    return files[0]


def image_encoder_for(file: Path, header: WeightsHeader) -> Path | None:
    """Return the folder of the image encoder that fits an IP-Adapter, or None.

    Looks in the folders around the adapter's file.
    """
    projection = header.shapes.get("image_proj.proj.weight")
    resampler = header.shapes.get("image_proj.proj_in.weight")
    if projection is not None:
        key, shape = "projection_dim", projection
    elif resampler is not None:
        key, shape = "hidden_size", resampler
    else:
        return None
    parents = (file.parent, file.parent.parent, *sorted(file.parent.parent.glob("*models")))
    for folder in (parent / "image_encoder" for parent in parents):
        try:
            if shape and read_config(folder / "config.json").get(key) == shape[-1]:
                check_folder(folder)
                check_weights(folder, folder)
                return folder
        except (OSError, HeaderError):
            continue
    return None


def peft_scaling(folder: Path) -> float | None:
    """Return the factor by which peft scales a LoRA's layers; None for folders of other programs.

    See https://huggingface.co/docs/peft/package_reference/lora: alpha / r, or alpha / √r.
    """
    if not (folder / PEFT_CONFIG).is_file():
        return None
    try:
        config = read_config(folder / PEFT_CONFIG)
        rank, alpha = float(config.values["r"]), float(config.values["lora_alpha"])
        return alpha / (rank**0.5 if config.get("use_rslora") else rank)
    except (HeaderError, OSError, KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0
