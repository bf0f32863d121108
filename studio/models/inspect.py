"""What is in a folder or file that a person wants to add: told from headers and configurations, never from the name.

Refuses what is not safe or cannot run, with the reason, before anything is copied or loaded. See docs/security.md.
"""

from __future__ import annotations

import functools
import json
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.core.paths import resources
from studio.models.card import ModelCard, Voice
from studio.models.headers import HeaderError, read_gguf, read_safetensors

MAX_CONFIG_BYTES = 20 * 2**20
MAX_FILES = 5_000
PICKLE_SUFFIXES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5"}
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "tokenizer.model", "spiece.model")
SAFE_LIBRARIES = {"diffusers", "transformers"}


@functools.cache
def families() -> dict[str, frozenset[str]]:
    """Return causal, seq2seq, speech, music, gguf → the names of the model types (`resources/families.toml`)."""
    table = tomllib.loads((resources() / "families.toml").read_text(encoding="utf-8"))
    return {kind: frozenset(names) for kind, names in table.items()}


def inspect(path: Path) -> ModelCard:
    """Return a card for what lies at `path` (a folder, a .gguf or a .safetensors file). Raises StudioError with the reason."""
    try:
        return _inspect(path)
    except HeaderError as error:
        raise _refused(path, f"{error}.") from error
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror or error}).") from error


def _inspect(path: Path) -> ModelCard:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        _check_folder(path)
        if (path / "model_index.json").exists():
            return _diffusers(path)
        if (path / "config.json").exists():
            return _transformers(path)
        return _loose_folder(path)
    if not stat.S_ISREG(mode):
        raise _refused(path, "it is neither a file nor a folder.")
    return _single_file(path)


def _refused(path: Path, reason: str) -> StudioError:
    return StudioError(
        f"{path.name} was not added: {reason}", cause="model", cure="Choose a model folder of safetensors files, or a GGUF file."
    )


# Folders ---------------------------------------------------------------------------------------------------------------------


def _check_folder(folder: Path) -> None:
    root = folder.resolve()
    for number, path in enumerate(folder.rglob("*")):
        if number > MAX_FILES:
            raise _refused(folder, f"it has more than {MAX_FILES:,} files.")
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            target = path.resolve()
            # A hub cache links from its snapshot to blobs two folders up; that is the one way out that is allowed.
            cache = root.parent.parent / "blobs" if root.parent.name == "snapshots" else root
            if not (target.is_relative_to(root) or target.is_relative_to(cache)) or not target.exists():
                raise _refused(folder, f"{path.name} is a link to outside the folder.")
            mode = target.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise _refused(folder, f"{path.name} is neither a file nor a folder.")
        if path.suffix == ".py":
            raise _refused(folder, f"it holds program code ({path.name}), which Studio never runs.")
        if path.name.endswith(".index.json"):
            _check_index(folder, path)
        elif path.suffix == ".json" and '"auto_map"' in _read_text(path):
            raise _refused(folder, f"it needs code of its own ({path.name} has an auto_map), which Studio never runs.")


def _check_index(folder: Path, path: Path) -> None:
    names = _read_json(path).get("weight_map", {})
    values = set(names.values()) if isinstance(names, dict) else {None}
    for name in values:
        if not isinstance(name, str) or Path(name).name != name or "\\" in name or name in ("", ".", ".."):
            raise _refused(folder, f"{path.name} points to a file outside the folder.")
        if not (path.parent / name).is_file():
            raise _refused(folder, f"{name} is missing.")


def _check_weights(folder: Path, where: Path) -> tuple[int, int]:
    """Return parameters and bytes of the safetensors files in `where`. Raises StudioError where none is whole."""
    files = sorted(where.glob("*.safetensors"))
    if not files:
        pickles = [path.name for path in where.iterdir() if path.suffix in PICKLE_SUFFIXES]
        if pickles:
            raise _refused(
                folder, f"its weights are a pickle ({pickles[0]}), which can run code. Ask for the model as safetensors."
            )
        raise _refused(folder, f"it holds no weights{'' if where == folder else f' in {where.name}'}.")
    parameters = 0
    for file in files:
        try:
            parameters += read_safetensors(file).parameters
        except HeaderError as error:
            raise _refused(folder, f"{file.name} is damaged: {error}.") from error
    return parameters, sum(file.stat().st_size for file in files)


