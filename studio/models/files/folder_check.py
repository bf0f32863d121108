"""Checks that a model's folder is safe and complete, from names, links, configurations and headers.

Nothing is loaded. docs/security.md lists what is refused and why.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.regular_file import HeaderError
from studio.core.translation import mark, tr, tr_marked
from studio.models.files.config import MAX_CONFIG_BYTES, Config, read_value
from studio.models.files.weight_names import problem
from studio.models.files.weights_header import WeightsHeader, read_safetensors

MAX_WORD_TABLE_BYTES = 128 * 2**20
MAX_FILES = 5_000
SHOWN = 64
"""Weight files whose headers are read to show what a folder holds."""
PICKLE_SUFFIXES = {
    ".bin",
    ".pt",
    ".pth",
    ".ckpt",
    ".pkl",
    ".pickle",
    ".msgpack",
    ".h5",
    ".npz",
    ".joblib",
}
CODE_SUFFIXES = {".py", ".pyc", ".pyw", ".pyx", ".so", ".pyd", ".dll", ".dylib"}
WORD_TABLES = {"tokenizer.json", "vocab.json"}
"""Not checked as configurations: they may be large, and `auto_map` may be one of the words."""
_KERNEL_KEYS = (
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_internal",
    "experts_implementation",
)
_INDEX = re.compile(r"\.index(\.\w+)?\.json", re.IGNORECASE)
# The hub's client keeps files that several models share at hub/blobs/3f/3f9a… (64 digits).
_SHARED_BLOB = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")
_WEIGHTS = re.compile(
    r"(model|diffusion_pytorch_model)(?:\.(?P<variant>\w+))?(?:-\d{5}-of-\d{5})?\.safetensors"
)


_REFUSED = mark("{name} was not added: {reason}")


def refused(path: Path, reason: str) -> StudioError:
    """Return the error with the reason why `path` is not added."""
    sentence = printable(tr_marked(_REFUSED).format(name=path.name or path, reason=reason))
    return StudioError(
        sentence,
        cause="model",
        cure=tr("Choose a model folder of safetensors files, or a GGUF file."),
    )


def reason_in(message: str) -> str:
    """Return the reason in the message of `refused`, whose subject is shown already.

    Any other message is returned as it is.
    """
    begin, _name, between = tr_marked(_REFUSED).partition("{reason}")[0].partition("{name}")
    if between and message.startswith(begin):
        _subject, separator, reason = message.removeprefix(begin).partition(between)
        return reason if separator else message
    return message


def check_folder(folder: Path) -> None:
    """Check that the folder holds no code, no special files, and no names that lead out of it.

    Raises StudioError, OSError, HeaderError.
    """
    for path in _walk(folder):
        mode = _mode(folder, path)
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise refused(folder, tr("{name} is neither a file nor a folder.", name=path.name))
        suffix = path.suffix.lower()
        if suffix in CODE_SUFFIXES:
            raise refused(
                folder,
                tr("it holds program code ({name}), which Studio never runs.", name=path.name),
            )
        if suffix == ".json" and stat.S_ISREG(mode):
            _check_json(folder, path)


def _walk(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    count = 0
    for root, folders, files in os.walk(folder, onerror=fail):
        count += len(folders) + len(files)
        if count > MAX_FILES:
            raise refused(folder, tr("it has more than {count:,} files.", count=MAX_FILES))
        yield from (Path(root) / name for name in (*folders, *files))


def _mode(folder: Path, path: Path) -> int:
    """Return the mode of the file, or of the file that a link points to."""
    mode = path.lstat().st_mode
    if not stat.S_ISLNK(mode):
        return mode
    root = folder.resolve()
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # a loop is a RuntimeError up to Python 3.12
        raise refused(folder, tr("{name} is a broken link.", name=path.name)) from error
    mode = target.stat().st_mode
    # The only links out of the folder that are allowed: a hub cache links from its snapshot to
    # blobs two folders up.
    if target.is_relative_to(root) or (stat.S_ISREG(mode) and is_blob(root, target)):
        return mode
    raise refused(folder, tr("{name} is a link to outside the folder.", name=path.name))


def is_blob(snapshot: Path, target: Path) -> bool:
    """True if `target` is a hub cache's blob for `snapshot`: its model's own, or a shared one."""
    model = snapshot.parent.parent
    if snapshot.parent.name != "snapshots":
        return False
    if target.is_relative_to(model / "blobs"):
        return True
    shared = model.parent / "blobs"
    inside = target.relative_to(shared).as_posix() if target.is_relative_to(shared) else ""
    return model.name.startswith("models--") and _SHARED_BLOB.fullmatch(inside) is not None


def _check_json(folder: Path, path: Path) -> None:
    words = path.name in WORD_TABLES
    if path.stat().st_size > (MAX_WORD_TABLE_BYTES if words else MAX_CONFIG_BYTES):
        raise refused(
            folder,
            tr("{name} is larger than any vocabulary.", name=path.name)
            if words
            else tr("{name} is larger than any configuration.", name=path.name),
        )
    if words:
        return
    index = _INDEX.search(path.name)
    try:
        table = read_value(path)
    except (ValueError, RecursionError) as error:
        if index or path.name.endswith("config.json"):
            raise refused(folder, tr("{name} is damaged.", name=path.name)) from error
        return  # the libraries parse it the same way and cannot read it either
    if index:
        _check_index(folder, path, table)
    else:
        _check_keys(folder, path, table)


def _check_keys(folder: Path, path: Path, table: Any) -> None:
    """Raise StudioError if a configuration names code, or weights outside, that may be loaded."""
    for name, value in _entries(table):
        if name == "auto_map" and value:
            raise refused(
                folder,
                tr(
                    "it needs code of its own ({name} has an auto_map), which Studio never runs.",
                    name=path.name,
                ),
            )
        if name in _KERNEL_KEYS and "/" in str(value):
            raise refused(
                folder,
                tr(
                    "it needs code of its own ({name} names {kernel}), which Studio never runs.",
                    name=path.name,
                    kernel=str(value)[:80],
                ),
            )
        if name == "transformers_weights" and value is not None and not _is_plain(value):
            raise refused(folder, tr("{name} points to a file outside the folder.", name=path.name))


def _is_plain(name: Any) -> bool:
    """True if `name` is the name of a file in the same folder."""
    return (
        isinstance(name, str)
        and Path(name).name == name
        and "\\" not in name
        and name not in ("", ".", "..")
    )


def _check_index(folder: Path, path: Path, table: Any) -> None:
    names = table.get("weight_map", {}) if isinstance(table, dict) else None
    safe = ".safetensors.index" in path.name.lower()
    for name in names.values() if isinstance(names, dict) else [None]:
        if not isinstance(name, str) or not _is_plain(name):
            raise refused(folder, tr("{name} points to a file outside the folder.", name=path.name))
        # transformers opens every file that the index names, and reads it as a pickle unless its
        # name ends with .safetensors.
        if safe and not name.endswith(".safetensors"):
            raise refused(
                folder,
                tr(
                    "{index} names {file}, which is not a safetensors file.",
                    index=path.name,
                    file=name[:80],
                ),
            )
        if safe and not (path.parent / name).is_file():
            raise refused(folder, tr("{name} is missing.", name=name[:80]))


def _entries(table: Any) -> Iterator[tuple[str, Any]]:
    """Yield every entry of every table, at any depth."""
    pending = [table]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield from value.items()
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def check_weights(folder: Path, where: Path, variants: bool = False) -> tuple[int, int]:
    """Check the weights in `where`, `folder` or a part of it; return their parameters and bytes.

    If the folder has the same weights in several precisions (`variants`: model.fp16.safetensors),
    one set counts. Raises StudioError if no set is complete, and OSError.
    """
    counts = check_headers(folder, where)
    files = sorted(counts)
    if not files:
        raise refused(folder, _why_no_weights(folder, where))
    chosen = next(
        (
            complete
            for variant in variants_in(where)
            if (variants or not variant) and (complete := _set(files, variant))
        ),
        None,
    )
    if chosen is None:
        raise refused(
            folder,
            tr(
                "its weights ({name}) must be named model.safetensors, or have an index.",
                name=files[0].name,
            ),
        )
    parameters = sum(counts[file] for file in chosen)
    if not parameters:
        raise refused(folder, tr("its weights are empty."))
    return parameters, sum(file.stat().st_size for file in chosen)


def check_names(folder: Path, where: Path, config: Config, *, head: bool = False) -> None:
    """Check that the weights in `where` are named as expected and not packed in a foreign format.

    `config` is the config.json of these weights. With `head` a language model needs its output
    layer. Raises StudioError and OSError.
    """
    names, dtypes = names_and_formats(check_headers(folder, where))
    if why := problem(config.values, names, dtypes, head=head):
        raise refused(folder, why)


def names_and_formats(files: Iterable[Path]) -> tuple[set[str], set[str]]:
    """Return the names and the number formats of all tensors. Raises HeaderError and OSError."""
    headers = [read_safetensors(file) for file in files]
    return {name for header in headers for name in header.shapes}, {
        name for header in headers for name in header.dtypes
    }


def check_headers(folder: Path, where: Path) -> dict[Path, int]:
    """Return safetensors file in `where` → its parameters.

    Raises StudioError if a file is damaged, and OSError.
    """
    files = [
        path
        for path in where.iterdir()
        if path.name.lower().endswith(".safetensors") and path.is_file()
    ]
    return {file: _parameters(folder, file) for file in files}


def weight_headers(folder: Path) -> list[WeightsHeader]:
    """Return the headers of a folder's weights, at most `SHOWN`.

    Raises StudioError, HeaderError and OSError.
    """
    files = sorted(path for path in _walk(folder) if path.suffix == ".safetensors")
    return [read_safetensors(file) for file in files[:SHOWN]]


def _parameters(folder: Path, file: Path) -> int:
    try:
        return read_safetensors(file).parameters
    except HeaderError as error:
        raise refused(
            folder, tr("{name} is damaged: {error}.", name=file.name, error=error)
        ) from error


def variants_in(where: Path) -> list[str]:
    """Return the precisions of the weights in a folder: "" for the default first, then fp16 …"""
    matches = (_WEIGHTS.fullmatch(path.name) for path in where.iterdir())
    return sorted({match["variant"] or "" for match in matches if match})


def only_variant(folder: Path) -> str | None:
    """Return the variant to pass to diffusers: fp16 if a part of the pipeline has only that."""
    parts = (variants_in(part) for part in sorted(folder.iterdir()) if part.is_dir())
    return next((variants[0] for variants in parts if variants and variants[0]), None)


def _set(files: list[Path], variant: str) -> list[Path]:
    """Return one precision's files if loadable: one file, or several with an index; else []."""
    matching = [
        file
        for file in files
        if (match := _WEIGHTS.fullmatch(file.name)) and (match["variant"] or "") == variant
    ]
    single = [file for file in matching if "-of-" not in file.name]
    if single:
        return single
    ending = f".safetensors.index.{variant}.json" if variant else ".safetensors.index.json"
    indexed = any(path.name.endswith(ending) for path in files[0].parent.iterdir())
    return matching if indexed else []


def _why_no_weights(folder: Path, where: Path) -> str:
    names = sorted(path.name for path in where.iterdir())
    if any(name.endswith(".gguf") for name in names):
        return tr("its weights are GGUF files. Add one of these files.")
    pickles = [name for name in names if Path(name).suffix.lower() in PICKLE_SUFFIXES]
    if pickles:
        return tr(
            "its weights are a pickle ({name}), which can run code. Get the model as safetensors.",
            name=pickles[0],
        )
    if where == folder:
        return tr("it holds no weights.")
    return tr("it holds no weights in {folder}.", folder=where.name)
