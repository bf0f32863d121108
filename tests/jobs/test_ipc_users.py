"""Test where the window's socket lies, and that neither end talks to another user.

Sockets are real; root uses a real second user.
"""

import contextlib
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from studio.core.paths import DataFolder
from studio.jobs.ipc import client
from studio.jobs.ipc import server as server_module
from studio.jobs.ipc.address import MAX_PATH_BYTES, server_names
from studio.jobs.ipc.client import ForeignUserError, activate_running, connect_to_window
from studio.jobs.ipc.messages import Activate, packed
from studio.jobs.ipc.peer import UNKNOWN, is_private, own_user, peer_user
from studio.jobs.ipc.server import IpcServer
from studio.jobs.queue import JobQueue
from studio.jobs.session import lock_folder
from studio.jobs.store import JobStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes have no folder")
NOBODY = 65534
LONG_MS = 20_000


@pytest.fixture
def short():
    """A folder whose path is short; the ones that pytest makes are too long for a socket, and
    closed to other users.
    """
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def runtime(short, monkeypatch):
    folder = short / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def open_window_socket(qapp, data):
    made = []

    def make(folder: DataFolder, raised=lambda: None):
        folder.create()
        queue = JobQueue(JobStore.open(folder.database))
        made.append((IpcServer(folder, queue, raised), queue))
        return made[-1][0]

    yield make
    for one, queue in made:
        one.close()
        queue.close()


def test_socket_is_private_and_in_the_data_folder(open_window_socket, short):
    data = DataFolder(short / "data")
    open_window_socket(data)
    assert stat.S_ISSOCK(data.socket.stat().st_mode)
    assert stat.S_IMODE(data.socket.stat().st_mode) & 0o077 == 0
    assert connect_to_window(data) is not None


def test_linked_data_folder_connects_to_the_same_window(open_window_socket, short):
    data = DataFolder(short / "data")
    open_window_socket(data)
    (short / "link").symlink_to(data.root)
    assert connect_to_window(DataFolder(short / "link")) is not None


@pytest.mark.parametrize("case", ["long", "shared", "not text"])
def test_unsuitable_data_folder_uses_a_private_runtime_folder(
    case, open_window_socket, runtime, short
):
    data = DataFolder(
        short
        / {"long": "x" * MAX_PATH_BYTES, "shared": "shared", "not text": os.fsdecode(b"\xff")}[case]
    )
    data.create()
    if case == "shared":
        data.root.chmod(0o777)
    name = next(server_names(data, make=True))
    assert Path(name).parent.parent == runtime
    assert stat.S_IMODE(Path(name).parent.stat().st_mode) == 0o700
    if (
        case == "not text"
    ):  # Qt has no name for the database either; only the socket's place is asked for
        return
    opened = open_window_socket(data)
    assert stat.S_ISSOCK(Path(name).stat().st_mode)
    assert not data.socket.exists()
    assert connect_to_window(data) is not None
    opened.close()
    assert not list(runtime.iterdir())


def test_runtime_folder_open_to_others_is_not_used(short, monkeypatch):
    (short / "run").mkdir()
    (short / "run").chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short / "run"))
    data = DataFolder(short / ("x" * MAX_PATH_BYTES))
    data.create()
    names = list(server_names(data, make=True))
    try:
        assert not any(name.startswith(str(short)) for name in names)
        assert all(is_private(Path(name).parent, readable=False) for name in names)
    finally:
        for name in names:
            Path(name).parent.rmdir()


def test_planted_folder_or_link_is_not_used(short):
    victim = short / "planted"
    victim.mkdir(mode=0o700)
    assert is_private(victim)
    (short / "link").symlink_to(victim)
    assert not is_private(short / "link")
    victim.chmod(0o770)
    assert not is_private(victim)
    assert not is_private(short / "missing")


def test_peer_user_is_identified():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_user(ours.fileno()) == own_user() == str(os.geteuid())
    assert peer_user(ours.fileno()) == UNKNOWN


