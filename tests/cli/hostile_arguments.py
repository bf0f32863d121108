"""Argument vectors to stumble over, drawn from the program's own commands and options.

What commands and options there are is read from the command line itself, so that a new one is tried
without a change here.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer.main

from studio.cli.app import app
from tests.cli.fork_server import Call

LEFT_OUT = {
    ("doctor",): "starts torch",
    ("models", "install"): "is tried with names that do not exist by test_cli",
    ("models", "memory"): "settings of the runs that follow",
}
OPTIONS_LEFT_OUT = {
    "--login",
    "--logout",
    "--watch",
    "--help",
    "--in-process",
    "--convert",
    "--online",
    "--fits",
}
NOT_UTF8 = os.fsdecode(b"\xcc\xe1\xca\xbe")
TEXTS = (
    "hello",
    "",
    " ",
    "-",
    "--",
    "\n",
    "\x1b[31m",
    "\u202ereversed",
    "🎈" * 70,
    "[/bold]",
    "[red]x[/red]",
    "%s%n%d",
    "{row.__class__}",
    "{{",
    "$x",
    "__animal__",
    "a\\nb",
    "../../up",
    "~",
    "~nobody_at_all/x",
    "'; DROP TABLE jobs; --",
    "con",
    "NUL",
    "x" * 3_000,
    NOT_UTF8,
    "x" + NOT_UTF8 + ".png",
    "-1",
    "0",
    "=",
    "a=b",
    "a=[1..9]",
    "text",
    "csv",
    "utf-8",
    "07:30",
    "@file",
)
NUMBERS = (
    "0",
    "-1",
    "1",
    "2",
    "7.5",
    "1e9",
    "1e-400",
    "1e999",
    "nan",
    "inf",
    "-inf",
    "99999999999999999999",
    "0x10",
    "1_0",
    "٣",
    "½",
    "",
    " 4 ",
    "4,5",
    "1e",
    "true",
    "٣٫٥",
)
PATHS = (
    "rows.txt",
    "rows.csv",
    "empty.txt",
    "missing.txt",
    "fifo.csv",
    "fifo",
    "loop.png",
    "folder",
    "folder.csv",
    "file",
    "file/below.png",
    "file/below/",
    "folder/result.txt",
    "folder/result.png",
    "new/deep/er",
    "",
    ".",
    "..",
    "-",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/null/x",
    "/proc/self/mem",
    "/proc/version",
    "/nowhere/at/all",
    "~nobody_at_all/x.txt",
    "n" * 300 + ".txt",
    "folder/" + "ä" * 140 + ".txt",
    "d/" * 2_500,
    NOT_UTF8,
    NOT_UTF8 + ".csv",
    "folder/" + NOT_UTF8,
    "broken.png",
    "broken.mid",
    "socket",
    "gone.png",
    "bin.toml",
    "deep.toml",
    "con.txt",
    "name\nwith\tcontrols.txt",
    "http://127.0.0.1/x.png",
    "file:///etc/passwd",
)
ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {"HOME": ""},
    {"HOME": "/nowhere"},
    {"LC_ALL": "C"},
    {"LC_ALL": "xx_XX"},
    {"TERM": "dumb"},
    {"COLUMNS": "1"},
    {"COLUMNS": "x"},
    {"TMPDIR": "/nowhere"},
    {"PATH": ""},
    {"TZ": "no/where"},
    {"FORCE_COLOR": "1"},
    {"LANGUAGE": "zz"},
    {"LINES": "-3"},
)


def make_files(folder: Path) -> None:
    """Put the files and other things that `PATHS` names into a folder."""
    import socket

    (folder / "rows.txt").write_text("a red apple\na green pear\n")
    (folder / "rows.csv").write_text("prompt,max_new_tokens\nhello,3\nworld,nonsense\n")
    (folder / "empty.txt").touch()
    (folder / "file").write_text("not a folder")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")
    (folder / "broken.mid").write_bytes(b"MThd\0\0\0\x06\0\x01")
    (folder / "bin.toml").write_bytes(bytes(range(256)))
    (folder / "deep.toml").write_text(f"steps = {'[' * 50_000}")
    (folder / "folder").mkdir()
    (folder / "folder.csv").mkdir()
    for name in ("fifo", "fifo.csv"):
        os.mkfifo(folder / name)
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "gone.png").symlink_to("nothing-there.png")
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(folder)  # the path of a socket has little room
        listener.bind("socket")
        os.chdir(before)


def commands() -> dict[tuple[str, ...], Any]:
    """Return the commands of the program by their words."""
    found: dict[tuple[str, ...], Any] = {}

    def add(words: tuple[str, ...], command: Any) -> None:
        inner = getattr(command, "commands", None)
        if inner is None:
            found[words] = command
        for name, one in (inner or {}).items():
            add((*words, name), one)

    add((), typer.main.get_command(app))
    return {words: command for words, command in found.items() if words not in LEFT_OUT}


def calls(seed: int, count: int, folder: Path, data: Path) -> Iterator[Call]:
    """Yield runs to try: every command with every option at least once where `count` allows it,
    then whatever chance gives.
    """
    chance = random.Random(seed)
    known = commands()
    systematic = [
        (words, parameter)
        for words, command in known.items()
        for parameter in command.params
        if _is_tried(parameter)
    ]
    chance.shuffle(systematic)
    for number in range(count):
        if number < len(systematic):
            words, parameter = systematic[number]
            chosen = [parameter]
        else:
            words = chance.choice(list(known))
            options = [parameter for parameter in known[words].params if _is_tried(parameter)]
            chosen = chance.sample(options, min(len(options), chance.randrange(4)))
        yield Call(
            arguments=_vector(chance, words, known[words].params, chosen, data),
            folder=str(folder),
            environment=chance.choice(ENVIRONMENTS) if chance.random() < 0.15 else {},
            stdin=chance.choice(("", "hello\n", "\xff\xfe\x00", "a\nb\n", "{"))
            if chance.random() < 0.5
            else "",
            stdout=chance.choice(("full", "closed", "pipe")) if chance.random() < 0.1 else "file",
            stderr=chance.choice(("full", "closed", "pipe")) if chance.random() < 0.03 else "file",
        )


def _is_tried(parameter: Any) -> bool:
    return parameter.param_type_name == "option" and not OPTIONS_LEFT_OUT & set(parameter.opts)


def _vector(
    chance: random.Random,
    words: Sequence[str],
    parameters: Sequence[Any],
    chosen: Sequence[Any],
    data: Path,
) -> list[str]:
    place = (
        chance.choice([_value(chance, "PATH") for _ in range(3)])
        if chance.random() < 0.1
        else str(data)
    )
    vector = ["--fake", "--data-dir", place or str(data), *words]
    for parameter in parameters:
        if parameter.param_type_name == "argument" and chance.random() < 0.95:
            vector.append(_argument(chance, words, parameter))
    for parameter in chosen:
        vector.append(chance.choice(parameter.opts))
        if not getattr(parameter, "is_flag", False):
            vector.append(_value(chance, _kind(parameter)))
    if chance.random() < 0.05:
        vector.insert(chance.randrange(3, len(vector) + 1), chance.choice(TEXTS))
    return vector


def _kind(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    return "N" if parameter.name in ("repeat", "first_seed") else "TEXT"


def _argument(chance: random.Random, words: Sequence[str], parameter: Any) -> str:
    if "prompt" in parameter.name:
        return "hello" if chance.random() < 0.6 else chance.choice(TEXTS)
    return _value(chance, str(parameter.metavar or parameter.name).upper())


def _value(chance: random.Random, kind: str) -> str:
    if any(word in kind for word in ("FILE", "FOLDER", "PATH")):
        return chance.choice(PATHS)
    pools = (NUMBERS, TEXTS, PATHS) if kind in ("N", "X") else (TEXTS, NUMBERS, PATHS)
    return chance.choice(pools[chance.choices(range(3), (8, 1, 1))[0]])
