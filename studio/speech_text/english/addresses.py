"""URLs, e-mail addresses and file names in words."""

from __future__ import annotations

import re

from studio.speech_text.english.quantity import label_number
from studio.speech_text.rule import Match, Rule, rule

_DOMAINS = (
    "com|org|net|edu|gov|mil|int|io|ai|app|dev|co|uk|us|de|fr|cn|jp|eu|ca|au|ch|at|nl|be|it|es|se|"
    "no|fi|dk|pl|ru|in|br|info|"
    "biz|"
    "tv|me|fm|ly|gg|xyz|online|site|tech|hk|tw|sg|nz|ie|pt|gr|cz|tk"
)
URL = (
    r"(?<![A-Za-z0-9_@.])(?:https?://|ftp://|www\.)[^\s<>\"'，。；！？、（）\u4e00-\u9fff]{1,2000}"
    rf"|(?<![A-Za-z0-9_@.-])(?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,4}}(?:{_DOMAINS})"
    rf"(?![A-Za-z0-9_-]|"
    rf"\.[A-Za-z0-9])(?:/[\w./~%-]{{0,300}})?"
)
EMAIL = (
    r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}"
    r"[A-Za-z]{2,24}(?![A-Za-z0-9_-])"
)
_ENDINGS = "pdf|txt|docx?|xlsx?|csv|png|jpe?g|gif|mp[34]|wav|py|js|html?|json|md|zip|exe|toml|xml"
_FILE = rf"(?<![\w./-])([A-Za-z][\w-]{{0,60}})\.({_ENDINGS})(?!\w)"


def read_email(match: Match) -> str:
    """Return an e-mail address in words."""
    name, _at, host = match[0].partition("@")
    return f"{read_name(name)} at {read_name(host)}"


def read_url(match: Match) -> str:
    """Return host and path in words, without scheme, "www", query and fragment."""
    url = match[0].rstrip(".,;:!?)'\"")
    tail = match[0][len(url) :]
    bare = re.sub(r"^(?:https?://|ftp://)?(?:www\.)?", "", url)
    bare = re.split(r"[?#]", bare, maxsplit=1)[0].rstrip("/")
    return read_name(bare) + tail


def read_name(text: str) -> str:
    """Return a name, host or path in words: "." is "dot"."""
    names = {
        ".": " dot ",
        "/": " slash ",
        "-": " dash ",
        "_": " underscore ",
        "+": " plus ",
        ":": " colon ",
        "~": " tilde ",
    }
    words = "".join(
        names.get(character, character)
        for character in text
        if character.isalnum() or character in names
    )
    parts = re.findall(r"\d+|[^\d\s]+", words)
    return " ".join(label_number(part) if part.isdecimal() else part for part in parts)


def _local(match: Match) -> str:
    return f"{match[1]} port {label_number(match[2])}"


RULES: tuple[Rule, ...] = (
    rule(EMAIL, read_email),
    rule(URL, read_url),
    rule(r"(?<![\w.])(localhost):(\d{1,5})(?!\d)", _local),
    rule(_FILE, lambda match: f"{read_name(match[1])} dot {match[2]}"),
)
