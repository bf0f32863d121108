"""From the bytes of a prompt file to its text, with the encoding that was found."""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import StudioError

MAX_FILE_BYTES = 100 * 2**20
ENCODINGS = ("utf-8", "utf-16", "gb18030", "big5", "shift_jis", "euc-kr", "cp1252", "cp1251", "latin-1")
"""What a person can choose from when the guess was wrong."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_USUAL_SCRIPTS = ("LATIN", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "THAI", "DEVANAGARI")


@dataclass(frozen=True)
class Decoded:
    """A file's text. `warning` says where the encoding may be wrong."""

    text: str
    encoding: str
    warning: str = ""


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes. Raises StudioError where it cannot be read or is no prompt file by its size."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise _unreadable(path, f"it has {size / 2**20:.0f} MB; at most {MAX_FILE_BYTES // 2**20} are read")
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if not data.strip():
        raise _unreadable(path, "it is empty")
    return data


def _unreadable(path: Path, why: str) -> StudioError:
    return StudioError(
        f"{path.name} cannot be used: {why}.", cause="invalid", cure="Choose a .txt, .csv or .jsonl file of prompts."
    )


def decode(data: bytes, encoding: str = "") -> Decoded:
    """Return the text: by its byte order mark, else as UTF-8, else by the best guess; or as the person says.

    Raises StudioError for what is no text.
    """
    if encoding:
        return _as(data, encoding)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _as(data, name)
    if b"\0" in data:
        raise StudioError("The file is not text.", cause="invalid", cure="Choose a .txt, .csv or .jsonl file of prompts.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(data)
    return Decoded(text, "utf-8", _doubt(text))


def _as(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding.removesuffix("-sig"))
    except (UnicodeDecodeError, LookupError) as error:
        raise StudioError(f"The file is not {encoding}.", cause="invalid", cure="Choose another encoding.") from error


def _guess(data: bytes) -> Decoded:
    from charset_normalizer import from_bytes

    # Its statistics want whole lines; the beginning is enough and keeps 100 MB files quick.
    best = from_bytes(data[: data.find(b"\n", 200_000) + 1 or None]).best()
    names = ([best.encoding] if best else []) + ["gb18030", "cp1252"]
    for name in names:
        try:
            return Decoded(data.decode(name), name, f"Not UTF-8; read as {name}. Check the prompts, or choose another encoding.")
        except UnicodeDecodeError:
            continue
    raise StudioError("The file's encoding is not known.", cause="invalid", cure="Save it as UTF-8.")


def _doubt(text: str) -> str:
    # Chinese in GBK can be valid UTF-8 of letters that nobody uses together.
    odd = usual = 0
    for character in text[:10_000]:
        if ord(character) < 128 or not character.isalpha():
            continue
        name = unicodedata.name(character, "")
        if (
            name.startswith(_USUAL_SCRIPTS)
            and ord(character) not in range(0x180, 0x250)
            and ord(character) not in range(0x4A0, 0x530)
        ):
            usual += 1
        else:
            odd += 1
    if odd and odd >= usual:
        return "The letters look odd: is the file really UTF-8? Check the prompts, or choose another encoding."
    return ""
