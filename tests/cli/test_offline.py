"""No process of Studio opens a connection: every Python that it starts is watched, and refuses one.

This sees Python's own sockets only, on every system. On Linux `tests/privacy` sees native code too,
and files.
"""

import os
import subprocess
import sys

import pytest

WATCH = """
import os, socket, sys
def _watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        address = arguments[1] if event != "socket.getaddrinfo" else arguments[0]
        if event == "socket.getaddrinfo" or arguments[0].family in (socket.AF_INET, socket.AF_INET6):
            with open(os.environ["STUDIO_TEST_CANARY"], "a") as file:
                file.write(f"{event} {address} {sys.argv}\\n")
            raise OSError("no network in this test")
sys.addaudithook(_watch)
"""  # noqa: E501


elsewhere = pytest.mark.skipif(sys.platform == "linux", reason="tests/privacy has it")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["image", "a red apple", "--steps", "2"], marks=elsewhere),
        pytest.param(["speech", "Hello."], marks=elsewhere),
        ["--fake", "text", "hello"],
        ["doctor"],
        ["models", "list"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_no_process_opens_a_connection(tmp_path, data, arguments):
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    canary = tmp_path / "canary"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "STUDIO_TEST_CANARY": str(canary)}
    probe = [
        sys.executable,
        "-c",
        "import socket\ntry: socket.create_connection(('127.0.0.1', 9), 1)\nexcept OSError as e: "
        "print(e)",
    ]
    seen = subprocess.run(
        probe, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert "no network in this test" in seen.stdout, "the watch works"
    canary.unlink()
    command = [sys.executable, "-m", "studio", "--data-dir", str(data.root), *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not canary.exists(), canary.read_text()
