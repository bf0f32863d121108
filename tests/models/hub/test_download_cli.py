"""Test `studio models get` and `studio models hub` with the real program and a hub on loopback."""

import json
import os
import signal
import subprocess
import sys

import pytest

from studio.core.settings_store import load_settings, update
from studio.models.registry import ModelRegistry
from tests.checkpoints.text import make_gpt2
from tests.cli.programs import Program, studio
from tests.models.hub.keyrings import FILE_VARIABLE
from tests.models.hub.server import Fault, LoopbackHub, files_of

WEIGHTS = "model.safetensors"
GATED = Fault(
    403,
    "GatedRepo",
    "Access to model org/tiny is restricted and you are not in the authorized list.",
)


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "gpt2"
    make_gpt2(folder, 8_000)
    return files_of(folder)


@pytest.fixture
def hub(gpt2, monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "keyring"))
    with LoopbackHub() as hub:
        hub.add("org/tiny", gpt2, card={"license": "mit"})
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


def test_get_checks_downloads_and_prints_the_name(hub, data, gpt2):
    seen = studio("models", "get", "org/tiny", "--check", data=data)
    assert seen.returncode == 0, seen.stderr
    assert "model.safetensors" in seen.stdout
    assert "License: MIT" in seen.stdout
    assert hub.sent == {}
    done = studio("models", "get", "org/tiny", data=data)
    assert (done.returncode, done.stdout) == (0, "tiny\n"), done.stderr
    again = studio("models", "get", "org/tiny@main", "--json", data=data)
    assert json.loads(again.stdout)["name"] == "tiny"
    assert len(hub.sent[WEIGHTS]) == 1
    assert (ModelRegistry(data).find("text", "tiny").folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["../x"], 2, "is not the name of a repository"),
        (["org/none"], 2, "has no model 'org/none'"),
        (["org/tiny@v9"], 2, "has no revision 'v9'"),
        (["org/tiny", "--file", "x.gguf"], 2, "has no file 'x.gguf'"),
        (["org/tiny", "--endpoint", "nonsense"], 2, "is not the address of a hub"),
        (["org/tiny", "--offline"], 2, "Studio is set to offline"),
        (["org/gated"], 1, "not logged in"),
        (["org/gated", "--check"], 1, "not logged in"),
        (["org/wrong"], 1, "is not what it lists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_exit_code_is_2_for_invalid_requests_and_1_for_failed_downloads(
    hub, data, gpt2, arguments, code, words
):
    hub.add("org/gated", gpt2, gated="auto", allowed=lambda token: GATED)
    hub.add("org/wrong", {**gpt2, "config.json": gpt2["config.json"] + b" "})
    hub.faults["config.json"] = [Fault(flip=3)] * 2 if "org/wrong" in arguments else []
    done = studio("models", "get", *arguments, data=data)
    assert (done.returncode, done.stdout.count("\n") if code == 2 else 0) == (code, 0), done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_pauses_and_the_next_run_continues(hub, data, gpt2):
    hub.faults[WEIGHTS] = [Fault(pause_at=600_000)]
    program = Program("models", "get", "org/tiny", data=data)
    try:
        assert hub.paused.wait(60)
        code, out = program.end(signal.SIGINT)
    finally:
        program.kill()
    assert (code, out) == (130, "")
    assert program.errors == ["Paused. Run the command again to continue."]
    done = studio("models", "hub", data=data)
    assert "Unfinished: org/tiny" in done.stdout
    done = studio("models", "get", "org/tiny", data=data)
    assert (done.returncode, done.stdout) == (0, "tiny\n"), done.stderr
    assert hub.sent_twice(WEIGHTS) < 300_000
    assert (ModelRegistry(data).find("text", "tiny").folder / WEIGHTS).read_bytes() == gpt2[WEIGHTS]


def test_unfinished_download_can_be_deleted(hub, data):
    hub.faults[WEIGHTS] = [Fault(pause_at=600_000)]
    program = Program("models", "get", "org/tiny", data=data)
    assert hub.paused.wait(60)
    program.kill()
    assert "were deleted" in studio("models", "get", "org/tiny", "--discard", data=data).stdout
    assert list(data.downloads.iterdir()) == []
    assert (
        json.loads(studio("models", "get", "org/tiny", "--discard", "--json", data=data).stdout)[
            "deleted"
        ]
        == 0
    )


def test_token_is_stored_in_the_keyring_and_used(hub, data, gpt2, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.models.hub.keyrings.FileKeyring")
    hub.add(
        "org/tiny", gpt2, gated="auto", allowed=lambda token: None if token == "hf_mine" else GATED
    )
    done = studio("models", "hub", "--login", data=data, input="hf_mine\n")
    assert done.returncode == 0, done.stderr
    assert "Account: token stored" in done.stdout
    assert "hf_mine" not in done.stdout + done.stderr
    assert studio("models", "get", "org/tiny", data=data).stdout == "tiny\n"
    assert not [
        path for path in data.root.rglob("*") if path.is_file() and b"hf_mine" in path.read_bytes()
    ]
    assert "Account: none" in studio("models", "hub", "--logout", data=data).stdout


def test_login_without_a_keyring_names_a_remedy(hub, data, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    done = studio("models", "hub", "--login", data=data, input="hf_mine\n")
    assert done.returncode == 1
    assert "has no keyring" in done.stderr
    assert "HF_TOKEN" in done.stderr


def test_endpoint_and_offline_are_saved(hub, data, monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT")
    done = studio(
        "models", "hub", "--endpoint", hub.endpoint + "/", "--offline", "--json", data=data
    )
    assert json.loads(done.stdout) == {
        "endpoint": hub.endpoint,
        "offline": True,
        "logged_in": False,
        "unfinished": {},
    }
    assert load_settings(data).endpoint == hub.endpoint
    for arguments in (["get", "org/tiny"], ["install", "starter"]):
        done = studio("models", *arguments, data=data)
        assert done.returncode == 2
        assert "Studio is set to offline" in done.stderr
    assert hub.asked == []
    assert studio("models", "hub", "--online", data=data).stdout.startswith(
        f"Hub: {hub.endpoint}\n"
    )
    assert studio("models", "get", "org/tiny", data=data).returncode == 0
    studio("models", "hub", "--endpoint", "", data=data)
    assert load_settings(data).endpoint == ""
    assert studio("models", "hub", "--endpoint", "x", data=data).returncode == 2


WATCH = """
import os, sys
def _watch(event, arguments):
    if event in ("socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen"):
        with open(os.environ["STUDIO_TEST_CANARY"], "a") as file:
            file.write(f"{event} {arguments}\\n")
        raise OSError("nothing of this is allowed in this test")
sys.addaudithook(_watch)
"""  # noqa: E501


def test_offline_opens_no_socket_and_starts_no_process(hub, data, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    canary = tmp_path / "canary"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "STUDIO_TEST_CANARY": str(canary),
    }
    subprocess.run(
        [sys.executable, "-c", "import socket\ntry: socket.socket()\nexcept OSError: pass"],
        env=environment,
        check=True,
    )
    assert canary.exists(), "the watch works"
    canary.unlink()
    get = ["get", "org/tiny"]
    for arguments in (
        [*get, "--offline"],
        [*get, "--check", "--offline"],
        get,
        ["install", "starter"],
    ):
        if "--offline" not in arguments:
            update(data, {"offline": True})
        done = studio("models", *arguments, data=data, env=environment)
        assert done.returncode == 2, done.stderr
        assert "Studio is set to offline" in done.stderr
        assert not canary.exists(), canary.read_text()
