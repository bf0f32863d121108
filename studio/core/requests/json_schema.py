"""JSON schemas in requests: the text of one, and what is wrong with it at first sight."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from studio.core.regular_file import read_regular
from studio.core.translation import tr

MAX_SCHEMA_BYTES = 200_000


def schema_problem(schema: str) -> str:
    """Return why a text is no JSON object, empty if it is one. Reads no keyword of the schema."""
    try:
        value = json.loads(schema)
    except json.JSONDecodeError as error:
        line, column = error.lineno, error.colno
        return tr("is not JSON: line {line}, column {column}", line=line, column=column)
    except (ValueError, RecursionError):  # a number of 5 000 digits, or a thousand brackets
        return tr("is not JSON that can be read")
    return "" if isinstance(value, dict) else tr("must be a JSON object")


def read_schema(value: object, folder: Path) -> object:
    """Return the text of a schema that is a file's name, an object or the text itself.

    Raises OSError, and ValueError for a file that is not UTF-8.
    """
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str) or not value.strip() or value.lstrip()[0] in '{["':
        return value
    return read_regular(folder / value.strip(), MAX_SCHEMA_BYTES).decode("utf-8-sig")
