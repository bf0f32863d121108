"""Thumbnails come from results or files, and the cache survives damage and limits its size."""

import io
import sqlite3

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.library.results import AudioResult, ImageResult, TextResult, VideoResult
from studio.library.thumbnails.cache import ThumbnailCache
from studio.library.thumbnails.make import OUTLINE_PARTS, SIDE, thumbnail_of, thumbnail_of_file
from studio.media.audio import encode_audio
from studio.media.video import encode_video


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


@pytest.fixture
def cache(tmp_path):
    opened = ThumbnailCache(tmp_path / "thumbnails.db")
    yield opened
    opened.close()


def halves(height: int, width: int) -> np.ndarray:
    """Red above, blue below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, :, 0] = 255
    pixels[height // 2 :, :, 2] = 255
    return pixels


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(1024, 512, (SIDE // 2, SIDE)), (100, 200, (200, 100)), (1, 4000, (SIDE, 1))],
)
def test_image_is_scaled_to_the_longer_side(height, width, expected):
    data = thumbnail_of(ImageResult(pixels=halves(height, width)))
    assert size_of(data) == expected


def test_thumbnail_keeps_the_colors():
    image = Image.open(io.BytesIO(thumbnail_of(ImageResult(pixels=halves(800, 800)))))
    red, blue = image.getpixel((160, 40)), image.getpixel((160, 280))
    assert red[0] > 240
    assert max(red[1:]) < 20
    assert blue[2] > 240
    assert max(blue[:2]) < 20


def test_video_shows_a_frame_from_its_middle():
    frames = np.stack([np.full((32, 32, 3), value, np.uint8) for value in (0, 128, 255)])
    image = Image.open(io.BytesIO(thumbnail_of(VideoResult(frames=frames, frame_rate=8))))
    assert abs(image.getpixel((16, 16))[0] - 128) < 4


def test_outline_of_audio_follows_its_loudness():
    samples = np.linspace(0, 1, 10_000, dtype=np.float32)[:, None]
    outline = thumbnail_of(AudioResult(samples=samples, sampling_rate=8000))
    assert len(outline) == OUTLINE_PARTS
    assert list(outline) == sorted(outline)
    assert outline[0] < 5
    assert outline[-1] > 250


@pytest.mark.parametrize("samples", [np.zeros((0, 1)), np.zeros((3, 2)), np.full((500, 1), np.nan)])
def test_odd_audio_has_an_outline(samples):
    outline = thumbnail_of(AudioResult(samples=samples.astype(np.float32), sampling_rate=8000))
    assert len(outline) == (OUTLINE_PARTS if len(samples) else 0)
    assert not any(outline)


def test_text_has_no_thumbnail():
    assert thumbnail_of(TextResult(text="words")) == b""


def test_files_give_the_same_thumbnails_as_results(tmp_path, cache):
    Image.fromarray(halves(600, 300)).save(tmp_path / "a.png")
    data = cache.get_or_make("a", tmp_path / "a.png", "image")
    assert size_of(data) == (SIDE // 2, SIDE)
    samples = np.linspace(0, 1, 10_000, dtype=np.float32)[:, None]
    (tmp_path / "a.wav").write_bytes(encode_audio(samples, 8000, "wav", ""))
    expected = thumbnail_of(AudioResult(samples=samples, sampling_rate=8000))
    found = thumbnail_of_file(tmp_path / "a.wav", "audio")
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) <= 1  # 16-bit WAV


@pytest.mark.parametrize("file_format", ["mp4", "webp"])
def test_video_file_has_a_thumbnail(tmp_path, file_format):
    frames = np.full((6, 48, 64, 3), 200, np.uint8)
    path = tmp_path / f"a.{file_format}"
    path.write_bytes(encode_video(frames, 8, file_format, ""))
    assert size_of(thumbnail_of_file(path, "video")) == (64, 48)


@pytest.mark.parametrize(
    ("name", "media"), [("a.png", "image"), ("a.wav", "audio"), ("a.mp4", "video")]
)
def test_damaged_and_missing_files_are_errors(tmp_path, name, media):
    with pytest.raises(StudioError):
        thumbnail_of_file(tmp_path / name, media)
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"no" * 500)
    with pytest.raises(StudioError):
        thumbnail_of_file(tmp_path / name, media)


def test_cache_forgets_the_least_recently_used_above_its_limit(tmp_path):
    cache = ThumbnailCache(tmp_path / "thumbnails.db", max_bytes=400_000)
    for number in range(100):
        cache.put(f"{number}", bytes(10_000))
    assert cache.get("0") is None
    assert cache.get("99") == bytes(10_000)
    kept = sum(cache.get(f"{number}") is not None for number in range(100))
    assert 20 < kept < 40
    cache.close()


def test_two_programs_share_the_cache(tmp_path, cache):
    other = ThumbnailCache(tmp_path / "thumbnails.db")
    other.put("a", b"data")
    assert cache.get("a") == b"data"
    other.close()


def test_damaged_cache_is_replaced(tmp_path):
    path = tmp_path / "thumbnails.db"
    path.write_bytes(b"no database" * 1000)
    cache = ThumbnailCache(path)
    assert cache.get("a") is None
    cache.put("a", b"data")
    assert cache.get("a") == b"data"
    cache.close()


def test_unwritable_place_loses_thumbnails_only(tmp_path, caplog):
    cache = ThumbnailCache(tmp_path / "missing" / "thumbnails.db")
    cache.put("a", b"data")
    assert cache.get("a") is None
    assert len(caplog.records) == 1, "one line for many thumbnails"


def test_cache_is_a_real_database_with_one_row_a_file(tmp_path, cache):
    cache.put("a", b"1")
    cache.put("a", b"2")
    with sqlite3.connect(tmp_path / "thumbnails.db") as connection:
        assert connection.execute("SELECT sha256, data FROM thumbnails").fetchall() == [("a", b"2")]
    connection.close()
