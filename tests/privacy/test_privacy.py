"""No command and no window of Studio opens a connection, looks up a name or writes a file outside
its folders.

Seen by strace in every process and thread, in a network that is empty where the system allows that,
with a fresh home, and without the variables by which a library could know that this is CI.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest

from studio.core.paths import DataFolder
from studio.models import llama_cpp
from studio.models.card_store import card_folder, write_card
from tests.checkpoints.text import make_gpt2, make_llama
from tests.checkpoints.video import make_ltx
from tests.media.image_texts import image_files
from tests.models.hub.server import LoopbackHub, files_of
from tests.models.made import make_gguf
from tests.privacy.tracing import Traced, fresh_environment, trace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux")

STARTER = Path(os.environ.get("STUDIO_STARTER_DIR", "/nowhere"))
VIDEO = ("--width", "64", "--height", "64", "--frames", "9", "--fps", "8", "--steps", "2")
PATIENCE = 280
COMMANDS = {
    "text": ["text", "Once upon a time", "--max-new-tokens", "8"],
    "image": ["image", "a red apple", "--steps", "2"],
    "speech": ["speech", "Hello."],
    "music": ["music", "a happy tune", "--seed", "3"],
    "video": ["video", "a cat walks", *VIDEO],
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A data folder with a tiny text model and a tiny video model; those for images, speech and
    music come with Studio.
    """
    data = DataFolder(root=tmp_path_factory.mktemp("installed"))
    data.create()
    for name, make in (("tiny-text", make_llama), ("tiny-video", make_ltx)):
        card = msgspec.structs.replace(make(data.root / "made" / name), name=name)
        write_card(card, card_folder(data, card.name))
    return data


@pytest.fixture
def watched(tmp_path):
    """Return a function that runs Python with these arguments and returns what it did outside the
    folders that it may use.
    """
    folders = {name: tmp_path / name for name in ("home", "tmp", "output", "scratch")}
    for folder in folders.values():
        folder.mkdir()

    def run(data, *arguments, isolated=True, **more) -> Traced:
        environment = fresh_environment(folders["home"], folders["tmp"], **more)
        own = [data.root, folders["tmp"], folders["output"]]
        found = trace(
            [sys.executable, *arguments],
            environment=environment,
            own=own,
            scratch=folders["scratch"],
            timeout=PATIENCE,
            isolated=isolated,
        )
        assert found.returncode == 0, found.stderr
        assert {path.name for path in folders["tmp"].iterdir()} == {"runtime"}, (
            "something is left in the temporary folder"
        )
        return found

    return run


def studio(data, *arguments):
    return "-m", "studio", "--data-dir", str(data.root), *map(str, arguments)


@pytest.mark.parametrize("kind", COMMANDS)
def test_command_opens_no_connection_and_writes_only_its_folders(
    watched, installed, tmp_path, kind
):
    found = watched(
        installed,
        *studio(
            installed, *COMMANDS[kind], *(() if kind == "text" else ("-o", tmp_path / "output"))
        ),
    )
    assert found.findings == [], found.report
    assert kind == "text" or any((tmp_path / "output").iterdir())
    log = (installed.logs / "engine-0.log").read_text(encoding="utf-8")
    assert "%|" not in log, "progress bars in the log"


def test_batch_opens_no_connection_and_writes_only_its_folders(watched, installed, tmp_path):
    rows = tmp_path / "rows.csv"
    with rows.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [["prompt", "kind"], ["a cat", "image"], ["Hello.", "speech"], ["你好", "text"]]
        )
    found = watched(
        installed, *studio(installed, "batch", rows, "-o", tmp_path / "output", "--collect", "csv")
    )
    assert found.findings == [], found.report
    assert (tmp_path / "output" / "report.csv").is_file()


@pytest.mark.parametrize(
    "arguments", [["models", "list", "--all"], ["queue", "list"], ["doctor"]], ids=" ".join
)
def test_query_command_opens_no_connection_and_writes_only_its_folders(watched, data, arguments):
    found = watched(data, *studio(data, *arguments))
    assert found.findings == [], found.report
    assert found.stdout + found.stderr


def test_window_opens_no_connection_and_writes_only_its_folders(watched, installed):
    root = str(Path(__file__).parents[2])
    found = watched(installed, "-m", "tests.privacy.window", str(installed.root), PYTHONPATH=root)
    assert found.findings == [], found.report


def test_file_reader_opens_no_connection_and_writes_only_its_folders(watched, data, tmp_path):
    files = tmp_path / "output"
    image_files.png(files / "foreign.png", {"parameters": "a cat\nSteps: 2, Seed: 3"})
    (files / "notes.txt").write_text("notes")
    for name in ("a.jpg", "a.wav", "a.mp4", "a.tif"):
        (files / name).write_bytes(b"broken")
    root = str(Path(__file__).parents[2])
    found = watched(data, "-m", "tests.privacy.file_reader", str(files), PYTHONPATH=root)
    assert found.findings == [], found.report


@pytest.mark.parametrize("options", [[], ["--convert"]], ids=["as it is", "converted"])
def test_added_model_opens_no_connection_and_writes_only_its_folders(
    watched, data, tmp_path, options
):
    if not options and not llama_cpp.is_installed():
        pytest.skip("llama.cpp has no wheel here")
    gguf = make_gguf(tmp_path / "Tiny.gguf")
    found = watched(data, *studio(data, "models", "add", gguf, *options))
    assert found.findings == [], found.report
    assert any(data.models.iterdir())


def test_download_connects_to_its_hub_only(watched, data, tmp_path):
    make_gpt2(tmp_path / "made")
    with LoopbackHub() as hub:
        hub.add("org/tiny", files_of(tmp_path / "made"), card={"license": "mit"})
        command = studio(data, "models", "get", "org/tiny")
        found = watched(
            data,
            *command,
            isolated=False,
            HF_ENDPOINT=hub.endpoint,
            PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring",
        )
        ports = {address.rpartition(":")[2] for address in (hub.endpoint, hub.storage)}
    outside = [
        finding
        for finding in found.findings
        if finding.kind != "network" or "studio.models.hub.worker" not in finding.program
    ]
    assert outside == [], found.report
    connected = {
        match[1]
        for finding in found.findings
        if (match := re.match(r"connect.*htons\((\d+)\)", finding.what))
    }
    assert connected == ports, found.report


@pytest.mark.starter
@pytest.mark.skipif(not (STARTER / "models/kokoro-82m").is_dir(), reason="Kokoro is not installed")
@pytest.mark.parametrize("text", ["Hello, 3 cats.", "你好，3只猫。"])
def test_kokoro_opens_no_connection_and_writes_only_its_folders(watched, data, tmp_path, text):
    data.models.rmdir()
    data.models.symlink_to(STARTER / "models")
    found = watched(
        data, *studio(data, "speech", text, "--model", "kokoro-82m", "-o", tmp_path / "output")
    )
    assert found.findings == [], found.report
    assert any((tmp_path / "output").iterdir())
