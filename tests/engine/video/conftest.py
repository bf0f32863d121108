"""Tiny video models, and a first frame."""

from __future__ import annotations

import pytest

from studio.models.card import ModelCard
from tests.checkpoints.video import (
    MAKERS,
    first_frame,
)


@pytest.fixture(scope="package")
def cards(tmp_path_factory):
    """Return a function that makes a tiny model by name, once."""
    folder, cards = tmp_path_factory.mktemp("models"), {}

    def of(name) -> ModelCard:
        if name not in cards:
            cards[name] = MAKERS[name][1](folder / name)
        return cards[name]

    return of


@pytest.fixture
def image_path(tmp_path):
    return first_frame(tmp_path)
