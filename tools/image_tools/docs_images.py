"""Makes the images before and after each tool in docs/image.md, with the program itself.

    python -m tools.image_tools.docs_images docs/images/tools

The photo is `cat.jpg` in that folder: Chelsea, by Stéfan van der Walt (CC0), of scikit-image.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from studio.core.events import Failed, Finished, JobEvent
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import ImageToolRequest
from studio.engine.local import LocalEngine

HEIGHT = 200
"""Of the images in a sheet, in pixels."""
GAP = 8
FACE = (135, 80, 210, 130)
"""The part of the photo that is enlarged."""
STYLES = ("wave-print", "pop-art", "red-chalk")
SCRATCHES = ((40, 20, 300, 270), (420, 30, 200, 220), (250, 10, 262, 290))
"""Lines over the photo: x and y of both ends."""


class Tools:
    """Runs tools in one engine; every image is a file in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        data = DataFolder(folder / "data")
        data.create()
        self._engine = LocalEngine(data)

    def changed(self, before: Image.Image, tool: str, **values: Any) -> Image.Image:
        """Return what a tool makes of an image. Raises RuntimeError if it fails."""
        file = self.file(before, "before.png")
        request = ImageToolRequest(tool=tool, image=str(file), **values)  # type: ignore[arg-type]
        ends: list[Finished | Failed] = []

        def emit(event: JobEvent) -> None:
            if isinstance(event.event, Finished | Failed):
                ends.append(event.event)

        with tempfile.TemporaryDirectory(dir=self._folder) as output:
            self._engine.run([new_job(request, output)], emit, lambda _job: False)
            if not isinstance(ends[0], Finished):
                raise RuntimeError(ends[0].failure.message)
            with Image.open(ends[0].artifacts[0].path) as image:
                image.load()
                return image

    def file(self, image: Image.Image, name: str) -> Path:
        """Save an image and return its file."""
        image.save(self._folder / name)
        return self._folder / name


def sheets(photo: Image.Image, tools: Tools) -> dict[str, list[Image.Image]]:
    """Return the name of each tool → the image before it, and those after it."""
    face = photo.crop(FACE)
    large = (face.width * 4, face.height * 4)
    noisy = _noisy(photo)
    soft = photo.filter(ImageFilter.GaussianBlur(1.5))
    dull = ImageEnhance.Contrast(ImageEnhance.Brightness(photo).enhance(0.6)).enhance(0.6)
    scratched, mask = _scratched(photo)
    mask_file = str(tools.file(mask, "mask.png"))
    cut_out = tools.changed(photo, "remove-background")
    styled = [tools.changed(photo, "style-transfer", style=style) for style in STYLES]
    return {
        "upscale": [
            face.resize(large, Image.Resampling.NEAREST),
            tools.changed(face, "upscale", scale=4),
        ],
        "remove-background": [photo, _on_squares(cut_out)],
        "style-transfer": [photo, *styled],
        "erase": [scratched, tools.changed(scratched, "erase", mask_image=mask_file)],
        "denoise": [noisy, tools.changed(noisy, "denoise", strength=1.0)],
        "sharpen": [soft, tools.changed(soft, "sharpen", strength=1.0)],
        "adjust": [dull, tools.changed(dull, "adjust", auto_levels=True, saturation=1.2, rotate=4)],
        "edges": [photo, tools.changed(photo, "edges")],
        "outpaint": [photo, tools.changed(photo, "outpaint", left=120, right=120)],
        "watermark": [photo, tools.changed(photo, "watermark", label="Chelsea, CC0", label_size=9)],
    }


def _noisy(photo: Image.Image) -> Image.Image:
    values = np.asarray(photo).astype(float)
    values += np.random.default_rng(1).normal(0, 18, values.shape)
    return Image.fromarray(np.clip(values, 0, 255).round().astype(np.uint8))


def _scratched(photo: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return the photo with scratches, and the mask of them."""
    image, mask = photo.copy(), Image.new("L", photo.size)
    for line in SCRATCHES:
        ImageDraw.Draw(image).line(line, fill=(235, 235, 225), width=3)
        ImageDraw.Draw(mask).line(line, fill=255, width=7)
    return image, mask


def _on_squares(image: Image.Image) -> Image.Image:
    """Return an image on the squares that stand for transparency."""
    rows, columns = np.indices((image.height, image.width)) // 12
    squares = np.where((rows + columns) % 2, 235, 200).astype(np.uint8)
    result = Image.fromarray(squares).convert("RGBA")
    return Image.alpha_composite(result, image.convert("RGBA"))


def in_a_row(images: Sequence[Image.Image]) -> Image.Image:
    """Return the images side by side, all equally high."""
    shown = [
        image.convert("RGB").resize(
            (round(image.width * HEIGHT / image.height), HEIGHT), Image.Resampling.LANCZOS
        )
        for image in images
    ]
    width = sum(image.width for image in shown) + GAP * (len(shown) - 1)
    sheet, left = Image.new("RGB", (width, HEIGHT), "white"), 0
    for image in shown:
        sheet.paste(image, (left, 0))
        left += image.width + GAP
    return sheet


def main() -> None:
    """Write one sheet for each tool."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with Image.open(folder / "cat.jpg") as image:
        photo = image.convert("RGB")
    with tempfile.TemporaryDirectory() as work:
        for name, images in sheets(photo, Tools(Path(work))).items():
            in_a_row(images).save(folder / f"{name}.jpg", quality=82, optimize=True)


if __name__ == "__main__":
    main()
