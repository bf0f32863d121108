"""Children of the engine that misbehave: real processes with a real pipe, and nothing imported that
takes time.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

from studio.engine.process.launcher import WorkerProcess
from studio.engine.process.message_pipe import MessagePipe


def start(what: str, log_path: str) -> WorkerProcess:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    lifeline_end, parent_alive = context.Pipe(duplex=False)
    process = context.Process(target=_misbehave, args=(theirs, lifeline_end, what), name=what)
    process.start()
    theirs.close()
    lifeline_end.close()
    return WorkerProcess(process, MessagePipe(ours), parent_alive, log_path)


def _misbehave(connection, life, what: str) -> None:
    if what == "reads nothing":
        os.kill(os.getpid(), signal.SIGSTOP)
    connection.recv_bytes()
    raw = connection.fileno()
    if what == "half a message":
        os.write(raw, (4096).to_bytes(4, "big") + b"x" * 10)
    elif what == "half a message, then stopped":
        os.write(raw, (4096).to_bytes(4, "big") + b"x" * 10)
        os.kill(os.getpid(), signal.SIGSTOP)
    elif what == "an impossible length":
        os.write(raw, b"A" * 5000)
    elif what == "another type":
        connection.send_bytes(b"\x93\x01garbage")
    elif what == "an end in mid message":
        os.write(raw, (4096).to_bytes(4, "big") + b"x" * 10)
        os._exit(3)
    elif what == "a pipe that stays open":
        os.set_inheritable(raw, True)
        subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=life.fileno(),
            close_fds=False,
        )
        os._exit(4)
    time.sleep(600)
