"""Errors of the command line's parser in the user's language.

Typer words them in English only. A text that an installed version words otherwise stays English.
"""

from __future__ import annotations

import re

from studio.core.translation import mark, tr_marked

_ERRORS = (
    (
        r"No such option: (?P<option>.+) \(Possible options: (?P<options>.+)\)",
        mark("No such option: {option} (did you mean {options}?)"),
    ),
    (r"No such option: (?P<option>.+)", mark("No such option: {option}")),
    (
        r"No such command '(?P<name>.*)'\. Did you mean (?P<options>.+)\?",
        mark("No such command: {name} (did you mean {options}?)"),
    ),
    (r"No such command '(?P<name>.*)'\.", mark("No such command: {name}")),
    (r"Missing argument '?(?P<name>.+?)'?\.", mark("Missing argument: {name}")),
    (r"Missing option '?(?P<name>.+?)'?\.", mark("Missing option: {name}")),
    (
        r"Option '(?P<option>.+)' requires an argument\.",
        mark("The option {option} needs a value."),
    ),
    (
        r"Option '(?P<option>.+)' does not take a value\.",
        mark("The option {option} takes no value."),
    ),
    (
        r"Got unexpected extra argument(?:s|\(s\))? \((?P<arguments>.+)\)",
        mark("Unexpected arguments: {arguments}"),
    ),
    (
        r"Invalid value for '?(?P<name>.+?)'?: (?P<reason>(?s:.+))",
        mark("Invalid value for {name}: {reason}"),
    ),
)
"""What Typer writes → the same in our words."""


def translate_usage_error(message: str) -> str:
    """Return an error of the parser in the user's language."""
    for pattern, text in _ERRORS:
        if match := re.fullmatch(pattern, message):
            return tr_marked(text).format(**match.groupdict())
    return message
