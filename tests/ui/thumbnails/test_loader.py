"""Thumbnails are loaded for what is in view, in bounded memory, once for each content."""

import hashlib

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from studio.ui.thumbnails.images import Appearance, text_card, thumbnail_image
from studio.ui.thumbnails.loader import ThumbnailLoader
from studio.ui.thumbnails.source import ThumbnailSource
from tests.ui.conftest import PATIENCE

ORANGE, BLUE = "#ff8800", "#0044ff"


@pytest.fixture
def view(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def thumbnails(library, view):
    return ThumbnailLoader(library, view)


def image_file(path, color=ORANGE, size=(64, 48)):
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    assert image.save(str(path))
    return ThumbnailSource(str(path), "image", hashlib.sha256(path.read_bytes()).hexdigest())


def wait_idle(qtbot, thumbnails):
    qtbot.waitUntil(lambda: thumbnails.is_idle and not thumbnails._wanted, timeout=PATIENCE)


def color_of(pixmap):
    return pixmap.toImage().pixelColor(pixmap.width() // 2, pixmap.height() // 2)


def is_close(color, name):
    other = QColor(name)
    return max(abs(a - b) for a, b in zip(color.getRgb(), other.getRgb(), strict=True)) < 6


def test_files_of_the_same_content_share_a_thumbnail(qtbot, tmp_path, thumbnails):
    first = image_file(tmp_path / "图.png")
    copy = first._replace(path=str(tmp_path / "moved away.png"))
    with qtbot.waitSignal(thumbnails.loaded, timeout=PATIENCE) as signal:
        thumbnails.load([first])
    assert signal.args == [first]
    pixmap = thumbnails.pixmap(copy)
    assert pixmap is not None
    assert is_close(color_of(pixmap), ORANGE)
    assert pixmap.width() == Appearance().width


def test_a_file_without_a_hash_is_read_again_when_it_changed(qtbot, tmp_path, thumbnails):
    path = tmp_path / "edited.png"
    image_file(path, ORANGE)
    before = ThumbnailSource(str(path), "image", modified=1.0)
    with qtbot.waitSignal(thumbnails.loaded, timeout=PATIENCE):
        thumbnails.load([before])
    image_file(path, BLUE, (80, 80))
    after = before._replace(modified=2.0)
    assert thumbnails.pixmap(after) is None
    with qtbot.waitSignal(thumbnails.loaded, timeout=PATIENCE):
        thumbnails.load([after])
    assert is_close(color_of(thumbnails.pixmap(after)), BLUE)


def test_what_is_no_longer_in_view_is_not_loaded(qtbot, tmp_path, thumbnails):
    sources = [image_file(tmp_path / f"{n}.png", size=(10 + n, 10)) for n in range(40)]
    thumbnails.load(sources[:39])
    thumbnails.load(sources[39:])
    wait_idle(qtbot, thumbnails)
    assert thumbnails.pixmap(sources[39]) is not None
    assert sum(thumbnails.pixmap(source) is not None for source in sources) < 10


def test_a_hidden_view_loads_nothing_more(qtbot, tmp_path, thumbnails, view):
    sources = [image_file(tmp_path / f"{n}.png", size=(10 + n, 10)) for n in range(40)]
    thumbnails.load(sources)
    view.hide()
    wait_idle(qtbot, thumbnails)
    assert sum(thumbnails.pixmap(source) is not None for source in sources) < 10


def test_memory_is_bounded(qtbot, tmp_path, library, view):
    thumbnails = ThumbnailLoader(library, view, max_bytes=5 * 160 * 160 * 4)
    sources = [image_file(tmp_path / f"{n}.png", size=(20 + n, 20 + n)) for n in range(12)]
    thumbnails.load(sources)
    wait_idle(qtbot, thumbnails)
    assert thumbnails.used_bytes <= 5 * 160 * 160 * 4
    assert [thumbnails.pixmap(source) is not None for source in sources] == [False] * 7 + [True] * 5


def test_a_damaged_or_missing_file_is_tried_once(qtbot, tmp_path, thumbnails):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    sources = [
        ThumbnailSource(str(broken), "image", "1" * 64),
        ThumbnailSource(str(tmp_path / "missing.png"), "image"),
        ThumbnailSource(str(tmp_path / "missing.txt"), "text"),
    ]
    thumbnails.load(sources)
    wait_idle(qtbot, thumbnails)
    assert all(thumbnails.has_failed(source) for source in sources)
    assert isinstance(thumbnails.failure(sources[1]), OSError)
    thumbnails.load(sources)
    assert thumbnails.is_idle
    image_file(tmp_path / "missing.png")
    thumbnails.load(sources[1:2])
    assert thumbnails.is_idle
    thumbnails.forget_failure(sources[1])
    thumbnails.load(sources[1:2])
    wait_idle(qtbot, thumbnails)
    assert is_close(color_of(thumbnails.pixmap(sources[1])), ORANGE)


def test_thumbnails_are_loaded_after_the_theme_changed_meanwhile(qtbot, thumbnails):
    sources = [ThumbnailSource(f"{n}.txt", "text", f"{n:064}", 0, f"text {n}") for n in range(4)]
    thumbnails.load(sources)
    assert not thumbnails.is_idle
    thumbnails.set_appearance(Appearance(is_dark=True))
    thumbnails.load(sources)  # while those of the light theme are being made
    wait_idle(qtbot, thumbnails)
    assert all(thumbnails.pixmap(source) is not None for source in sources)


@pytest.mark.parametrize("size", [(64, 64), (300, 20), (8, 200), (1, 1)])
def test_a_cropped_thumbnail_fills_its_tile(tmp_path, library, size):
    source = image_file(tmp_path / "图.png", ORANGE, size)
    image = thumbnail_image(source, library.thumbnails, Appearance(24, 24, is_cropped=True))
    assert image.size().toTuple() == (24, 24)
    assert is_close(image.pixelColor(12, 12), ORANGE)


def test_a_thumbnail_has_the_pixels_of_the_screen(tmp_path, library):
    source = image_file(tmp_path / "a.png", ORANGE, (300, 150))
    image = thumbnail_image(source, library.thumbnails, Appearance(100, 100, 2.0))
    assert image.size().toTuple() == (200, 100)
    assert image.deviceIndependentSize().toSize().toTuple() == (100, 50)


def test_a_text_without_an_excerpt_is_read_from_its_file(tmp_path, library):
    path = tmp_path / "text.txt"
    path.write_text("words of the file", encoding="utf-8")
    appearance = Appearance(50, 50)
    image = thumbnail_image(ThumbnailSource(str(path), "text"), library.thumbnails, appearance)
    assert image == text_card("words of the file", appearance)
    path.write_text("  \n")
    empty = thumbnail_image(ThumbnailSource(str(path), "text"), library.thumbnails, appearance)
    assert empty.isNull()


def test_a_card_ends_with_a_whole_line(qapp):
    text = " ".join(f"word{number}" for number in range(200))
    for side in (50, 96, 160, 224):
        image = text_card(text, Appearance(side, side))
        ground = image.pixelColor(0, 0)
        used = [
            y for y in range(side) if any(image.pixelColor(x, y) != ground for x in range(0, side))
        ]
        assert used[-1] < side - (8 if side > 50 else 2), "nothing is cut at the edge"
        assert used[-1] > side * 0.7, "the card is full"
