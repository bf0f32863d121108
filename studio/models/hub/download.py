"""Downloads a model from a hub: query, fetch what is needed, verify, inspect, and publish it.

The model's folder is filled in `downloads/` and becomes a model by one rename.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.files import ENOUGH_BYTES
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.models import llama_cpp
from studio.models.card import ModelCard
from studio.models.card_store import stamp
from studio.models.catalog import as_known, card_of_repository
from studio.models.families import find_family
from studio.models.files.config import read_config
from studio.models.files.gguf_header import bytes_of
from studio.models.hub.blobs import blob_path, downloaded_bytes
from studio.models.hub.credentials import token_for
from studio.models.hub.download_folder import (
    FileHashes,
    arrange_files,
    check_small_files,
    delete_files,
    disk_errors,
    is_weights,
    model_folder,
    restore_parts,
    weights_hash,
)
from studio.models.hub.messages import Fetch, Fetched, Order, Waiting
from studio.models.hub.process import DownloadProcess
from studio.models.hub.progress import DownloadProgress, Meter
from studio.models.hub.repository import (
    Hub,
    RemoteFile,
    Repository,
    RepositoryContents,
    check_online,
    hub_for,
)
from studio.models.inspect.adapter import check_family_is_known
from studio.models.inspect.codec import CODEC, codec_repository
from studio.models.inspect.model import inspect
from studio.models.install.add import add_gguf
from studio.models.install.staging import locked, publish
from studio.models.install.wheel_download import InstallProgress
from studio.models.registry import ModelRegistry

ReportProgress = Callable[[InstallProgress], None]
IsCancelled = Callable[[], bool]


class DownloadEstimate(
    msgspec.Struct, frozen=True, rename={"contents": "found", "downloaded": "there"}
):
    """What downloading a repository would take on this computer."""

    repository: Repository
    contents: RepositoryContents
    downloaded: int
    """Bytes that an earlier download left."""
    need: int
    """Bytes of disk that it still takes, at most."""
    free: int
    """Bytes of disk that are free."""


def query(
    data: DataFolder,
    repository: Repository,
    cancelled: IsCancelled = lambda: False,
    hub: Hub | None = None,
) -> DownloadEstimate:
    """Return what would be downloaded, without downloading it.

    Raises StudioError and InstallCancelledError.
    """
    hub, repository = _with_token(hub or hub_for(data)), _with_catalog_files(repository)
    with disk_errors(repository):
        data.downloads.mkdir(parents=True, exist_ok=True)
        order = Order(hub, repository, str(data.downloads), with_license=True)
        with DownloadProcess(order, cancelled) as process:
            contents = process.query()
        return _estimate(data.downloads / repository.folder_name, repository, contents)


def download(
    data: DataFolder,
    repository: Repository,
    report: ReportProgress = lambda _progress: None,
    cancelled: IsCancelled = lambda: False,
    *,
    hub: Hub | None = None,
    card: ModelCard | None = None,
) -> ModelCard:
    """Download a model, or continue doing so, and return its card.

    `card` is what is known about the model already: its name, title, defaults … are kept. Without
    one the catalog's card is used, unless single files are requested, which may be another model.
    Raises StudioError and InstallCancelledError.
    """
    card = card or (None if repository.files else card_of_repository(repository.repo))
    repository = _with_catalog_files(repository)
    hub = _with_token(hub or hub_for(data))
    with disk_errors(repository):
        data.create()
        folder = data.downloads / repository.folder_name
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with locked(folder, repository.repo):
                job = _Download(data, hub, repository, folder, report, cancelled, card)
                return job.run()
        finally:
            with contextlib.suppress(OSError):
                folder.rmdir()  # fails while parts are left in it


def _with_catalog_files(repository: Repository) -> Repository:
    """Return the repository with the files of the catalog's adapter; it may hold other files."""
    known = None if repository.files else card_of_repository(repository.repo)
    if known is None or not known.adapter:
        return repository
    return msgspec.structs.replace(repository, files=known.files)


