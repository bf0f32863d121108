"""Read subtitles (SRT, WebVTT): the spoken text, each subtitle with its time."""

from __future__ import annotations

import html
import itertools
import re
from pathlib import Path

from studio.core.translation import tr
from studio.documents.formats.faults import unreadable
from studio.documents.formats.imported import ImportedDocument, Places
from studio.documents.formats.readers.text import decode_file

_TIMES = re.compile(
    r"^[ \t]*(?:(\d+):)?(\d{1,2}):(\d{2})[.,]\d{1,3}[ \t]*-->[ \t]*[\d:.,]+.*$", re.MULTILINE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>|<[\d:.]+>|\{\\[^{}\n]*\}")
_SPEAKER = re.compile(r"<v(?:\.[^\s<>]*+)?[ \t]([^<>\n]++)>")


def read_subtitles(path: Path, data: bytes, encoding: str) -> ImportedDocument:
    """Read subtitles as lines of plain text. Raises StudioError if there are none."""
    found = decode_file(path, data, encoding)
    times = list(_TIMES.finditer(found.text))
    if not times:
        raise unreadable(
            path,
            tr("it contains no subtitles"),
            tr("If it is another kind of text, rename it to end in .txt."),
        )
    lines: list[str] = []
    starts: list[int] = []
    seconds: list[int] = []
    size = 0
    for time, following in zip(times, [*times[1:], None], strict=True):
        line = _text_between(found.text, time.end(), following.start() if following else None)
        if not line:
            continue
        starts.append(size)
        seconds.append(int(time[1] or 0) * 3600 + int(time[2]) * 60 + int(time[3]))
        lines.append(line)
        size += len(line) + 1
    return ImportedDocument(
        text="\n".join(lines) + "\n",
        format="srt",
        encoding=found.encoding,
        notices=(*found.notices, tr("The times of the subtitles are not part of the text.")),
        places=Places("second", tuple(starts), tuple(seconds)),
    )


def _text_between(text: str, start: int, end: int | None) -> str:
    lines = [line.strip() for line in text[start:end].strip("\n").split("\n")]
    if end is not None and "" in lines and lines[-1]:
        lines.pop()  # the number or name of the next subtitle
    spoken = list(itertools.takewhile(bool, itertools.dropwhile(lambda line: not line, lines)))
    part = _TAG.sub("", _SPEAKER.sub(lambda found: f"{found[1].strip()}: ", " ".join(spoken)))
    return " ".join(html.unescape(part).split())
