"""Readers in children, and children that some files end."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.library.file_reader import process
from studio.library.file_reader.messages import FileToRead
from studio.library.file_reader.process import ReaderProcess


def wanted(*paths: Path) -> list[FileToRead]:
    return [FileToRead(str(path), with_plain_texts=True) for path in paths]


@pytest.fixture
def reader():
    opened = ReaderProcess()
    yield opened
    opened.close()


@pytest.fixture
def _failing(monkeypatch):
    """Children run `failing_reader`, and have a second for a file."""
    start = process.start_child
    monkeypatch.setattr(process, "FILE_SECONDS", 1.0)
    monkeypatch.setattr(
        process,
        "start_child",
        lambda word, _module, arguments, errors, **options: start(
            word, "tests.library.file_reader.failing_reader", arguments, errors, **options
        ),
    )
