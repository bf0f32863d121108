"""Pictures that a request starts from, and masks: checked before a job runs, read with limits, fitted to the request's size."""

from __future__ import annotations

import hashlib
import io
import struct
import types
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest, Request
from studio.media.color_profile import to_srgb
from studio.models.card import ModelCard
from studio.models.headers import HeaderError, opened
from studio.models.pictures import has_strength, needs_picture, starts_from_picture, takes_mask, takes_picture
from studio.models.safety import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from studio.engine.image_load import ImagePipeline

MAX_BYTES = 256 * 2**20
MAX_PIXELS = 80_000_000
"""A camera's largest picture has about 60 million; three times as many bytes are read."""
SHAPE_TOLERANCE = 0.01
"""By how much width : height of a mask may differ from that of its picture."""
FOR_ADAPTERS = ("control_image", "ip_adapter_image")
"""Fields of the request: pictures that adapters work with."""
# Decoders that read pixels and nothing else: EPS would start another program.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError, KeyError, struct.error, zlib.error, OverflowError)
"""What Pillow raises for files that are not what they say."""


# Before a job runs ------------------------------------------------------------------------------------------------------------


def check_given(card: ModelCard, request: Request) -> Problem | None:
    """Return why the model cannot begin with what the request names; None where it can."""
    if not isinstance(request, ImageRequest):
        return None
    problem = check_wish(card, request)
    if problem:
        return problem
    sizes = {}
    for name in ("image", *FOR_ADAPTERS):
        if given := getattr(request, name):
            try:
                sizes[name] = look(Path(given))
            except StudioError as error:
                return Problem(name, error.message)
    if request.mask_image:
        try:
            check_shape(request, sizes["image"], look(Path(request.mask_image)))
        except StudioError as error:
            return Problem("mask_image", error.message)
    return None


def check_wish(card: ModelCard, request: ImageRequest) -> Problem | None:
    """Return what is wrong with the request for this model, without a look at the files."""
    if not request.image:
        missing = needs_picture(card)
        return Problem("image", f"{card.title} makes nothing from words alone: it needs a picture to change") if missing else None
    if not takes_picture(card):
        return Problem("image", f"{card.title} makes pictures from words only, and cannot start from a picture")
    if request.control_image:
        return Problem("image", "and a control picture are not followed together: take one of them away")
    if request.mask_image and not takes_mask(card):
        return Problem("mask_image", f"{card.title} changes whole pictures, and takes no mask")
    if not request.mask_image and not starts_from_picture(card):
        return Problem("mask_image", f"{card.title} repaints a part of a picture: it needs a mask that says which")
    steps = request.num_inference_steps
    if has_strength(card, masked=bool(request.mask_image)) and int(steps * request.strength) < 1:
        return Problem(
            "strength",
            f"{request.strength:g} of {steps} {'step' if steps == 1 else 'steps'} is less than one step: take more of either",
        )
    return None


def describe_fit(size: tuple[int, int], width: int, height: int) -> str:
    """Return what becomes of a picture of this size, as a sentence; empty where it stays as it is."""
    if size == (width, height):
        return ""
    left, top, right, bottom = _crop(size, width, height)
    said = []
    if right - left < 0.995 * size[0]:
        said.append("cut at the sides")
    elif bottom - top < 0.995 * size[1]:
        said.append("cut at the top and the bottom")
    if abs(right - left - width) >= 1:
        said.append("made smaller" if right - left > width else "made larger")
    return f"{' and '.join(said or ['brought'])} to {width} × {height}.".capitalize()


def check_shape(request: ImageRequest, size: tuple[int, int], mask: tuple[int, int]) -> None:
    """Raise StudioError where a mask of this size does not lie over a picture of that size."""
    if mask == (request.width, request.height):  # made for the result
        return
    if abs(mask[0] / mask[1] / (size[0] / size[1]) - 1) > SHAPE_TOLERANCE and not _nearly(size, mask):
        raise StudioError(
            f"The mask is {mask[0]} × {mask[1]} and the picture {size[0]} × {size[1]}; they need the same shape.",
            cause="invalid",
            cure="Take a mask that was made for this picture.",
        )


