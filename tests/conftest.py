"""What holds for every test: a data folder of its own, offscreen, no network."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Tests and their child processes read English, whatever the language of this computer is.
os.environ["STUDIO_LANGUAGE"] = "en"
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts `pytest &` with Ctrl+C ignored, and the programs that tests start inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from studio.core.paths import ENVIRONMENT_VARIABLE, DataFolder
from studio.engine.protocol import BATCH_FAILED

# Times on a shared machine say nothing about the code.
hypothesis_settings.register_profile(
    "studio", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("studio")


@pytest.fixture(autouse=True)
def data(tmp_path_factory, monkeypatch) -> Iterator[DataFolder]:
    """A data folder that only this test uses, found by the code under test in the usual way."""
    folder = DataFolder(root=tmp_path_factory.mktemp("data 数据"))
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(folder.root))
    folder.create()
    yield folder
    # 16 MB each: thousands of tests would fill the disk.
    folder.ballast.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Refuse every connection that could leave this machine; local sockets (AF_UNIX) stay."""
    connect = socket.socket.connect

    def refuse(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise AssertionError(f"a test tried to connect to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(autouse=True)
def _no_batch_faults(request, caplog):
    """Fail a test in which jobs ran one by one because of a fault in the program: their results
    would hide it.
    """
    data = request.getfixturevalue("data")
    logs = (
        data.logs if isinstance(data, DataFolder) else Path("nowhere")
    )  # a parameter of that name goes before the fixture
    yield
    if request.node.get_closest_marker("batch_fault"):
        return
    here = [
        record.getMessage()
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
        if record.levelno >= logging.ERROR
    ]
    in_children = [
        line
        for log in logs.glob("engine-*.log")
        for line in log.read_text(errors="replace").splitlines()
    ]
    faults = [
        line
        for line in here + [line for line in in_children if line.startswith("ERROR:")]
        if BATCH_FAILED in line
    ]
    assert not faults, faults