def test_client_sends_nothing_to_another_user(short, qapp, monkeypatch):
    """Without root, the test pretends to run as another user."""
    data = DataFolder(short)
    server = QLocalServer()
    assert server.listen(str(data.socket))
    monkeypatch.setattr(client, "own_user", lambda: "12345")
    with pytest.raises(ForeignUserError, match=f"another user \\({os.geteuid()}\\)"):
        connect_to_window(data)
    assert server.waitForNewConnection(LONG_MS)
    received = server.nextPendingConnection()
    received.waitForReadyRead(200)
    assert received.readAll().isEmpty()
    monkeypatch.undo()
    assert activate_running(data) is False, "a server that answers nothing is no window"
    server.close()


def test_server_ignores_messages_of_another_user(short, open_window_socket, monkeypatch, caplog):
    data, raised = DataFolder(short / "data"), []
    open_window_socket(data, lambda: raised.append(True))
    client = QLocalSocket()
    monkeypatch.setattr(server_module, "own_user", lambda: "12345")
    client.connectToServer(str(data.socket))
    assert client.waitForConnected(LONG_MS)
    client.write(packed(Activate()))
    while client.state() is not QLocalSocket.LocalSocketState.UnconnectedState:
        client.flush()
        QCoreApplication.processEvents()
    assert not raised
    assert "was refused" in caplog.text


SQUATTER = """
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
listener.listen(5)
print("listening", flush=True)
while True:
    end, _ = listener.accept()
    print("received", end.recv(65536), flush=True)
"""
VISITOR = """
import socket, sys
end = socket.socket(socket.AF_UNIX)
end.connect(sys.argv[1])
try:
    end.sendall(bytes.fromhex(sys.argv[2]))
    print(end.recv(100))
except OSError:
    print(b"")
"""
as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs a second user"
)


def system_python():
    """A Python that any user may run: the test's own may lie in a folder of ours."""
    for path in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            subprocess.run([path, "-c", ""], user=NOBODY, cwd="/", capture_output=True, check=True)
            return path
    pytest.skip("no Python that another user may run")


def run_as_nobody(script, *arguments, **options):
    return subprocess.Popen(
        [system_python(), "-I", "-c", script, *arguments],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


@as_root
def test_command_sends_nothing_to_another_users_socket(short, qapp):
    data = DataFolder(short)
    with socket.socket(socket.AF_UNIX) as planted:
        planted.bind(str(data.socket))
        squatter = run_as_nobody(SQUATTER, str(planted.fileno()), pass_fds=(planted.fileno(),))
    try:
        assert squatter.stdout.readline() == "listening\n"
        for ask in (connect_to_window, activate_running):
            with pytest.raises(ForeignUserError, match=str(NOBODY)):
                ask(data)
            assert squatter.stdout.readline() == "received b''\n"
        for command in (["text", "a secret"], []):
            lock = lock_folder(data)
            done = subprocess.run(
                [sys.executable, "-m", "studio", "--fake", "--data-dir", str(data.root), *command],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            lock.unlock()
            assert done.returncode == 2
            assert f"another user ({NOBODY})" in done.stderr
            assert "Traceback" not in done.stderr
            assert squatter.stdout.readline() == "received b''\n"
    finally:
        squatter.kill()
        squatter.communicate()


@as_root
def test_command_of_another_user_is_refused(short, open_window_socket, caplog):
    data, raised = DataFolder(short / "data"), []
    open_window_socket(data, lambda: raised.append(True))
    for path, mode in (
        (short, 0o755),
        (data.root, 0o755),
        (data.socket, 0o777),
    ):  # as if another user had opened them
        path.chmod(mode)
    visitor = run_as_nobody(VISITOR, str(data.socket), packed(Activate()).hex())
    while visitor.poll() is None:
        QCoreApplication.processEvents()
    assert visitor.communicate()[0] == "b''\n"
    assert not raised
    assert f"another user ({NOBODY}) was refused" in caplog.text
    assert connect_to_window(data) is not None
