"""Whole models in one file, as Stable Diffusion and SDXL are passed on: what diffusers must be told
to load one.

Such a file holds weights only. Its configuration is told from the shapes of its tensors. The words
that its text encoder reads (a vocabulary of CLIP) stand in no such file; they are taken from where
the person has them already, see `clip_vocabulary.py`. The weights stay where they are:
`checkpoint.json` in the model's folder names them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.files import write_whole
from studio.models.families.architectures import ARCHITECTURES
from studio.models.files.weights_header import WeightsHeader
from studio.models.files.weights_kind import WeightsKind
from studio.models.inspect.clip_vocabulary import END, ClipVocabulary

FILE = "checkpoint.json"
V_PREDICTION = "v-prediction"
"""The variant of a checkpoint whose denoiser predicts v; the scheduler's configuration says so."""
_UNET, _VAE = "model.diffusion_model.", "first_stage_model."
_ENCODERS = {
    "Stable Diffusion 1.x": ("cond_stage_model.transformer.text_model.",),
    "SDXL": ("conditioner.embedders.0.transformer.text_model.", "conditioner.embedders.1.model."),
}
_HEAD_WIDTH = 64
_NOISE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
}
Shapes = Mapping[str, tuple[int, ...]]


class Checkpoint(msgspec.Struct, frozen=True):
    """Where the weights of a model lie that stays one file."""

    path: str
    size: int


def checkpoint_in(folder: Path) -> Checkpoint | None:
    """Return which file holds the weights of the model in `folder`; None where the folder is the
    model as it is.
    """
    try:
        found = msgspec.json.decode((folder / FILE).read_bytes(), type=Checkpoint)
        return msgspec.structs.replace(
            found, path=str(folder / found.path)
        )  # a name alone lies in the folder
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise StudioError(
            f"{folder.name} is damaged: {FILE}.",
            cause="model",
            cure="Remove the model and add it again.",
        ) from error


def checked(checkpoint: Checkpoint) -> Path:
    """Return the file of weights. Raises StudioError where it is gone or another one."""
    path = Path(checkpoint.path)
    try:
        same = path.stat().st_size == checkpoint.size and path.suffix.lower() in (
            ".safetensors",
            ".gguf",
        )
    except OSError:
        same = False
    if not same:
        raise StudioError(
            f"The file of this model is gone or another one: {path}.",
            cause="model",
            cure="Bring it back, or take the model from the list and add the new file.",
        )
    return path


def why_not(contents: WeightsKind, header: WeightsHeader) -> str:
    """Return why a checkpoint cannot be loaded even with its words; empty where it can."""
    if contents.variant not in ("", V_PREDICTION):
        return f"it is {contents}, which Studio cannot load from one file yet"
    if not _pipeline_class(contents.family):
        return (
            f"it is {contents}, whose configuration lies elsewhere. Add the model's diffusers "
            "folder"
        )
    predicted = prediction(header.shapes, header.metadata)
    if not predicted.kind:
        return (
            f"it is {contents}, and predicts what no scheduler knows "
            f"({printable(predicted.stated)[:40]})"
        )
    try:
        configurations(contents.family, header.shapes)
    except (KeyError, IndexError, ValueError, ZeroDivisionError):
        return f"it is {contents}, but its parts are not laid out as in other such files"
    return ""


def _pipeline_class(architecture: str) -> str:
    """Return the pipeline class that loads a checkpoint of this architecture, or ""."""
    known = ARCHITECTURES.get(architecture)
    return known.single_file if known is not None else ""


def vocabulary_size(family: str, shapes: Shapes) -> int:
    """Return how many tokens the text encoder knows."""
    return shapes[_ENCODERS[family][0] + "embeddings.token_embedding.weight"][0]


