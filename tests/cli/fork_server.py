"""Runs the command line many times in little time: a process that has imported Studio forks for
each run.

A run is a process of its own, with real streams, a real exit code and its own CPU time; only the
imports are shared.
`python -m tests.cli.fork_server` is the process; `ForkServer` talks to it with a JSON object a
line.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path

WARM = (
    "studio.cli.app",
    "studio.cli.queue.runner",
    "studio.cli.batch.preview",
    "studio.cli.batch.watch",
    "studio.engine.fake",
    "studio.library.artifacts",
    "studio.media.audio",
    "studio.media.video",
    "studio.models.registry",
    "studio.models.catalog",
    "studio.models.install.add",
    "studio.models.inspect.summary",
    "studio.models.install.scan",
    "studio.models.install.verify",
    "studio.batch.tables.spreadsheet",
    "openpyxl",
    "charset_normalizer",
    "wakepy",
)
MAX_OUTPUT = 1 << 20


@dataclass
class Call:
    """One run of the program. Arguments, names and values may hold bytes that are not UTF-8, as
    surrogates.
    """

    arguments: list[str]
    folder: str
    environment: dict[str, str] = field(default_factory=dict)
    stdin: str = ""
    stdout: str = "file"
    """file, full, closed, or pipe (whose reader left)."""
    stderr: str = "file"
    seconds: float = 60.0
    """Wall time after which it counts as hanging, and is killed."""


@dataclass
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str
    cpu: float
    """Seconds, without those of the shared imports."""
    memory: int
    """Bytes at most, with what the shared imports take."""
    hung: bool


class ForkServer:
    """The process; a context manager."""

    def __enter__(self) -> ForkServer:
        """Start it and wait until it has imported everything."""
        command = [sys.executable, "-m", "tests.cli.fork_server"]
        root = Path(__file__).parent.parent.parent
        self._process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_error: object) -> None:
        """End it."""
        self._process.communicate(timeout=60)

    def run(self, call: Call) -> Ended:
        """Run the program once."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(call)).encode() + b"\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


def _serve() -> None:
    for name in WARM:
        importlib.import_module(name)
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    replies.write(b"ready\n")
    for line in sys.stdin.buffer:
        replies.write(json.dumps(asdict(_run(Call(**json.loads(line))))).encode() + b"\n")


def _run(call: Call) -> Ended:
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        tempfile.TemporaryFile() as given,
    ):
        given.write(call.stdin.encode(errors="surrogateescape"))
        given.seek(0)
        until, alive = os.pipe()  # closed by the end of the run
        child = os.fork()
        if not child:
            os.setsid()
            code = 70
            try:
                code = _become(call, given.fileno(), out.fileno(), err.fileno())
            finally:
                os._exit(code)
        os.close(alive)
        hung = not select.select([until], [], [], call.seconds)[0]
        if hung:
            os.killpg(child, signal.SIGKILL)
        os.close(until)
        _pid, status, usage = os.wait4(child, 0)
        unit = 1 if sys.platform == "darwin" else 1024
        return Ended(
            code=os.waitstatus_to_exitcode(status),
            out=_text(out),
            err=_text(err),
            hung=hung,
            cpu=usage.ru_utime + usage.ru_stime,
            memory=usage.ru_maxrss * unit,
        )


def _text(file) -> str:
    file.seek(0)
    return file.read(MAX_OUTPUT).decode(errors="replace")


def _become(call: Call, given: int, out: int, err: int) -> int:
    """Be the program, from its streams to its exit code."""
    os.chdir(call.folder)
    os.environ.update(call.environment)
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    os.dup2(given, 0)
    for number, kind, file in ((1, call.stdout, out), (2, call.stderr, err)):
        if kind == "closed":
            os.close(number)
            continue
        if kind == "full":
            file = os.open("/dev/full", os.O_WRONLY)
        elif kind == "pipe":
            reader, file = os.pipe()
            os.close(reader)
        os.dup2(file, number)
    sys.stdin, sys.stdout, sys.stderr = (_stream(number) for number in range(3))
    sys.argv = ["studio", *call.arguments]
    from studio.cli import main

    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  as the interpreter does
        if sys.stderr is not None:
            traceback.print_exc()
        code = 1
    try:  # as the interpreter does at its end
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        code = 120
    return code


def _stream(number: int):
    try:
        os.fstat(number)
    except OSError:
        return None
    return open(
        number,
        "r" if not number else "w",
        buffering=1 if number == 2 else -1,
        encoding="utf-8",
        closefd=False,
    )


if __name__ == "__main__":
    began = time.monotonic()
    _serve()
