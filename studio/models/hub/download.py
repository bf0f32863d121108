"""Fetching a model from a hub: look first, fetch only what is needed, verify, inspect, and publish
it last of all.

Parts and verified files lie in `downloads/hub--<organisation>--<name>/`, named by their hashes, so
that a download goes on where it was after a pause, a cut or a kill. The folder of the model is
filled beside them and becomes a model by one rename.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.files import ENOUGH_BYTES
from studio.core.paths import DataFolder
from studio.models import llama_cpp
from studio.models.card import ModelCard
from studio.models.card_store import stamp
from studio.models.catalog import as_known, card_of_repository
from studio.models.families import find_family
from studio.models.files.config import read_config
from studio.models.files.gguf_header import bytes_of
from studio.models.hub.blobs import blob_path, bytes_there, part_path
from studio.models.hub.credentials import token_for
from studio.models.hub.messages import Fetch, Fetched, Order, Waiting
from studio.models.hub.process import DownloadProcess
from studio.models.hub.progress import DownloadProgress, Meter
from studio.models.hub.repository import (
    FOLDER_PREFIX,
    Found,
    Hub,
    RemoteFile,
    Repository,
    check_online,
    hub_for,
)
from studio.models.inspect.adapter import check_family_is_known
from studio.models.inspect.codec import CODEC, codec_repository
from studio.models.inspect.model import inspect
from studio.models.inspect.repository_check import check_configurations
from studio.models.install.add import add_gguf
from studio.models.install.staging import held, publish
from studio.models.install.wheel_download import InstallProgress
from studio.models.registry import ModelRegistry

Say = Callable[[InstallProgress], None]
Cancelled = Callable[[], bool]
WHOLE = "whole"


class Look(msgspec.Struct, frozen=True):
    """What fetching a repository would mean here."""

    repository: Repository
    found: Found
    there: int
    """Bytes that an earlier download left."""
    need: int
    """Bytes of disk that it still takes, at most."""
    free: int
    """Bytes."""


def look(
    data: DataFolder,
    repository: Repository,
    cancelled: Cancelled = lambda: False,
    hub: Hub | None = None,
) -> Look:
    """Return what would be fetched, without fetching it. Raises StudioError,
    InstallCancelledError.
    """
    hub, repository = _ready(hub or hub_for(data)), _catalogued(repository)
    with _disk_errors(repository):
        data.downloads.mkdir(parents=True, exist_ok=True)
        with DownloadProcess(
            Order(hub, repository, str(data.downloads), with_licence=True), cancelled
        ) as process:
            found = process.look()
        return _measured(data.downloads / repository.folder_name, repository, found)


def download(
    data: DataFolder,
    repository: Repository,
    say: Say = lambda _progress: None,
    cancelled: Cancelled = lambda: False,
    *,
    hub: Hub | None = None,
    card: ModelCard | None = None,
) -> ModelCard:
    """Fetch a model, or go on fetching it; return its card. Raises StudioError,
    InstallCancelledError.

    `card` is what is known about it already: its name, title, defaults … are kept. Without one the
    catalogue is asked, unless single files are wanted, which may be another model.
    """
    card = card or (None if repository.files else card_of_repository(repository.repo))
    repository = _catalogued(repository)
    hub = _ready(hub or hub_for(data))
    with _disk_errors(repository):
        data.create()
        folder = data.downloads / repository.folder_name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with held(folder, repository.repo):
                return _download(data, repository, folder, _Talk(say, cancelled), hub, card)
        finally:
            with contextlib.suppress(OSError):
                folder.rmdir()  # unless parts lie there


def _catalogued(repository: Repository) -> Repository:
    """Return the repository with the file that an adapter of the catalogue is; there lie others
    beside it.
    """
    known = None if repository.files else card_of_repository(repository.repo)
    return (
        repository
        if known is None or not known.adapter
        else msgspec.structs.replace(repository, files=known.files)
    )


class _Talk:
    """What goes to whoever asked for the model."""

    def __init__(self, say: Say, cancelled: Cancelled) -> None:
        self.say, self.cancelled = say, cancelled
        self.meter: Meter | None = None
        self._waits_until = 0.0

    def tick(self) -> None:
        """Say how far it is."""
        if self.meter is None:
            self.say(DownloadProgress("Asking the hub"))
            return
        now = self.meter.measure("Downloading")
        left = self._waits_until - time.monotonic()
        if now.done == now.total:
            now = replace(now, phase="Checking")
        elif left > 0:
            now = replace(now, phase=f"Waiting {math.ceil(left)} s for the hub")
        self.say(now)

    def wait(self, seconds: float) -> None:
        """The hub is asked again after so long."""
        self._waits_until = time.monotonic() + seconds


def _download(
    data: DataFolder,
    repository: Repository,
    folder: Path,
    talk: _Talk,
    hub: Hub,
    card: ModelCard | None,
) -> ModelCard:
    talk.tick()
    whole = folder / WHOLE / repository.name
    with DownloadProcess(Order(hub, repository, str(folder)), talk.cancelled, talk.tick) as process:
        found = process.look()
        files = _fetchable(repository, found)
        source = _source(hub, repository, found)
        present = _present(data, source, files, card)
        if present is not None:
            _clear(folder, files)
            return present
        _take_back(whole, folder, files)
        _check_disk(_measured(folder, repository, found))
        talk.meter = Meter(folder, files)
        small = [file for file in files if not _is_weights(file)]
        hashes = _fetch(process, talk, small)
        _check_small(folder, repository, small)
        hashes |= _fetch(process, talk, [file for file in files if _is_weights(file)])
    codec, more = _fetch_codec(hub, folder, files, talk)
    files, hashes = (*files, *codec), hashes | more
    talk.say(DownloadProgress("Installing", talk.meter.total, talk.meter.total))
    path = _lay_out(whole, folder, files)
    if files[-1].path.endswith(".gguf"):
        path /= files[-1].path
    try:
        seen = inspect(path, data)
        if card is None:
            check_family_is_known(seen)
    except StudioError:
        _clear(folder, files)  # it can never be used
        raise
    made = _card(seen, found, source, _digest(files, hashes), card)
    if path != whole:
        made = add_gguf(
            data,
            path,
            made,
            lambda text: talk.say(DownloadProgress(text)),
            talk.cancelled,
            keep_name=card is not None,
        )
    else:
        made = publish(
            data, whole, msgspec.structs.replace(made, path=""), keep_name=card is not None
        )
    _clear(folder, files)
    return made


def _fetch_codec(
    hub: Hub, folder: Path, files: Sequence[RemoteFile], talk: _Talk
) -> tuple[list[RemoteFile], dict[str, str]]:
    """Fetch the codec of a speech model that has it elsewhere; return its files as they lie in the
    model's folder, and hashes.
    """
    there = {file.path: blob_path(folder, file) for file in files}
    if "config.json" not in there:
        return [], {}
    family = find_family(read_config(there["config.json"]).get("model_type"))
    if family is None or not family.separate_codec:
        return [], {}
    named = codec_repository(there)
    if not named:
        return [], {}  # inspection says what is missing
    part = Repository(named)
    with DownloadProcess(Order(hub, part, str(folder)), talk.cancelled, talk.tick) as process:
        found = process.look()
        wanted = _fetchable(part, found)
        _check_disk(_measured(folder, part, found))
        talk.meter = Meter(folder, wanted)
        hashes = _fetch(process, talk, wanted)
    return [msgspec.structs.replace(file, path=f"{CODEC}/{file.path}") for file in wanted], hashes


def _ready(hub: Hub) -> Hub:
    check_online(hub)
    return msgspec.structs.replace(hub, token=token_for(hub))


def _is_weights(file: RemoteFile) -> bool:
    # The index of several weight files names them, so it is looked at together with them.
    return file.path.endswith((".safetensors", ".gguf")) or ".safetensors.index" in file.path


def _fetchable(repository: Repository, found: Found) -> tuple[RemoteFile, ...]:
    if found.closed is not None:
        raise found.closed.error()
    if not found.files:
        names = ", ".join(file.path for file in found.choices[:20])
        raise StudioError(
            f"{repository.repo} holds several GGUF files, each a model of its own.",
            cause="invalid",
            cure=f"Choose one with --file: {names}",
        )
    return found.files


def _source(hub: Hub, repository: Repository, found: Found) -> str:
    """Return the page that shows exactly what was fetched."""
    one = found.files[0].path if len(found.files) == 1 else ""
    return f"{hub.endpoint}/{repository.repo}/{'blob' if one else 'tree'}/{found.commit}{f'/{one}' if one else ''}"  # noqa: E501


def _present(
    data: DataFolder, source: str, files: Sequence[RemoteFile], card: ModelCard | None
) -> ModelCard | None:
    """Return the installed model that is this one."""
    there = [
        other for other in ModelRegistry(data).list() if other.path and Path(other.path).is_dir()
    ]
    if card is not None:
        return next((other for other in there if other.name == card.name), None)
    digest = _digest(files, {file.digest: file.digest for file in files if file.is_large})
    return next(
        (other for other in there if other.source == source or (digest and other.sha256 == digest)),
        None,
    )


def _digest(files: Sequence[RemoteFile], hashes: dict[str, str]) -> str:
    """Return `ModelCard.sha256`; empty where a hash is not known."""
    weights = sorted(
        (file for file in files if file.path.endswith((".safetensors", ".gguf"))),
        key=lambda file: file.path,
    )
    if any(file.digest not in hashes for file in weights):
        return ""
    if len(weights) == 1 and weights[0].path.endswith(".gguf"):
        return hashes[weights[0].digest]
    return hashlib.sha256(
        "".join(f"{file.path}:{hashes[file.digest]}\n" for file in weights).encode()
    ).hexdigest()


def _measured(folder: Path, repository: Repository, found: Found) -> Look:
    files = list({file.digest: file for file in found.files}.values())
    there = sum(bytes_there(folder, file) for file in files)
    need = sum(file.size for file in files) - there
    if any(file.path.endswith(".gguf") for file in files) and not llama_cpp.is_there():
        need += bytes_of(found.parameters)  # it is converted once
    return Look(repository, found, there, need, shutil.disk_usage(folder.parent).free)


def _check_disk(seen: Look) -> None:
    if seen.free < seen.need + ENOUGH_BYTES:
        raise StudioError(
            f"This needs {(seen.need + ENOUGH_BYTES) / 1e9:.1f} GB of disk, and "
            f"{seen.free / 1e9:.1f} GB are free.",
            cause="disk",
            cure="Free some space, or use another folder with --data-dir.",
        )


def _fetch(process: DownloadProcess, talk: _Talk, files: Sequence[RemoteFile]) -> dict[str, str]:
    """Return digest → SHA-256 of the fetched files."""
    hashes: dict[str, str] = {}
    unique = {file.digest: file for file in files}
    if not unique:
        return hashes
    for message in process.fetch(Fetch(tuple(unique.values()))):
        if isinstance(message, Fetched):
            hashes[message.digest] = message.sha256
        elif isinstance(message, Waiting):
            talk.wait(message.seconds)
    return hashes


def _check_small(folder: Path, repository: Repository, files: Sequence[RemoteFile]) -> None:
    """Look at the small files as a folder of their own."""
    if not files:
        return
    seen = folder / "look" / repository.name
    shutil.rmtree(seen.parent, ignore_errors=True)
    for file in files:
        target = seen / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blob_path(folder, file), target)
    try:
        check_configurations(seen)
    finally:
        shutil.rmtree(seen.parent, ignore_errors=True)


def _lay_out(whole: Path, folder: Path, files: Sequence[RemoteFile]) -> Path:
    """Move the files to the places that the repository gives them; a file that has two places is
    copied.
    """
    shutil.rmtree(whole.parent, ignore_errors=True)
    last = {file.digest: file.path for file in files}
    for file in files:
        target = whole / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if last[file.digest] == file.path:
            blob_path(folder, file).replace(target)
        else:
            shutil.copyfile(blob_path(folder, file), target)
    return whole


def _take_back(whole: Path, folder: Path, files: Sequence[RemoteFile]) -> None:
    """Take back what was laid out when a kill came: it is verified again, and not fetched again."""
    for file in files:
        if (whole / file.path).is_file() and not blob_path(folder, file).exists():
            (whole / file.path).replace(part_path(folder, file))
    shutil.rmtree(whole.parent, ignore_errors=True)


def _clear(folder: Path, files: Sequence[RemoteFile]) -> None:
    for file in files:
        blob_path(folder, file).unlink(missing_ok=True)
        part_path(folder, file).unlink(missing_ok=True)
    shutil.rmtree(folder / WHOLE, ignore_errors=True)


def _card(
    seen: ModelCard, found: Found, source: str, digest: str, known: ModelCard | None
) -> ModelCard:
    """Return what the files say, with what the hub says, under what the catalogue says."""
    if known is None:
        return msgspec.structs.replace(
            seen,
            licence=found.licence,
            languages=found.languages,
            source=source,
            sha256=digest,
            added=stamp(),
        )
    card = as_known(known, seen)
    return msgspec.structs.replace(
        card, source=known.source or source, sha256=digest, added=stamp()
    )


# Parts of downloads that were not finished
# ----------------------------------------------------------------------


def unfinished(data: DataFolder) -> dict[str, int]:
    """Return repository → bytes that lie there of downloads that were not finished."""
    found = {}
    for folder in (
        sorted(data.downloads.glob(f"{FOLDER_PREFIX}*/")) if data.downloads.is_dir() else []
    ):
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if size:
            found[folder.name.removeprefix(FOLDER_PREFIX).replace("--", "/")] = size
    return found


def discard(data: DataFolder, repository: Repository) -> int:
    """Delete what lies there of a download that was not finished; return its bytes. Raises
    StudioError.
    """
    folder = data.downloads / repository.folder_name
    size = unfinished(data).get(repository.repo, 0)
    if folder.is_dir():
        with _disk_errors(repository), held(folder, repository.repo):
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name != "lock":
                    path.unlink()
        with contextlib.suppress(OSError):
            folder.rmdir()
    return size


@contextlib.contextmanager
def _disk_errors(repository: Repository) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StudioError(
            f"{repository.repo} could not be fetched: {error.strerror or error}.",
            cause="disk",
            cure="Check the disk's space and rights, and start it again; what is there is not "
            "fetched twice.",
        ) from error
