"""No process outlives the program, at whatever instant it is killed and whatever its children are
doing. Real processes.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from studio.core import lifeline

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel ties processes on Linux only"
)
GONE_SECONDS = 5
PATIENCE = 60

PARENT = """
import os, sys, time
from studio.core.lifeline import start_tied
child = start_tied([sys.executable, "-c", sys.argv[1]], stdout=1)
print(child.pid, flush=True)
time.sleep(600)
"""
CHILDREN = {
    "sleeps": "import time; print('ready', flush=True); time.sleep(600)",
    "holds the interpreter "
    "lock": "import re; print('ready', flush=True); re.match('(a+)+$', 'a' * 60 + 'b')",
    "ignores signals": """
import signal, time
for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
""",
    "stops": "import os; print('ready', flush=True); os.kill(os.getpid(), 19)",
}


def start_program(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    )


def kill(program, family):
    """Kill the program; return how long its processes stay, and end those that do."""
    program.kill()
    program.wait()
    begun = time.monotonic()
    _gone, alive = psutil.wait_procs(family, timeout=GONE_SECONDS)
    for one in alive:
        one.kill()
    program.stdout.close()
    return alive, time.monotonic() - begun


@pytest.mark.parametrize("what", CHILDREN)
def test_child_ends_with_its_parent_in_any_state(what):
    program = start_program(PARENT, CHILDREN[what])
    child = psutil.Process(int(program.stdout.readline()))
    assert program.stdout.readline() == "ready\n"
    if what == "stops":
        while child.status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
    assert not kill(program, [child])[0]


@pytest.mark.parametrize("delay", [0, 0.002, 0.01, 0.03, 0.1])
def test_a_child_that_is_about_to_start_ends_with_its_parent(delay):
    program = start_program(PARENT, CHILDREN["sleeps"])
    child = psutil.Process(int(program.stdout.readline()))
    time.sleep(delay)
    assert not kill(program, [child])[0]


def test_tied_program_has_default_signals_and_keeps_its_exit_code():
    script = (
        "import signal, sys; print(signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN, "
        "sys.argv[1:]); sys.exit(7)"
    )
    done = lifeline.start_tied(["/bin/sh", "-c", "kill -PIPE $$; exit 7"], stdout=subprocess.PIPE)
    assert done.wait(PATIENCE) == -13
    done.stdout.close()
    done = lifeline.start_tied([sys.executable, "-c", script, "a b", ""], stdout=subprocess.PIPE)
    assert done.communicate()[0] == b"True ['a b', '']\n"
    assert done.returncode == 7


def test_the_error_names_a_missing_program(tmp_path):
    missing = lifeline.start_tied([str(tmp_path / "missing")], stderr=subprocess.PIPE)
    assert b"missing cannot be started: No such file" in missing.communicate()[1]
    assert missing.returncode == 1


def test_descriptors_are_closed_when_a_program_ends():
    before = psutil.Process().num_fds()
    for _ in range(5):
        lifeline.start_tied([sys.executable, "-I", "-S", "-c", ""]).wait(PATIENCE)
    assert psutil.Process().num_fds() == before


ENGINE = """
import sys, threading, time
from pathlib import Path
from studio.core.paths import DataFolder
from studio.engine.process.engine import ProcessEngine

def main():
    engine = ProcessEngine(DataFolder(root=Path(sys.argv[1])), sys.argv[2])
    engine.warm_up()
    print("begun", flush=True)
    time.sleep(600)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_an_engine_killed_while_starting_leaves_no_process(method, data, tmp_path):
    """Killed at the first instants of each process: resource tracker, fork server, child; and while
    they import.
    """
    script = tmp_path / "program.py"
    script.write_text(ENGINE)
    for delay in (0, 0.02, 0.1, 0.3, 0.7, 1.5):
        program = subprocess.Popen(
            [sys.executable, script, str(data.root), method], stdout=subprocess.PIPE, text=True
        )
        parent = psutil.Process(program.pid)
        assert program.stdout.readline() == "begun\n"
        deadline = time.monotonic() + PATIENCE
        while len(family := parent.children(recursive=True)) < 2:
            assert time.monotonic() < deadline
        time.sleep(delay)
        family = {*family, *parent.children(recursive=True)}
        alive, _seconds = kill(program, list(family))
        assert not alive, (delay, alive)


def test_a_stopped_fork_server_ends_with_its_parent(data, tmp_path):
    script = tmp_path / "program.py"
    script.write_text(ENGINE)
    program = subprocess.Popen(
        [sys.executable, script, str(data.root), "forkserver"], stdout=subprocess.PIPE, text=True
    )
    parent = psutil.Process(program.pid)
    server = None
    while server is None:
        family = parent.children()
        server = next(
            (one for one in family if "forkserver import main" in " ".join(one.cmdline())), None
        )
    while Path(f"/proc/{server.pid}/fd/1").readlink() != Path(os.devnull):  # it has tied itself
        time.sleep(0.01)
    server.suspend()
    assert not kill(program, [server])[0]


HELPERS = {
    "probe": "from studio.models.memory import probe_process; probe_process.probe(('torch',))",
    "download": """
from studio.models.hub.messages import Order
from studio.models.hub.process import DownloadProcess
from studio.models.hub.repository import Hub
with DownloadProcess(Order(Hub(), "a/b", sys.argv[1]), lambda: False):
    time.sleep(600)
""",
    "conversion": """
from pathlib import Path
from studio.models.install.gguf_convert_process import run_conversion
run_conversion(Path(sys.argv[1]) / "model.gguf", Path(sys.argv[1]), lambda: False)
""",
    "file reader": """
from studio.library.file_reader.messages import FileToRead
from studio.library.file_reader.process import ReaderProcess
ReaderProcess().read_all([FileToRead(sys.argv[1] + "/a.txt")])
time.sleep(600)
""",
}


@pytest.mark.parametrize("delay", [0, 0.1, 0.6])
@pytest.mark.parametrize("what", HELPERS)
def test_helper_processes_end_with_their_parent(what, delay, tmp_path):
    program = start_program("import sys, time\n" + HELPERS[what], str(tmp_path))
    parent = psutil.Process(program.pid)
    deadline = time.monotonic() + PATIENCE
    while not (family := parent.children(recursive=True)):
        assert time.monotonic() < deadline
        assert program.poll() is None
    time.sleep(delay)
    assert not kill(program, family)[0]
