"""Transcripts: what was spoken when, as text, SRT, WebVTT, LRC and JSON."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

_BREAK_SECONDS = 2.0
"""A pause after which the text has a new paragraph."""
_PARAGRAPH_CHARACTERS = 600
_UNSPACED = re.compile("[\u3000-\u9fff\uff00-\uffef]$")
"""An end after which no space separates sentences: Chinese and Japanese."""

_CUE = re.compile(
    r"^[ \t]*(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})[ \t]*-->[ \t]*"
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})",
    re.MULTILINE,
)
"""Start and end of a subtitle: hours, minutes, seconds and a fraction of each."""
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>|<[\d:.]+>|\{\\[^{}\n]*\}")


class Segment(msgspec.Struct, frozen=True):
    """A passage that was spoken without a long pause."""

    start: float
    """Seconds from the beginning of the file."""
    end: float
    text: str


class Transcript(msgspec.Struct, frozen=True):
    """The words of a recording."""

    language: str = ""
    """Code of the spoken language, such as en."""
    segments: tuple[Segment, ...] = ()

    @property
    def text(self) -> str:
        """All words, in paragraphs where the speaker paused."""
        paragraphs: list[str] = []
        end = 0.0
        for segment in self.segments:
            is_long = bool(paragraphs) and len(paragraphs[-1]) > _PARAGRAPH_CHARACTERS
            if not paragraphs or is_long or segment.start - end > _BREAK_SECONDS:
                paragraphs.append(segment.text)
            else:
                gap = "" if _UNSPACED.search(paragraphs[-1]) else " "
                paragraphs[-1] += gap + segment.text
            end = segment.end
        return "\n\n".join(paragraphs)


def as_text(transcript: Transcript) -> str:
    """Return the words alone."""
    return f"{transcript.text}\n" if transcript.segments else ""


def as_srt(transcript: Transcript) -> str:
    """Return SubRip subtitles."""
    return "\n".join(
        f"{number}\n{_clock(one.start, ',')} --> {_clock(one.end, ',')}\n{one.text}\n"
        for number, one in enumerate(transcript.segments, 1)
    )


def as_vtt(transcript: Transcript) -> str:
    """Return WebVTT subtitles."""
    cues = (
        f"{_clock(one.start, '.')} --> {_clock(one.end, '.')}\n{_escaped(one.text)}\n"
        for one in transcript.segments
    )
    return "\n".join(("WEBVTT\n", *cues))


def as_lrc(transcript: Transcript) -> str:
    """Return lyrics with times."""
    return "".join(
        f"[{int(one.start // 60):02d}:{one.start % 60:05.2f}]{one.text}\n"
        for one in map(_in_hundredths, transcript.segments)
    )


def as_json(transcript: Transcript) -> str:
    """Return language, text and segments as an object."""
    content = {
        "language": transcript.language,
        "text": transcript.text,
        "segments": transcript.segments,
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"


FORMATS: Mapping[str, Callable[[Transcript], str]] = {
    "txt": as_text,
    "srt": as_srt,
    "vtt": as_vtt,
    "lrc": as_lrc,
    "json": as_json,
}
"""File format → function that writes it."""


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def _in_hundredths(segment: Segment) -> Segment:
    """Round the start, so that 59.999 s become minute 1 and not second 60."""
    return msgspec.structs.replace(segment, start=round(segment.start, 2))


def _escaped(text: str) -> str:
    """WebVTT reads tags and entities, and an arrow would be a time line."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def parse_subtitles(text: str) -> Transcript:
    """Return what the text of an SRT or WebVTT file shows when; tags are left out.

    Subtitles without words or with an end before their start are skipped.
    """
    found = list(_CUE.finditer(text.replace("\r\n", "\n").replace("\r", "\n")))
    segments: list[Segment] = []
    if not found:
        return Transcript()
    for cue, following in zip(found, [*found[1:], None], strict=True):
        words = _words_between(cue.string, cue.end(), following.start() if following else None)
        start, end = _seconds_of(cue.groups()[:4]), _seconds_of(cue.groups()[4:])
        if words and end > start:
            segments.append(Segment(start, end, words))
    return Transcript("", tuple(sorted(segments, key=lambda one: one.start)))


def _words_between(text: str, start: int, end: int | None) -> str:
    """Return the lines of a subtitle, which end with an empty line."""
    _settings, _newline, content = text[start:end].partition("\n")
    lines = [line.strip() for line in content.split("\n")]
    if end is not None:
        lines.pop()  # what is before the next time: nothing
    if "" in lines:
        lines = lines[: lines.index("")]
    elif end is not None and lines:
        lines.pop()  # the number of the next subtitle, without an empty line before it
    return "\n".join(filter(None, (html.unescape(_TAG.sub("", line)).strip() for line in lines)))


def _seconds_of(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")
