"""Makes a folder for transformers of Whisper's weights in a CTranslate2 file.

The numbers are copied as they are. CTranslate2 stores the projections of queries, keys and values
one after the other in one tensor, with zeros for the keys' bias, which Whisper does not have.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from studio.core.regular_file import HeaderError, read_regular
from studio.core.translation import tr
from studio.models.files.config import MAX_CONFIG_BYTES
from studio.models.files.ctranslate2 import FLOAT_TYPES, Container, StoredTensor, read_container

TYPE_NAME = "WhisperSpec"
WEIGHTS = "model.safetensors"
_COPY_BYTES = 1 << 20
_NORM = {"gamma": "weight", "beta": "bias"}
_FIXED = {
    "conv1": "conv1",
    "conv2": "conv2",
    "position_encodings/encodings": "embed_positions.weight",
    "embeddings/weight": "embed_tokens.weight",
}
_LAYER = re.compile(r"layer_(\d+)/(self_attention|attention|ffn)/(layer_norm|linear_\d)/(\w+)")
_NORMS = {
    "self_attention": "self_attn_layer_norm",
    "attention": "encoder_attn_layer_norm",
    "ffn": "final_layer_norm",
}
_PROJECTIONS = {
    ("self_attention", "linear_0"): ("q_proj", "k_proj", "v_proj"),
    ("self_attention", "linear_1"): ("out_proj",),
    ("attention", "linear_0"): ("q_proj",),
    ("attention", "linear_1"): ("k_proj", "v_proj"),
    ("attention", "linear_2"): ("out_proj",),
}
_ATTENTIONS = {"self_attention": "self_attn", "attention": "encoder_attn"}
_SETTINGS = re.compile(
    r"/(activation|alibi|alignment_heads|alignment_layer|num_heads|pre_norm|scale_embeddings"
    r"|start_from_zero_embedding)$"
)


class Part(msgspec.Struct, frozen=True):
    """A tensor of transformers: a range of the file's bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int


class _AddedToken(msgspec.Struct):
    id: int
    content: str


class _Tokenizer(msgspec.Struct):
    added_tokens: list[_AddedToken]


class _Suppressed(msgspec.Struct, frozen=True):
    """Tokens that the model must not write, from the config.json next to a `model.bin`."""

    suppress_ids: tuple[int, ...] = ()
    suppress_ids_begin: tuple[int, ...] = ()


_Content = TypeVar("_Content", _Tokenizer, _Suppressed)


def write_whisper_folder(source: Path, tokenizer: Path, config: Path, folder: Path) -> int:
    """Write a model's folder from a `model.bin` and the files next to it.

    Returns the number of parameters. Raises HeaderError if a file is damaged, and OSError.
    """
    container = read_container(source)
    parts = list(parts_of(container))
    tokens, suppressed = _read(tokenizer, _Tokenizer), _read(config, _Suppressed)
    settings = _model_config(container, source)
    ids = {token.content: token.id for token in tokens.added_tokens}
    shared = _token_ids(ids)
    _write_json(folder / "config.json", {**settings, **shared})
    _write_json(folder / "generation_config.json", _generation_config(ids, suppressed) | shared)
    _write_json(folder / "preprocessor_config.json", _features(settings["num_mel_bins"]))
    _write_json(folder / "tokenizer_config.json", {"tokenizer_class": "WhisperTokenizer"})
    shutil.copyfile(tokenizer, folder / "tokenizer.json")
    write_parts(source, parts, folder / WEIGHTS)
    return sum(_count(part.shape) for part in parts)


def parts_of(container: Container) -> Iterator[Part]:
    """Yield the tensors of `WhisperForConditionalGeneration`. Raises HeaderError."""
    if container.type_name != TYPE_NAME:
        raise HeaderError(tr("it holds {name}, not Whisper", name=container.type_name[:60]))
    for name, stored in container.tensors.items():
        if _SETTINGS.search(name):
            continue
        if stored.item_type not in FLOAT_TYPES:
            raise HeaderError(tr("{name} is quantized", name=name))
        side, _slash, rest = name.partition("/")
        targets = _targets(rest)
        if side not in ("encoder", "decoder") or not targets or stored.shape[0] % len(targets):
            raise HeaderError(tr("its tensor {name} is unknown", name=name))
        yield from _split(f"model.{side}.", targets, stored)


def _targets(name: str) -> tuple[str, ...]:
    """Return the names of the tensors that one tensor holds, in their order; empty if unknown."""
    if name in _FIXED:
        return (_FIXED[name],)
    first, _slash, last = name.rpartition("/")
    if first in _FIXED:
        return (f"{_FIXED[first]}.{last}",)
    if first == "layer_norm" and last in _NORM:
        return (f"layer_norm.{_NORM[last]}",)
    found = _LAYER.fullmatch(name)
    if found is None:
        return ()
    number, block, part, kind = found.groups()
    prefix = f"layers.{number}."
    if part == "layer_norm":
        return (f"{prefix}{_NORMS[block]}.{_NORM[kind]}",) if kind in _NORM else ()
    if block == "ffn":
        return (f"{prefix}{'fc1' if part == 'linear_0' else 'fc2'}.{kind}",)
    projections = _PROJECTIONS.get((block, part), ())
    return tuple(f"{prefix}{_ATTENTIONS[block]}.{one}.{kind}" for one in projections)


