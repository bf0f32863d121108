"""Drawn images, and runs of the tools with the networks that come with Studio."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studio.core.requests import ImageToolRequest
from studio.engine.image_tools import generate
from studio.models.catalog import builtin_cards
from tests.engine.runs import run_job

CARD = next(card for card in builtin_cards() if card.name == "image-tools")


@pytest.fixture(scope="package")
def weights():
    return generate.load(CARD)


@pytest.fixture
def run(weights):
    def run_tool(tool, image, cancelled=lambda _outcome: False, **values):
        request = ImageToolRequest(tool=tool, image=str(image), **values)
        return run_job(generate, CARD, weights, request, cancelled)

    return run_tool


@pytest.fixture
def changed(run):
    """Tool, image, settings → pixels of the result."""

    def pixels_of(tool, image, **values):
        (result,) = run(tool, image, **values).results
        return result.pixels

    return pixels_of


@pytest.fixture
def ball(tmp_path):
    """A red ball on a green field, 120 × 80."""
    image = Image.new("RGB", (120, 80), (60, 150, 70))
    ImageDraw.Draw(image).ellipse((35, 15, 85, 65), fill=(200, 40, 40))
    image.save(tmp_path / "ball.png")
    return tmp_path / "ball.png"


@pytest.fixture
def noise(tmp_path):
    values = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)
    Image.fromarray(values).save(tmp_path / "noise.png")
    return tmp_path / "noise.png"
