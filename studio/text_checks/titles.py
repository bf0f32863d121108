"""The names of checks in the user's language."""

from __future__ import annotations

from studio.core.translation import mark, tr_marked

_TITLES = {
    "article": mark("parts of an article"),
    "call": mark("call to act"),
    "claims": mark("claims"),
    "list": mark("list"),
    "prose": mark("prose"),
    "tones": mark("tones"),
    "facts": mark("facts"),
    "form": mark("form"),
    "language": mark("language"),
    "length": mark("length"),
    "python": mark("Python syntax"),
    "refusal": mark("refusal"),
    "repetition": mark("repetition"),
    "topic": mark("topic"),
}


def check_title(name: str) -> str:
    """Return the name of a check; the name itself if it is one of another version."""
    return tr_marked(_TITLES[name]) if name in _TITLES else name
