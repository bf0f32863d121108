"""File names made from prompts and templates: safe on Linux, macOS and Windows, and never outside
the chosen folder.

Templates have fixed tokens, found by a regular expression: `str.format` would let a template read
the program's internals.
"""

from __future__ import annotations

import itertools
import re
import sys
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from studio.core.errors import Problem
from studio.core.requests import Request

MAX_STEM_BYTES = 120
"""UTF-8 bytes. Leaves room for `-12.flac` and a collision number within the 255 (eCryptfs: 143)
bytes of a file name.
"""

TOKENS = ("row", "prompt", "seed", "model", "kind", "date", "time", "job")
DEFAULT_TEMPLATE = "{row:04}-{prompt:40}"

_TOKEN = re.compile(r"\{([^{}:]+)(?::(\d{1,3}))?\}")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    "conin$",
    "conout$",
    *(f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"),
}


def slug(text: str, max_bytes: int = 80) -> str:
    """Return `text` as one part of a file name: safe on every system, at most `max_bytes` of UTF-8,
    maybe empty.
    """
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    text = _FORBIDDEN.sub(
        " ", normal[: 4 * max_bytes + 1_000]
    )  # room for blanks; a prompt may be 200 000 characters
    # Categories C*: controls, direction overrides, surrogates, unassigned. Z*: line and paragraph
    # separators and odd spaces.
    if not text.isascii():
        text = "".join(
            " " if unicodedata.category(character)[0] in "CZ" else character for character in text
        )
        text = _encodable(text)
    text = _cut("-".join(text.split()), max_bytes).strip(" .-~")
    return f"_{text}" if text.partition(".")[0].strip().lower() in _RESERVED else text


def _encodable(text: str, encoding: str = "") -> str:
    """Return the text without the characters that this system's file names cannot hold: those that
    Latin-1 lacks, say.
    """
    encoding = encoding or sys.getfilesystemencoding()
    return text if encoding == "utf-8" else text.encode(encoding, errors="ignore").decode(encoding)


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")


def default_stem(request: Request, job_id: str) -> str:
    """Return the name of a single job's artifacts: the prompt's beginning and the job's id."""
    return f"{slug(request.prompt, 40) or request.kind}-{job_id}"


def check_template(template: str, columns: Iterable[str] = ()) -> Problem | None:
    """Return what is wrong with a name template, or None."""
    known = {*TOKENS, *columns}
    unknown = [name for name, _width in _TOKEN.findall(template) if name not in known]
    literal = _TOKEN.sub("", template)
    if unknown:
        return Problem(
            "name",
            f"{{{unknown[0]}}} is not known; there are "
            f"{', '.join(f'{{{name}}}' for name in sorted(known))}",
        )
    if "{" in literal or "}" in literal:
        return Problem("name", "has a brace that belongs to no {token}")
    if "/" in literal or "\\" in literal or ".." in literal:
        return Problem("name", "must be a file name, not a path")
    if found := _FORBIDDEN.search(literal):
        return Problem("name", f"has a character that file names cannot have: {found.group()!r}")
    if not template.strip():
        return Problem("name", "is empty")
    if template.strip().partition(".")[0].lower() in _RESERVED:
        return Problem("name", f"{template.strip()!r} is a name that Windows keeps for itself")
    return None


def render(template: str, values: Mapping[str, object]) -> str:
    """Fill a checked template: `{row:04}` pads a number, `{prompt:40}` cuts a text to 40 bytes.
    Returns a safe stem.
    """

    def fill(match: re.Match[str]) -> str:
        name, width = match.groups()
        value = values.get(name, "")
        if isinstance(value, int):
            return str(value).zfill(int(width or 0))
        return slug(str(value), min(int(width), MAX_STEM_BYTES) if width else 80)

    return slug(_TOKEN.sub(fill, template), MAX_STEM_BYTES) or "result"


def values_of(
    request: Request, *, row: int, job_id: str, columns: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Return what a template's tokens stand for. A file's own columns come first only where no
    token has their name.
    """
    own: dict[str, object] = {
        "row": row,
        "prompt": request.prompt,
        "seed": request.seed if request.seed is not None else "",
        "model": request.model,
        "kind": request.kind,
        "date": time.strftime("%Y-%m-%d"),
        "time": time.strftime("%H%M%S"),
        "job": job_id,
    }
    return {**(columns or {}), **own}


def number_collisions(
    stems: Sequence[str], folder: Path, counts: Sequence[int] = (), taken: Iterable[str] = ()
) -> list[str]:
    """Return the stems, made different from each other and from what lies in `folder`, also where
    case does not count.

    `counts`: how many results each has; a stem with several becomes `cat-1`, `cat-2` …, which must
    not be another's name either.
    `taken`: further stems that are in use.
    """
    taken = {stem.lower() for stem in taken}
    taken |= {path.stem.lower() for path in folder.iterdir()} if folder.is_dir() else set()
    # `cat-2` of a job with several results must not meet the `cat-2` of another job.
    taken |= {re.sub(r"-\d+$", "", stem) for stem in taken}
    unique = []
    reached: dict[str, int] = {}  # else a thousand runs of one prompt would count from 1 each
    for stem, count in zip(stems, counts or itertools.repeat(1), strict=False):
        number = reached.get(stem, 1)
        candidate = stem
        while not taken.isdisjoint(_names_of(candidate, count)):
            number += 1
            suffix = f" ({number})"
            candidate = _cut(stem, MAX_STEM_BYTES - len(suffix)).rstrip(" .-") + suffix
        reached[stem] = number
        taken.update(_names_of(candidate, count))
        unique.append(candidate)
    return unique


def _names_of(stem: str, count: int) -> list[str]:
    stem = stem.lower()
    return [stem, *(f"{stem}-{number}" for number in range(1, count + 1))] if count > 1 else [stem]


def printable(text: str) -> str:
    """Return `text`, which may come from a hostile file, without what cannot be printed (controls,
    surrogates …).
    """
    return "".join(character if character.isprintable() else "�" for character in text)
