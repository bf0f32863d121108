"""An extended image keeps its unmasked pixels to the bit, in the file on disk."""

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.events import Failed, Finished
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest
from studio.engine.local import LocalEngine
from studio.media.masks.frame import Frame, framed_image, outpaint_mask
from studio.models.card_store import card_folder, write_card
from tests.coverage.image import FAMILIES
from tests.engine.runs import run_one

CHECKED = {"stable-diffusion-1.5", "flux.1-fill-dev", "qwen-image-edit"}
"""Blends latents, reads the mask, and draws another size; `tests/coverage` checks a mask with sharp
edges in every family."""
SIDE = 64
FRAME = Frame(-16, 0, 48, 64)
"""Of an image of 48 × 64, extended to the left."""


@pytest.mark.parametrize(
    "family",
    [family for family in FAMILIES if family.card in CHECKED],
    ids=lambda family: family.card,
)
def test_outpainting_keeps_the_image(family, data, tmp_path):
    values = np.random.default_rng(5).integers(0, 256, (SIDE, 48, 3), np.uint8)
    photo = Image.fromarray(values)
    enlarged, mask = framed_image(photo, FRAME), outpaint_mask(photo.size, FRAME)
    enlarged.save(tmp_path / "start.png")
    mask.save(tmp_path / "mask.png")
    write_card(
        msgspec.structs.replace(family.make(tmp_path / "model"), name="tiny"),
        card_folder(data, "tiny"),
    )
    request = ImageRequest(
        prompt="a cat",
        model="tiny",
        width=SIDE,
        height=SIDE,
        num_inference_steps=2,
        strength=1.0,
        seed=1,
        image=str(tmp_path / "start.png"),
        mask_image=str(tmp_path / "mask.png"),
    )
    engine, events = LocalEngine(data), []
    try:
        run_one(engine, new_job(request, str(data.outputs)), events.append)
    finally:
        engine.close()
    assert isinstance(events[-1], Finished), [e.failure for e in events if isinstance(e, Failed)]
    with Image.open(events[-1].artifacts[0].path) as image:
        result = np.asarray(image)
    levels, source = np.asarray(mask), np.asarray(enlarged)
    assert (levels == 0).mean() > 0.6
    assert np.array_equal(result[levels == 0], source[levels == 0])
    assert np.array_equal(result[:, 24:], values[:, 8:]), "the image itself, beyond the seam"
    assert not np.array_equal(result[levels == 255], source[levels == 255])
