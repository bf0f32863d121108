"""Summarizes the model at a path from its headers, whether or not Studio can run it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError, opened
from studio.core.translation import mark, tr, tr_marked
from studio.models import llama_cpp
from studio.models.adapter_compatibility import ADAPTER_TITLES
from studio.models.card import ADAPTED_KIND, ModelCard
from studio.models.files import licenses
from studio.models.files.folder_check import weight_headers
from studio.models.files.gguf_header import bytes_of, read_gguf
from studio.models.files.tensor_layout import identify
from studio.models.files.weights_header import WeightsHeader, read_safetensors
from studio.models.files.weights_kind import WeightsKind
from studio.models.inspect import adapter
from studio.models.inspect.model import inspect

_PRECISIONS = {
    "F32": "fp32",
    "F16": "fp16",
    "BF16": "bf16",
    "F64": "fp64",
    "I8": "int8",
    "U8": mark("8-bit, packed"),
    "F4": "fp4",
    "F8_E4M3": "fp8",
    "F8_E5M2": "fp8",
    "F8_E4M3FNUZ": "fp8",
    "F8_E5M2FNUZ": "fp8",
}
_FILE_TYPES = {
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    21: "Q2_K_S",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
}


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """The model at a path."""

    path: str
    title: str
    kind: str
    """text, image, speech, music or video; for other files lora, vae, controlnet … or unknown."""
    what: str
    """For a person: a LoRA for SDXL."""
    format: str = ""
    """safetensors, gguf, onnx, diffusers or transformers; empty if unknown."""
    family: str = ""
    """model_type, pipeline class or architecture; for an adapter what it fits."""
    precision: str = ""
    parameters: int = 0
    size: int = 0
    license: str = ""
    runs: bool = False
    """Studio can add and run it."""
    why_not: str = ""
    """Why Studio cannot add it, as a sentence."""
    converted_size: int = 0
    """Bytes of the converted copy that adding a GGUF writes; 0 for a model that is not copied."""
    card: ModelCard | None = None
    """The card with which it would be added; None if it cannot run."""


def inspect_any(path: Path, data: DataFolder | None = None) -> Inspection:
    """Summarize the model at `path`; damaged or unsafe content raises no error.

    `data` holds the installed models.
    """
    try:
        card = inspect(path, data)
        adapter.check_family_is_known(card)
    except StudioError as error:
        return _refused(path, error.message)
    headers = _headers(path if path.is_file() else card.folder)
    gguf = Path(card.path).is_file() and Path(card.path).suffix.lower() == ".gguf"
    return Inspection(
        path=str(path),
        title=card.title,
        kind=card.adapter.replace("-", "_") or card.kind,
        what=_what(card),
        format=_format(path, card),
        family=card.family,
        precision=precision(headers),
        parameters=card.parameters,
        size=card.size,
        license=card.license,
        runs=True,
        converted_size=bytes_of(card.parameters) if gguf and not llama_cpp.is_installed() else 0,
        card=card,
    )


def precision(headers: list[WeightsHeader]) -> str:
    """Return the number format of most weights: fp16, bf16, Q4_K_M …; empty if unknown.

    Translated where it is shown.
    """
    counts: dict[str, int] = {}
    for header in headers:
        for dtype, count in header.dtypes.items():
            counts[dtype] = counts.get(dtype, 0) + count
    if not counts:
        return ""
    dtype = max(counts, key=lambda name: counts[name])
    file_type = headers[0].metadata.get("general.file_type")
    mixture = _FILE_TYPES.get(file_type) if type(file_type) is int else None
    if mixture and mixture.startswith(dtype[:2]):  # believed only if the tensors agree
        return mixture
    if dtype == "U8" and any(
        name.endswith((".quant_state.bitsandbytes__nf4", ".quant_map"))
        for name in headers[0].shapes
    ):
        return mark("4-bit (bitsandbytes)")
    return _PRECISIONS.get(dtype, dtype)


def _refused(path: Path, reason: str) -> Inspection:
    headers = _headers(path)
    kind = _weights_kind(path, headers)
    parameters = sum(header.parameters for header in headers)
    return Inspection(
        path=str(path),
        title=path.stem if path.is_file() else path.name,
        kind=kind.kind,
        what=str(kind),
        format=_format(path, None) if headers else "",
        family=kind.family,
        precision=precision(headers),
        parameters=parameters,
        size=_size(path),
        license=_license(path, headers),
        why_not=reason,
    )


def _headers(path: Path) -> list[WeightsHeader]:
    try:
        if path.is_dir():
            return weight_headers(path)
        with opened(path) as (file, _size):
            first = file.read(4)
        return [read_gguf(path) if first == b"GGUF" else read_safetensors(path)]
    except (OSError, HeaderError, StudioError):
        return []


def _weights_kind(path: Path, headers: list[WeightsHeader]) -> WeightsKind:
    if len(headers) != 1 or (path.is_dir() and (path / "model_index.json").exists()):
        return WeightsKind("unknown")
    return identify(headers[0])


def _license(path: Path, headers: list[WeightsHeader]) -> str:
    folder = path if path.is_dir() else path.parent
    license = licenses.of_folder(folder)
    if not license and headers:
        license = licenses.of_header(headers[0].metadata)
    return license


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _what(card: ModelCard) -> str:
    if card.adapter:
        title = tr_marked(ADAPTER_TITLES[card.adapter])
        return tr("{adapter} for {model}", adapter=title, model=tr_marked(card.family))
    if card.base:
        model = tr_marked(KINDS[ADAPTED_KIND].model_noun)
        noun = tr("motion for {model}", model=model)
    else:
        noun = tr_marked(KINDS[card.kind].model_noun) if card.kind in KINDS else tr("a model")
    return f"{noun} ({card.family})"


def _format(path: Path, card: ModelCard | None) -> str:
    if path.suffix.lower() == ".onnx":
        return "onnx"
    if path.is_dir():
        if card is not None and Path(card.path).is_file():
            return Path(card.path).suffix.lower().removeprefix(".")
        return "diffusers" if (path / "model_index.json").exists() else "transformers"
    try:
        with opened(path) as (file, _size):
            return "gguf" if file.read(4) == b"GGUF" else "safetensors"
    except (OSError, HeaderError):
        return ""
