"""What the child that reads a document sends: JSON, one message a line."""

from __future__ import annotations

import msgspec

from studio.core.errors import Failure
from studio.documents.formats.imported import ImportedDocument


class ReadProgress(msgspec.Struct, frozen=True, tag=True):
    """Parts that are read, such as pages, and their number."""

    done: int
    total: int


class ReadDone(msgspec.Struct, frozen=True, tag=True):
    """The document; the last message."""

    document: ImportedDocument


class ReadFailed(msgspec.Struct, frozen=True, tag=True):
    """The file cannot be read; the last message."""

    failure: Failure


FromReader = ReadProgress | ReadDone | ReadFailed
