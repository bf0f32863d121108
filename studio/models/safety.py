"""Is a model's folder safe and whole? Told from names, links, configurations and headers; nothing is loaded.

What is refused and why is in docs/security.md.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.models.headers import HeaderError, read_safetensors

MAX_CONFIG_BYTES = 20 * 2**20
MAX_FILES = 5_000
MAX_BRACKETS = 3_000_000
"""A list in JSON takes 3 bytes in the file and 60 in memory; a large tokenizer has about a million."""
PICKLE_SUFFIXES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".msgpack", ".h5"}
CODE_SUFFIXES = {".py", ".pyc", ".pyw"}
WORD_TABLES = {"tokenizer.json", "vocab.json"}
"""No configurations: they may be large, and `auto_map` may be a word like any other."""
_INDEX = re.compile(r"\.index(\.\w+)?\.json")
_WEIGHTS = re.compile(r"(model|diffusion_pytorch_model)(?:\.(?P<variant>\w+))?(?:-\d{5}-of-\d{5})?\.safetensors")


def refused(path: Path, reason: str) -> StudioError:
    """Return the error that says why `path` is not added."""
    sentence = printable(f"{path.name or path} was not added: {reason}")
    return StudioError(sentence, cause="model", cure="Choose a model folder of safetensors files, or a GGUF file.")


def printable(text: str) -> str:
    """Return `text`, which may come from a hostile file, without what cannot be printed (controls, surrogates …)."""
    return "".join(character if character.isprintable() else "�" for character in text)


def check_folder(folder: Path) -> None:
    """Raise StudioError where the folder holds code, odd files, or names that lead out of it. Raises OSError, HeaderError."""
    for path in _walk(folder):
        mode = _mode(folder, path)
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise refused(folder, f"{path.name} is neither a file nor a folder.")
        suffix = path.suffix.lower()
        if suffix in CODE_SUFFIXES:
            raise refused(folder, f"it holds program code ({path.name}), which Studio never runs.")
        if suffix == ".json" and stat.S_ISREG(mode):
            _check_json(folder, path)


def _walk(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    count = 0
    for root, folders, files in os.walk(folder, onerror=fail):
        count += len(folders) + len(files)
        if count > MAX_FILES:
            raise refused(folder, f"it has more than {MAX_FILES:,} files.")
        yield from (Path(root) / name for name in (*folders, *files))


def _mode(folder: Path, path: Path) -> int:
    """Return the mode of the file, or of what a link inside the folder leads to."""
    mode = path.lstat().st_mode
    if not stat.S_ISLNK(mode):
        return mode
    root = folder.resolve()
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # a loop is a RuntimeError up to Python 3.12
        raise refused(folder, f"{path.name} is a link that leads nowhere.") from error
    mode = target.stat().st_mode
    # A hub cache links from its snapshot to blobs two folders up; files there are the one way out that is allowed.
    blobs = root.parent.parent / "blobs"
    if target.is_relative_to(root) or (root.parent.name == "snapshots" and target.is_relative_to(blobs) and stat.S_ISREG(mode)):
        return mode
    raise refused(folder, f"{path.name} is a link to outside the folder.")


def _check_json(folder: Path, path: Path) -> None:
    if path.name in WORD_TABLES:
        return
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise refused(folder, f"{path.name} is larger than any configuration.")
    index = _INDEX.search(path.name)
    try:
        table = _parse(path.read_bytes())
    except (ValueError, RecursionError) as error:
        if index or path.name.endswith("config.json"):
            raise refused(folder, f"{path.name} is damaged.") from error
        return  # what is no JSON for us is none for the libraries, which read it the same way
    if index:
        _check_index(folder, path, table)
    elif _has_key(table, "auto_map"):
        raise refused(folder, f"it needs code of its own ({path.name} has an auto_map), which Studio never runs.")


def _check_index(folder: Path, path: Path, table: Any) -> None:
    names = table.get("weight_map", {}) if isinstance(table, dict) else None
    safe = ".safetensors.index" in path.name
    for name in names.values() if isinstance(names, dict) else [None]:
        if not isinstance(name, str) or Path(name).name != name or "\\" in name or name in ("", ".", ".."):
            raise refused(folder, f"{path.name} points to a file outside the folder.")
        # transformers takes what the index names, and opens everything that is not called safetensors as a pickle.
        if safe and not name.endswith(".safetensors"):
            raise refused(folder, f"{path.name} names {name[:80]}, which is no safetensors file.")
        if safe and not (path.parent / name).is_file():
            raise refused(folder, f"{name[:80]} is missing.")


def _has_key(table: Any, key: str) -> bool:
    open_ends = [table]
    while open_ends:
        value = open_ends.pop()
        if isinstance(value, dict):
            if value.get(key):
                return True
            open_ends.extend(value.values())
        elif isinstance(value, list):
            open_ends.extend(value)
    return False


def check_weights(folder: Path, where: Path, variants: bool = False) -> tuple[int, int]:
    """Return parameters and bytes of the weights in `where`, a part of `folder` or itself, and look at every file of them.

    Where the same weights are there in several precisions (`variants`: model.fp16.safetensors), one set counts.
    Raises StudioError where none is whole, and OSError.
    """
    files = sorted(path for path in where.iterdir() if path.suffix == ".safetensors" and path.is_file())
    if not files:
        raise refused(folder, _why_no_weights(folder, where))
    counts = {file: _parameters(folder, file) for file in files}
    chosen = next(
        (found for variant in variants_in(where) if (variants or not variant) and (found := _set(files, variant))), None
    )
    if chosen is None:
        raise refused(folder, f"its weights ({files[0].name}) are not called as they must be: model.safetensors.")
    parameters = sum(counts[file] for file in chosen)
    if not parameters:
        raise refused(folder, "its weights are empty.")
    return parameters, sum(file.stat().st_size for file in chosen)


def _parameters(folder: Path, file: Path) -> int:
    try:
        return read_safetensors(file).parameters
    except HeaderError as error:
        raise refused(folder, f"{file.name} is damaged: {error}.") from error


def variants_in(where: Path) -> list[str]:
    """Return the precisions that weights in a folder are there in: the empty text for plain ones first, fp16 …"""
    matches = (_WEIGHTS.fullmatch(path.name) for path in where.iterdir())
    return sorted({match["variant"] or "" for match in matches if match})


def only_variant(folder: Path) -> str | None:
    """Return fp16 where the weights of some part of a pipeline are there in that precision only; diffusers must be told."""
    found = (variants_in(part) for part in sorted(folder.iterdir()) if part.is_dir())
    return next((variants[0] for variants in found if variants and variants[0]), None)


def _set(files: list[Path], variant: str) -> list[Path]:
    """Return the files of one precision where they can be loaded: one file, or several with their index."""
    found = [file for file in files if (match := _WEIGHTS.fullmatch(file.name)) and (match["variant"] or "") == variant]
    single = [file for file in found if "-of-" not in file.name]
    if single:
        return single
    ending = f".safetensors.index.{variant}.json" if variant else ".safetensors.index.json"
    return found if any(path.name.endswith(ending) for path in files[0].parent.iterdir()) else []


def _why_no_weights(folder: Path, where: Path) -> str:
    names = sorted(path.name for path in where.iterdir())
    if any(name.endswith(".gguf") for name in names):
        return "its weights are GGUF files. Add one of these files."
    pickles = [name for name in names if Path(name).suffix.lower() in PICKLE_SUFFIXES]
    if pickles:
        return f"its weights are a pickle ({pickles[0]}), which can run code. Ask for the model as safetensors."
    return f"it holds no weights{'' if where == folder else f' in {where.name}'}."


def read_json(path: Path) -> dict[str, Any]:
    """Return the table in a configuration. Raises HeaderError where it is damaged or too large, and OSError."""
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise HeaderError(f"{path.name} is larger than any configuration")
    try:
        table = _parse(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise HeaderError(f"{path.name} is damaged") from error
    if not isinstance(table, dict):
        raise HeaderError(f"{path.name} is damaged")
    return table


def _parse(data: bytes) -> Any:
    if data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
        raise ValueError("more lists than in any real file")
    return json.loads(data.decode(errors="replace"))
