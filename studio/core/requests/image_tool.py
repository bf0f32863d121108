"""A request for a tool that works on an image, such as enlarging it, and the table of the tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

import msgspec
from msgspec import Meta

from studio.core.errors import Problem
from studio.core.requests.base import Request
from studio.core.settings import ImageFormat
from studio.core.translation import mark, tr, tr_marked

ToolName = Literal[
    "upscale",
    "remove-background",
    "style-transfer",
    "erase",
    "denoise",
    "sharpen",
    "adjust",
    "edges",
]


class Tool(msgspec.Struct, frozen=True):
    """One tool: what users see of it, and the fields of a request that it uses."""

    title: str
    description: str
    fields: tuple[str, ...] = ()
    """Besides the image, the model and the file format."""
    required: str = ""
    """The one of its fields without which it cannot run."""


TOOLS: Mapping[ToolName, Tool] = {
    "upscale": Tool(
        mark("Enlarge"),
        mark("Make an image 2, 3 or 4 times as large, with sharp edges."),
        ("scale",),
    ),
    "remove-background": Tool(
        mark("Remove background"),
        mark("Cut out the subject; the rest becomes transparent, or the color that you choose."),
        ("background", "feather"),
    ),
    "style-transfer": Tool(
        mark("Restyle"),
        mark("Paint an image in the style of another one, or in a named style."),
        ("style", "style_image", "strength", "keep_colors"),
    ),
    "erase": Tool(
        mark("Erase or repair"),
        mark("Fill what the mask covers, such as a scratch or a small thing, from around it."),
        ("mask_image",),
        "mask_image",
    ),
    "denoise": Tool(
        mark("Remove noise"), mark("Smooth grain and noise, keep edges."), ("strength",)
    ),
    "sharpen": Tool(mark("Sharpen"), mark("Make edges clearer."), ("strength",)),
    "adjust": Tool(
        mark("Adjust"),
        mark("Change brightness, contrast, colors, angle, part and size."),
        (
            "brightness",
            "contrast",
            "saturation",
            "auto_levels",
            "rotate",
            "crop",
            "width",
            "height",
        ),
    ),
    "edges": Tool(
        mark("Edges"), mark("Draw an image's edges, as a ControlNet follows them."), ("strength",)
    ),
}
"""Name in requests, commands and batch files → tool."""

STYLES: Mapping[str, str] = {
    "soft-oil": mark("Soft oil painting"),
    "bold-ink": mark("Bold ink on yellow"),
    "pale-oil": mark("Pale oil painting"),
    "bright-strokes": mark("Bright thick strokes"),
    "warm-oil": mark("Warm oil painting"),
    "autumn-strokes": mark("Autumn strokes"),
    "dark-blue": mark("Dark blue pattern"),
    "primary-colors": mark("Primary colors"),
    "marker-sketch": mark("Marker sketch"),
    "linocut": mark("Linocut"),
    "red-chalk": mark("Red chalk"),
    "engraving": mark("Engraving"),
    "lilac-mist": mark("Lilac mist"),
    "green-weave": mark("Green weave"),
    "fresco": mark("Pale fresco"),
    "stained-glass": mark("Stained glass"),
    "blue-pastel": mark("Blue pastel"),
    "weave": mark("Woven bands"),
    "woodcut": mark("Woodcut"),
    "night-blue": mark("Night blue and yellow"),
    "ember": mark("Ember"),
    "pop-art": mark("Pop art"),
    "cubist": mark("Cubist"),
    "dusk": mark("Dusk"),
    "wave-print": mark("Woodblock print"),
    "mosaic": mark("Dark mosaic"),
}
"""Name → title, in the order of the network's inputs. Its styles have no names; these are ours."""

_BACKGROUNDS = {
    "": mark("Transparent"),
    "white": mark("White"),
    "black": mark("Black"),
    "gray": mark("Gray"),
    "red": mark("Red"),
    "green": mark("Green"),
    "blue": mark("Blue"),
    "yellow": mark("Yellow"),
}
COLORS: Mapping[str, str] = {
    "white": "#ffffff",
    "black": "#000000",
    "gray": "#808080",
    "red": "#d0021b",
    "green": "#417505",
    "blue": "#1f5fbf",
    "yellow": "#f8e71c",
}
"""Name of a background → its color."""
_UNIT = {"step": 0.05, "slider": (0, 2)}


class ImageToolRequest(Request, frozen=True, kw_only=True, tag="image-tool"):
    """Change one image with a tool. Sizes are in pixels of the upright image."""

    media_types: ClassVar = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}

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
            extra={"suggestions": _BACKGROUNDS},
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
        """Return the request as it is: the tools use no random numbers."""
        return self

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


assert set(TOOLS) == set(get_args(ToolName))
