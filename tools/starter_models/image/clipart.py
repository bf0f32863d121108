"""The Open Clip Art Library, as Debian packages it: drawings that their makers gave to the public
domain.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.starter_models.image.icons import Icon, draw

_SKIPPED_FOLDERS = re.compile(
    r"^(shapes|special|unsorted|signs_and_symbols|computer|geography|logos|buttons|decorations|"
    r"science)(/|$)|roadsign|cards|symbols|flag"
)
_SKIPPED_WORDS = re.compile(
    r"\b(gun|rifle|pistol|sword|bomb|tank|flag|logo|cross|church|jesus|buddha|swastika|nude|"
    r"cigarette|skull)\b"
)
_EMPTY_KEYWORDS = {
    "hash",
    "unsorted",
    "clip art",
    "clipart",
    "image",
    "media",
    "public domain",
    "png",
    "svg",
    "symbol",
}
_MAX_BYTES = 600_000
_LEAST_COVERED = 0.05
_MARGIN = 0.03


def draw_all(package: Path, side: int) -> Iterator[tuple[Icon, NDArray[np.uint8]]]:
    """Yield what can be drawn and says that it is in the public domain, with its title. Images
    are (side, side, 4), RGBA.
    """
    root = package / "usr" / "share" / "openclipart" / "svg"
    for path in sorted(root.rglob("*.svg")):
        folder = path.parent.relative_to(root).as_posix()
        if _SKIPPED_FOLDERS.search(folder) or path.stat().st_size > _MAX_BYTES:
            continue
        source = path.read_text(encoding="utf-8", errors="replace")
        title = _title(source, path.stem)
        if (
            "publicdomain" not in source.lower().replace(" ", "")
            or not title
            or _SKIPPED_WORDS.search(title)
        ):
            continue
        image = _centred(_with_view_box(source), side)
        if image is not None:
            yield (
                Icon(path.stem, "openclipart", (title,), _keywords(source, folder), folder),
                image,
            )


def _title(source: str, stem: str) -> str:
    found = re.search(r"<dc:title>([^<]+)", source)
    title = html.unescape(found.group(1)).strip().lower() if found else ""
    if (
        not title
        or len(title) > 40
        or not title.isascii()
        or re.search(r"clipart|collection|theme|various|by ", title)
    ):
        title = (
            re.sub(r"_[a-z.]+_[a-z]*\.?_?\d*$|_\d+$", "", stem).replace("_", " ").replace("-", " ")
        )
    return " ".join(re.sub(r"[\d()]+|b and w|black and white", " ", title).split())


def _keywords(source: str, folder: str) -> tuple[str, ...]:
    words = [
        html.unescape(word).lower().replace("_", " ")
        for word in re.findall(r"<rdf:li>([^<]+)</rdf:li>", source)
    ]
    good = [
        word for word in words if word not in _EMPTY_KEYWORDS and word.isascii() and len(word) < 25
    ]
    return tuple(dict.fromkeys([*good, folder.rpartition("/")[2]]))


def _with_view_box(source: str) -> str:
    """Many files have a size in millimetres and no view box; these are not drawn otherwise."""
    found = re.search(r"<svg[^>]*>", source, re.DOTALL)
    if found is None:
        return source
    tag = found.group(0)
    box = re.search(r"\sviewBox\s*=\s*[\"']([^\"']*)", tag)
    if box and len(box.group(1).replace(",", " ").split()) == 4:
        return source
    width, height = _length(tag, "width"), _length(tag, "height")
    bare = re.sub(r"\s(viewBox|width|height)\s*=\s*[\"'][^\"']*[\"']", "", tag)
    return source.replace(
        tag, f'{bare[:-1].rstrip("/")} viewBox="0 0 {width or 600} {height or 600}">', 1
    )


def _length(tag: str, name: str) -> float:
    found = re.search(rf"\s{name}\s*=\s*[\"']\s*([\d.]+)\s*([a-z]*)", tag)
    if found is None:
        return 0.0
    return float(found.group(1)) * {"mm": 3.543, "cm": 35.43, "pt": 1.25, "in": 90.0}.get(
        found.group(2), 1.0
    )


def _centred(source: str, side: int) -> NDArray[np.uint8] | None:
    from PIL import Image

    try:
        drawn = Image.fromarray(draw(source, side * 2))
    except ValueError:  # what the drawing library does not understand
        return None
    box = drawn.getbbox()
    if box is None:
        return None
    drawn = drawn.crop(box)
    scale = side * (1 - 2 * _MARGIN) / max(drawn.size)
    size = (max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale)))
    page = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    page.paste(
        drawn.resize(size, Image.Resampling.LANCZOS), ((side - size[0]) // 2, (side - size[1]) // 2)
    )
    image = np.asarray(page)
    return image if (image[..., 3] > 127).mean() >= _LEAST_COVERED else None