def _nearly(size: tuple[int, int], mask: tuple[int, int]) -> bool:
    """True where the shapes differ by less than a pixel of the smaller one: rounding."""
    scale = min(mask[0] / size[0], mask[1] / size[1])
    return abs(size[0] * scale - mask[0]) <= 1 and abs(size[1] * scale - mask[1]) <= 1


# Reading ----------------------------------------------------------------------------------------------------------------------


def look(path: Path) -> tuple[int, int]:
    """Return width and height, upright, from the file's header. Raises StudioError where it is no picture that can be used."""
    try:
        with opened(path) as (file, size):
            _check_bytes(path, size)
            with _opened(path, file) as picture:
                # Of a PNG Pillow reads every pixel to look for what may stand behind them; a TIFF's size is the upright one.
                asked = _check_png(file, size) if picture.format == "PNG" else picture.format != "TIFF"
                turned = asked and _orientation(picture) >= 5
                return (picture.height, picture.width) if turned else (picture.width, picture.height)
    except HeaderError as error:
        raise _refused(path, "is not a file") from error
    except FileNotFoundError as error:
        raise _refused(path, "is not there") from error
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def read_picture(path: Path, side: int = 0) -> tuple[Image, str]:
    """Return a picture upright, in sRGB on white, and the SHA-256 of its file. Raises StudioError.

    With `side` it may come smaller, but not smaller than that.
    """
    data = _bytes_of(path)
    try:
        with _opened(path, io.BytesIO(data)) as opened_picture:
            if side:
                opened_picture.draft("RGB", (side, side))
            opened_picture.load()  # a TIFF is upright then, and the notes behind a PNG's pixels are read
            picture = _upright(to_srgb(_to_eight_bits(opened_picture)), opened_picture)
            return _on_ground(picture, "white").convert("RGB"), hashlib.sha256(data).hexdigest()
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def _on_ground(picture: Image, colour: str) -> Image:
    """Return a picture with this colour behind what is see-through."""
    from PIL import Image

    if picture.mode not in ("RGBA", "LA", "PA", "La", "RGBa") and "transparency" not in picture.info:
        return picture
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture)


def read_mask(path: Path) -> tuple[Image, str]:
    """Return a mask in grey, white where it repaints, and the SHA-256 of its file; what is see-through repaints nothing."""
    data = _bytes_of(path)
    try:
        with _opened(path, io.BytesIO(data)) as picture:
            picture.load()
            mask = _upright(_to_eight_bits(picture), picture)
            return _on_ground(mask, "black").convert("L"), hashlib.sha256(data).hexdigest()
    except _BROKEN as error:
        raise _unreadable(path, error) from error


@contextmanager
def _opened(path: Path, file: Any) -> Iterator[Image]:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its own limit, which is not ours, and about notes in the file that are damaged
        try:
            picture = Image.open(file, formats=_FORMATS)
        except Image.DecompressionBombError as error:
            raise _too_large(path, "more") from error
        with picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(path, f"{picture.width} × {picture.height}")
            yield picture


def _check_png(file: BinaryIO, size: int) -> bool:
    """Return whether a PNG has a chunk of Exif; the file is left where it was. Raises OSError where its pixels are cut off."""
    before = file.tell()
    found = False
    try:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            found = found or name == b"eXIf"
            end = file.seek(length + 4, io.SEEK_CUR)
            if name == b"IDAT" and end > size:
                raise OSError("cut off")
        return found
    finally:
        file.seek(before)


