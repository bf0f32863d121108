"""Selects the files of a repository to download, by their names.

One precision of safetensors, or one GGUF, with configurations and tokenizers. Never pickles,
program code, or the same weights for other frameworks.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.translation import tr
from studio.models.files.folder_check import CODE_SUFFIXES, MAX_FILES, PICKLE_SUFFIXES
from studio.models.hub.repository import RemoteFile, Repository

RemoteFiles = dict[str, RemoteFile]
"""Path in the repository → file."""
PipelineIndex = dict[str, Any]
"""A model_index.json: part → [library, class]."""
MAX_DEPTH = 4
LARGEST_FILE = 50 * 10**9
"""Hubs do not serve larger ones over plain HTTP."""
_WEIGHTS = re.compile(
    r"(model|diffusion_pytorch_model)(?:\.(?P<variant>\w+?))?(?P<part>-\d{5}-of-\d{5})?\.safetensors"
)
_INDEX = re.compile(
    r"(model|diffusion_pytorch_model)\.safetensors\.index(?:\.(?P<variant>\w+))?\.json"
)
_HALF = ("fp16", "bf16")
_TEXT_SUFFIXES = {".json", ".txt", ".model", ".spm", ".jinja"}
_LEGAL = re.compile(r"(licen[cs]e|notice|copying|use_policy)[^/]*", re.IGNORECASE)
_NEVER = (
    PICKLE_SUFFIXES
    | CODE_SUFFIXES
    | {
        ".onnx",
        ".onnx_data",
        ".npy",
        ".npz",
        ".zip",
        ".tar",
        ".gz",
        ".so",
        ".dll",
        ".exe",
        ".sh",
        ".bat",
    }
)
_SPLIT_GGUF = re.compile(r"-\d{5}-of-\d{5}\.gguf$")


def choose(
    repository: Repository, listing: Iterable[RemoteFile], parts: PipelineIndex | None
) -> list[RemoteFile]:
    """Return the files to download; none if the user must choose one of several GGUF files.

    `parts` is the repository's model_index.json, if it has one. Raises StudioError.
    """
    files = {file.path: file for file in checked(repository, listing)}
    if repository.files:
        return _wanted(repository, files)
    if parts is not None:
        names = _pipeline(repository, files, parts)
    elif "config.json" in files:
        names = _model(repository, files)
    elif ggufs(files.values()):
        found = ggufs(files.values())
        return found if len(found) == 1 else []
    else:
        raise _refused(repository, _why_nothing(files))
    return _weights_last(files[name] for name in names)


def checked(repository: Repository, listing: Iterable[RemoteFile]) -> list[RemoteFile]:
    """Return the files whose names can be used.

    Raises StudioError for a name outside the folder, which only a hostile repository has.
    """
    files = list(listing)
    if len(files) > MAX_FILES:
        raise _refused(repository, tr("it has more than {count:,} files.", count=MAX_FILES))
    for file in files:
        path = PurePosixPath(file.path)
        odd = "\\" in file.path or not file.path.isprintable() or PureWindowsPath(file.path).drive
        if odd or path.is_absolute() or ".." in path.parts or path.as_posix() != file.path:
            raise _refused(
                repository,
                tr(
                    "it names a file outside its folder ({path}).",
                    path=printable(file.path)[:80],
                ),
            )
    return [file for file in files if len(PurePosixPath(file.path).parts) <= MAX_DEPTH]


def ggufs(files: Iterable[RemoteFile]) -> list[RemoteFile]:
    """Return the GGUF files that are models of their own, the smallest first."""
    found = [
        file
        for file in files
        if file.path.lower().endswith(".gguf") and not _SPLIT_GGUF.search(file.path)
    ]
    return sorted(
        (file for file in found if "mmproj" not in file.path.lower()), key=lambda file: file.size
    )


def _wanted(repository: Repository, files: RemoteFiles) -> list[RemoteFile]:
    found: dict[str, RemoteFile] = {}
    for pattern in repository.files:
        names = [pattern] if pattern in files else fnmatch.filter(files, pattern)
        if not names:
            others = ", ".join(file.path for file in ggufs(files.values()))
            raise StudioError(
                tr("{repo} has no file {file}.", repo=repository.repo, file=repr(pattern[:120])),
                cause="invalid",
                cure=tr("It has: {files}", files=others) if others else tr("Check its name."),
            )
        found |= {name: files[name] for name in names}
    unsafe = [name for name in found if PurePosixPath(name).suffix.lower() in _NEVER]
    if unsafe:
        raise _refused(
            repository,
            tr(
                "{file} is neither safetensors nor GGUF, and only these are safe to load.",
                file=unsafe[0],
            ),
        )
    if any(_SPLIT_GGUF.search(name) for name in found):
        raise _refused(repository, tr("it is one part of several, which Studio cannot join."))
    if len(found) > 1 and any(name.lower().endswith(".gguf") for name in found):
        raise StudioError(
            tr("One GGUF at a time."), cause="invalid", cure=tr("Each is a model of its own.")
        )
    return _weights_last(found.values())


def _pipeline(repository: Repository, files: RemoteFiles, parts: PipelineIndex) -> list[str]:
    code = [name for name in files if PurePosixPath(name).suffix.lower() in CODE_SUFFIXES]
    if code:
        raise _refused(
            repository, tr("it holds program code ({name}), which Studio never runs.", name=code[0])
        )
    wanted = [
        name
        for name, entry in parts.items()
        if not name.startswith("_") and isinstance(entry, list) and entry != [None, None]
    ]
    inside = {
        part: [name for name in files if PurePosixPath(name).parent.as_posix() == part]
        for part in wanted
    }
    weights = {part: _weights_by_precision(names) for part, names in inside.items()}
    weight_sets = [found for found in weights.values() if found]
    if not weight_sets:
        raise _refused(repository, _why_nothing(files))
    half = next(
        (variant for variant in _HALF if all(variant in found for found in weight_sets)), ""
    )
    chosen = [
        "model_index.json",
        *(name for name in files if "/" not in name and _LEGAL.fullmatch(name)),
    ]
    for part, names in inside.items():
        chosen += [name for name in names if _is_small_text(name)]
        if found := weights[part]:
            chosen += found.get(half) or found.get("") or next(iter(found.values()))
        elif pickles := [
            name for name in names if PurePosixPath(name).suffix.lower() in PICKLE_SUFFIXES
        ]:
            raise _refused(
                repository,
                tr(
                    "its part {part} is a pickle ({name}), which can run code.",
                    part=part,
                    name=pickles[0],
                ),
            )
    return chosen


def _model(repository: Repository, files: RemoteFiles) -> list[str]:
    top = [name for name in files if "/" not in name]
    weights = _weights_by_precision(top).get("")
    if not weights:
        raise _refused(repository, _why_nothing(files))
    texts = [name for name in top if _is_small_text(name) or _LEGAL.fullmatch(name)]
    templates = [
        name for name in files if re.fullmatch(r"additional_chat_templates/[^/]+\.jinja", name)
    ]
    voices = [name for name in files if re.fullmatch(r"voices/[^/]+\.safetensors", name)]
    return [*texts, *templates, *voices, *weights]


def _is_small_text(name: str) -> bool:
    """Return whether a file is a configuration, tokenizer or template, and no index of weights."""
    path = PurePosixPath(name)
    return (
        path.suffix.lower() in _TEXT_SUFFIXES
        and ".index." not in path.name
        and not path.name.startswith(("README", "requirements"))
    )


def _weights_by_precision(names: list[str]) -> dict[str, list[str]]:
    """Return precision → its files, if they are complete: one file, or numbered ones and an index.

    The precision is empty for files that name none.
    """
    found: dict[str, list[str]] = {}
    indexes = {
        (match["variant"] or ""): name
        for name in names
        if (match := _INDEX.fullmatch(PurePosixPath(name).name))
    }
    matches = [
        (name, match)
        for name in sorted(names)
        if (match := _WEIGHTS.fullmatch(PurePosixPath(name).name))
    ]
    for name, match in matches:
        if not match["part"]:
            found[match["variant"] or ""] = [name]
    for name, match in matches:
        variant = match["variant"] or ""
        if (
            match["part"]
            and variant in indexes
            and (variant not in found or indexes[variant] in found[variant])
        ):
            found.setdefault(variant, [indexes[variant]]).append(name)
    return found


def _weights_last(files: Iterable[RemoteFile]) -> list[RemoteFile]:
    """Return the files sorted: the small ones show what the model is before weights follow."""
    return sorted(
        dict.fromkeys(files),
        key=lambda file: (file.path.endswith((".safetensors", ".gguf")), file.path),
    )


def _why_nothing(files: RemoteFiles) -> str:
    pickles = sorted(
        name for name in files if PurePosixPath(name).suffix.lower() in PICKLE_SUFFIXES
    )
    if "adapter_config.json" in files:
        return tr("it is an adapter, which only changes a model.")
    if pickles and not any(name.endswith(".safetensors") for name in files):
        return tr(
            "its weights are a pickle ({name}), which can run code. Get the model as safetensors.",
            name=pickles[0],
        )
    if "config.json" in files or "model_index.json" in files:
        return tr("it has no safetensors weights with the usual name: model.safetensors.")
    return tr("it has neither a model_index.json nor a config.json, so its kind is unknown.")


def _refused(repository: Repository, reason: str) -> StudioError:
    return StudioError(
        printable(tr("{name} was not downloaded: {reason}", name=repository.repo, reason=reason)),
        cause="model",
        cure=tr("Choose a repository with safetensors or GGUF files."),
    )