def _split(prefix: str, targets: tuple[str, ...], stored: StoredTensor) -> Iterator[Part]:
    size = stored.size // len(targets)
    shape = (stored.shape[0] // len(targets), *stored.shape[1:])
    for number, target in enumerate(targets):
        if not target.endswith("k_proj.bias"):  # zeros
            start = stored.start + number * size
            yield Part(prefix + target, FLOAT_TYPES[stored.item_type], shape, start, size)


def write_parts(source: Path, parts: list[Part], target: Path) -> None:
    """Write a safetensors file of ranges of another file, in bounded memory."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for part in parts:
        header[part.name] = {
            "dtype": part.dtype,
            "shape": part.shape,
            "data_offsets": (at, at + part.size),
        }
        at += part.size
    encoded = msgspec.json.encode(header)
    encoded += b" " * (-len(encoded) % 8)
    with source.open("rb") as file, target.open("wb") as output:
        output.write(len(encoded).to_bytes(8, "little") + encoded)
        for part in parts:
            file.seek(part.start)
            _copy(file, output, part)


def _copy(file: BinaryIO, output: BinaryIO, part: Part) -> None:
    left = part.size
    while left:
        block = file.read(min(left, _COPY_BYTES))
        if not block:
            raise HeaderError(tr("it ends inside {name}", name=part.name))
        output.write(block)
        left -= len(block)


def _model_config(container: Container, source: Path) -> dict[str, Any]:
    """Return the model's sizes as in a config.json, read from the shapes. Raises HeaderError."""
    try:
        shapes = {name: stored.shape for name, stored in container.tensors.items()}
        vocabulary, width = shapes["decoder/embeddings/weight"]
        config: dict[str, Any] = {
            "architectures": ["WhisperForConditionalGeneration"],
            "model_type": "whisper",
            "d_model": width,
            "vocab_size": vocabulary,
            "num_mel_bins": shapes["encoder/conv1/weight"][1],
            "max_source_positions": shapes["encoder/position_encodings/encodings"][0],
            "max_target_positions": shapes["decoder/position_encodings/encodings"][0],
        }
        with source.open("rb") as file:
            for side in ("encoder", "decoder"):
                layers = {
                    name.split("/")[1] for name in shapes if name.startswith(f"{side}/layer_")
                }
                config[f"{side}_layers"] = len(layers - {"layer_norm"})
                file.seek(container.tensors[f"{side}/num_heads"].start)
                config[f"{side}_attention_heads"] = int.from_bytes(file.read(2), "little")
                config[f"{side}_ffn_dim"] = shapes[f"{side}/layer_0/ffn/linear_0/bias"][0]
    except (KeyError, ValueError, IndexError) as error:
        raise HeaderError(tr("it lacks tensors of Whisper")) from error
    if not all(config.values()):
        raise HeaderError(tr("it lacks tensors of Whisper"))
    return config


def _token_ids(ids: Mapping[str, int]) -> dict[str, int]:
    try:
        end, start = ids["<|endoftext|>"], ids["<|startoftranscript|>"]
    except KeyError as error:
        raise HeaderError(tr("its tokenizer is not that of Whisper")) from error
    return {
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": start,
    }


def _generation_config(ids: Mapping[str, int], suppressed: _Suppressed) -> dict[str, Any]:
    languages = {
        name: number for name, number in ids.items() if re.fullmatch(r"<\|[a-z]{2,3}\|>", name)
    }
    try:
        tasks = {task: ids[f"<|{task}|>"] for task in ("transcribe", "translate")}
        no_timestamps = ids["<|notimestamps|>"]
    except KeyError as error:
        raise HeaderError(tr("its tokenizer is not that of Whisper")) from error
    return {
        "is_multilingual": len(languages) > 1,
        "lang_to_id": languages,
        "task_to_id": tasks,
        "no_timestamps_token_id": no_timestamps,
        "max_initial_timestamp_index": 50,
        "suppress_tokens": suppressed.suppress_ids,
        "begin_suppress_tokens": suppressed.suppress_ids_begin,
    }


def _features(mel_bins: int) -> dict[str, Any]:
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "feature_size": mel_bins,
        "sampling_rate": 16_000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "n_samples": 480_000,
        "nb_max_frames": 3_000,
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def _read(path: Path, expected: type[_Content]) -> _Content:
    try:
        return msgspec.json.decode(read_regular(path, MAX_CONFIG_BYTES), type=expected)
    except (msgspec.DecodeError, RecursionError) as error:
        raise HeaderError(tr("{name} is damaged", name=path.name)) from error


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(values), indent=2))


def _count(shape: tuple[int, ...]) -> int:
    product = 1
    for side in shape:
        product *= side
    return product