def _with_token(hub: Hub) -> Hub:
    check_online(hub)
    return msgspec.structs.replace(hub, token=token_for(hub))


class _Download:
    """One download of a repository into a folder."""

    def __init__(
        self,
        data: DataFolder,
        hub: Hub,
        repository: Repository,
        folder: Path,
        report: ReportProgress,
        cancelled: IsCancelled,
        card: ModelCard | None,
    ) -> None:
        self._data, self._hub, self._repository, self._folder = data, hub, repository, folder
        self._report, self._cancelled, self._card = report, cancelled, card
        self._meter: Meter | None = None
        self._waits_until = 0.0

    def run(self) -> ModelCard:
        """Download and publish the model. Raises StudioError and InstallCancelledError."""
        self._report_progress()
        target = model_folder(self._folder, self._repository)
        with self._process(self._repository) as process:
            contents = process.query()
            files = _files_to_fetch(self._repository, contents)
            source = _page_of(self._hub, self._repository, contents)
            installed = _installed(self._data, source, files, self._card)
            if installed is not None:
                delete_files(self._folder, files)
                return installed
            restore_parts(target, self._folder, files)
            _check_disk(_estimate(self._folder, self._repository, contents))
            self._meter = Meter(self._folder, files)
            small = [file for file in files if not is_weights(file)]
            hashes = self._fetch(process, small)
            check_small_files(self._folder, self._repository, small)
            hashes |= self._fetch(process, [file for file in files if is_weights(file)])
        codec_files, codec_hashes = self._fetch_codec(files)
        files, hashes = (*files, *codec_files), hashes | codec_hashes
        self._report(DownloadProgress(tr("Installing"), self._meter.total, self._meter.total))
        arrange_files(target, self._folder, files)
        path = target / files[-1].path if files[-1].path.endswith(".gguf") else target
        try:
            inspected = inspect(path, self._data)
            if self._card is None:
                check_family_is_known(inspected)
        except StudioError:
            delete_files(self._folder, files)  # it can never be used
            raise
        card = _complete_card(inspected, contents, source, weights_hash(files, hashes), self._card)
        card = self._publish(card, path, target)
        delete_files(self._folder, files)
        return card

    def _publish(self, card: ModelCard, path: Path, target: Path) -> ModelCard:
        keep_name = self._card is not None
        if path == target:
            card = msgspec.structs.replace(card, path="")
            return publish(self._data, target, card, keep_name=keep_name)
        return add_gguf(
            self._data,
            path,
            card,
            lambda text: self._report(DownloadProgress(text)),
            self._cancelled,
            keep_name=keep_name,
        )

    def _fetch_codec(self, files: Sequence[RemoteFile]) -> tuple[list[RemoteFile], FileHashes]:
        """Fetch the codec of a speech model from the codec's own repository.

        Returns its files as they lie in the model's folder, and their hashes.
        """
        paths = {file.path: blob_path(self._folder, file) for file in files}
        if "config.json" not in paths:
            return [], {}
        family = find_family(read_config(paths["config.json"]).get("model_type"))
        if family is None or not family.separate_codec:
            return [], {}
        name = codec_repository(paths)
        if not name:
            return [], {}  # the inspection reports that it is missing
        repository = Repository(name)
        with self._process(repository) as process:
            contents = process.query()
            codec_files = _files_to_fetch(repository, contents)
            _check_disk(_estimate(self._folder, repository, contents))
            self._meter = Meter(self._folder, codec_files)
            hashes = self._fetch(process, codec_files)
        return [
            msgspec.structs.replace(file, path=f"{CODEC}/{file.path}") for file in codec_files
        ], hashes

    def _process(self, repository: Repository) -> DownloadProcess:
        order = Order(self._hub, repository, str(self._folder))
        return DownloadProcess(order, self._cancelled, self._report_progress)

    def _fetch(self, process: DownloadProcess, files: Sequence[RemoteFile]) -> FileHashes:
        hashes: FileHashes = {}
        unique = {file.digest: file for file in files}
        if not unique:
            return hashes
        for message in process.fetch(Fetch(tuple(unique.values()))):
            if isinstance(message, Fetched):
                hashes[message.digest] = message.sha256
            elif isinstance(message, Waiting):
                self._waits_until = time.monotonic() + message.seconds
        return hashes

    def _report_progress(self) -> None:
        if self._meter is None:
            self._report(DownloadProgress(tr("Asking the hub")))
            return
        progress = self._meter.measure(tr("Downloading"))
        seconds = self._waits_until - time.monotonic()
        if progress.done == progress.total:
            progress = replace(progress, phase=tr("Checking"))
        elif seconds > 0:
            waits = tr("Waiting {seconds} s for the hub", seconds=math.ceil(seconds))
            progress = replace(progress, phase=waits)
        self._report(progress)


