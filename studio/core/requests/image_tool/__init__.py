"""A request for a tool that works on an image, such as enlarging it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.requests.image_tool.tables import (
    BACKGROUNDS,
    COLORS,
    POSITIONS,
    STYLES,
    TOOLS,
    Position,
    Tool,
    ToolName,
)
from studio.core.requests.shared_fields import IMAGE_TYPES
from studio.core.settings import ImageFormat
from studio.core.translation import mark, tr, tr_marked

__all__ = [
    "COLORS",
    "STYLES",
    "TOOLS",
    "ImageToolRequest",
    "Tool",
    "ToolName",
    "crop_box",
    "rgb_of",
]
MAX_ADDED = 8_192
"""Pixels that outpainting adds at one side."""
_UNIT = {"step": 0.05, "slider": (0, 2)}


class ImageToolRequest(Request, frozen=True, kw_only=True, tag="image-tool"):
    """Change one image with a tool. Sizes are in pixels of the upright image."""

    media_types: ClassVar = IMAGE_TYPES

    prompt: Annotated[
        str,
        Meta(
            title=mark("Name"),
            description=mark("What the result is called; empty for tool and image."),
            extra={"internal": True},
        ),
    ] = ""
    tool: Annotated[
        ToolName, Meta(title=mark("Tool"), description=mark("What is done with the image."))
    ] = "upscale"
    image: Annotated[
        str,
        Meta(
            title=mark("Image"),
            description=mark("The image to work on."),
            extra={"flag": "image", "file": True},
        ),
    ] = ""
    """Empty only before `preflight.checks`."""
    scale: Annotated[
        int,
        Meta(
            title=mark("Scale"),
            description=mark("2, 3 or 4 times as large."),
            ge=2,
            le=4,
            extra={"unit": "×"},
        ),
    ] = 2
    background: Annotated[
        str,
        Meta(
            title=mark("Background"),
            description=mark("A color such as white or #336699; empty for transparent."),
            extra={"suggestions": BACKGROUNDS},
        ),
    ] = ""
    feather: Annotated[
        float,
        Meta(
            title=mark("Feather"),
            description=mark("Softens the edge of the subject."),
            ge=0,
            le=100,
            extra={"unit": "px", "step": 0.5},
        ),
    ] = 0.0
    style: Annotated[
        str, Meta(title=mark("Style"), description=mark("The name of a style that comes along."))
    ] = ""
    style_image: Annotated[
        str,
        Meta(
            title=mark("Style image"),
            description=mark("An image whose style is taken."),
            extra={"file": True},
        ),
    ] = ""
    strength: Annotated[
        float,
        Meta(
            title=mark("Strength"),
            description=mark("How much the image changes; 0 leaves it as it is."),
            ge=0,
            le=1,
            extra={"step": 0.05, "slider": (0, 1)},
        ),
    ] = 0.8
    keep_colors: Annotated[
        bool,
        Meta(
            title=mark("Keep colors"),
            description=mark("Take brush strokes from the style, and colors from the image."),
        ),
    ] = False
    mask_image: Annotated[
        str,
        Meta(
            title=mark("Mask"),
            description=mark("An image of the same shape: white areas are filled."),
            extra={"flag": "mask", "file": True},
        ),
    ] = ""
    brightness: Annotated[
        float,
        Meta(
            title=mark("Brightness"),
            description=mark("1 leaves it as it is."),
            ge=0,
            le=3,
            extra=_UNIT,
        ),
    ] = 1.0
    contrast: Annotated[
        float,
        Meta(
            title=mark("Contrast"),
            description=mark("1 leaves it as it is."),
            ge=0,
            le=3,
            extra=_UNIT,
        ),
    ] = 1.0
    saturation: Annotated[
        float,
        Meta(
            title=mark("Saturation"),
            description=mark("1 leaves it as it is; 0 makes it gray."),
            ge=0,
            le=3,
            extra=_UNIT,
        ),
    ] = 1.0
    auto_levels: Annotated[
        bool,
        Meta(
            title=mark("Automatic levels"),
            description=mark("Use the whole range from black to white in each color."),
        ),
    ] = False
    rotate: Annotated[
        float,
        Meta(
            title=mark("Rotate"),
            description=mark("Clockwise; angles that are no quarter turn are cropped."),
            ge=-180,
            le=180,
            extra={"unit": "°", "step": 0.5},
        ),
    ] = 0.0
    crop: Annotated[
        str,
        Meta(
            title=mark("Crop"),
            description=mark("Left, top, width and height, such as 10,20,640,480; empty for all."),
        ),
    ] = ""
    width: Annotated[
        int,
        Meta(
            title=mark("Width"),
            description=mark("Of the result; 0 follows from the height."),
            ge=0,
            le=16_384,
            extra={"unit": "px", "lowest": mark("Automatic")},
        ),
    ] = 0
    height: Annotated[
        int,
        Meta(
            title=mark("Height"),
            description=mark("Of the result; 0 follows from the width."),
            ge=0,
            le=16_384,
            extra={"unit": "px", "lowest": mark("Automatic")},
        ),
    ] = 0
    left: Annotated[
        int,
        Meta(
            title=mark("Left"),
            description=mark("Pixels to add at the left."),
            ge=0,
            le=MAX_ADDED,
            extra={"unit": "px", "step": 16},
        ),
    ] = 0
    right: Annotated[
        int,
        Meta(
            title=mark("Right"),
            description=mark("Pixels to add at the right."),
            ge=0,
            le=MAX_ADDED,
            extra={"unit": "px", "step": 16},
        ),
    ] = 0
    top: Annotated[
        int,
        Meta(
            title=mark("Top"),
            description=mark("Pixels to add at the top."),
            ge=0,
            le=MAX_ADDED,
            extra={"unit": "px", "step": 16},
        ),
    ] = 0
    bottom: Annotated[
        int,
        Meta(
            title=mark("Bottom"),
            description=mark("Pixels to add at the bottom."),
            ge=0,
            le=MAX_ADDED,
            extra={"unit": "px", "step": 16},
        ),
    ] = 0
    label: Annotated[
        str,
        Meta(
            title=mark("Text"),
            description=mark("The text to put on the image, such as a name and a year."),
            max_length=200,
        ),
    ] = ""
    logo: Annotated[
        str,
        Meta(
            title=mark("Logo"),
            description=mark("An image to put on the image; its transparency is kept."),
            extra={"file": True},
        ),
    ] = ""
    position: Annotated[
        Position,
        Meta(
            title=mark("Position"),
            description=mark("Where on the image it stands."),
            extra={"titles": POSITIONS},
        ),
    ] = "bottom-right"
    label_size: Annotated[
        float,
        Meta(
            title=mark("Size"),
            description=mark("Its height in percent of the image's shorter side."),
            ge=1,
            le=100,
            extra={"unit": "%", "step": 1, "slider": (1, 40)},
        ),
    ] = 5.0
    opacity: Annotated[
        float,
        Meta(
            title=mark("Opacity"),
            description=mark("1 covers the image, 0 cannot be seen."),
            ge=0,
            le=1,
            extra={"step": 0.05, "slider": (0, 1)},
        ),
    ] = 0.8
    format: Annotated[
        ImageFormat,
        Meta(
            title=mark("File format"),
            description=mark("The file that is written. JPEG has no transparency."),
            extra={"advanced": True},
        ),
    ] = "png"

    def __post_init__(self) -> None:
        if not self.prompt and self.tool in TOOLS:
            # Lists, searches and file names call a result by its prompt.
            name = Path(self.image).stem
            msgspec.structs.force_setattr(
                self, "prompt", f"{tr_marked(TOOLS[self.tool].title)} {name}".strip()
            )
        super().__post_init__()

    @classmethod
    def unused_with(cls, values: Mapping[str, Any]) -> frozenset[str]:
        """Return the fields of other tools."""
        tool = TOOLS.get(values.get("tool", ""))
        every = {name for one in TOOLS.values() for name in one.fields}
        return frozenset(every.difference(tool.fields)) if tool is not None else frozenset()

    def with_seed(self) -> Self:
        """Return the request as it is, unless its tool uses random numbers."""
        return super().with_seed() if "seed" in TOOLS[self.tool].fields else self

    @property
    def added(self) -> tuple[int, int, int, int]:
        """Pixels that outpainting adds at the left, the top, the right and the bottom."""
        return self.left, self.top, self.right, self.bottom

    @property
    def likely_bytes(self) -> int:
        """About that of an image of four million pixels."""
        return 8 << 20

    def cross_check(self) -> list[Problem]:
        """Check what the tool needs; `preflight.image_tools` reads the files."""
        required = TOOLS[self.tool].required
        if required and not getattr(self, required):
            return [Problem(required, tr("is missing"))]
        if self.tool == "style-transfer":
            if bool(self.style) == bool(self.style_image):
                return [Problem("style", tr("needs a style or a style image"))]
            if self.style and self.style not in STYLES:
                names = ", ".join(STYLES)
                return [Problem("style", tr("must be one of {choices}", choices=names))]
        if self.tool == "outpaint" and not any(self.added):
            return [Problem("left", tr("needs a number of pixels for at least one side"))]
        if self.tool == "watermark" and bool(self.label.strip()) == bool(self.logo):
            return [Problem("label", tr("needs a text or a logo"))]
        if self.background and rgb_of(self.background) is None:
            names = ", ".join(COLORS)
            return [Problem("background", tr("must be #rrggbb or one of {names}", names=names))]
        if self.crop and crop_box(self.crop) is None:
            return [Problem("crop", tr("must be left,top,width,height in pixels"))]
        return []


def rgb_of(color: str) -> tuple[int, int, int] | None:
    """Return red, green and blue, 0 to 255, of #rgb, #rrggbb or a name; None for another text."""
    text = COLORS.get(color.strip().lower(), color.strip())
    if re.fullmatch("#[0-9a-fA-F]{3}", text):
        text = "#" + "".join(2 * digit for digit in text[1:])
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        return None
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def crop_box(text: str) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of "left,top,width,height"; None for another text."""
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):
        return None
    left, top, width, height = map(int, parts)
    return (left, top, left + width, top + height) if width and height else None
