"""Pictures when memory runs out: what was drawn is decoded again in slices and tiles, and is not
lost where that fails too.

Decoding takes many times the memory of a step, and comes last. The autoencoder's `decode` gets
latents that are ready for it in every pipeline, whatever it does with them before; so that is where
they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from studio.core.requests import ImageRequest
from studio.engine.protocol import JobContext
from studio.engine.runtime.memory import is_out_of_memory

KEPT = "latents"
"""The name in `Run.kept`."""
TILES = (512, 256)
"""Sides in pixels, tried one after the other."""


@contextmanager
def careful_decoding(pipe: Any, run: JobContext) -> Iterator[None]:
    """For one call of the pipeline: keep what its autoencoder is to decode, and decode again in
    tiles where memory runs out.
    """
    vae = getattr(pipe, "vae", None)
    if vae is None or not hasattr(vae, "decode"):
        yield
        return
    decode = vae.decode

    def careful(*args: Any, **more: Any) -> Any:
        run.kept[KEPT] = (args, more)
        found = decode_in_tiles(vae, lambda: decode(*args, **more), run)
        del run.kept[KEPT]
        return found

    vae.decode = careful
    try:
        yield
    finally:
        del vae.decode


def decode_in_tiles(vae: Any, decode: Callable[[], Any], run: JobContext) -> Any:
    """Return what `decode` returns: at once, or where memory runs out in tiles that get smaller.
    Raises MemoryError.
    """
    found = try_decode(decode)
    if found is not None:
        return found
    before = {
        name: value for name, value in vars(vae).items() if name.startswith(("use_", "tile_"))
    }
    try:
        for side in TILES if hasattr(vae, "use_tiling") else ():
            run.free()
            if not _cut(vae, side, run):
                continue
            run.note(f"Memory ran out; the picture is decoded in tiles of {side} px")
            found = try_decode(decode)
            if found is not None:
                return found
    finally:
        vars(vae).update(before)
    raise MemoryError("not enough memory to decode the picture")


def try_decode(decode: Callable[[], Any]) -> Any:
    """Return what `decode` returns; None where memory ran out.

    The caller retries outside of this function: its exception would keep the memory of the first
    try alive.
    """
    try:
        return decode()
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return None


def _cut(vae: Any, side: int, run: JobContext) -> bool:
    """Set tiles of at most `side` pixels, one picture at a time. Return False where that changes
    nothing.
    """
    request = run.job.request
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


def decode_kept(pipe: Any, run: JobContext) -> tuple[list[Any], list[bool]]:
    """Return the pictures (height, width, 3; 0 to 1) of latents that were drawn before the model
    was loaded anew, and which of them the model's own filter held back.
    """
    import torch

    args, more = run.kept[KEPT]
    vae = pipe.vae
    device = getattr(pipe, "_execution_device", vae.device)

    def moved(value: Any) -> Any:
        return (
            value.to(device, vae.dtype if value.is_floating_point() else None)
            if isinstance(value, torch.Tensor)
            else value
        )

    args, more = (
        tuple(moved(value) for value in args),
        {name: moved(value) for name, value in more.items()},
    )
    found = decode_in_tiles(vae, lambda: vae.decode(*args, **more), run)
    del run.kept[KEPT]
    image = found[0] if isinstance(found, tuple) else found.sample
    if image.ndim == 5:  # autoencoders of films; a picture is one frame
        image = image[:, :, 0]
    held: list[bool] = [False] * len(image)
    if getattr(pipe, "safety_checker", None) is not None and hasattr(pipe, "run_safety_checker"):
        image, marks = pipe.run_safety_checker(image, device, vae.dtype)
        held = list(marks or held)
    normal = [not one for one in held]
    return list(
        pipe.image_processor.postprocess(image, output_type="np", do_denormalize=normal)
    ), held