def _files_to_fetch(repository: Repository, contents: RepositoryContents) -> tuple[RemoteFile, ...]:
    if contents.closed is not None:
        raise contents.closed.error()
    if not contents.files:
        names = ", ".join(file.path for file in contents.choices[:20])
        raise StudioError(
            tr("{repo} holds several GGUF files, each a model of its own.", repo=repository.repo),
            cause="invalid",
            cure=tr("Choose one with --file: {names}", names=names),
        )
    return contents.files


def _page_of(hub: Hub, repository: Repository, contents: RepositoryContents) -> str:
    """Return the address of the page that shows exactly what was downloaded."""
    page = f"{hub.endpoint}/{repository.repo}"
    if len(contents.files) == 1:
        return f"{page}/blob/{contents.commit}/{contents.files[0].path}"
    return f"{page}/tree/{contents.commit}"


def _installed(
    data: DataFolder, source: str, files: Sequence[RemoteFile], card: ModelCard | None
) -> ModelCard | None:
    """Return the installed model with this card's name, or of these files."""
    cards = [one for one in ModelRegistry(data).list() if one.path and Path(one.path).is_dir()]
    if card is not None:
        return next((one for one in cards if one.name == card.name), None)
    sha256 = weights_hash(files, {file.digest: file.digest for file in files if file.is_large})
    return next(
        (one for one in cards if one.source == source or (sha256 and one.sha256 == sha256)), None
    )


def _estimate(
    folder: Path, repository: Repository, contents: RepositoryContents
) -> DownloadEstimate:
    files = list({file.digest: file for file in contents.files}.values())
    downloaded = sum(downloaded_bytes(folder, file) for file in files)
    need = sum(file.size for file in files) - downloaded
    if any(file.path.endswith(".gguf") for file in files) and not llama_cpp.is_installed():
        need += bytes_of(contents.parameters)  # the converted copy
    free = shutil.disk_usage(folder.parent).free
    return DownloadEstimate(repository, contents, downloaded, need, free)


def _check_disk(estimate: DownloadEstimate) -> None:
    if estimate.free < estimate.need + ENOUGH_BYTES:
        raise StudioError(
            tr(
                "This needs {needed:.1f} GB of disk space, and {free:.1f} GB are free.",
                needed=(estimate.need + ENOUGH_BYTES) / 1e9,
                free=estimate.free / 1e9,
            ),
            cause="disk",
            cure=tr("Free some space, or use another folder with --data-dir."),
        )


def _complete_card(
    inspected: ModelCard,
    contents: RepositoryContents,
    source: str,
    sha256: str,
    known: ModelCard | None,
) -> ModelCard:
    """Merge what the files, the hub and the catalog state; the catalog takes precedence."""
    if known is not None:
        return msgspec.structs.replace(
            as_known(known, inspected),
            source=known.source or source,
            sha256=sha256,
            added=stamp(),
        )
    return msgspec.structs.replace(
        inspected,
        license=contents.license,
        languages=contents.languages,
        source=source,
        sha256=sha256,
        added=stamp(),
    )
