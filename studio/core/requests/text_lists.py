r"""Lists of short texts, such as stop strings, as one line of text in a form, cell or option.

Commas separate the entries and blanks around an entry are removed. A backslash begins an escape:
`\n` a line break, `\t` a tab, `\,` a comma, `\s` a blank, `\\` a backslash.
"""

from __future__ import annotations

from collections.abc import Iterable

_ESCAPES = {"n": "\n", "t": "\t", "s": " ", ",": ",", "\\": "\\"}
_ESCAPED = {text: f"\\{letter}" for letter, text in _ESCAPES.items() if text != " "}


def split_texts(line: str) -> tuple[str, ...]:
    """Return the entries of a line. Other characters after a backslash are kept with it."""
    entries, entry, blanks = [], "", ""
    characters = iter(line)
    for character in characters:
        if character == ",":
            entries.append(entry)
            entry = blanks = ""
        elif character in " \n\t\r":
            blanks += character if entry else ""
        else:
            if character == "\\":
                following = next(characters, "")
                character = _ESCAPES.get(following, f"\\{following}")
            entry, blanks = entry + blanks + character, ""
    return tuple(filter(None, [*entries, entry]))


def join_texts(entries: Iterable[str]) -> str:
    """Return the line of these entries, which `split_texts` reads back."""
    return ", ".join(map(_escape, entries))


def _escape(entry: str) -> str:
    inner = entry.strip(" ")
    before = len(entry) - len(entry.lstrip(" "))
    after = len(entry) - len(inner) - before
    escaped = "".join(_ESCAPED.get(character, character) for character in inner)
    return "\\s" * before + escaped + "\\s" * after
