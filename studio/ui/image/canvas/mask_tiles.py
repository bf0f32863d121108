"""A mask in tiles, so that a change and its undo cost what they change, not the whole image."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter

if TYPE_CHECKING:
    from numpy.typing import NDArray

TILE = 512
"""Side of a tile in pixels of the image."""
LEVELS = 4
"""A tile as it is, and halves of it."""
_FORMAT = QImage.Format.Format_Alpha8


class Place(NamedTuple):
    """Column and row of a tile."""

    column: int
    row: int

    @property
    def rect(self) -> QRect:
        """Its pixels in the image, which may reach over the image's border."""
        return QRect(self.column * TILE, self.row * TILE, TILE, TILE)


class Tile(NamedTuple):
    """The pixels of a tile, Alpha8, then halves of them. Never changed after they are made."""

    levels: tuple[QImage, ...]

    @property
    def image(self) -> QImage:
        """The pixels at full size."""
        return self.levels[0]


Tiles = Mapping[Place, Tile]
"""A tile that is missing has no mask."""
Packed = Mapping[Place, bytes]
"""Place → compressed pixels; empty for a tile without a mask."""


def make_tile(image: QImage) -> Tile | None:
    """Return the tile of these pixels, None if all are 0. `image` must not change afterwards."""
    data = bytes(image.constBits())
    if data == bytes(TILE * TILE):
        return None
    if data == b"\xff" * (TILE * TILE):
        return full_tile()
    levels = [image]
    for _ in range(LEVELS - 1):
        levels.append(_halved(levels[-1]))
    return Tile(tuple(levels))


def empty_tile_image() -> QImage:
    """Return the pixels of a tile without a mask, to paint on."""
    image = QImage(TILE, TILE, _FORMAT)
    image.fill(0)
    return image


_full: list[Tile] = []


def full_tile() -> Tile:
    """Return the tile that is masked everywhere; all places share it."""
    if not _full:
        levels = []
        for level in range(LEVELS):
            image = QImage(TILE >> level, TILE >> level, _FORMAT)
            image.fill(255)
            levels.append(image)
        _full.append(Tile(tuple(levels)))
    return _full[0]


def _halved(image: QImage) -> QImage:
    return image.scaled(
        image.size() / 2,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    ).convertToFormat(_FORMAT)


def places_in(rect: QRect, size: QSize) -> Iterator[Place]:
    """Yield the places of the tiles that a rectangle touches within an image of this size."""
    inside = rect & QRect(QPoint(), size)
    if inside.isEmpty():
        return
    for row in range(inside.top() // TILE, inside.bottom() // TILE + 1):
        for column in range(inside.left() // TILE, inside.right() // TILE + 1):
            yield Place(column, row)


def compose(tiles: Tiles, rect: QRect, level: int) -> QImage:
    """Return the pixels of a rectangle, in pixels of that level, as Alpha8."""
    image = QImage(rect.size(), _FORMAT)
    image.fill(0)
    side = TILE >> level
    painter = QPainter(image)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    for row in range(rect.top() // side, rect.bottom() // side + 1):
        for column in range(rect.left() // side, rect.right() // side + 1):
            tile = tiles.get(Place(column, row))
            if tile is not None:
                at = QPoint(column * side, row * side) - rect.topLeft()
                painter.drawImage(at, tile.levels[level])
    painter.end()
    return image


def level_for(scale: float) -> int:
    """Return the smallest level with at least `scale` pixels for each pixel of the image."""
    level = 0
    while level < LEVELS - 1 and scale <= 1 / (2 << level):
        level += 1
    return level


def bounds(tiles: Tiles) -> QRect:
    """Return the smallest rectangle of whole tiles around all that is masked."""
    result = QRect()
    for place in tiles:
        result |= place.rect
    return result


def to_array(tiles: Tiles, rect: QRect) -> NDArray[Any]:
    """Return the pixels of a rectangle of the image as an array (height, width). Slow."""
    image = compose(tiles, rect, 0)
    return image_array(image)


def image_array(image: QImage) -> NDArray[Any]:
    """Copy an image of one byte a pixel into an array (height, width)."""
    import numpy as np

    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()


def from_array(levels: NDArray[Any]) -> dict[Place, Tile]:
    """Return the tiles of a whole mask, an array (height, width). Slow."""
    height, width = levels.shape
    result = {}
    for place in places_in(QRect(0, 0, width, height), QSize(width, height)):
        tile = tile_from(levels, place)
        if tile is not None:
            result[place] = tile
    return result


def tile_from(levels: NDArray[Any], place: Place, origin: QPoint | None = None) -> Tile | None:
    """Return the tile at a place, from an array whose first pixel is at `origin`, a tile's."""
    import numpy as np

    at = place.rect.topLeft() - (origin or QPoint())
    part = levels[at.y() : at.y() + TILE, at.x() : at.x() + TILE]
    if not part.any():
        return None
    padded = np.zeros((TILE, TILE), np.uint8)
    padded[: part.shape[0], : part.shape[1]] = part
    return make_tile(QImage(padded.tobytes(), TILE, TILE, TILE, _FORMAT).copy())


def mask_image(tiles: Tiles, size: QSize) -> QImage:
    """Return the whole mask, grayscale. Slow for large masks; safe in any thread."""
    image = compose(tiles, QRect(QPoint(), size), 0)
    image.reinterpretAsFormat(QImage.Format.Format_Grayscale8)
    return image


def pack(tile: Tile | None) -> bytes:
    """Return a tile's pixels, compressed."""
    return b"" if tile is None else zlib.compress(bytes(tile.image.constBits()), 1)


def unpack(data: bytes) -> Tile | None:
    """Return the tile of compressed pixels."""
    if not data:
        return None
    return make_tile(QImage(zlib.decompress(data), TILE, TILE, TILE, _FORMAT).copy())


def cover(place: Place, size: QSize) -> Tile:
    """Return the tile of which everything within the image is masked."""
    inside = place.rect & QRect(QPoint(), size)
    if inside == place.rect:
        return full_tile()
    image = empty_tile_image()
    painter = QPainter(image)
    painter.fillRect(QRectF(0, 0, inside.width(), inside.height()), Qt.GlobalColor.black)
    painter.end()
    tile = make_tile(image)
    assert tile is not None
    return tile
