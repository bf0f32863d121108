"""Run a command under strace and list what it did to the network and outside its own folders.

The kernel's view: native code, which an audit hook of Python cannot see, is seen as well. Every
thread and child is followed, and each has a file of its own (`strace -ff`), so that no line is
interrupted by another's.
"""

from __future__ import annotations

import codecs
import dataclasses
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CI_VARIABLES = (
    # onnxruntime sends nothing where one of these is set, so that a test in CI would prove nothing.
    "CI",
    "TF_BUILD",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "CIRCLECI",
    "TRAVIS",
    "JENKINS_URL",
    "CODEBUILD_BUILD_ID",
    "BUILDKITE",
    "TEAMCITY_VERSION",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
    "ORT_RUNNING_UNIT_TESTS",
)
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "OMP_NUM_THREADS")
"""All that a traced program gets of the environment of the tests."""

NETWORK_CALLS = (
    "socket",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "sendmsg",
    "sendmmsg",
)
OPEN_CALLS = ("open", "openat", "openat2", "creat")
PATH_CALLS = (
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "rename",
    "renameat",
    "renameat2",
    "truncate",
    "unlink",
    "unlinkat",
    "rmdir",
)
CLONE_CALLS = ("clone", "clone3", "fork", "vfork")
HIDDEN_CALLS = ("io_uring_setup",)
"""What goes through a ring is not seen by strace: a program that makes one cannot be judged."""
NAME_FILES = ("/etc/hosts", "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf")
"""Read by libc when it looks up the name of a host, and for nothing else."""

_WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|__O_TMPFILE|O_TMPFILE")
_CALL = re.compile(r"(?P<time>\d+\.\d+) (?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>.*)")
_UNFINISHED = re.compile(
    r"(?P<time>\d+\.\d+) (?P<name>\w+)\((?P<arguments>.*?)(?: <unfinished \.\.\.>)?(?P<result>)"
)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FOLDER = re.compile(r"AT_FDCWD<((?:[^>\\]|\\.)*)>")
_DESCRIPTOR = re.compile(r"-?\d+<((?:[^>\\]|\\.)*)>")
_FAMILY = re.compile(r"sa_family=(\w+)")
_SOCKET_PATH = re.compile(r'sun_path=(@?)"((?:[^"\\]|\\.)*)"')

ALLOWED_FILES: dict[str, str] = {
    r"/dev/null": "what nobody reads is written there",
    r"/dev/tty": "the terminal itself",
    r"/dev/shm/sem\.[\w-]+": "locks between processes, which live in memory",
    r"/proc/(self|\d+)/(task/\d+/)?comm": "the name of a thread",
    r"/var/cache/fontconfig/.*|.*/\.cache(/fontconfig(/.*)?)?": "the index of fonts, which any "
    "program with text keeps",
    r".*/__pycache__(/[^/]+\.pyc(\.\d+)?)?": "Python's own compiled modules, beside the modules",
}
"""Patterns of files outside the program's folders that it may open for writing, and why."""
ALLOWED_SOCKETS: dict[str, str] = {
    r"(/var)?/run/(user/\d+/)?pulse/native": "the sound server, to play what was made",
}
"""Patterns of local sockets outside the program's folders that it may connect to, and why."""
PHASE = "/studio-phase/"
"""A traced program that opens a file of this folder, which does not exist, names what it does from
then on.
"""


