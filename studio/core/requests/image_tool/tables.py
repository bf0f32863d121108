"""The tables of the image tools: their names, what each uses, styles, colors, positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from studio.core.translation import mark

ToolName = Literal[
    "upscale",
    "remove-background",
    "style-transfer",
    "erase",
    "denoise",
    "sharpen",
    "adjust",
    "edges",
    "outpaint",
    "watermark",
]
Position = Literal["bottom-right", "bottom-left", "top-right", "top-left", "center"]


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
    "outpaint": Tool(
        mark("Outpaint"),
        mark(
            "Add to an image at its sides: with the model that drew it, or by mirroring a photo "
            "more and more softly."
        ),
        ("left", "right", "top", "bottom", "seed"),
    ),
    "watermark": Tool(
        mark("Label"),
        mark("Put a text or a logo on an image."),
        ("label", "logo", "position", "label_size", "opacity"),
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

BACKGROUNDS: Mapping[str, str] = {
    "": mark("Transparent"),
    "white": mark("White"),
    "black": mark("Black"),
    "gray": mark("Gray"),
    "red": mark("Red"),
    "green": mark("Green"),
    "blue": mark("Blue"),
    "yellow": mark("Yellow"),
}
"""A background → its title, for a form."""
POSITIONS: Mapping[Position, str] = {
    "bottom-right": mark("Bottom right", "mode"),
    "bottom-left": mark("Bottom left", "mode"),
    "top-right": mark("Top right", "mode"),
    "top-left": mark("Top left", "mode"),
    "center": mark("Center", "mode"),
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

assert set(TOOLS) == set(get_args(ToolName))
