"""The first frame of a video: which files are accepted, and how they are read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
from PIL import Image

from studio.core.errors import StudioError
from studio.core.events import Failed
from studio.engine.video import generate as video
from studio.media.image_reader import read_image
from studio.preflight.images import fit_to
from studio.preflight.video import check_video
from tests.engine.runs import run_job
from tests.engine.video.runs import install, request, run_here


def test_a_folder_or_damaged_file_is_no_first_frame(cards, tmp_path, image_path):
    card, whole = cards("ltx"), Path(image_path).read_bytes()
    (tmp_path / "folder.png").mkdir()
    bad = {
        "empty.png": b"",
        "words.png": b"not an image",
        "cut.png": whole[: len(whole) // 2],
        "pdf.jpg": b"%PDF-1.4 \n",
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    for name in ("folder.png", *bad):
        problem = check_video(card, request(image=str(tmp_path / name)))
        assert problem is not None, name
        assert problem.field == "image"


def test_a_truncated_first_frame_fails_the_job(cards, data, tmp_path):
    install(data, cards("ltx"))
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(
        tmp_path / "cut.jpg"
    )
    whole = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    _job, events = run_here(data, request(image=str(tmp_path / "cut.jpg")))
    assert isinstance(events[-1], Failed)
    assert "cut.jpg cannot be read: the file is damaged or cut off" in events[-1].failure.message


def test_a_changed_byte_in_a_first_frame_never_raises_another_error(cards, tmp_path, image_path):
    card, chance = cards("ltx"), np.random.default_rng(0)
    for suffix in ("png", "jpg", "webp", "bmp", "tiff"):
        path = tmp_path / f"frame.{suffix}"
        with Image.open(image_path) as whole:
            whole.save(path)
        content = path.read_bytes()
        for _number in range(60):
            damaged = bytearray(content)
            for place in chance.integers(0, len(content), 3):
                damaged[place] = chance.integers(0, 256)
            path.write_bytes(damaged)
            check_video(card, request(image=str(path)))
            with contextlib.suppress(StudioError):
                read_image(path)


def test_a_first_frame_is_rotated_and_cropped_to_the_videos_shape(tmp_path):
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, :40] = 255  # left half white; turned by the camera's note it is the upper half
    note = Image.Exif()
    note[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=note, quality=100)
    pixels = np.asarray(fit_to(read_image(tmp_path / "turned.jpg")[0], 32, 32), np.int16)
    assert pixels.shape == (32, 32, 3)
    assert pixels[:14].mean() > 240
    assert pixels[18:].mean() < 15


def test_first_frame_is_decoded_like_every_other_image(cards, tmp_path):
    """16-bit images keep their brightness and transparency becomes white, as for img2img."""
    card = cards("ltx")
    pipeline = video.load(card)
    Image.fromarray(np.full((32, 32), 20_000, np.uint16)).save(tmp_path / "deep.png")
    Image.new("L", (32, 32), 78).convert("RGB").save(tmp_path / "same.png")
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "clear.gif")
    Image.new("RGB", (32, 32), "white").save(tmp_path / "white.png")
    for name, same in (("deep.png", "same.png"), ("clear.gif", "white.png")):
        found, expected = (
            run_job(video, card, pipeline, request(image=str(tmp_path / file))).results[0].frames
            for file in (name, same)
        )
        assert np.array_equal(found, expected)