def _orientation(picture: Image) -> int:
    """Return the Exif orientation, 1 to 8; 1 where the notes do not say, or are damaged."""
    try:
        orientation = picture.getexif().get(0x0112, 1)
    except _BROKEN:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _upright(picture: Image, source: Image) -> Image:
    """Return the decoded picture turned as its file says.

    Pillow's `exif_transpose` does not do here: it writes all notes again, and raises for tags of an unusual type.
    """
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }.get(_orientation(source))  # fmt: skip
    return picture if turn is None else picture.transpose(turn)


def _to_eight_bits(picture: Image) -> Image:
    """Return pictures of 16 and 32 bits a pixel with their brightness scaled to 8; Pillow would cut it off."""
    import numpy as np
    from PIL import Image

    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture
    values = np.nan_to_num(np.asarray(picture).astype(np.float64))
    top = 65_535.0 if picture.mode.startswith("I") else max(1.0, float(values.max(initial=0)))
    made = Image.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))
    made.info.update({name: value for name, value in picture.info.items() if name == "icc_profile"})
    return made


def _bytes_of(path: Path) -> bytes:
    try:
        with opened(path) as (file, size):
            _check_bytes(path, size)
            return file.read(MAX_BYTES + 1)
    except HeaderError as error:
        raise _refused(path, "is not a file") from error
    except FileNotFoundError as error:
        raise _refused(path, "is not there") from error
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})") from error


