"""The proof of privacy can fail: programs that break the promise, each in its own way, are found
out.
"""

from __future__ import annotations

import sys

import pytest

from tests.privacy.tracing import CI_VARIABLES, HIDDEN_CALLS, PHASE, fresh_environment, trace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux")

PRELUDE = """
import ctypes, multiprocessing, os, socket, sqlite3, struct, subprocess, sys, tempfile, threading, time
from contextlib import suppress
from pathlib import Path
home, own, libc = Path.home(), os.environ["TMPDIR"], ctypes.CDLL(None)
def connect(family, address):
    with suppress(OSError), socket.socket(family) as one:
        one.settimeout(0.1)
        one.connect(address)
"""  # noqa: E501
CONNECTING = {
    "tcp": "connect(socket.AF_INET, ('192.0.2.1', 443))",
    "ipv6": "connect(socket.AF_INET6, ('2001:db8::1', 443))",
    "udp": "with suppress(OSError): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', "
    "('192.0.2.1', 53))",
    "server": "with suppress(OSError): socket.socket().bind(('127.0.0.1', 0))",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    # Python raises no audit event for these two.
    "native": "libc.connect(libc.socket(2, 1, 0), struct.pack('=HH4s8x', 2, 0x5000, bytes([192, 0, "
    "2, 1])), 16)",
    "thread": "thread = threading.Thread(target=libc.socket, args=(10, 1, 0)); thread.start(); "
    "thread.join()",
    "child": "subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'])",
    "fork": "os.fork() or (socket.socket(), os._exit(0))\nos.wait()",
    "orphan": "os.fork() or (time.sleep(0.5), socket.socket(), os._exit(0))",
    "bus": "connect(socket.AF_UNIX, '/run/dbus/system_bus_socket')",
    "abstract": "connect(socket.AF_UNIX, '\\0somebody')",
}
LOOKING_UP = {
    "name": "with suppress(OSError): socket.getaddrinfo('example.invalid', 80)",
    "localhost": "socket.gethostbyname('localhost')",
    "resolver": "connect(socket.AF_UNIX, '/run/systemd/resolve/io.systemd.Resolve')",
    "cache of names": "connect(socket.AF_UNIX, '/var/run/nscd/socket')",
}
WRITING = {
    "home": "(home / 'x').write_text('')",
    "cache": "(home / '.cache/deep').mkdir(parents=True)",
    "here": "open('x', 'w')",
    "removed again": "(home / 'x').write_text(''); (home / 'x').unlink()",
    "tried": "with suppress(OSError): open('/nowhere/x', 'w')",
    "appended": "open(home / 'x', 'a')",
    "changed": "with suppress(OSError): open('/etc/hostname', 'r+')",
    "moved": "open(own + '/x', 'w'); os.rename(own + '/x', home / 'x')",
    "linked": "os.symlink('/etc/hosts', home / 'x')",
    "through a link": "os.symlink(home, own + '/link'); open(own + '/link/x', 'w')",
    "in another folder": "os.chdir(home); os.mkdir('x')",
    "above": "open(own + '/../y', 'w')",
    "neighbour": "open(own + '2', 'w')",
    "database": "sqlite3.connect(home / 'x.db').execute('create table x (y)')",
    "not utf-8": "open(os.fsencode(home) + b'/\\xff\\xe4', 'w')",
}
CLEAN = {
    "nothing": "",
    "own folders": "open(own + '/数据 x', 'w'); tempfile.mkdtemp(); tempfile.TemporaryFile()",
    "reading": "Path('/etc/passwd').read_text(); list(home.iterdir())",
    "local pair": "one, other = socket.socketpair(); one.sendall(b'x')",
    "own socket": "one = socket.socket(socket.AF_UNIX); one.bind(own + '/s'); one.listen(); "
    "connect(socket.AF_UNIX, own + '/s')",
    "processes": "multiprocessing.get_context('fork').Lock(); multiprocessing.Pipe()",
    "nowhere": "open('/dev/null', 'w')",
    "in memory": "os.memfd_create('x')",
}


@pytest.fixture
def watched(tmp_path):
    """Return a function that traces some Python; its folder of temporary files is its own, and
    nothing else.
    """
    folders = [tmp_path / name for name in ("home", "tmp", "scratch")]
    for folder in folders:
        folder.mkdir()
    home, temporary, scratch = folders

    def run(code):
        command = [sys.executable, "-S", "-c", PRELUDE + code]
        return trace(
            command,
            environment=fresh_environment(home, temporary),
            own=[temporary],
            scratch=scratch,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("code", CONNECTING.values(), ids=CONNECTING)
def test_a_connection_is_found(watched, code):
    found = watched(code)
    assert found.returncode == 0, found.stderr
    assert {finding.kind for finding in found.findings} == {"network"}, found.report


@pytest.mark.parametrize("code", LOOKING_UP.values(), ids=LOOKING_UP)
def test_name_lookup_is_found(watched, code):
    found = watched(code)
    assert found.returncode == 0, found.stderr
    assert "name" in {finding.kind for finding in found.findings}, found.report


@pytest.mark.parametrize("code", WRITING.values(), ids=WRITING)
def test_file_outside_the_folders_is_found(watched, code):
    found = watched(code)
    assert found.returncode == 0, found.stderr
    assert {finding.kind for finding in found.findings} == {"file"}, found.report


@pytest.mark.parametrize("code", CLEAN.values(), ids=CLEAN)
def test_what_is_allowed_is_not_reported(watched, code):
    found = watched(code)
    assert found.returncode == 0, found.stderr
    assert found.findings == [], found.report


def test_what_strace_cannot_see_is_refused(watched):
    found = watched("libc.syscall(425, 1, None)")
    assert [finding.kind for finding in found.findings] == ["hidden"], found.report
    assert HIDDEN_CALLS == ("io_uring_setup",)


def test_offending_program_is_named(watched):
    code = (
        f"for name in ('one', 'two'):\n    with suppress(OSError): open({PHASE!r} + name)\n"
        "socket.socket()"
    )
    (finding,) = watched(code).findings
    assert finding.phase == "two"


def test_the_program_of_a_thread_and_of_a_child_is_named(watched):
    code = (
        "os.fork() or (threading.Thread(target=socket.socket).start(), time.sleep(0.2), "
        "os._exit(0))\nos.wait()"
    )
    (finding,) = watched(code).findings
    assert sys.executable in finding.program


def test_ci_variables_are_unset(tmp_path, monkeypatch):
    for name in CI_VARIABLES:
        monkeypatch.setenv(name, "1")
    environment = fresh_environment(tmp_path, tmp_path)
    assert not set(CI_VARIABLES) & set(environment)
    assert environment["HOME"] == str(tmp_path)


def test_onnxruntime_telemetry_is_found(watched, tmp_path):
    """onnxruntime as it comes; the day its telemetry is gone, this fails, and its variables can go
    too.
    """
    found = watched("import site\nsite.main()\nimport onnxruntime")
    assert any("onnxruntime" in finding.what for finding in found.findings), found.report
