"""A cache of thumbnails without a library."""

import pytest
from PySide6.QtCore import QThreadPool

from studio.library.thumbnails.cache import ThumbnailCache
from tests.ui.conftest import PATIENCE


class StoredThumbnails:
    """What the loader needs of the library: its cache."""

    def __init__(self, folder):
        self.thumbnails = ThumbnailCache(folder / "thumbnails.db")


@pytest.fixture
def library(tmp_path):
    made = StoredThumbnails(tmp_path)
    yield made
    assert QThreadPool.globalInstance().waitForDone(PATIENCE)
    made.thumbnails.close()
