"""What the library reads from files: recipes, headers, texts; hostile files are no items."""

import os

import numpy as np
import pytest
from PIL import Image

from studio.core.requests import ImageRequest, SpeechRequest, VideoRequest
from studio.library import artifacts
from studio.library.items import KnownContent
from studio.library.read_item import read_item
from studio.library.results import VideoResult
from studio.media import audio, png, riff_id3
from tests.library.conftest import CARD, PIXELS


def test_image_of_a_batch(studio):
    request = ImageRequest(prompt="灯塔 in a storm", seed=7)
    artifact = studio.make(request, batch="b1")
    path = studio.data.outputs / artifact.path
    item = read_item(path)
    assert (item.media, item.kind, item.media_type) == ("image", "image", "image/png")
    assert (item.width, item.height, item.seed, item.batch) == (16, 8, 7, "b1")
    assert (item.prompt, item.model, item.program) == (request.prompt, "m", "Studio")
    assert (item.job_id, item.sha256, item.size) == (
        artifact.job_id,
        artifact.sha256,
        artifact.size,
    )
    assert abs(item.created - path.stat().st_mtime) < 5


def test_text_has_its_body_and_audio_its_duration(studio):
    text = read_item(studio.text("a storm"))
    assert (text.media, text.kind, text.body) == ("text", "text", "A text about a storm")
    speech = read_item(studio.speech("Hello."))
    assert (speech.media, speech.kind, speech.duration) == ("audio", "speech", 0.1)


@pytest.mark.parametrize("file_format", ["mp4", "webp"])
def test_video_has_size_and_duration(studio, file_format):
    from studio.core.jobs import new_job

    frames = np.random.default_rng(0).integers(0, 256, (8, 32, 48, 3), dtype=np.uint8)
    job = new_job(VideoRequest(prompt="waves", seed=1, format=file_format), str(studio.data.root))
    made = artifacts.save(
        VideoResult(frames=frames, frame_rate=8, seed=1), job=job, card=CARD, versions={}
    )
    item = read_item(studio.data.root / made.path)
    assert (item.media, item.width, item.height) == ("video", 48, 32)
    assert item.duration == pytest.approx(1.0, abs=0.13)


def test_plain_files_are_items_without_a_recipe(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "photo.JPG")
    (tmp_path / "beep.flac").write_bytes(
        audio.encode_audio(np.zeros((800, 1), np.float32), 8000, "flac", "")
    )
    photo, beep = read_item(tmp_path / "photo.JPG"), read_item(tmp_path / "beep.flac")
    assert (photo.width, photo.height, photo.media_type) == (30, 20, "image/jpeg")
    assert (photo.kind, photo.program, photo.seed) == ("", "", None)
    assert (beep.media, beep.duration) == ("audio", 0.1)


def test_plain_text_is_an_item_only_on_request(tmp_path):
    (tmp_path / "notes.txt").write_text("\ufeff好 notes")
    assert read_item(tmp_path / "notes.txt") is None
    assert read_item(tmp_path / "notes.txt", with_plain_texts=True).body == "好 notes"


def test_edited_file_is_hashed_again(studio):
    artifact = studio.make(ImageRequest(prompt="x", seed=1))
    path = studio.data.outputs / artifact.path
    with path.open("ab") as file:
        file.write(b"more")
    known = KnownContent(artifact.size, artifact.sha256)
    assert read_item(path, known=known).sha256 != artifact.sha256


RECIPE = (
    b'{"studio":"1","job_id":"j","request":{"kind":"image","prompt":"p"},"created":%s,"seed":%s,'
    b'"score":%s,"ordinal":%s,"inputs":{"image":"a\\u0000b"}}'
)


@pytest.mark.parametrize(
    ("created", "seed", "score", "ordinal"),
    [
        (b'"yesterday"', b"1", b"1.5", b"0"),
        (b'"9999-12-31T23:59:59"', b"99999999999999999999999", b"null", b"-5"),
        (b'"0001-01-01"', b"-1", b"1e308", b"12345678901234567890123"),
    ],
)
def test_recipe_with_impossible_values(studio, tmp_path, created, seed, score, ordinal):
    path = tmp_path / "odd.png"
    text = RECIPE % (created, seed, score, ordinal)
    path.write_bytes(png.encode_png(PIXELS, {"studio": text.decode()}))
    item = read_item(path)
    assert item is not None
    studio.library.index.add([item])
    assert studio.library.index.find(str(path)).created > 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", b""),
        ("b.png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 100),
        ("c.jpg", b"GIF89a"),
        ("d.wav", b"RIFF\xff\xff\xff\xffWAVEfmt " + b"\xff" * 40),
        ("e.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f"),
        ("f.mp4", b"\0\0\0\x08moov" * 3 + b"\0\0\0\1free"),
        ("g.webp", riff_id3.tag_riff(b"RIFF\0\0\0\0WEBP", "{" * 100_000)),
        ("h.webm", b"no video"),
        ("i.exe", b"MZ"),
    ],
)
def test_damaged_files_are_no_items(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    item = read_item(tmp_path / name)
    assert item is None or (item.duration, item.prompt) == (0.0, "")


def test_what_is_not_a_regular_file_is_no_item(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert [read_item(path) for path in tmp_path.iterdir()] == [None, None, None]
    assert read_item(tmp_path / "missing.png") is None


def test_metadata_that_is_huge_or_deep_is_ignored(tmp_path):
    for name, text in (("deep", "[" * 100_000), ("large", '{"a":"' + "x" * 20_000_000 + '"}')):
        (tmp_path / f"{name}.png").write_bytes(png.encode_png(PIXELS, {"studio": text}))
        item = read_item(tmp_path / f"{name}.png")
        assert (item.program, item.prompt) == ("", "")


def test_speech_keeps_its_text_as_prompt(studio):
    item = read_item(
        studio.data.outputs / studio.make(SpeechRequest(prompt="Say this.", seed=2)).path
    )
    assert item.prompt == "Say this."


def test_image_of_another_program_and_a_photo_with_a_description(tmp_path):
    text = (
        "a lighthouse, 灯塔\nNegative prompt: fog\nSteps: 20, Sampler: Euler a, Seed: 7, Model: sd"
    )
    (tmp_path / "other.png").write_bytes(png.encode_png(PIXELS, {"parameters": text}))
    item = read_item(tmp_path / "other.png")
    assert (item.prompt, item.seed, item.model, item.kind) == ("a lighthouse, 灯塔", 7, "sd", "")
    assert item.program not in ("", "Studio")
    exif = Image.Exif()
    exif[0x010E] = "Holiday at the harbor"
    Image.new("RGB", (30, 20)).save(tmp_path / "photo.jpg", exif=exif)
    photo = read_item(tmp_path / "photo.jpg")
    assert (photo.prompt, photo.body, photo.program) == ("", "Holiday at the harbor", "")


def test_image_that_is_too_large_to_decode_is_listed_with_its_size(tmp_path):
    path = tmp_path / "large.png"
    Image.new("1", (12_000, 10_000)).save(path)
    item = read_item(path)
    assert (item.width, item.height) == (12_000, 10_000)
