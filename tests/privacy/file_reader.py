"""Reads the files of a folder in a child, as the window does: `python -m tests.privacy.file_reader
FOLDER`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from studio.core.errors import StudioError
from studio.library.file_reader.messages import FileToRead
from studio.library.file_reader.process import ReaderProcess
from studio.library.items import NewItem


def main() -> int:
    """Run it; return 0 where the child read files."""
    paths = sorted(Path(sys.argv[1]).iterdir())
    reader = ReaderProcess()
    found = reader.read_all([FileToRead(str(path), with_plain_texts=True) for path in paths])
    has_child = bool(reader.pid)
    for path, item in zip(paths, found, strict=True):
        try:
            reader.thumbnail(path, item.media if isinstance(item, NewItem) else "image")
        except StudioError:  # broken files have none
            continue
    reader.close()
    return 0 if has_child and any(isinstance(item, NewItem) for item in found) else 1


if __name__ == "__main__":
    sys.exit(main())
