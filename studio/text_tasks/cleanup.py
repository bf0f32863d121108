"""Removes from a model's text what is not the result: labels, quotes, sentences about it."""

from __future__ import annotations

import re
from collections.abc import Callable

from studio.text_checks.list_form import POINT
from studio.text_checks.refusal import check_refusal
from studio.text_tasks.passages import without_cut_end
from studio.text_tasks.task import CleanupName

_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』", "‘": "’", "'": "'", "《": "》", "`": "`"}
_LABEL = re.compile(
    r"^\W{0,8}(?:head ?line|title|news|answer|summary|poem|topic|slogan|"
    r"translation|标题|新闻标题|答案|摘要|诗|译文)\s?\d{0,2}[*_\s]{0,4}[:：][*_\s]{0,4}",
    re.IGNORECASE,
)
_PART_LABEL = re.compile(
    r"^[*_# \t]{0,6}(?:headline|dateline|lead|body|opinion|conclusion|"
    r"标题|电头|导语|正文|观点|结论)[*_ ]{0,3}[:：][*_ \t]{0,4}",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBERED = re.compile(r"^\s{0,8}(?:\d{1,2}[.)、]|[-*•])\s*")
_CODE = re.compile(r"```[\w+-]{0,20}[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_MARKS = re.compile(r"(\*\*|__)(?=\S)(.{1,400}?)(?<=\S)\1|^#{1,6}\s+", re.MULTILINE)


def clean(text: str, steps: tuple[CleanupName, ...], *, complete: bool = True) -> str:
    """Return the text after the steps, in their order, without blanks around it.

    `cut_end` is only for texts that are not complete: they stopped at their limit of tokens.
    """
    for step in steps:
        if step == "cut_end" and complete:
            continue
        text = _STEPS[step](text.strip())
    return text.strip()


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _strip_label(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not _NUMBERED.match(lines[1]):  # else it is a list, which stays one
        text = _NUMBERED.sub("", text)
    return _LABEL.sub("", text)


def _strip_part_labels(text: str) -> str:
    """Remove labels that name the parts of an article, at the beginning of a line."""
    return _PART_LABEL.sub("", text)


def _strip_quotes(text: str) -> str:
    opening = text[:1]
    closing = _QUOTES.get(opening, "")
    if not closing:
        return text.rstrip('"”') if text.count('"') == 1 or "“" not in text else text
    if text.endswith(closing) and len(text) > 1:
        return text[1:-1]
    # A quote that ends within the line is a part of it; one that never ends was cut off.
    return text if closing in text[1:] else text[1:]


def _strip_full_stop(text: str) -> str:
    return text if text.endswith("..") else text.removesuffix(".").removesuffix("。")


def _strip_markdown(text: str) -> str:
    return _MARKS.sub(lambda match: match[2] or "", text)


def _code_block(text: str) -> str:
    found = _CODE.search(text)
    return found[1] if found else text


def _drop_meta(text: str) -> str:
    """Remove an introduction such as "Sure, here is …:" and a closing offer of help."""
    for span in reversed(check_refusal(text).spans):
        if span.note == "introduction":
            lines = text.partition("\n")
            after = re.split(r"[:：]\s*", lines[0], maxsplit=1)[1:]
            text = "\n".join(part for part in (*after, lines[2]) if part.strip())
        elif _is_closing(text, span.start):
            text = text[: span.start].rpartition("\n")[0] or text[: span.start]
    return text


def _is_closing(text: str, start: int) -> bool:
    """True for a sentence on the last line, after a result."""
    return start > 0 and "\n" not in text[start:] and "\n" in text[:start].strip()


def _mark_points(text: str) -> str:
    """Let the first line of a list begin as the others do, also if the prompt held its dash."""
    lines = text.splitlines()
    others = [line for line in lines[1:] if line.strip()]
    is_list = bool(others) and all(map(POINT.match, others))
    return f"- {text}" if is_list and not POINT.match(lines[0]) else text


_STEPS: dict[CleanupName, Callable[[str], str]] = {
    "code_block": _code_block,
    "cut_end": without_cut_end,
    "drop_meta": _drop_meta,
    "first_line": _first_line,
    "mark_points": _mark_points,
    "strip_label": _strip_label,
    "strip_markdown": _strip_markdown,
    "strip_part_labels": _strip_part_labels,
    "strip_full_stop": _strip_full_stop,
    "strip_quotes": _strip_quotes,
}
