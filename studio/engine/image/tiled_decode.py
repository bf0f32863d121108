"""Decodes an image in slices and tiles if memory runs out, and keeps its latents if that fails too.

Decoding comes last and takes many times the memory of a step. Every pipeline ends with a call of
the autoencoder's `decode`, whatever it does to the latents before, so its arguments are kept there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from studio.core.requests import ImageRequest
from studio.core.translation import mark
from studio.engine.protocol import JobContext
from studio.engine.runtime.memory import OutOfMemoryGuard

KEPT = "latents"
"""Key in `JobContext.retained`."""
TILES = (512, 256)
"""Sides in pixels, tried in this order."""


@contextmanager
def tiled_decoding(pipe: Any, context: JobContext) -> Iterator[None]:
    """For one call of the pipeline: keep its latents, and decode in tiles if memory runs out."""
    vae = pipe.components.get("vae")
    if vae is None or not hasattr(vae, "decode"):
        yield
        return
    decode = vae.decode

    def decode_keeping_latents(*args: Any, **options: Any) -> Any:
        context.retained[KEPT] = (args, options)
        decoded = decode_in_tiles(vae, lambda: decode(*args, **options), context)
        del context.retained[KEPT]
        return decoded

    vae.decode = decode_keeping_latents
    try:
        yield
    finally:
        del vae.decode


def decode_in_tiles(vae: Any, decode: Callable[[], Any], context: JobContext) -> Any:
    """Return what `decode` returns, called again with ever smaller tiles while memory runs out.

    Raises MemoryError if the smallest tiles need too much.
    """
    decoded = try_decode(decode)
    if decoded is not None:
        return decoded
    settings = {
        name: value for name, value in vars(vae).items() if name.startswith(("use_", "tile_"))
    }
    try:
        for side in TILES if hasattr(vae, "use_tiling") else ():
            context.free_memory()
            if not _set_tiles(vae, side, context):
                continue
            context.note(
                mark("Memory ran out; decoding the image in tiles of {side} px"), side=side
            )
            decoded = try_decode(decode)
            if decoded is not None:
                return decoded
    finally:
        vars(vae).update(settings)
    raise MemoryError("not enough memory to decode the image")  # not translated: an exception


def try_decode(decode: Callable[[], Any]) -> Any:
    """Return what `decode` returns, or None if memory ran out."""
    with OutOfMemoryGuard():
        return decode()
    return None


def _set_tiles(vae: Any, side: int, context: JobContext) -> bool:
    """Set tiles of at most `side` pixels and one image at a time; return whether that helps."""
    request = context.job.request
    assert isinstance(request, ImageRequest)
    if max(request.width, request.height) <= side:
        return False
    vae.enable_tiling()
    if hasattr(vae, "use_slicing"):
        vae.use_slicing = True
    if hasattr(vae, "tile_latent_min_size") and vae.tile_sample_min_size > side:
        vae.tile_latent_min_size = max(
            1, vae.tile_latent_min_size * side // vae.tile_sample_min_size
        )
        vae.tile_sample_min_size = side
    return True


def decode_kept(pipe: Any, context: JobContext) -> tuple[list[Any], list[bool]]:
    """Decode latents that were kept while the model was loaded in another way.

    Returns the images (height, width, 3; 0 to 1), and which ones the safety checker blocked.
    """
    import torch

    vae, device = pipe.vae, pipe._execution_device

    def moved(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        return value.to(device, vae.dtype if value.is_floating_point() else None)

    args, options = context.retained[KEPT]
    args = tuple(moved(value) for value in args)
    options = {name: moved(value) for name, value in options.items()}
    decoded = decode_in_tiles(vae, lambda: vae.decode(*args, **options), context)
    del context.retained[KEPT]
    images = decoded[0] if isinstance(decoded, tuple) else decoded.sample
    if images.ndim == 5:  # a video autoencoder: an image is its only frame
        images = images[:, :, 0]
    blocked: list[bool] = [False] * len(images)
    if pipe.components.get("safety_checker") is not None and hasattr(pipe, "run_safety_checker"):
        images, flags = pipe.run_safety_checker(images, device, vae.dtype)
        blocked = list(flags or blocked)
    denormalize = [not one for one in blocked]
    pixels = pipe.image_processor.postprocess(images, output_type="np", do_denormalize=denormalize)
    return list(pixels), blocked
