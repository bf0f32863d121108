"""The child process that reads one document: `main PATH ENCODING`, messages on standard output."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.lifeline import exit_after
from studio.core.translation import tr
from studio.documents.formats.child.messages import FromReader, ReadDone, ReadFailed, ReadProgress
from studio.documents.formats.faults import too_large
from studio.documents.formats.read import read_document
from studio.media.child_process import limit_memory, take_output, write_all

MEMORY_BYTES = 3 << 30
"""Of addresses. A book of 1 000 pages takes less than a tenth."""
_SECONDS_BETWEEN = 0.05


def main() -> int:
    """Read the document that the arguments name."""
    limit_memory(MEMORY_BYTES)
    descriptor = take_output()
    exit_after(lambda: os.read(0, 1))  # on Linux the lifeline does that
    path = Path(sys.argv[1])
    last_sent = 0.0

    def send(message: FromReader) -> None:
        try:
            write_all(descriptor, msgspec.json.encode(message) + b"\n")
        except OSError:  # the window is gone
            os._exit(0)

    def report(done: int, total: int) -> None:
        nonlocal last_sent
        now = time.monotonic()
        if now - last_sent >= _SECONDS_BETWEEN:
            last_sent = now
            send(ReadProgress(done, total))

    try:
        send(ReadDone(read_document(path, encoding=sys.argv[2], on_progress=report)))
    except StudioError as error:
        send(ReadFailed(error.failure()))
    except MemoryError:
        limit = MEMORY_BYTES >> 30
        reason = tr("reading it takes more than {limit} GB of memory", limit=limit)
        send(ReadFailed(too_large(path, reason).failure()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
