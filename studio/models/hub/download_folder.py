"""The files of one download on disk, and downloads that were not finished.

Parts and verified files lie in `downloads/hub--<organization>--<name>/`, named by their hashes, so
that a download continues after a pause, a lost connection or a kill.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.models.hub.blobs import blob_path, part_path
from studio.models.hub.repository import FOLDER_PREFIX, RemoteFile, Repository
from studio.models.inspect.repository_check import check_configurations
from studio.models.install.staging import locked

MODEL_FOLDER = "whole"
"""Holds the files under their own names when all are there."""
_CHECK_FOLDER = "look"
FileHashes = dict[str, str]
"""`RemoteFile.digest` → SHA-256."""


def model_folder(folder: Path, repository: Repository) -> Path:
    """Return where a download's files get their own names."""
    return folder / MODEL_FOLDER / repository.name


def is_weights(file: RemoteFile) -> bool:
    """Return whether a file holds weights, or is the index that names several such files."""
    return file.path.endswith((".safetensors", ".gguf")) or ".safetensors.index" in file.path


def check_small_files(folder: Path, repository: Repository, files: Sequence[RemoteFile]) -> None:
    """Raise StudioError if the small files show that Studio cannot run the model."""
    if not files:
        return
    copy = folder / _CHECK_FOLDER / repository.name
    shutil.rmtree(copy.parent, ignore_errors=True)
    for file in files:
        target = copy / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blob_path(folder, file), target)
    try:
        check_configurations(copy)
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)


def arrange_files(target: Path, folder: Path, files: Sequence[RemoteFile]) -> None:
    """Move the downloaded files to their own names in `target`; copy a file with two names."""
    shutil.rmtree(target.parent, ignore_errors=True)
    last_use = {file.digest: file.path for file in files}
    for file in files:
        path = target / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if last_use[file.digest] == file.path:
            blob_path(folder, file).replace(path)
        else:
            shutil.copyfile(blob_path(folder, file), path)


def restore_parts(target: Path, folder: Path, files: Sequence[RemoteFile]) -> None:
    """Turn files that a killed process left in `target` into parts, which are verified again."""
    for file in files:
        if (target / file.path).is_file() and not blob_path(folder, file).exists():
            (target / file.path).replace(part_path(folder, file))
    shutil.rmtree(target.parent, ignore_errors=True)


def delete_files(folder: Path, files: Sequence[RemoteFile]) -> None:
    """Delete what the download left in its folder."""
    for file in files:
        blob_path(folder, file).unlink(missing_ok=True)
        part_path(folder, file).unlink(missing_ok=True)
    shutil.rmtree(folder / MODEL_FOLDER, ignore_errors=True)


def weights_hash(files: Sequence[RemoteFile], hashes: FileHashes) -> str:
    """Return `ModelCard.sha256` of the weights; empty if the hash of a file is unknown."""
    weights = sorted(
        (file for file in files if file.path.endswith((".safetensors", ".gguf"))),
        key=lambda file: file.path,
    )
    if any(file.digest not in hashes for file in weights):
        return ""
    if len(weights) == 1 and weights[0].path.endswith(".gguf"):
        return hashes[weights[0].digest]
    lines = "".join(f"{file.path}:{hashes[file.digest]}\n" for file in weights)
    return hashlib.sha256(lines.encode()).hexdigest()


def partial_downloads(data: DataFolder) -> dict[str, int]:
    """Return repository → bytes on disk of downloads that were not finished."""
    sizes: dict[str, int] = {}
    if not data.downloads.is_dir():
        return sizes
    for folder in sorted(data.downloads.glob(f"{FOLDER_PREFIX}*/")):
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if size:
            sizes[folder.name.removeprefix(FOLDER_PREFIX).replace("--", "/")] = size
    return sizes


def discard_partial_download(data: DataFolder, repository: Repository) -> int:
    """Delete an unfinished download and return its bytes. Raises StudioError."""
    folder = data.downloads / repository.folder_name
    size = partial_downloads(data).get(repository.repo, 0)
    if folder.is_dir():
        with disk_errors(repository), locked(folder, repository.repo):
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != "lock":
                    path.unlink()
        with contextlib.suppress(OSError):
            folder.rmdir()
    return size


@contextlib.contextmanager
def disk_errors(repository: Repository) -> Iterator[None]:
    """Turn an OSError into a StudioError with what to do."""
    try:
        yield
    except OSError as error:
        raise StudioError(
            tr(
                "{name} could not be downloaded: {reason}.",
                name=repository.repo,
                reason=error.strerror or error,
            ),
            cause="disk",
            cure=tr(
                "Check the disk's space and permissions, and start it again; what is there is "
                "not downloaded twice."
            ),
        ) from error
