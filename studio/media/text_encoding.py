"""Decode text of an unknown encoding: byte order mark, UTF-8, or the best guess."""

from __future__ import annotations

import codecs
import contextlib
import re
import sys
import unicodedata
from dataclasses import dataclass

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked

MAX_TEXT_BYTES = 96 * 2**20
"""Of a text in memory: one rare character makes all characters take four bytes."""
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
"""The encodings that the user can choose from."""

_CURE = mark("Choose another file, or save it as UTF-8 text.")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF32_BE, "utf-32"),
)
_GUESSES = ("gb18030", "cp1252", "cp949", "cp1251", "koi8_r", "big5", "cp1250", "cp932", "euc_jp")
"""Likely encodings of files that are not UTF-8; the first of equally good ones is used."""
_SAMPLE_BYTES = 200_000
_CONTROLS = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_KANA = re.compile("[\u3041-\u3096]")
_RUN = re.compile("[^\0-\x7f]+")
_MIXED_WORD = re.compile("[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")
_NOT_SO_RARE = frozenset("ơƠưƯșȘțȚǎǍǐǏǒǑǔǓǖǘǚǜǧǦǫǪǝƎɓƁɗƊƙƘƴƳəƏɛƐɔƆɣƔɖƉʋƲɩƖʃƩʒƷŋ\u02bb\u02bcˈˌː")
"""Letters of rare blocks that common languages use: Vietnamese, Romanian, Pinyin, Hausa …"""


@dataclass(frozen=True)
class Decoded:
    """A file's text, with a warning if the encoding is uncertain."""

    text: str
    encoding: str
    warning: str = ""


def decode(data: bytes, encoding: str = "") -> Decoded:
    """Decode a text by its byte order mark, as UTF-8, or by the best guess; or by `encoding`.

    Raises StudioError for data that is not text.
    """
    if encoding:
        return _checked(_as(data, encoding))
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if marked:
        return _checked(_as(data, marked))
    if b"\0" in data:
        raise StudioError(tr("The file is not text."), cause="invalid", cure=tr_marked(_CURE))
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
            tr("The file is not {encoding}.", encoding=encoding),
            cause="invalid",
            cure=tr("Choose another encoding."),
        ) from error


def _checked(found: Decoded) -> Decoded:
    if sys.getsizeof(found.text) > MAX_TEXT_BYTES:
        raise StudioError(
            tr(
                "The file's text needs more than {maximum} MB of memory.",
                maximum=MAX_TEXT_BYTES // 2**20,
            ),
            cause="invalid",
            cure=tr("Split it into several files."),
        )
    # Binary data decodes in many encodings, but contains control characters.
    controls = sum(1 for _ in _CONTROLS.finditer(found.text))
    if "\0" in found.text or controls > max(2, len(found.text) // 200):
        raise StudioError(
            tr("The file is not text in {encoding}.", encoding=found.encoding),
            cause="invalid",
            cure=tr_marked(_CURE),
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
            text,
            name,
            tr(
                "The file is not UTF-8; Studio reads it as {encoding}. Check its text, or "
                "choose another encoding.",
                encoding=name,
            ),
        )
    raise StudioError(
        tr("The file's encoding is unknown."), cause="invalid", cure=tr("Save the file as UTF-8.")
    )


def _sample(data: bytes) -> bytes:
    # Whole lines: half a character would rule out the right encoding.
    if len(data) <= _SAMPLE_BYTES:
        return data
    return data[: data.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or _SAMPLE_BYTES]


def _likely(sample: bytes) -> list[str]:
    from charset_normalizer import from_bytes

    for name in ("cp932", "euc_jp"):  # kana identify Japanese more reliably than statistics
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
    # GBK-encoded Chinese can be valid UTF-8: rare letters, or scripts mixed in a word. All of them
    # are below U+0800 (two bytes), so that characters above indicate real UTF-8.
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
        return tr(
            "The file may not be UTF-8: its letters look unusual. Check its text, or choose "
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
    # Latin Extended-B, IPA, spacing modifiers, historic Cyrillic, and unassigned characters.
    rare = (
        "\u0180" <= character < "\u0300"
        or "\u0460" <= character < "\u0490"
        or not unicodedata.name(character, "")
    )
    return rare and character not in _NOT_SO_RARE
