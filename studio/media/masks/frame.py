"""The frame of a result: what is cropped off an image, and what is added around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

RATIOS = ((1, 1), (4, 5), (3, 4), (16, 9), (9, 16))
"""Width and height of the target ratios that are offered."""
MIN_SIDE = 8
_SEAM_SHARE = 1 / 24
_SEAM_LIMITS = (4, 48)
_NOISE = 6.0
"""Standard deviation, in levels of 255, of the noise in what is added."""


class Frame(NamedTuple):
    """A rectangle in pixels of the image; negative edges and edges beyond it extend it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels of the image."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels of the image."""
        return self.bottom - self.top

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def extends(self, size: tuple[int, int]) -> bool:
        """Return whether a part of the frame lies outside an image of this size."""
        return self.left < 0 or self.top < 0 or self.right > size[0] or self.bottom > size[1]


def whole(size: tuple[int, int]) -> Frame:
    """Return the frame of the image as it is."""
    return Frame(0, 0, *size)


def extended_to_ratio(size: tuple[int, int], ratio: tuple[int, int]) -> Frame:
    """Return the smallest frame of this ratio around the whole image, which is centered in it."""
    width = max(size[0], round(size[1] * ratio[0] / ratio[1]))
    height = max(size[1], round(size[0] * ratio[1] / ratio[0]))
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return Frame(-left, -top, width - left, height - top)


def cropped_to_ratio(size: tuple[int, int], ratio: tuple[int, int]) -> Frame:
    """Return the largest frame of this ratio within the image, which is centered in it."""
    width = min(size[0], max(1, round(size[1] * ratio[0] / ratio[1])))
    height = min(size[1], max(1, round(size[0] * ratio[1] / ratio[0])))
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return Frame(left, top, left + width, top + height)


def rounded_to(frame: Frame, size: tuple[int, int], multiple: int) -> Frame:
    """Return the frame with sides that are multiples of `multiple`, so that nothing is scaled.

    A side that extends the image grows by the rest, at its end if both ends extend; a side within
    the image shrinks.
    """
    left, right = _rounded_side(frame.left, frame.right, size[0], multiple)
    top, bottom = _rounded_side(frame.top, frame.bottom, size[1], multiple)
    return Frame(left, top, right, bottom)


def _rounded_side(begin: int, end: int, length: int, multiple: int) -> tuple[int, int]:
    rest = (end - begin) % multiple
    if not rest:
        return begin, end
    more = multiple - rest
    if end > length:
        return begin, end + more
    if begin < 0:
        return begin - more, end
    if end - begin > rest:
        return begin, end - rest
    return begin, end + more


def framed_image(image: Image, frame: Frame) -> Image:
    """Return an RGB image cropped or extended to the frame.

    What is added mirrors the image, blurred, with some noise: models that keep a part of their
    start image find its colors there.
    """
    import numpy as np
    from PIL import Image as PILImage
    from PIL import ImageFilter

    if not frame.extends(image.size):
        return image.crop(frame)
    inside = _inside(frame, image.size)
    pixels = np.asarray(image.crop(inside))
    pads = (
        (inside.top - frame.top, frame.bottom - inside.bottom),
        (inside.left - frame.left, frame.right - inside.right),
        (0, 0),
    )
    mirrored = PILImage.fromarray(np.pad(pixels, pads, mode="symmetric"))
    soft = np.asarray(mirrored.filter(ImageFilter.GaussianBlur(max(2, max(frame.size) // 40))))
    noise = np.random.default_rng(0).normal(0, _NOISE, (*soft.shape[:2], 1))
    result = PILImage.fromarray(np.clip(soft + noise, 0, 255).round().astype(np.uint8))
    result.paste(image.crop(inside), (inside.left - frame.left, inside.top - frame.top))
    return result


def outpaint_mask(size: tuple[int, int], frame: Frame) -> Image:
    """Return the mask of what the frame adds to an image of this size.

    It reaches over the border into the image, fading out there, so that no seam shows.
    """
    import numpy as np
    from PIL import Image as PILImage

    inside = _inside(frame, size)
    columns = _ramp(frame.left, frame.right, inside.left, inside.right)
    rows = _ramp(frame.top, frame.bottom, inside.top, inside.bottom)
    return PILImage.fromarray(np.maximum(rows[:, None], columns[None, :]))


def seam_width(length: int) -> int:
    """Return how many pixels of an image's side the seam takes."""
    low, high = _SEAM_LIMITS
    return min(high, max(low, round(length * _SEAM_SHARE)), max(1, length // 2))


def _ramp(begin: int, end: int, inner_begin: int, inner_end: int) -> NDArray[Any]:
    """Return the levels along one side: 255 outside the image, down to 0 within the seam."""
    import numpy as np

    levels = np.full(end - begin, 255, np.uint8)
    levels[inner_begin - begin : inner_end - begin] = 0
    seam = seam_width(inner_end - inner_begin)
    fading = np.linspace(255, 0, seam + 1, endpoint=False)[1:].round().astype(np.uint8)
    if begin < inner_begin:
        first = inner_begin - begin
        levels[first : first + seam] = np.maximum(levels[first : first + seam], fading)
    if end > inner_end:
        last = inner_end - begin
        levels[last - seam : last] = np.maximum(levels[last - seam : last], fading[::-1])
    return levels


def _inside(frame: Frame, size: tuple[int, int]) -> Frame:
    """Return the part of the frame that lies within the image."""
    return Frame(
        max(0, frame.left),
        max(0, frame.top),
        min(size[0], frame.right),
        min(size[1], frame.bottom),
    )
