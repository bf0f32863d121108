"""What is in a folder or file that a person wants to add: told from headers and configurations,
never from the name.

Refuses what is not safe or cannot run, with the reason, before anything is copied or loaded. See
docs/security.md.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.core.file_names import printable, slug
from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError, opened
from studio.models import video_families
from studio.models.card import SINGS, SYMBOLIC_MUSIC, ModelCard
from studio.models.families import (
    CODEC,
    CODEC_TABLES,
    EVENTS_FILE,
    NEED_CODEC,
    PIPELINES,
    SAFE_LIBRARIES,
    SLOW_SONG,
    SOUND_DEFAULTS,
    TOKENIZER_FILES,
    _guidance,
    _image_defaults,
    _kind_of,
    families,
)
from studio.models.files import licenses, scaled_weights
from studio.models.files.folder_check import (
    check_folder,
    check_headers,
    check_names,
    check_weights,
    read_json,
    refused,
)
from studio.models.files.gguf_header import read_gguf
from studio.models.files.tensor_layout import WeightsKind, tell
from studio.models.files.weights_header import WeightsHeader, read_safetensors
from studio.models.inspect import adapter, checkpoint, piper
from studio.models.inspect.clip_vocabulary import WHERE, find_clip_vocabulary
from studio.models.inspect.voices import voices_of

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
SOUND_PARTS = (CODEC, "vocoder")
"""Folders of a speech model for what the hub keeps in a repository of its own."""
MAX_TITLE = 80
LARGEST = 2**31 - 1
_WITHOUT_WEIGHTS = re.compile(
    r"^(?!audio_token).*(tokenizer|scheduler|processor|feature_extractor)"
)
# What another head than a language model's makes of the same family; loaded as text it would
# babble.
_OTHER_HEADS = re.compile(
    r"For(SequenceClassification|TokenClassification|QuestionAnswering|MultipleChoice|Reward\w{0,60})$"
)


def inspect(path: Path, data: DataFolder | None = None) -> ModelCard:
    """Return a card for what lies at `path` (a folder, a .gguf or a .safetensors file). Raises
    StudioError with the reason.

    `data` says which models are there already: a checkpoint in one file takes its words from
    another.
    """
    try:
        str(path).encode()  # a name that is no text can be kept in no card
        return _inspect(path, data)
    except UnicodeEncodeError as error:
        raise refused(path, "its name is not readable text. Rename it.") from error
    except HeaderError as error:
        raise refused(path, f"{error}.") from error
    except OSError as error:
        raise refused(path, f"it cannot be read ({error.strerror or error}).") from error


def _inspect(path: Path, data: DataFolder | None) -> ModelCard:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return _folder(path, data)
    if not stat.S_ISREG(mode):
        raise refused(path, "it is neither a file nor a folder.")
    return _single_file(path, data)


# Folders
# ----------------------------------------------------------------------


def _folder(folder: Path, data: DataFolder | None = None) -> ModelCard:
    snapshot = snapshot_of(folder)
    if snapshot is not None:
        return _folder(snapshot, data)
    check_folder(folder)
    if (folder / "model_index.json").exists():
        return _licensed(_diffusers(folder), folder)
    if (folder / "adapter_config.json").exists():
        return adapter.of_peft_folder(folder, data)
    if (folder / "config.json").exists():
        moves = read_json(folder / "config.json").get("_class_name") == "MotionAdapter"
        return _licensed(_motion_adapter(folder) if moves else _transformers(folder, data), folder)
    files = [path for path in folder.iterdir() if path.suffix.lower() in (".gguf", ".safetensors")]
    files = files or [path for path in folder.iterdir() if path.suffix.lower() == ".onnx"]
    if len(files) == 1:
        return _single_file(files[0], data)
    if len(files) > 1:
        raise refused(folder, "it holds several models. Add one of its files.")
    check_weights(folder, folder)  # says what there is instead
    raise refused(
        folder,
        "it holds neither a model_index.json nor a config.json, so that it cannot be told what it "
        "is.",
    )


def snapshot_of(folder: Path) -> Path | None:
    """Return the snapshot that a model's folder in a hub cache is about: of `main`, else the
    newest; None where it is no such.
    """
    snapshots = [
        path
        for path in folder.glob("snapshots/*/")
        if (folder / "blobs").is_dir() or folder.name.startswith("models--")
    ]
    if not snapshots:
        return None
    try:
        with opened(folder / "refs" / "main") as (file, _size):
            named = folder / "snapshots" / Path(file.read(200).decode().strip()).name
    except (OSError, ValueError):
        named = folder
    return named if named in snapshots else max(snapshots, key=lambda path: path.stat().st_mtime)


def _licensed(card: ModelCard, folder: Path) -> ModelCard:
    return msgspec.structs.replace(card, licence=licenses.of_folder(folder))


def _title(folder: Path) -> str:
    # A hub cache calls its snapshots by hashes: models--openai-community--gpt2/snapshots/607a30d7…
    name = folder.parent.parent.name if folder.parent.name == "snapshots" else folder.name
    return printable(name.rpartition("--")[2])[:MAX_TITLE].strip() or "Model"


def _diffusers(folder: Path) -> ModelCard:
    index = read_json(folder / "model_index.json")
    family = index.get("_class_name")
    if not isinstance(family, str) or not re.fullmatch(r"[A-Za-z0-9_]+", family):
        raise refused(folder, "its model_index.json names no pipeline.")
    if not any(family in families()[kind] for kind in PIPELINES):
        raise refused(
            folder,
            f"its pipeline ({family[:MAX_TITLE]}) makes no pictures, videos or sounds from text.",
        )
    parameters = size = 0
    for name, entry in index.items():
        if name.startswith("_") or not isinstance(entry, list) or entry == [None, None]:
            continue
        more, more_bytes = _part(folder, name, entry)
        parameters, size = parameters + more, size + more_bytes
    if not parameters:
        raise refused(folder, "it holds no weights.")
    title = _title(folder)
    if family in families()["sounds"]:
        return ModelCard(
            name=_name(title),
            title=title,
            kind="music",
            runner="diffusers",
            family=family,
            path=str(folder.absolute()),
            parameters=parameters,
            size=size,
            sampling_rate=_pipelines_rate(folder),
            negative_prompt=family != SINGS,
            guidance="ignored" if _is_turbo(folder) else "above_1",
            defaults=SOUND_DEFAULTS.get(family, {})
            | (SLOW_SONG if family == SINGS and not _is_turbo(folder) else {}),
        )
    card = ModelCard(
        name=_name(title),
        title=title,
        kind="image",
        runner="diffusers",
        family=family,
        path=str(folder.absolute()),
        parameters=parameters,
        size=size,
        guidance=_guidance(family),
    )
    if family in families()["video"]:
        return video_families.of_family(card, folder)
    return msgspec.structs.replace(card, defaults=_image_defaults(folder, family))


def _motion_adapter(folder: Path) -> ModelCard:
    parameters, size = check_weights(folder, folder, variants=True)
    title = _title(folder)
    card = ModelCard(
        name=_name(title),
        title=title,
        kind="video",
        runner="diffusers",
        family=video_families.MOTION_FAMILY,
        base=video_families.MOTION_BASE,
        path=str(folder.absolute()),
        parameters=parameters,
        size=size,
    )
    return video_families.of_family(card, folder)


def _is_turbo(folder: Path) -> bool:
    """True for a pipeline whose guidance is distilled into its weights (ACE-Step turbo)."""
    path = folder / "transformer" / "config.json"
    return path.is_file() and read_json(path).get("is_turbo") is True


def _pipelines_rate(folder: Path) -> int:
    """Return the samples a second of what turns a pipeline's latents into sound, where it says so;
    else 0.
    """
    files = [
        path for part in ("vocoder", "vae") if (path := folder / part / "config.json").is_file()
    ]
    return next((rate for path in files if (rate := _number(read_json(path), "sampling_rate"))), 0)


def _part(folder: Path, name: str, entry: list[Any]) -> tuple[int, int]:
    """Return parameters and bytes of one part of a pipeline. Raises StudioError where it is unsafe
    or not whole.
    """
    if (
        len(entry) != 2
        or not all(isinstance(word, str) for word in entry)
        or entry[0] not in SAFE_LIBRARIES
    ):
        raise refused(
            folder,
            f"its part {name} comes from {str(entry[:1])[1:-1]}, and only diffusers and "
            "transformers are trusted.",
        )
    part = folder / name
    if Path(name).name != name or not part.is_dir():
        raise refused(folder, f"its part {name} is missing.")
    if _WITHOUT_WEIGHTS.search(name):
        check_headers(folder, part)  # whatever it is called, a library might load what lies there
        return 0, 0
    if not (part / "config.json").is_file():
        raise refused(folder, f"the config.json of its part {name} is missing.")
    counted = check_weights(folder, part, variants=True)
    check_names(folder, part, read_json(part / "config.json"))
    return counted


def _transformers(folder: Path, data: DataFolder | None) -> ModelCard:
    config = read_json(folder / "config.json")
    nested = config.get("text_config")
    text = nested if isinstance(nested, dict) else config
    family = config.get("model_type")
    if family is None and isinstance(config.get("_class_name"), str):
        if config["_class_name"] in adapter.CONTROLNETS:
            return adapter.of_controlnet_folder(folder, config, data)
        raise refused(folder, _why_no_part(config["_class_name"]))
    kind = _kind_of(family) if isinstance(family, str) else ""
    if not kind or not isinstance(family, str):
        raise refused(folder, _why_no_kind(family))
    if (
        kind == "text" and (folder / EVENTS_FILE).is_file()
    ):  # a language of notes: see engine/music/symbolic.py
        kind, family = "music", SYMBOLIC_MUSIC
    _check_loadable(folder, config, kind)
    parameters, size = check_weights(folder, folder)
    check_names(folder, folder, config, head=kind == "text")
    positions = next(
        (
            number
            for key in ("max_position_embeddings", "n_positions")
            if (number := _number(text, key))
        ),
        0,
    )
    relative = family in ("t5", "mt5", "umt5", "longt5")
    chat, title = _has_chat(folder), _title(folder)
    return ModelCard(
        name=_name(title),
        title=title,
        kind=kind,
        runner="transformers",
        family=family,
        path=str(folder.absolute()),
        parameters=parameters,
        size=size,
        encoder_decoder=family in families()["seq2seq"],
        chat=chat,
        max_positions=0 if relative or kind != "text" else positions,
        template_tokens=16 if chat else 0,
        sampling_rate=_sampling_rate(folder, config),
        voices=voices_of(folder, family, config) if kind == "speech" else (),
        defaults=_text_defaults(positions) if kind == "text" else {},
    )


def _why_no_part(name: str) -> str:
    if re.search("ControlNet|T2IAdapter", name):
        return f"it is a ControlNet ({name[:MAX_TITLE]}), which Studio cannot use yet."
    return f"it is one part of a model ({name[:MAX_TITLE]}). Add the folder of the whole one."


def _why_no_kind(family: Any) -> str:
    if isinstance(family, str) and family:
        return f"its kind of model ({family[:MAX_TITLE]}) is not one that Studio runs."
    return "its config.json does not say what it is."


def _check_loadable(folder: Path, config: dict[str, Any], kind: str) -> None:
    heads = config.get("architectures")
    if (
        isinstance(heads, list)
        and heads
        and all(isinstance(head, str) and _OTHER_HEADS.search(head) for head in heads)
    ):
        raise refused(folder, f"it sorts texts ({heads[0][:MAX_TITLE]}) and cannot write any.")
    if config.get("model_type") in NEED_CODEC:
        check_part(folder, CODEC)
    if kind == "text" and not any((folder / name).exists() for name in TOKENIZER_FILES):
        raise refused(folder, "its tokenizer is missing.")


def check_part(folder: Path, name: str) -> None:
    """Raise StudioError where the part of a model that lies in a folder of its own is missing or
    not whole.
    """
    part = folder / name
    if not (part / "config.json").is_file():
        repository = named_part({path.name: path for path in folder.iterdir()})
        where = f" It lies in {printable(repository)[:MAX_TITLE]}." if repository else ""
        raise refused(
            folder, f"its part {name}, which turns what it makes into sound, is missing.{where}"
        )
    check_weights(folder, part)


def named_part(files: Mapping[str, Path]) -> str:
    """Return the repository that a model's files (name → where it lies) call its codec's; empty
    where they name none.
    """
    for name in CODEC_TABLES:
        table = read_json(files[name]) if name in files else {}
        table = table.get(CODEC, table)
        named = table.get("audio_tokenizer_name_or_path") if isinstance(table, dict) else None
        if isinstance(named, str) and REPOSITORY.fullmatch(named):
            return named
    return ""


def _number(table: Any, key: str) -> int:
    """Return a whole number from a configuration; 0 where there is none that can be meant."""
    value = table.get(key) if isinstance(table, dict) else None
    return value if type(value) is int and 0 < value <= LARGEST else 0


def _text_defaults(positions: int) -> dict[str, Any]:
    return {"max_new_tokens": max(1, positions // 4)} if 0 < positions < 1024 else {}


def _sampling_rate(folder: Path, config: dict[str, Any]) -> int:
    """Return the samples a second that a model makes, where it or the part that makes the wave says
    so; else 0.
    """
    parts = [
        read_json(path) for name in SOUND_PARTS if (path := folder / name / "config.json").is_file()
    ]
    tables = [
        config,
        *(config.get(name) for name in ("audio_encoder", "codec_config", "audio_config")),
        *parts,
    ]
    return next((rate for table in tables if (rate := _number(table, "sampling_rate"))), 0)


def _has_chat(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    return (folder / "chat_template.jinja").exists() or (
        path.exists() and bool(read_json(path).get("chat_template"))
    )


# Files
# ----------------------------------------------------------------------


def _single_file(path: Path, data: DataFolder | None) -> ModelCard:
    with opened(path) as (file, _size):
        first = file.read(4)
    if first == b"GGUF":
        return _gguf(path)
    if path.suffix.lower() == ".onnx":
        return piper.inspect_voice(path, _name(path.stem))
    header = read_safetensors(path)
    contents = tell(header)
    if contents.kind == "checkpoint":
        return _checkpoint(path, header, contents, data)
    if contents.kind in adapter.KINDS and not (path.parent.parent / "model_index.json").exists():
        return adapter.of_file(path, header, contents, data)
    if (path.parent / "config.json").exists() or (path.parent / "model_index.json").exists():
        return _inspect(path.parent, data)
    if (path.parent.parent / "model_index.json").exists():
        raise refused(path, "it is one part of a model. Add the folder above.")
    raise refused(path, _why_no_file(contents))


def _why_no_file(contents: WeightsKind) -> str:
    if contents.kind == "denoiser":
        return f"it is {contents}. Add the model's diffusers folder."
    if contents.kind in ("unknown", "language_model"):
        return "its config.json is missing. Add the folder that holds both."
    return f"it is {contents} and makes nothing alone."


def _checkpoint(
    path: Path, header: WeightsHeader, contents: WeightsKind, data: DataFolder | None
) -> ModelCard:
    why = checkpoint.why_not(contents, header) or scaled_weights.why_not(header)
    if why:
        raise refused(path, f"{why}.")
    if path.suffix != ".safetensors":
        raise refused(path, "diffusers loads it only where it is called .safetensors. Rename it.")
    if (
        find_clip_vocabulary(path, checkpoint.vocabulary_size(contents.family, header.shapes), data)
        is None
    ):
        raise refused(
            path,
            f"it is {contents}, and the words that it reads (CLIP's vocab.json and merges.txt) are "
            f"not in it, nor {WHERE}. "
            "Add a Stable Diffusion in a diffusers folder first.",
        )
    family, side = checkpoint.FAMILIES[contents.family], 1024 if contents.family == "SDXL" else 512
    title = printable(path.stem)[:MAX_TITLE].strip() or "Model"
    return ModelCard(
        name=_name(title),
        title=title,
        kind="image",
        runner="diffusers",
        family=family,
        path=str(path.absolute()),
        parameters=header.parameters,
        size=path.stat().st_size,
        guidance=_guidance(family),
        licence=licenses.of_header(header.metadata),
        defaults={"width": side, "height": side},
    )


def _gguf(path: Path) -> ModelCard:
    header = read_gguf(path)
    family = header.metadata.get("general.architecture")
    if header.metadata.get("general.type", "model") != "model":
        raise refused(
            path, f"it is no model of its own ({str(header.metadata['general.type'])[:MAX_TITLE]})."
        )
    if not isinstance(family, str) or family not in families()["gguf"]:
        raise refused(path, _why_no_gguf(family, tell(header)))
    if _number(header.metadata, "split.count") > 1:
        raise refused(
            path,
            "it is one part of several. Join them into one file first (llama-gguf-split --merge).",
        )
    title = (
        printable(str(header.metadata.get("general.name") or path.stem))[:MAX_TITLE].strip()
        or "Model"
    )
    return ModelCard(
        name=_name(path.stem),
        title=title,
        kind="text",
        runner="transformers",
        family=family,
        path=str(path.absolute()),
        parameters=header.parameters,
        size=path.stat().st_size,
        max_positions=_number(header.metadata, f"{family}.context_length"),
        chat="tokenizer.chat_template" in header.metadata,
        encoder_decoder=family == "t5",
        licence=licenses.of_header(header.metadata) or licenses.of_folder(path.parent),
    )


def _why_no_gguf(family: Any, contents: WeightsKind) -> str:
    if contents.kind in ("denoiser", "checkpoint"):
        return f"it is {contents} as a GGUF. Add the model's diffusers folder."
    if contents.kind in ("text_encoder", "vae", "image_encoder"):
        return f"it is {contents} and makes nothing alone."
    return f"its architecture ({str(family)[:MAX_TITLE]}) cannot be loaded."


def _name(title: str) -> str:
    """Return a folder name for a model: a-z 0-9 . - _, and none that Windows keeps for itself."""
    return (
        slug(re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("-._")[:60]).strip("-.") or "model"
    )
