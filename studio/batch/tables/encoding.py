"""From the bytes of a prompt file to its text, with the encoding that was found."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import StudioError

MAX_FILE_BYTES = 32 * 2**20
"""A hundred thousand rows of 300 letters; what is larger is refused by its size, before it is
read.
"""
MAX_TEXT_BYTES = 96 * 2**20
"""Of a file's text in memory: one rare letter makes each of its letters four bytes."""
ENCODINGS = (
    "utf-8",
    "utf-16",
    "gb18030",
    "big5",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8-r",
    "latin-1",
)
"""What a person can choose from when the guess was wrong."""

_CURE = "Choose a .txt, .csv, .jsonl, .json or .xlsx file of prompts."
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF32_BE, "utf-32"),
)
_GUESSES = ("gb18030", "cp1252", "cp949", "cp1251", "koi8_r", "big5", "cp1250", "cp932", "euc_jp")
"""What files without a mark are in where they are not UTF-8; between equally good readings the
first one counts.
"""
_SAMPLE_BYTES = 200_000
_CONTROLS = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_KANA = re.compile("[\u3041-\u3096]")
_RUN = re.compile("[^\0-\x7f]+")
_MIXED_WORD = re.compile("[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")
_NOT_SO_RARE = frozenset("ơƠưƯșȘțȚǎǍǐǏǒǑǔǓǖǘǚǜǧǦǫǪǝƎɓƁɗƊƙƘƴƳəƏɛƐɔƆɣƔɖƉʋƲɩƖʃƩʒƷŋ\u02bb\u02bcˈˌː")
"""Letters of rare blocks that languages of many people use: Vietnamese, Romanian, Pinyin, Hausa,
Azerbaijani …
"""


@dataclass(frozen=True)
class Decoded:
    """A file's text. `warning` says where the encoding may be wrong."""

    text: str
    encoding: str
    warning: str = ""


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes. Raises StudioError where it cannot be read or is no prompt file by
    its size.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device may never end
            raise _unreadable(path, "it is not a file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(MAX_FILE_BYTES + 1) if size <= MAX_FILE_BYTES else b""
    except (OSError, ValueError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    if max(size, len(data)) > MAX_FILE_BYTES:
        raise _unreadable(path, f"it has more than {MAX_FILE_BYTES // 2**20} MB")
    if not data.strip():
        raise _unreadable(path, "it is empty")
    return data


def _unreadable(path: Path, why: str) -> StudioError:
    return StudioError(f"{path.name} cannot be used: {why}.", cause="invalid", cure=_CURE)


def decode(data: bytes, encoding: str = "") -> Decoded:
    """Return the text: by its byte order mark, else as UTF-8, else by the best guess; or as the
    person says.

    Raises StudioError for what is no text.
    """
    if encoding:
        return _checked(_as(data, encoding))
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if marked:
        return _checked(_as(data, marked))
    if b"\0" in data:
        raise StudioError("The file is not text.", cause="invalid", cure=_CURE)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _checked(_guess(data))
    return _checked(Decoded(text, "utf-8", _doubt(text)))


def _as(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding.removesuffix("-sig"))
    except (
        UnicodeError,
        LookupError,
        ValueError,
    ) as error:  # ValueError: a codec's name with a NUL
        raise StudioError(
            f"The file is not {encoding}.", cause="invalid", cure="Choose another encoding."
        ) from error


def _checked(found: Decoded) -> Decoded:
    # Bytes that are no text decode in many encodings; their controls give them away.
    if sys.getsizeof(found.text) > MAX_TEXT_BYTES:
        raise StudioError(
            f"The file's text takes more than {MAX_TEXT_BYTES // 2**20} MB.",
            cause="invalid",
            cure="Split it into several files.",
        )
    controls = sum(1 for _ in _CONTROLS.finditer(found.text))
    if "\0" in found.text or controls > max(2, len(found.text) // 200):
        raise StudioError(
            f"The file is not text, as {found.encoding}.", cause="invalid", cure=_CURE
        )
    return found


def _guess(data: bytes) -> Decoded:
    sample = _sample(data)
    for name in (*_likely(sample), "gb18030", "cp1252"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        return Decoded(
            text, name, f"Not UTF-8; read as {name}. Check the prompts, or choose another encoding."
        )
    raise StudioError(
        "The file's encoding is not known.", cause="invalid", cure="Save it as UTF-8."
    )


def _sample(data: bytes) -> bytes:
    # Whole lines, because half a character would speak against the right encoding; the beginning
    # keeps 100 MB files quick.
    if len(data) <= _SAMPLE_BYTES:
        return data
    return data[: data.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or _SAMPLE_BYTES]


def _likely(sample: bytes) -> list[str]:
    from charset_normalizer import from_bytes

    for name in ("cp932", "euc_jp"):  # kana tell Japanese more surely than statistics do
        with contextlib.suppress(UnicodeDecodeError):
            text = sample.decode(name)
            if len(_KANA.findall(text)) * 5 >= sum(map(len, _RUN.findall(text))):
                return [name]
    matches = sorted(
        from_bytes(sample, cp_isolation=list(_GUESSES)),
        key=lambda match: (
            bool(_MIXED_WORD.search(str(match))),
            match.chaos,
            -match.coherence,
            _GUESSES.index(match.encoding),
        ),
    )
    return [
        name
        for match in matches
        for name in sorted({match.encoding, *match.could_be_from_charset}, key=_GUESSES.index)
    ]


def _doubt(text: str) -> str:
    # Chinese in GBK can be valid UTF-8: letters of scripts that nobody mixes in a word, or that
    # hardly anybody uses. All of them have two bytes, so that what is above U+07FF speaks for
    # UTF-8.
    odd = usual = 0
    begin = text[:10_000]
    for found in _RUN.finditer(begin):
        run = found.group()
        low = [character for character in run if character < "\u0800"]
        scripts = {_script(character) for character in low} - {""}
        before = begin[found.start() - 1 : found.start()]
        mark_of_nothing = unicodedata.combining(run[0]) and not before.isalpha()
        strange = len(low) if len(scripts) > 1 or mark_of_nothing else sum(map(_is_rare, low))
        odd += strange
        usual += len(run) - strange
    if odd and odd >= usual:
        return (
            "The letters look odd: is the file really UTF-8? Check the prompts, or choose "
            "another encoding."
        )
    return ""


def _script(character: str) -> str:
    name = unicodedata.name(character, "").partition(" ")[0]
    return (
        name
        if unicodedata.category(character)[0] in "LM"
        and name not in ("MODIFIER", "COMBINING", "MICRO")
        else ""
    )


def _is_rare(character: str) -> bool:
    # Latin Extended-B, IPA, spacing modifiers, historic Cyrillic, and what has no name.
    rare = (
        "\u0180" <= character < "\u0300"
        or "\u0460" <= character < "\u0490"
        or not unicodedata.name(character, "")
    )
    return rare and character not in _NOT_SO_RARE