def _diffusers(folder: Path) -> ModelCard:
    index = _read_json(folder / "model_index.json")
    family = index.get("_class_name")
    if not isinstance(family, str) or not re.fullmatch(r"[A-Za-z0-9_]+", family):
        raise _refused(folder, "its model_index.json names no pipeline.")
    parameters = size = 0
    for name, entry in index.items():
        if name.startswith("_") or not isinstance(entry, list) or entry == [None, None]:
            continue
        if len(entry) != 2 or entry[0] not in SAFE_LIBRARIES:
            raise _refused(folder, f"its part {name} comes from {entry[0]!r}, and only diffusers and transformers are trusted.")
        part = folder / name
        if Path(name).name != name or not part.is_dir():
            raise _refused(folder, f"its part {name} is missing.")
        if (part / "config.json").exists():
            more, more_bytes = _check_weights(folder, part)
            parameters, size = parameters + more, size + more_bytes
    if not parameters:
        raise _refused(folder, "it holds no weights.")
    return ModelCard(
        name=_name(folder.name), title=folder.name, kind="image", runner="diffusers", family=family, path=str(folder.absolute()),
        parameters=parameters, size=size, guidance=_guidance(family), defaults=_image_defaults(folder, family),
    )  # fmt: skip


def _guidance(family: str) -> Any:
    if "QwenImage" in family:
        return "true_cfg"
    if family.startswith("Flux"):
        return "embedded"
    return "above_0" if family.startswith("ZImage") else "above_1"


def _image_defaults(folder: Path, family: str) -> dict[str, Any]:
    side = 1024 if re.search("XL|Flux|QwenImage|ZImage|3|Sana|Lumina|Sigma", family) else 512
    if family == "StableDiffusionPipeline":
        sample = _read_json(folder / "unet/config.json").get("sample_size", 64) if (folder / "unet/config.json").exists() else 64
        blocks = (
            _read_json(folder / "vae/config.json").get("block_out_channels") if (folder / "vae/config.json").exists() else None
        )
        factor = 2 ** (len(blocks) - 1) if isinstance(blocks, list) and blocks else 8
        side = min(1024, max(64, sample * factor)) if isinstance(sample, int) else 512
    return {"width": side - side % 8, "height": side - side % 8}


def _transformers(folder: Path) -> ModelCard:
    config = _read_json(folder / "config.json")
    nested = config.get("text_config")
    text = nested if isinstance(nested, dict) else config
    family = str(config.get("model_type", ""))
    kind = _kind_of(family)
    if not kind:
        what = (
            f"its kind of model ({family}) is not one that Studio runs." if family else "its config.json does not say what it is."
        )
        raise _refused(folder, what)
    parameters, size = _check_weights(folder, folder)
    if kind == "text" and not any(
        (folder / name).exists() for name in ("tokenizer.json", "vocab.json", "tokenizer.model", "spiece.model")
    ):
        raise _refused(folder, "its tokenizer is missing.")
    positions = next((text[name] for name in ("max_position_embeddings", "n_positions") if isinstance(text.get(name), int)), 0)
    relative = family in ("t5", "mt5", "umt5", "longt5")
    return ModelCard(
        name=_name(folder.name), title=folder.name, kind=kind, runner="transformers", family=family, path=str(folder.absolute()),
        parameters=parameters, size=size, encoder_decoder=family in families()["seq2seq"], chat=_has_chat(folder),
        max_positions=0 if relative or kind != "text" else positions, template_tokens=16 if _has_chat(folder) else 0,
        sampling_rate=config.get("sampling_rate", 0) if isinstance(config.get("sampling_rate", 0), int) else 0,
        voices=_speakers(config) if kind == "speech" else (), defaults=_text_defaults(positions) if kind == "text" else {},
    )  # fmt: skip


