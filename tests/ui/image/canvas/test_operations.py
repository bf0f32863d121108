"""What operations change in a mask of tiles."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize
from PySide6.QtGui import QPainterPath

from studio.ui.image.canvas.editable_mask import with_changes
from studio.ui.image.canvas.mask_tiles import (
    TILE,
    Place,
    compose,
    from_array,
    full_tile,
    image_array,
    level_for,
    mask_image,
    pack,
    to_array,
    unpack,
)
from studio.ui.image.canvas.operations import (
    Clear,
    Cover,
    Feather,
    Fill,
    Invert,
    Resize,
    Restore,
    Shape,
    Stroke,
    StrokePoint,
)

SIZE = QSize(1300, 700)
"""Three columns and two rows of tiles, the last ones cut off by the border."""
WHOLE = QRect(QPoint(), SIZE)
pytestmark = pytest.mark.usefixtures("qapp")


def array(tiles):
    return to_array(tiles, WHOLE)


def after(tiles, operation):
    return with_changes(tiles, operation.changes(tiles, SIZE))


def stroke(*points, erases=False, width=40):
    return Stroke(tuple(StrokePoint(QPointF(*point), width) for point in points), erases)


def rectangle(x, y, width, height, *, erases=False):
    path = QPainterPath()
    path.addRect(x, y, width, height)
    return Shape(path, erases)


def test_stroke_over_tiles_is_a_line_with_round_ends():
    operation = stroke((400, 500), (700, 520))
    changes = operation.changes({}, SIZE)
    assert set(changes) == {Place(0, 0), Place(0, 1), Place(1, 0), Place(1, 1)}
    levels = array(after({}, operation))
    y, x = np.mgrid[: SIZE.height(), : SIZE.width()]
    along = np.clip(((x - 400) * 300 + (y - 500) * 20) / (300**2 + 20**2), 0, 1)
    distance = np.hypot(x + 0.5 - 400 - 300 * along, y + 0.5 - 500 - 20 * along)
    assert (levels[distance < 18.5] == 255).all()
    assert (levels[distance > 21.5] == 0).all()


def test_eraser_removes_and_a_tile_without_mask_is_dropped():
    tiles = after({}, stroke((100, 100), (300, 100)))
    part = after(tiles, stroke((200, 100), erases=True, width=60))
    assert array(part)[100, 200] == 0
    assert array(part)[100, 110] == 255
    assert after(tiles, stroke((50, 100), (350, 100), erases=True, width=80)) == {}
    assert stroke((900, 100), erases=True).changes(tiles, SIZE) == {}


def test_one_point_is_a_dot_and_a_stroke_outside_changes_nothing():
    levels = array(after({}, stroke((60, 60))))
    assert abs((levels > 127).sum() - np.pi * 20**2) < 30
    assert stroke((-200, -200), (-100, 300)).changes({}, SIZE) == {}


def test_nothing_is_masked_beyond_the_border():
    for operation in (stroke((1290, 690)), rectangle(1200, 600, 900, 900), Cover(), Invert()):
        tiles = after({}, operation)
        beyond = to_array(tiles, QRect(0, 0, 3 * TILE, 2 * TILE))
        assert not beyond[SIZE.height() :].any()
        assert not beyond[:, SIZE.width() :].any()
        assert beyond.any()


def test_invert_twice_and_cover():
    tiles = after({}, rectangle(10, 20, 600, 300))
    inverted = after(tiles, Invert())
    assert np.array_equal(array(inverted), 255 - array(tiles))
    assert np.array_equal(array(after(inverted, Invert())), array(tiles))
    assert (array(after(tiles, Cover())) == 255).all()
    assert after({}, Invert())[Place(0, 0)] is full_tile(), "all places share one"
    assert after(tiles, Clear()) == {}


def test_grow_shrink_and_feather_reach_other_tiles():
    tiles = after({}, rectangle(500, 500, 12, 12))
    assert set(tiles) == {Place(0, 0)}
    grown = after(tiles, Resize(30))
    levels = array(grown) > 0
    assert levels[506, 470:542].all()
    assert levels[506].sum() == levels[:, 506].sum() == 72
    assert np.array_equal(array(after(grown, Resize(-30))) > 0, array(tiles) > 0)
    soft = array(after(tiles, Feather(10))).astype(int)
    assert 0 < soft[506, 514] < 255
    assert abs(soft.sum() - array(tiles).astype(int).sum()) / soft.sum() < 0.15
    assert after(tiles, Resize(-7)) == {}
    assert Resize(5).changes({}, SIZE) == {}


def test_shrinking_at_the_edge_of_a_tile_sees_the_empty_tile_next_to_it():
    tiles = after({}, rectangle(0, 0, TILE, TILE))
    levels = array(after(tiles, Resize(-5)))
    assert levels[100, TILE - 6] == 255
    assert levels[100, TILE - 4] == 0
    assert levels[0, 0] == 255


def test_fill_flows_over_tiles():
    tiles = after({}, rectangle(100, 100, 1100, 500))
    tiles = after(tiles, rectangle(150, 150, 1000, 400, erases=True))
    filled = array(after(tiles, Fill(QPoint(600, 300), False)))
    assert (filled[100:600, 100:1200] == 255).all()
    assert not filled[:100].any()
    emptied = after(tiles, Fill(QPoint(110, 110), True))
    assert emptied == {}


def test_restore_undoes_any_change_exactly():
    tiles = after({}, stroke((100, 100), (1200, 650), width=90))
    for operation in (Feather(20), Invert(), Clear(), stroke((0, 0), (1300, 0))):
        changes = operation.changes(tiles, SIZE)
        packed = {place: pack(tiles.get(place)) for place in changes}
        restored = after(with_changes(tiles, changes), Restore(packed))
        assert np.array_equal(array(restored), array(tiles))
    assert sum(len(pack(tile)) for tile in tiles.values()) < 20_000, "compressed"
    assert unpack(pack(full_tile())) is full_tile()


def test_array_and_image_keep_every_level():
    levels = np.random.default_rng(0).integers(0, 256, (700, 1300), np.uint8)
    levels[:512, :512] = 0
    tiles = from_array(levels)
    assert Place(0, 0) not in tiles
    assert np.array_equal(array(tiles), levels)
    assert np.array_equal(image_array(mask_image(tiles, SIZE)), levels)


def test_levels_are_halves_and_the_smallest_that_suffices_is_drawn():
    tiles = after({}, rectangle(256, 128, 768, 256))
    for level in range(4):
        image = compose(tiles, QRect(0, 0, 1536 >> level, 1024 >> level), level)
        share = (image_array(image) > 0).mean()
        assert abs(share - 768 * 256 / (1536 * 1024)) < 0.01
    assert [level_for(scale) for scale in (4, 1, 0.51, 0.5, 0.26, 0.25, 0.125, 0.01)] == [
        0, 0, 0, 1, 1, 2, 3, 3,
    ]  # fmt: skip