def write_folder(
    folder: Path,
    source: Path,
    family: str,
    shapes: Shapes,
    words: ClipVocabulary,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write the folder that loads `source`: configurations, words, and where the weights are.
    Raises OSError.

    `metadata`: what the file states about itself besides its tensors.
    """
    for name, table in configurations(family, shapes, metadata).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, msgspec.json.format(msgspec.json.encode(table), indent=2))
    for part, padding in (("tokenizer", END), ("tokenizer_2", "!"))[: len(_ENCODERS[family])]:
        words.write(folder / part, padding if padding in words.names else END)
    write_pointer(folder, str(source.absolute()), source.stat().st_size)


def write_pointer(folder: Path, path: str, size: int) -> None:
    """Write which file the weights of the model in `folder` are. Raises OSError."""
    write_whole(folder / FILE, msgspec.json.encode(Checkpoint(path, size)))


def configurations(
    family: str, shapes: Shapes, metadata: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Return file → configuration. Raises KeyError, IndexError or ValueError where the file is laid
    out otherwise.
    """
    large = family == "SDXL"
    encoders = [_clip(shapes, _ENCODERS[family][0])] + (
        [_open_clip(shapes, _ENCODERS[family][1])] if large else []
    )
    scheduler = _scheduler(large, prediction(shapes, metadata or {}))
    found = {
        "model_index.json": _index(family, str(scheduler["_class_name"])),
        "unet/config.json": _unet(shapes, large, encoders),
        "vae/config.json": _vae(shapes, large),
        "scheduler/scheduler_config.json": scheduler,
    }
    for name, encoder in zip(("text_encoder", "text_encoder_2"), encoders, strict=False):
        found[f"{name}/config.json"] = encoder
    return found


def _index(family: str, scheduler: str) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "_class_name": _pipeline_class(family),
        "scheduler": ["diffusers", scheduler],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    if family == "SDXL":
        parts |= {
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
        }
        return parts | {
            "force_zeros_for_empty_prompt": True,
            "image_encoder": [None, None],
            "feature_extractor": [None, None],
        }
    return parts | {
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
    }


class Prediction(msgspec.Struct, frozen=True):
    """What a denoiser predicts of a noisy latent."""

    kind: str = "epsilon"
    """diffusers' `prediction_type`; empty where the file states one that diffusers does not
    have.
    """
    zero_snr: bool = False
    """Trained with a last step that is noise alone (zero terminal SNR,
    https://arxiv.org/abs/2305.08891).
    """
    stated: str = ""
    """In the words of the file."""


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
_YES = {"true", "1", "yes", "on"}
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


def prediction(shapes: Shapes, metadata: Mapping[str, Any]) -> Prediction:
    """Return what the denoiser predicts: as tensors mark it (`v_pred`, `ztsnr`), else as the
    metadata states it.
    """
    table = {
        str(key).lower(): value.strip() for key, value in metadata.items() if isinstance(value, str)
    }
    zero_snr = "ztsnr" in shapes or any(
        table.get(key, "").lower() in _YES for key in _ZERO_SNR_KEYS
    )
    if "v_pred" in shapes or table.get("ss_v_parameterization", "").lower() in _YES:
        return Prediction("v_prediction", zero_snr)
    stated = next((value for key in _PREDICTION_KEYS if (value := table.get(key, ""))), "")
    if not stated and re.search(
        r"\bv-?pred(iction)?\b|-v2?-768-v\b", table.get("modelspec.architecture", "").lower()
    ):
        stated = "v"
    kind = _PREDICTIONS.get(re.sub(r"[^a-z0-9]", "", stated.lower()), "") if stated else "epsilon"
    return Prediction(kind, zero_snr, stated)


def _scheduler(large: bool, predicted: Prediction) -> dict[str, Any]:
    more: dict[str, Any] = (
        {} if predicted.kind == "epsilon" else {"prediction_type": predicted.kind}
    )
    if (
        predicted.zero_snr
    ):  # PNDM has no such steps; the first of them must be the last one of training
        more |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    if large or predicted.zero_snr:
        table = {
            "_class_name": "EulerDiscreteScheduler",
            **_NOISE,
            "steps_offset": 1,
            "timestep_spacing": "leading",
        }
    else:
        table = {
            "_class_name": "PNDMScheduler",
            **_NOISE,
            "steps_offset": 1,
            "skip_prk_steps": True,
            "set_alpha_to_one": False,
        }
    return {**table, **more}


def _count(shapes: Shapes, pattern: str) -> int:
    """Return how many numbers stand in the place of the pattern's group."""
    return len({match[1] for name in shapes if (match := re.match(pattern, name))})


def _unet(shapes: Shapes, large: bool, encoders: list[dict[str, Any]]) -> dict[str, Any]:
    inside = {
        name.removeprefix(_UNET): shape for name, shape in shapes.items() if name.startswith(_UNET)
    }
    widths, depths, layers = _levels(inside)
    middle = _count(inside, r"middle_block\.1\.transformer_blocks\.(\d+)\.")
    context = next(shape[1] for name, shape in inside.items() if name.endswith("attn2.to_k.weight"))
    if not depths[-1]:
        depths[-1] = -middle  # a last level without attention: the middle takes its depth
    table: dict[str, Any] = {
        "_class_name": "UNet2DConditionModel",
        "sample_size": 128 if large else 64,
        "in_channels": inside["input_blocks.0.0.weight"][1],
        "out_channels": inside["out.2.weight"][0],
        "block_out_channels": widths,
        "layers_per_block": layers,
        "cross_attention_dim": context,
        "down_block_types": [
            "CrossAttnDownBlock2D" if depth > 0 else "DownBlock2D" for depth in depths
        ],
        "up_block_types": [
            "CrossAttnUpBlock2D" if depth > 0 else "UpBlock2D" for depth in reversed(depths)
        ],
        "transformer_layers_per_block": [abs(depth) or 1 for depth in depths],
        "attention_head_dim": [width // _HEAD_WIDTH for width in widths] if large else 8,
        "use_linear_projection": any(
            name.endswith(".proj_in.weight") and len(shape) == 2 for name, shape in inside.items()
        ),
    }
    if depths[-1] > 0 and depths[-1] != middle:
        raise ValueError("the middle has another depth")
    if large:
        added = inside["label_emb.0.0.weight"][1]
        times, rest = divmod(added - encoders[1]["projection_dim"], 6)
        if rest or times <= 0:
            raise ValueError("sizes of a picture that are no six numbers")
        table |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": times,
            "projection_class_embeddings_input_dim": added,
        }
    return table


def _levels(inside: Shapes) -> tuple[list[int], list[int], int]:
    """Return each level's channels, depth of its transformers (0 for none), and the layers that all
    levels have.
    """
    widths, depths, layers = [0], [0], [0]
    for number in range(1, _count(inside, r"input_blocks\.(\d+)\.")):
        if f"input_blocks.{number}.0.op.weight" in inside:
            for each in (widths, depths, layers):
                each.append(0)
            continue
        widths[-1] = inside[f"input_blocks.{number}.0.out_layers.3.weight"][0]
        depths[-1] = _count(inside, rf"input_blocks\.{number}\.1\.transformer_blocks\.(\d+)\.")
        layers[-1] += 1
    if len(set(layers)) != 1 or not layers[0]:
        raise ValueError("levels of several lengths")
    return widths, depths, layers[0]


def _vae(shapes: Shapes, large: bool) -> dict[str, Any]:
    inside = {
        name.removeprefix(_VAE): shape for name, shape in shapes.items() if name.startswith(_VAE)
    }
    levels = _count(inside, r"encoder\.down\.(\d+)\.")
    return {
        "_class_name": "AutoencoderKL",
        "in_channels": 3,
        "out_channels": 3,
        "sample_size": 1024 if large else 512,
        "block_out_channels": [
            inside[f"encoder.down.{level}.block.0.conv1.weight"][0] for level in range(levels)
        ],
        "layers_per_block": _count(inside, r"encoder\.down\.0\.block\.(\d+)\."),
        "latent_channels": inside["decoder.conv_in.weight"][1],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "scaling_factor": 0.13025 if large else 0.18215,
        "force_upcast": large,
    }


def _clip(shapes: Shapes, root: str) -> dict[str, Any]:
    tokens, width = shapes[root + "embeddings.token_embedding.weight"]
    return _encoder(
        "CLIPTextModel",
        tokens,
        width,
        shapes[root + "embeddings.position_embedding.weight"][0],
        _count(shapes, re.escape(root) + r"encoder\.layers\.(\d+)\."),
        shapes[root + "encoder.layers.0.mlp.fc1.weight"][0],
        width,
        "quick_gelu",
    )


def _open_clip(shapes: Shapes, root: str) -> dict[str, Any]:
    tokens, width = shapes[root + "token_embedding.weight"]
    return _encoder(
        "CLIPTextModelWithProjection",
        tokens,
        width,
        shapes[root + "positional_embedding"][0],
        _count(shapes, re.escape(root) + r"transformer\.resblocks\.(\d+)\."),
        shapes[root + "transformer.resblocks.0.mlp.c_fc.weight"][0],
        shapes[root + "text_projection"][1],
        "gelu",
    )


def _encoder(
    kind: str,
    tokens: int,
    width: int,
    positions: int,
    layers: int,
    inner: int,
    projection: int,
    activation: str,
) -> dict[str, Any]:
    padding = 1 if kind == "CLIPTextModelWithProjection" else tokens - 1
    return {
        "architectures": [kind],
        "model_type": "clip_text_model",
        "vocab_size": tokens,
        "hidden_size": width,
        "max_position_embeddings": positions,
        "num_hidden_layers": layers,
        "intermediate_size": inner,
        "num_attention_heads": width // _HEAD_WIDTH,
        "projection_dim": projection,
        "hidden_act": activation,
        "bos_token_id": tokens - 2,
        "eos_token_id": tokens - 1,
        "pad_token_id": padding,
    }