def _kind_of(family: str) -> str:
    kinds = {"causal": "text", "seq2seq": "text", "speech": "speech", "music": "music"}
    return next((kind for name, kind in kinds.items() if family in families()[name]), "")


def _text_defaults(positions: int) -> dict[str, Any]:
    return {"max_new_tokens": max(1, positions // 4)} if 0 < positions < 1024 else {}


def _speakers(config: dict[str, Any]) -> tuple[Voice, ...]:
    count = config.get("num_speakers", 1)
    return (
        tuple(Voice(str(number), f"Speaker {number}") for number in range(min(count, 1000)))
        if isinstance(count, int) and count > 1
        else ()
    )


def _has_chat(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    return (folder / "chat_template.jinja").exists() or (path.exists() and bool(_read_json(path).get("chat_template")))


def _loose_folder(folder: Path) -> ModelCard:
    files = [path for path in folder.iterdir() if path.suffix in (".gguf", ".safetensors")]
    if len(files) == 1:
        return _single_file(files[0])
    if any(path.suffix in PICKLE_SUFFIXES for path in folder.iterdir()):
        raise _refused(folder, "its weights are a pickle, which can run code. Ask for the model as safetensors.")
    raise _refused(folder, "it holds neither a model_index.json nor a config.json, so that it cannot be told what it is.")


# Files -----------------------------------------------------------------------------------------------------------------------


def _single_file(path: Path) -> ModelCard:
    with path.open("rb") as file:
        first = file.read(16)
    if first[:4] == b"GGUF":
        return _gguf(path)
    if first[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise _refused(path, "it is a pickle or an archive, which can run code. Ask for the model as safetensors.")
    header = read_safetensors(path)
    return _safetensors_file(path, header.tensors)


def _safetensors_file(path: Path, tensors: tuple[str, ...]) -> ModelCard:
    if any("lora_" in name or ".lora" in name for name in tensors):
        raise _refused(path, "it is a LoRA, which changes a model and is none itself.")
    if any(name.startswith(("model.diffusion_model.", "conditioner.", "first_stage_model.")) for name in tensors):
        raise _refused(
            path, "it is a checkpoint in one file, whose configuration lies elsewhere. Add the model's diffusers folder."
        )
    if (path.parent / "config.json").exists() or (path.parent / "model_index.json").exists():
        return _inspect(path.parent)
    raise _refused(path, "its config.json is missing. Add the folder that holds both.")


def _gguf(path: Path) -> ModelCard:
    header = read_gguf(path)
    family = str(header.metadata.get("general.architecture", ""))
    if family not in families()["gguf"]:
        raise _refused(path, f"its architecture {family or '(none)'!r} cannot be loaded.")
    positions = header.metadata.get(f"{family}.context_length", 0)
    title = str(header.metadata.get("general.name") or path.stem)[:80]
    return ModelCard(
        name=_name(path.stem), title=title, kind="text", runner="transformers", family=family, path=str(path.absolute()),
        parameters=header.parameters, size=path.stat().st_size, max_positions=positions if isinstance(positions, int) else 0,
        chat="tokenizer.chat_template" in header.metadata, encoder_decoder=family == "t5",
    )  # fmt: skip


# Reading ---------------------------------------------------------------------------------------------------------------------


def _read_text(path: Path) -> str:
    if path.stat().st_size > MAX_CONFIG_BYTES:
        # A tokenizer.json may be this large; it is data, and no configuration that names code is.
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(_read_text(path))
    except (ValueError, RecursionError) as error:
        raise HeaderError(f"{path.name} is damaged") from error
    if not isinstance(table, dict):
        raise HeaderError(f"{path.name} is damaged")
    return table


def _name(title: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("-._")[:60] or "model"