@dataclass(frozen=True)
class Finding:
    """One thing that a traced program must not do."""

    kind: str
    """`network`, `name` (a look-up), `file` or `hidden`."""
    what: str
    program: str
    time: float = 0.0
    phase: str = ""
    """What the program named last; see `PHASE`."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}  [{self.phase or self.program}]"


@dataclass
class Traced:
    """What became of a traced command."""

    returncode: int
    stdout: str
    stderr: str
    findings: list[Finding] = field(default_factory=list)
    phases: list[tuple[float, str]] = field(default_factory=list)

    @property
    def report(self) -> str:
        """The findings, each kind once, a line each."""
        return "\n".join(dict.fromkeys(map(str, self.findings)))


@functools.cache
def isolation() -> tuple[str, ...]:
    """Return the command in front that gives an empty network; nothing where the system does not
    allow it.
    """
    if shutil.which("unshare"):
        for options in ("-n", "-rn"):
            if not subprocess.run(
                ["unshare", options, "true"], capture_output=True, check=False
            ).returncode:
                return "unshare", options
    return ()


def fresh_environment(home: Path, temporary: Path, **more: str) -> dict[str, str]:
    """Return the environment of a person who has just been given this computer: no variable that
    says "this is CI".
    """
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    runtime = temporary / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment |= {
        "HOME": str(home),
        "USER": "somebody",
        "LOGNAME": "somebody",
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary),
        "XDG_RUNTIME_DIR": str(runtime),
        "QT_QPA_PLATFORM": "offscreen",
    }
    assert not set(CI_VARIABLES) & set(environment)
    return environment | more


def trace(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    own: Sequence[Path],
    scratch: Path,
    timeout: float,
    isolated: bool = True,
) -> Traced:
    """Run the command to its end and return what it did outside `own`, the folders where it may
    write.

    `scratch` is an empty folder for the trace; the command begins in an empty folder in it, which
    is not its own. `isolated`: in an empty network, where the system allows it.
    """
    strace = shutil.which("strace")
    assert strace, "strace is missing; `python install.py --test` installs it"
    here, traces = scratch / "here", scratch / "traces"
    here.mkdir()
    traces.mkdir()
    calls = ",".join(
        ["execve", "chdir", *CLONE_CALLS, *NETWORK_CALLS, *OPEN_CALLS, *PATH_CALLS, *HIDDEN_CALLS]
    )
    watch = [
        strace,
        "-ff",
        "-ttt",
        "-qq",
        "-y",
        "-s",
        "4096",
        "--seccomp-bpf",
        "-e",
        f"trace={calls}",
        "-o",
        str(traces / "trace"),
    ]
    done = subprocess.run(
        [*(isolation() if isolated else ()), *watch, *map(str, command)],
        env=dict(environment),
        cwd=here,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )
    found = Traced(done.returncode, done.stdout, done.stderr)
    folders = [Path(os.path.realpath(folder)) for folder in own]
    files = sorted(traces.iterdir(), key=lambda path: int(path.suffix[1:]))
    threads = [_Thread(int(file.suffix[1:]), list(_calls(file))) for file in files]
    programs: dict[int, str] = {}
    for (
        thread
    ) in threads:  # a thread is younger, and has a higher number, than the one that made it
        _read(thread, folders, here, found, programs)
    _name_phases(found)
    left = [path for path in (Path(environment["HOME"]), here) for path in path.rglob("*")]
    found.findings += [
        Finding("file", f"{path} is left", "after the end")
        for path in left
        if not _may_write(str(path), folders)
    ]
    return found


def _name_phases(found: Traced) -> None:
    found.phases.sort()
    found.findings.sort(key=lambda finding: finding.time)
    for number, finding in enumerate(found.findings):
        before = [name for time, name in found.phases if time <= finding.time]
        found.findings[number] = dataclasses.replace(finding, phase=before[-1] if before else "")


@dataclass
class _Call:
    time: float
    name: str
    arguments: str
    result: str


@dataclass
class _Thread:
    number: int
    calls: list[_Call]


def _calls(file: Path) -> Iterator[_Call]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _CALL.fullmatch(line) or _UNFINISHED.fullmatch(
            line
        )  # unfinished: the process was killed meanwhile
        if match is not None:
            yield _Call(
                float(match["time"]), match["name"], match["arguments"], match["result"] or "?"
            )


def _read(
    thread: _Thread, own: list[Path], here: Path, found: Traced, programs: dict[int, str]
) -> None:
    """Add what one thread did. `programs`: what each thread runs, as far as that is known."""
    program, folder = programs.get(thread.number, f"thread {thread.number}"), str(here)
    for call in thread.calls:
        if at := _FOLDER.search(call.arguments):
            folder = _text(at[1])
        if call.name in CLONE_CALLS:
            if made := re.match(r"\d+", call.result):
                programs[int(made[0])] = program
        elif call.name == "execve":
            if not call.result.startswith("-1"):
                program = " ".join(
                    " ".join(map(_text, _STRING.findall(call.arguments)[1:])).split()
                )[:160]
        elif call.name == "chdir":
            folder = os.path.join(folder, _text(_STRING.findall(call.arguments)[0]))  # noqa: PTH118
        elif (strings := _STRING.findall(call.arguments)) and strings[0].startswith(PHASE):
            found.phases.append((call.time, _text(strings[0]).removeprefix(PHASE)))
        else:
            judged = _judge(call.name, call.arguments, call.result, folder, own)
            found.findings += [Finding(kind, what, program, call.time) for kind, what in judged]


def _judge(
    name: str, arguments: str, result: str, folder: str, own: list[Path]
) -> Iterator[tuple[str, str]]:
    if name in HIDDEN_CALLS:
        yield "hidden", f"{name}({arguments})"
    elif name in NETWORK_CALLS:
        yield from _judge_network(name, arguments, result, own)
    elif name in OPEN_CALLS:
        path = _opened(arguments, result, folder)
        if path in NAME_FILES:
            yield "name", f"{path} is read"
        if (name == "creat" or _WRITING.search(_STRING.sub("", arguments))) and not _may_write(
            path, own
        ):
            yield "file", f"{path} is opened for writing ({result.split('<')[0].strip()})"
    else:
        for path in _paths(name, arguments, folder):
            if not _may_write(path, own):
                yield "file", f"{name} of {path} ({result.strip()})"


def _judge_network(
    name: str, arguments: str, result: str, own: list[Path]
) -> Iterator[tuple[str, str]]:
    if name == "socket":
        family = arguments.split(",")[0]
        if family not in ("AF_UNIX", "AF_LOCAL"):
            yield "network", f"socket({arguments}) = {result}"
        return
    for family in _FAMILY.findall(arguments):
        if family not in ("AF_UNIX", "AF_LOCAL", "AF_UNSPEC"):
            yield "network", f"{name}({arguments}) = {result}"
    for abstract, raw in _SOCKET_PATH.findall(arguments):
        path = _text(raw)
        if "nscd" in path or "resolve" in path or "avahi" in path:
            yield "name", f"{name} to {path}"
        elif abstract or not (_is_own(path, own) or _matches(path, ALLOWED_SOCKETS)):
            yield "network", f"{name} of the socket {abstract}{path}"


def _opened(arguments: str, result: str, folder: str) -> str:
    if real := _DESCRIPTOR.match(result):
        return _text(real[1])
    strings = _STRING.findall(arguments)
    return _resolve(_text(strings[0]) if strings else "?", arguments, folder)


def _paths(name: str, arguments: str, folder: str) -> list[str]:
    """Return the paths that a call changes: not what a link points to, not the source of a hard
    link.
    """
    strings = [_text(raw) for raw in _STRING.findall(arguments)]
    if name in ("link", "linkat", "symlink", "symlinkat"):
        strings = strings[1:]
    if not strings:
        return ["?"]
    folders = [
        _text(match) for match in re.findall(r"(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>", arguments)
    ]
    if len(strings) == len(folders):
        pairs = zip(folders, strings, strict=True)
        return [os.path.normpath(os.path.join(*pair)) for pair in pairs]  # noqa: PTH118
    return [_resolve(string, arguments, folders[-1] if folders else folder) for string in strings]


def _resolve(path: str, arguments: str, folder: str) -> str:
    if at := re.match(r"(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>", arguments):
        folder = _text(at[1])
    return os.path.normpath(os.path.join(folder, path))  # noqa: PTH118


def _may_write(path: str, own: list[Path]) -> bool:
    return _is_own(path, own) or _matches(path, ALLOWED_FILES)


def _matches(path: str, allowed: Mapping[str, str]) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in allowed)


def _is_own(path: str, own: list[Path]) -> bool:
    # The folder's path is real (no links); that of the file is as strace gives it, which for what
    # was opened is real as well.
    if not path.startswith("/"):  # memfd, a pipe, a socket: nothing that has a place
        return "/" not in path or path.startswith(("socket:", "pipe:", "anon_inode:"))
    plain = Path(os.path.normpath(path.removesuffix("(deleted)").rstrip()))
    real = Path(os.path.realpath(plain.parent)) / plain.name
    return any(real.is_relative_to(folder) for folder in own)


def _text(raw: str) -> str:
    """Undo strace's escapes."""
    return codecs.escape_decode(raw.encode("utf-8", "surrogateescape"))[0].decode(
        "utf-8", "surrogateescape"
    )  # type: ignore[attr-defined]
