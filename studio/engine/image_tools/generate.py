"""Runs the image tools."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import numpy as np

from studio.core.events import Statistics
from studio.core.files import sha256_of
from studio.core.requests import ImageToolRequest
from studio.core.requests.image_tool import ToolName
from studio.engine.image_tools.adjust import adjust
from studio.engine.image_tools.extend import outpaint
from studio.engine.image_tools.label import watermark
from studio.engine.image_tools.repair import denoise, edges, erase, sharpen
from studio.engine.image_tools.restyle import restyle
from studio.engine.image_tools.source import Bytes, Source
from studio.engine.image_tools.subject import cut_out
from studio.engine.image_tools.upscale import upscale
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext
from studio.engine.runtime.placement import DEFAULT_PLAN, device_of
from studio.library.results import ImageResult, Result
from studio.media.image_reader import read_image, read_transparency
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan

TOOLS: Mapping[ToolName, Callable[[JobContext, Source, ToolWeights], Bytes]] = {
    "upscale": upscale,
    "remove-background": cut_out,
    "style-transfer": restyle,
    "erase": erase,
    "denoise": denoise,
    "sharpen": sharpen,
    "adjust": adjust,
    "edges": edges,
    "outpaint": outpaint,
    "watermark": watermark,
}
"""Name → function that returns the result, height × width × 3, or × 4 with transparency."""
_FILES = ("mask_image", "style_image", "logo")


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> ToolWeights:
    """Return the card's networks, none of them read yet."""
    return ToolWeights(card, device_of(plan))


def generate(context: JobContext, weights: ToolWeights) -> Generator[Result, None, Statistics]:
    """Yield the changed image. See `protocol.Runner.generate`."""
    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    start = time.monotonic()
    image, digest = read_image(Path(request.image))
    transparency = read_transparency(Path(request.image))
    alpha = np.asarray(transparency) if transparency is not None else None
    context.check()
    source = Source(np.asarray(image), alpha)
    pixels = TOOLS[request.tool](context, source, weights)
    context.check()
    inputs = {"image": digest} | {
        name: sha256_of(Path(path)) for name in _FILES if (path := getattr(request, name))
    }
    yield ImageResult(
        pixels=pixels, seed=request.seed, inputs=inputs, weight_hashes=context.weight_hashes
    )
    return Statistics(run_seconds=time.monotonic() - start, units=1, unit="image")