def _check_bytes(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise _refused(path, f"has {size / 2**20:.0f} MB, and {MAX_BYTES // 2**20} are the most for a picture")


def _too_large(path: Path, what: str) -> StudioError:
    return _refused(path, f"has {what} pixels; {MAX_PIXELS // 10**6} million are the most")


def _unreadable(path: Path, error: BaseException) -> StudioError:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return _refused(path, "is no picture that can be read (PNG, JPEG, WebP, BMP, GIF, TIFF)")
    if isinstance(error, PermissionError | IsADirectoryError):
        return _refused(path, f"cannot be read ({error.strerror})")
    return _refused(path, "cannot be read: the file is damaged or cut off")


def _refused(path: Path, why: str) -> StudioError:
    return StudioError(f"{short_name(path)} {why}.", cause="invalid", cure="Choose another picture.")


def short_name(path: Path) -> str:
    """Return the file's name, the middle of a long one left out."""
    name = printable(path.name)
    return name if len(name) <= 40 else f"{name[:24]}…{name[-14:]}"


# For the pipeline -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inputs:
    """What a request gives to the pipeline besides words: the pipeline for it, its arguments, and how the result is finished."""

    pipeline: ImagePipeline
    steps: int
    """That are really done for one picture."""
    arguments: dict[str, Any] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    """Field of the request → hash of the file."""
    picture: NDArray[Any] | None = None
    mask: NDArray[Any] | None = None

    def finished(self, pixels: Any) -> Any:
        """Return the result in the wished size; with a mask what it leaves black is as it was given, to the bit."""
        if self.picture is None:
            return pixels
        import numpy as np
        from PIL import Image

        if pixels.shape != self.picture.shape:  # Qwen-Image-Edit repaints a million pixels, whatever was wished
            height, width = self.picture.shape[:2]
            pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
        if self.mask is None:
            return pixels
        share = self.mask[..., None].astype(np.float32) / 255
        mixed = (pixels * share + self.picture * (1 - share)).round().astype(np.uint8)
        return np.where(share == 0, self.picture, np.where(share == 1, pixels, mixed))


def prepare(request: ImageRequest, pipeline: ImagePipeline, card: ModelCard) -> Inputs:
    """Return what the request gives, read and fitted. Raises StudioError where the model cannot begin with it."""
    if problem := check_wish(card, request):
        raise StudioError(f"{problem.message}.", cause="invalid", cure="Change it, or choose another model.")
    if not request.image:
        return Inputs(pipeline, request.num_inference_steps)
    import numpy as np

    picture, digest = read_picture(Path(request.image))
    given, told = picture.size, {"image": digest}
    fitted = fit_to(picture, request.width, request.height)
    arguments: dict[str, Any] = {"image": fitted}
    mask = None
    if request.mask_image:
        grey, told["mask_image"] = read_mask(Path(request.mask_image))
        check_shape(request, given, grey.size)
        if grey.size != (request.width, request.height):
            grey = fit_to(grey.resize(given) if grey.size != given else grey, request.width, request.height)
        mask = np.asarray(grey)
        if not mask.any():
            raise StudioError(
                f"{short_name(Path(request.mask_image))} has nothing white where the picture is: nothing would be repainted.",
                cause="invalid",
                cure="Paint white what is to change.",
            )
        arguments["mask_image"] = grey
    able = _turned(pipeline, masked=mask is not None)
    steps = request.num_inference_steps
    if "strength" in able.parameters:
        arguments["strength"], steps = _whole_steps(able.pipe, steps, request.strength)
    if "_auto_resize" in able.parameters:  # Kontext was trained on a million pixels; small pictures are not blown up to that
        arguments["_auto_resize"] = request.width * request.height >= 512 * 512
    return Inputs(able, steps, arguments, told, np.asarray(fitted), mask)


def _turned(pipeline: ImagePipeline, *, masked: bool) -> ImagePipeline:
    """Return the pipeline of the same family, of the same loaded parts, that takes a picture, or a picture and a mask."""
    import inspect

    import diffusers

    if ("mask_image" if masked else "image") in pipeline.parameters:
        return pipeline
    root = type(pipeline.pipe).__name__.removesuffix("Pipeline")
    kind: Any = getattr(diffusers, f"{root}{'Inpaint' if masked else 'Img2Img'}Pipeline", None)
    if kind is None:
        raise StudioError(f"Models of this kind ({root}) cannot start from a picture.", cause="invalid", cure="Take it away.")
    parts = {**dict(pipeline.pipe.config), **pipeline.pipe.components}
    pipe = kind(**{name: parts[name] for name in inspect.signature(kind.__init__).parameters if name in parts})
    pipe.set_progress_bar_config(disable=True)
    return replace(pipeline, pipe=pipe, parameters=frozenset(inspect.signature(pipe.__call__).parameters))


def _whole_steps(pipe: Any, steps: int, strength: float) -> tuple[float, int]:
    """Return the strength to ask for and the steps that are then done: as many as there are whole ones in steps × strength.

    Families that round up would do all of four steps at 0.8, and so begin with noise and forget the picture.
    """
    whole = max(1, int(steps * strength))
    for asked in (strength, whole / steps, whole / steps - 1e-6):
        if _steps_done(pipe, steps, asked) == whole:
            return asked, whole
    return strength, _steps_done(pipe, steps, strength)


def _steps_done(pipe: Any, steps: int, strength: float) -> int:
    """Return how many of the steps the pipeline does, by its own rule: families round differently, and some do all."""
    rule = getattr(type(pipe), "get_timesteps", None)
    if rule is None or type(pipe).__name__.startswith("LatentConsistency"):  # which has the rule and does not follow it
        return steps
    counting = types.SimpleNamespace(order=1, timesteps=range(steps))
    done = rule(types.SimpleNamespace(scheduler=counting), steps, strength, "cpu")[1]
    return max(1, int(done))


def fit_to(picture: Image, width: int, height: int) -> Image:
    """Return the picture in this size; what reaches over its shape is cut off at both sides alike."""
    from PIL import Image

    if picture.size == (width, height):
        return picture
    box = _crop(picture.size, width, height)
    return picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _crop(size: tuple[int, int], width: int, height: int) -> tuple[float, float, float, float]:
    """Return the largest part in the middle that has the shape of width × height: left, top, right, bottom."""
    scale = min(size[0] / width, size[1] / height)
    cut = ((size[0] - width * scale) / 2, (size[1] - height * scale) / 2)
    return cut[0], cut[1], size[0] - cut[0], size[1] - cut[1]
