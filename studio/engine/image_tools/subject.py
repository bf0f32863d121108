"""Finds the subject of an image, and cuts it out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.core.requests import ImageToolRequest
from studio.core.requests.image_tool import rgb_of
from studio.engine.image_tools.source import Bytes, Source, joined
from studio.engine.image_tools.weights import ToolWeights
from studio.engine.protocol import JobContext

SIDE = 320
"""Width and height that U²-Net-p reads (https://github.com/xuebinqin/U-2-Net, Apache-2.0)."""
MEANS = np.array((0.485, 0.456, 0.406), np.float32)
DEVIATIONS = np.array((0.229, 0.224, 0.225), np.float32)
"""Of the colors that it was trained with."""
GUIDE_RADIUS = 8
"""Of the windows of the guided filter, in pixels of an image of `GUIDE_SIDE`."""
GUIDE_SIDE = 1024
GUIDE_SMOOTHNESS = 1e-4
DOUBT = 0.15
"""Shares of the subject below it count as none, and those as near to 1 as whole: else what the
network doubts remains as haze.
"""


def cut_out(context: JobContext, source: Source, weights: ToolWeights) -> Bytes:
    """Return the subject, on the request's background or, if that is empty, transparent."""
    from PIL import Image, ImageFilter

    request = context.job.request
    assert isinstance(request, ImageToolRequest)
    mask = subject_mask(context, source, weights)
    if request.feather:
        blur = ImageFilter.GaussianBlur(request.feather)
        mask = np.asarray(Image.fromarray(mask).filter(blur))
    if source.alpha is not None:
        mask = np.minimum(mask, source.alpha)
    if not request.background:
        return joined(source.colors, mask)
    share = mask[..., None].astype(np.float32) / 255
    color = np.array(rgb_of(request.background), np.float32)
    return (source.colors * share + color * (1 - share)).round().astype(np.uint8)


def subject_mask(context: JobContext, source: Source, weights: ToolWeights) -> Bytes:
    """Return how much each pixel belongs to the subject: height × width, 0 to 255."""
    from PIL import Image

    small = Image.fromarray(source.colors).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    values = np.asarray(small, np.float32)
    values = (values / max(1.0, float(values.max())) - MEANS) / DEVIATIONS
    answer = weights.run("u2netp.onnx", [values.transpose(2, 0, 1)[None]], context.is_cancelled)
    context.check()
    found = answer[0, 0]
    span = float(found.max() - found.min())
    found = (found - found.min()) / (span or 1.0)
    height, width = source.colors.shape[:2]
    mask = Image.fromarray(found.astype(np.float32)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return _along_edges(np.asarray(mask), source)


def _along_edges(mask: NDArray[np.float32], source: Source) -> Bytes:
    """Return the mask, its coarse border moved to the edges of the image.

    Guided filter: He, Sun, Tang, "Guided Image Filtering", 2010.
    """
    import cv2

    height, width = mask.shape
    radius = max(2, round(GUIDE_RADIUS * max(height, width) / GUIDE_SIDE))
    window = (2 * radius + 1, 2 * radius + 1)
    guide = cv2.cvtColor(source.colors, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    mean_guide, mean_mask = cv2.blur(guide, window), cv2.blur(mask, window)
    covariance = cv2.blur(guide * mask, window) - mean_guide * mean_mask
    variance = cv2.blur(guide * guide, window) - mean_guide * mean_guide
    slope = covariance / (variance + GUIDE_SMOOTHNESS)
    offset = mean_mask - slope * mean_guide
    refined = cv2.blur(slope, window) * guide + cv2.blur(offset, window)
    refined = (refined - DOUBT) / (1 - 2 * DOUBT)
    return (np.clip(refined, 0, 1) * 255).round().astype(np.uint8)
