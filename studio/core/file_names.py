"""File names from prompts and templates: safe on all systems, and never outside the folder.

Templates have fixed tokens that a regular expression finds, because `str.format` would expose the
program's internals.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import sys
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from studio.core.errors import Problem
from studio.core.requests import Request
from studio.core.translation import tr

MAX_STEM_BYTES = 120
"""UTF-8 bytes; leaves room for `-12.flac` and a number within the 143 bytes of eCryptfs."""

TOKENS = ("row", "prompt", "seed", "model", "kind", "date", "time", "job")
DEFAULT_TEMPLATE = "{row:04}-{prompt:40}"
SINGLE_TOKENS = tuple(token for token in TOKENS if token != "row")
"""Tokens of the template for results outside a batch."""
SINGLE_TEMPLATE = "{prompt:40}-{job}"

_TOKEN = re.compile(r"\{([^{}:]+)(?::(\d{1,3}))?\}")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DIRECTIONS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""Overrides and isolates; the marks that right-to-left texts need stay."""
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
    """Return `text` as part of a file name, at most `max_bytes` of UTF-8; may be empty."""
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    # a prompt may have 200 000 characters; some are blanks
    text = _FORBIDDEN.sub(" ", normal[: 4 * max_bytes + 1_000])
    # Unicode categories C*: controls, direction overrides, surrogates, unassigned; Z*: line and
    # paragraph separators and special spaces.
    if not text.isascii():
        text = "".join(
            " " if unicodedata.category(character)[0] in "CZ" else character for character in text
        )
        text = _encodable(text)
    text = _cut("-".join(text.split()), max_bytes).strip(" .-~")
    return f"_{text}" if text.partition(".")[0].strip().lower() in _RESERVED else text


def _encodable(text: str, encoding: str = "") -> str:
    """Return the text without characters that the file system encoding (Latin-1, say) lacks."""
    encoding = encoding or sys.getfilesystemencoding()
    return text if encoding == "utf-8" else text.encode(encoding, errors="ignore").decode(encoding)


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")


def single_stem(request: Request, job_id: str, template: str = "") -> str:
    """Return the file name of a single job; without a template, the prompt and the job's id.

    The name always contains the job's id, so that a second run of the job writes the same file and
    no other job does.
    """
    if not template or check_template(template, tokens=SINGLE_TOKENS):
        return f"{slug(request.prompt, 40) or request.kind}-{job_id}"
    stem = render(template, values_of(request, row=0, job_id=job_id))
    if job_id in stem:
        return stem
    return f"{_cut(stem, MAX_STEM_BYTES - len(job_id) - 1).rstrip(' .-')}-{job_id}"


def check_template(
    template: str, columns: Iterable[str] = (), tokens: Iterable[str] = TOKENS
) -> Problem | None:
    """Return the problem of a name template, or None."""
    known = {*tokens, *columns}
    unknown = [name for name, _width in _TOKEN.findall(template) if name not in known]
    literal = _TOKEN.sub("", template)
    if unknown:
        return Problem(
            "name",
            tr(
                "{{{unknown}}} is unknown; tokens are {known}",
                unknown=unknown[0],
                known=", ".join(f"{{{name}}}" for name in sorted(known)),
            ),
        )
    if "{" in literal or "}" in literal:
        return Problem("name", tr("has a brace outside a {token}"))
    if "/" in literal or "\\" in literal or ".." in literal:
        return Problem("name", tr("must be a file name, not a path"))
    if match := _FORBIDDEN.search(literal):
        return Problem(
            "name",
            tr(
                "has a character that file names cannot have: {character!r}",
                character=match.group(),
            ),
        )
    if not template.strip():
        return Problem("name", tr("is empty"))
    if template.strip().partition(".")[0].lower() in _RESERVED:
        return Problem(
            "name", tr("{template!r} is a reserved name on Windows", template=template.strip())
        )
    return None


def render(template: str, values: Mapping[str, object]) -> str:
    """Fill a checked template and return a safe stem.

    `{row:04}` pads a number; `{prompt:40}` cuts a text to 40 bytes.
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
    """Return the values of a template's tokens; tokens take precedence over a file's columns."""
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
    """Return the stems, made unique in `folder` and among each other, ignoring case.

    `counts`: number of results per stem; `cat` with several becomes `cat-1`, `cat-2` …, which must
    be unique too. `taken`: further stems in use.
    """
    taken = {stem.lower() for stem in taken}
    taken |= {path.stem.lower() for path in folder.iterdir()} if folder.is_dir() else set()
    # `cat-2` of a job with several results must not collide with another job's `cat-2`.
    taken |= {re.sub(r"-\d+$", "", stem) for stem in taken}
    unique = []
    last_numbers: dict[str, int] = {}  # so that a thousand equal stems don't count from 1 each
    for stem, count in zip(stems, counts or itertools.repeat(1), strict=False):
        number = last_numbers.get(stem, 1)
        candidate = stem
        while not taken.isdisjoint(_names_of(candidate, count)):
            number += 1
            suffix = f" ({number})"
            candidate = _cut(stem, MAX_STEM_BYTES - len(suffix)).rstrip(" .-") + suffix
        last_numbers[stem] = number
        taken.update(_names_of(candidate, count))
        unique.append(candidate)
    return unique


def _names_of(stem: str, count: int) -> list[str]:
    stem = stem.lower()
    return [stem, *(f"{stem}-{number}" for number in range(1, count + 1))] if count > 1 else [stem]


def printable(text: str) -> str:
    """Return an untrusted text with � for each unprintable character (controls, surrogates …)."""
    return "".join(character if character.isprintable() else "�" for character in text)


def one_line(text: str) -> str:
    """Return an untrusted text on one line, without characters that turn what follows around.

    For names and titles that stand among others: an override of the direction would change how
    those are read.
    """
    return _DIRECTIONS.sub("", _CONTROLS.sub(" ", text))


def is_utf8(path: str) -> bool:
    """Return False for a name with bytes that are no characters; SQLite refuses it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def home_path(path: str) -> str:
    """Return a path as it is shown: with ~ for the user's home folder, except on Windows."""
    if os.name == "nt":
        return path
    with contextlib.suppress(ValueError, RuntimeError):  # elsewhere, or a user without a home
        return str(Path("~") / Path(path).relative_to(Path.home()))
    return path
