"""Draw a contact sheet: a grid's images as thumbnails, labeled with the axis values."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import msgspec

from studio.batch.output.grid_sheet import Sheet
from studio.batch.output.rows import ReportRow

MAX_SIDE = 512
"""Of a cell, in pixels."""
MAX_SHEET = 8_000
"""Approximate maximum of the sheet's longer side, in pixels."""
GAP = 8
INK, PAPER, EMPTY, MUTED = (32, 32, 32), (255, 255, 255), (236, 236, 236), (120, 120, 120)
_FONTS = (  # not translated: names of files
    "NotoSansCJK-Regular.ttc",
    "msyh.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "wqy-microhei.ttc",
    "SourceHanSans-Regular.ttc",
    "NotoSerifCJK-Regular.ttc",
    "NotoSerifCJK-Bold.ttc",
    "simsun.ttc",
    "DejaVuSans.ttf",
    "arial.ttf",
)
"""Fonts of common systems, those with Chinese first; none is required."""


def draw(sheet: Sheet) -> bytes:
    """Return the sheet as a PNG file."""
    import numpy as np
    from PIL import Image, ImageDraw

    from studio.media.png import encode_png

    blocks = list(sheet.blocks())
    columns, rows = len(blocks[0][1]), sum(len(block[2]) for block in blocks)
    wide, high = _cell_size(sheet, columns, rows)
    size = max(13, min(22, wide // 12))
    line = size + 8
    names = [name for _title, _columns, cells in blocks for name, _cells in cells]
    margin = min(max((_width(name, size) for name in names), default=0), 3 * wide) + (
        2 * GAP if any(names) else GAP
    )
    header = line + GAP
    total = (
        margin + columns * (wide + GAP),
        header
        + sum(
            (line if title else 0) + line + len(cells) * (high + GAP)
            for title, _columns, cells in blocks
        )
        + GAP,
    )
    image = Image.new("RGB", total, PAPER)
    pen = ImageDraw.Draw(image)
    _write(pen, (GAP, GAP // 2), sheet.title, size, total[0] - 2 * GAP, INK)
    top = header
    for title, labels, block in blocks:
        if title:
            _write(pen, (GAP, top), title, size, total[0] - 2 * GAP, INK)
            top += line
        for column, name in enumerate(labels):
            _write(pen, (margin + column * (wide + GAP), top), name, size, wide, MUTED)
        top += line
        for name, cells in block:
            _write(pen, (GAP, top + high // 2 - size // 2), name, size, margin - 2 * GAP, MUTED)
            for column, row in enumerate(cells):
                _place(image, pen, (margin + column * (wide + GAP), top), (wide, high), row, size)
            top += high + GAP
    return encode_png(np.asarray(image), {"Title": sheet.title})


def _cell_size(sheet: Sheet, columns: int, rows: int) -> tuple[int, int]:
    """Return the width and height of a cell: the largest image, scaled to limit the sheet."""
    settings = [msgspec.structs.asdict(row.request) for row in sheet.cells.values()]
    wide = max(values.get("width", MAX_SIDE) for values in settings)
    high = max(values.get("height", MAX_SIDE) for values in settings)
    scale = min(
        1.0,
        MAX_SIDE / wide,
        MAX_SIDE / high,
        MAX_SHEET / (columns * wide),
        MAX_SHEET / (rows * high),
    )
    scale = max(scale, 96 / max(wide, high)) if scale < 1 else max(1.0, 96 / max(wide, high))
    return max(16, int(wide * scale)), max(16, int(high * scale))


def _place(
    image: Any,
    pen: Any,
    corner: tuple[int, int],
    room: tuple[int, int],
    row: ReportRow | None,
    size: int,
) -> None:
    thumbnail = _thumbnail(row.files[0], room) if row is not None and row.files else None
    if thumbnail is not None:
        left = corner[0] + (room[0] - thumbnail.width) // 2
        image.paste(thumbnail, (left, corner[1] + (room[1] - thumbnail.height) // 2))
        return
    pen.rectangle((*corner, corner[0] + room[0] - 1, corner[1] + room[1] - 1), fill=EMPTY)
    text = "" if row is None else row.state if not row.files else "missing"
    _write(pen, (corner[0] + 4, corner[1] + 4), text, size, room[0] - 8, MUTED)


def _thumbnail(path: Path, room: tuple[int, int]) -> Any:
    from PIL import Image

    try:
        with Image.open(path) as file:
            file.load()
            image = file.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # moved or damaged
        return None
    scale = min(room[0] / image.width, room[1] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)


@functools.lru_cache(maxsize=32)
def _font(size: int, plain: bool) -> Any:
    from PIL import ImageFont

    if not plain:
        for name in _FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)


def _width(text: str, size: int) -> int:
    return int(_font(size, text.isascii()).getlength(text)) + 2


def _write(
    pen: Any, corner: tuple[int, int], text: str, size: int, room: int, color: tuple[int, int, int]
) -> None:
    """Draw a line of text, truncated with … if it is too wide."""
    if _width(text, size) > room:
        while text and _width(f"{text}…", size) > room:
            text = text[
                : min(len(text) - 1, max(1, int(len(text) * room / _width(f"{text}…", size))))
            ]
        text = f"{text}…"
    pen.text(corner, text, font=_font(size, text.isascii()), fill=color)
