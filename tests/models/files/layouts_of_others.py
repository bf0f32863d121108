"""Folders as other programs fill them, with whatever models a test puts in."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path


def hub_cache(
    root: Path, repository: str, source: Path, *, shared: bool = False, revision: str = "0" * 40
) -> Path:
    """Put a folder into a hub cache as the hub's client does; return the snapshot. `shared`:
    weights in the store of all.
    """
    top = root / f"models--{repository.replace('/', '--')}"
    snapshot, blobs = top / "snapshots" / revision, top / "blobs"
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        name = hashlib.sha256(path.read_bytes()).hexdigest()
        blob, link = blobs / name, snapshot / path.relative_to(source)
        blobs.mkdir(parents=True, exist_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        if shared and path.suffix == ".safetensors":
            store = root / "blobs" / name[:2] / name
            store.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, store)
            blob.symlink_to(Path("../../blobs") / name[:2] / name)
        elif not blob.exists():
            shutil.copy(path, blob)
        link.symlink_to(Path(*[".."] * (len(path.relative_to(source).parts) + 1), "blobs", name))
    (top / "refs").mkdir(exist_ok=True)
    (top / "refs" / "main").write_text(revision)
    (root / ".locks").mkdir(exist_ok=True)
    return snapshot


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
