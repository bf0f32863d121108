"""Read plain text and Markdown files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.formats.faults import check_characters, unreadable
from studio.documents.formats.imported import ImportedDocument, Places
from studio.media.text_encoding import decode

_FRONT_MATTER = re.compile(
    r"---[ \t]*+\n((?:[\w-]++:.*+\n|[ \t]++.*+\n|#.*+\n)++)(?:---|\.\.\.)[ \t]*+\n\s*+"
)
_FIELD = re.compile(r"^([\w-]+):[ \t]*(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class DecodedText:
    """A file's text with `\\n` line breaks."""

    text: str
    encoding: str
    notices: tuple[str, ...]


def decode_file(path: Path, data: bytes, encoding: str = "") -> DecodedText:
    """Decode a text file and name what was assumed. Raises StudioError."""
    try:
        found = decode(data, encoding)
    except StudioError as error:
        raise unreadable(
            path,
            tr("it is not a text in an encoding that Studio knows"),
            error.cure,
        ) from error
    check_characters(path, len(found.text))
    text = found.text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    return DecodedText(text, found.encoding, (found.warning,) if found.warning else ())


def read_txt(path: Path, data: bytes, encoding: str) -> ImportedDocument:
    """Read a plain text."""
    found = decode_file(path, data, encoding)
    return ImportedDocument(
        text=found.text,
        format="txt",
        encoding=found.encoding,
        notices=found.notices,
        places=paragraphs_of(found.text),
    )


def read_md(path: Path, data: bytes, encoding: str) -> ImportedDocument:
    """Read a Markdown text; front matter (title, author, language) becomes what is known of it."""
    found = decode_file(path, data, encoding)
    text, known = found.text, {}
    if front := _FRONT_MATTER.match(text):
        known = dict(_fields(front[1]))
        text = text[front.end() :]
    return ImportedDocument(
        text=text,
        format="md",
        is_markdown=True,
        title=known.get("title", ""),
        author=known.get("author", ""),
        language=known.get("lang", known.get("language", "")),
        encoding=found.encoding,
        notices=found.notices,
        places=paragraphs_of(text),
    )


def paragraphs_of(text: str) -> Places:
    """Return where the paragraphs of a text start; blank lines separate them."""
    starts: list[int] = []
    offset, after_blank = 0, True
    for line in text.split("\n"):
        is_blank = not line or line.isspace()
        if after_blank and not is_blank:
            starts.append(offset)
        after_blank = is_blank
        offset += len(line) + 1
    return Places("paragraph", tuple(starts))


def _fields(front_matter: str) -> Iterator[tuple[str, str]]:
    for found in _FIELD.finditer(front_matter):
        value = found[2].strip()
        if len(value) > 1 and value[0] == value[-1] == "'":
            value = value[1:-1].replace("''", "'")
        elif len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        yield found[1].lower(), value
