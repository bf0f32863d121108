"""Test artifacts: complete files with their recipe, which never replace another file."""

import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.core.errors import StudioError
from studio.core.jobs import Sources, Target, new_job
from studio.core.requests import ImageRequest, SpeechRequest, TextRequest, VideoRequest
from studio.library import artifacts
from studio.library.encoders import FileOptions, sidecar_path
from studio.library.results import AudioResult, ImageResult, TextResult, VideoResult
from studio.media import audio, png, riff_id3
from studio.models.card import ModelCard

CARD = ModelCard(name="m", title="M", kind="text", runner="transformers", sha256="abc")
TONE = (0.5 * np.sin(np.arange(24_000) / 9)).astype(np.float32)[:, None]
PIXELS = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
FRAMES = np.random.default_rng(0).integers(0, 256, (5, 24, 40, 3), dtype=np.uint8)
MAKERS = {
    "txt": lambda prompt: (
        TextRequest(prompt=prompt, seed=1),
        TextResult(text=f"{prompt}\n一只猫"),
    ),
    "md": lambda prompt: (
        TextRequest(prompt=prompt, seed=1, format="md"),
        TextResult(text=f"# {prompt}"),
    ),
    "png": lambda prompt: (ImageRequest(prompt=prompt, seed=1), ImageResult(pixels=PIXELS, seed=1)),
    **{
        name: lambda prompt, name=name: (
            ImageRequest(prompt=prompt, seed=1, format=name.removeprefix("still-")),
            ImageResult(pixels=PIXELS, seed=1),
        )
        for name in ("jpg", "still-webp", "avif")
    },
    **{
        name: lambda prompt, name=name: (
            SpeechRequest(prompt=prompt, seed=1, format=name),
            AudioResult(samples=TONE, sampling_rate=24_000),
        )
        for name in ("wav", "flac", "ogg", "mp3")
    },
    **{
        name: lambda prompt, name=name: (
            VideoRequest(prompt=prompt, seed=1, format=name),
            VideoResult(frames=FRAMES, frame_rate=8, seed=1),
        )
        for name in ("mp4", "webp")
    },
}


def save(kind, folder, prompt="a cat"):
    request, result = MAKERS[kind](prompt)
    job = new_job(request, str(folder))
    return job, artifacts.save(result, job=job, card=CARD, versions={"torch": "2.13"})


@pytest.mark.parametrize("kind", MAKERS)
def test_recipe_round_trips_and_the_job_is_found(tmp_path, kind):
    job, artifact = save(kind, tmp_path)
    recipe = artifacts.read_recipe(tmp_path / artifact.path)
    assert recipe.request == job.request
    assert (recipe.job_id, recipe.model, recipe.model_sha256, recipe.versions) == (
        job.id,
        "m",
        "abc",
        {"torch": "2.13"},
    )
    (found,) = artifacts.find_complete(job)
    assert (found.sha256, found.size) == (artifact.sha256, artifact.size)


def test_recipe_names_the_files_that_a_result_was_made_from(tmp_path):
    """Both what its prompt came from, and the files of the request."""
    request = ImageRequest(prompt="x", seed=1, image="/a.png")
    job = new_job(request, str(tmp_path), sources=Sources(variation="b" * 64))
    result = ImageResult(pixels=PIXELS, seed=1, inputs={"image": "a" * 64})
    artifact = artifacts.save(result, job=job, card=CARD, versions={})
    recipe = artifacts.read_recipe(tmp_path / artifact.path)
    assert recipe.inputs == {"image": "a" * 64, "variation": "b" * 64}


@pytest.mark.parametrize("kind", MAKERS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prompt=st.text(
        st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1
    ).filter(str.strip)
)
def test_any_prompt_round_trips(tmp_path_factory, kind, prompt):
    job, artifact = save(kind, tmp_path_factory.mktemp("out"), prompt)
    from pathlib import Path

    assert artifacts.read_recipe(Path(artifact.path)).request == job.request


@pytest.mark.parametrize("kind", MAKERS)
def test_very_long_prompt_round_trips(tmp_path, kind):
    job, artifact = save(kind, tmp_path, "一只猫 🐈 */ -->\n" * 5_000)
    assert artifacts.read_recipe(tmp_path / artifact.path).request == job.request


@pytest.mark.parametrize("kind", MAKERS)
def test_restarted_job_replaces_its_own_file(tmp_path, kind):
    request, result = MAKERS[kind]("a cat")
    job = new_job(request, str(tmp_path))
    first = artifacts.save(result, job=job, card=CARD, versions={})
    second = artifacts.save(result, job=job, card=CARD, versions={})
    assert first.path == second.path
    assert len([path for path in tmp_path.iterdir() if path.is_file()]) == 1


@pytest.mark.parametrize("kind", MAKERS)
def test_file_of_another_job_is_never_modified(tmp_path, kind):
    request, result = MAKERS[kind]("a cat")
    job = msgspec.structs.replace(
        new_job(request, str(tmp_path)), target=Target(folder=str(tmp_path), stem="mine")
    )
    path = tmp_path / f"mine.{request.file_format}"
    path.write_bytes(b"precious")
    with pytest.raises(StudioError, match="already exists"):
        artifacts.save(result, job=job, card=CARD, versions={})
    assert path.read_bytes() == b"precious"
    assert artifacts.find_complete(job) == []


@pytest.mark.parametrize("kind", MAKERS)
def test_truncated_file_is_incomplete(tmp_path, kind):
    job, artifact = save(kind, tmp_path)
    path = tmp_path / artifact.path
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    assert [
        found for found in artifacts.find_complete(job) if found.sha256 == artifact.sha256
    ] == []


@pytest.mark.parametrize(
    "suffix",
    ["png", "jpg", "avif", "wav", "flac", "ogg", "mp3", "mp4", "webp", "txt", "md", "", "xyz"],
)
@settings(max_examples=30)
@given(data=st.binary(max_size=200))
def test_reading_any_file_never_raises(tmp_path_factory, suffix, data):
    path = tmp_path_factory.mktemp("in") / f"file.{suffix}"
    path.write_bytes(data)
    assert artifacts.read_recipe(path) is None


@settings(max_examples=60)
@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
def test_damaged_image_never_raises(tmp_path_factory, position, value):
    _job, artifact = save("png", tmp_path_factory.mktemp("out"))
    from pathlib import Path

    path = Path(artifact.path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] = value
    path.write_bytes(data)
    artifacts.read_recipe(path)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (64, 64, 3), (3, 500, 3)])
def test_png_is_lossless_and_others_read_it(shape):
    pixels = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(
        io.BytesIO(png.encode_png(pixels, {"studio": "一只猫", "parameters": "a\nb"}))
    ) as picture:
        assert np.array_equal(np.asarray(picture), pixels)
        assert picture.text["studio"] == "一只猫"
        assert picture.text["parameters"] == "a\nb"


def test_png_requires_pixels():
    with pytest.raises(ValueError, match="uint8"):
        png.encode_png(np.zeros((2, 2, 2), np.uint8), {})


def test_transparent_png_is_read_as_it_was_written():
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 4), np.uint8)
    data = png.encode_png(pixels, {"studio": "x"})
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
    assert png.read_text(data, "studio") == "x"


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("file_format", audio.FORMATS)
def test_no_audio_frame_is_lost(file_format, channels):
    samples = np.repeat(TONE, channels, axis=1)
    data = audio.encode_audio(samples, 24_000, file_format, "x")
    assert audio.frames_in(data) >= len(samples)
    if file_format in ("wav", "flac", "ogg"):
        assert audio.frames_in(data) == len(samples)
    assert audio.read_comment(data) == "x"


def test_silence_and_extreme_samples_are_saved():
    odd = np.array([[0.0], [np.nan], [np.inf], [-np.inf], [9.0]], np.float32)
    assert audio.frames_in(audio.encode_audio(odd, 8_000, "wav", "")) == 5


def test_unsupported_mp3_rate_is_reported():
    with pytest.raises(ValueError, match="does not support 12345"):
        audio.encode_audio(TONE, 12_345, "mp3", "")


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_riff_and_id3_tags_round_trip(text):
    plain = b"RIFF\x04\0\0\0WAVE"
    assert (riff_id3.read_riff(riff_id3.tag_riff(plain, text)) or "") == text
    assert (
        riff_id3.read_mp3(riff_id3.tag_mp3(riff_id3.tag_mp3(b"\xff\xfb", "before"), text)) or ""
    ) == text


@given(st.binary(max_size=300))
def test_tags_of_any_bytes_never_raise(data):
    riff_id3.read_riff(b"RIFF\0\0\0\0WAVE" + data)
    riff_id3.read_mp3(b"ID3\x04\0\0" + data)


def test_only_partial_files_of_studio_are_removed(tmp_path):
    ours, other = tmp_path / ".0123456789ab.part", tmp_path / ".download.part"
    ours.write_bytes(b"")
    other.write_bytes(b"")
    artifacts.sweep_parts(tmp_path)
    assert not ours.exists()
    assert other.exists()


def test_image_metadata_is_readable_by_other_programs(tmp_path):
    _job, artifact = save("png", tmp_path)
    with Image.open(artifact.path) as picture:
        assert picture.text["parameters"].startswith("a cat\nSteps: 25")


@pytest.mark.parametrize("kind", ["jpg", "still-webp"])
def test_lossy_images_are_smaller_look_the_same_and_have_exif_for_others(tmp_path, kind):
    request, _result = MAKERS[kind]("a cat 一只猫")
    smooth = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    sizes = {}
    for quality in ("small", "high"):
        job = new_job(request, str(tmp_path))
        result = ImageResult(pixels=smooth, seed=1)
        path = artifacts.save(
            result, job=job, card=CARD, versions={}, options=FileOptions(quality)
        ).path
        with Image.open(path) as image:
            comment = image.getexif().get_ifd(0x8769)[0x9286]
            assert comment.removeprefix(b"UNICODE\0").decode("utf-16-be").startswith("a cat 一只猫")
            pixels = np.asarray(image.convert("RGB")).astype(int)
        assert np.abs(pixels - smooth).mean() < 4
        sizes[quality] = Path(path).stat().st_size
    assert sizes["small"] < sizes["high"]


@pytest.mark.parametrize("kind", MAKERS)
def test_a_recipe_next_to_the_file_works_as_one_inside_it(tmp_path, kind):
    secret = "secret harbor 秘密"
    request, result = MAKERS[kind](secret)
    if isinstance(result, TextResult):
        result = TextResult(text="made of it")
    job = new_job(request, str(tmp_path))
    options = FileOptions(recipe_inside=False)
    saved = artifacts.save(result, job=job, card=CARD, versions={}, options=options)
    path = Path(saved.path)
    data = path.read_bytes()
    for text in (secret.encode(), secret.encode("utf-16-be"), b"harbor", job.id.encode()):
        assert text not in data
    assert artifacts.read_recipe(path).request == job.request
    (found,) = artifacts.find_complete(job)  # as after a crash
    assert found.sha256 == saved.sha256
    again = artifacts.save(result, job=job, card=CARD, versions={}, options=options)
    assert again.path == saved.path
    elsewhere = tmp_path / "sent" / path.name
    elsewhere.parent.mkdir()
    path.rename(elsewhere)
    assert artifacts.read_recipe(elsewhere) is None
    if not isinstance(result, TextResult):  # another file with the name is not taken for it
        path.write_bytes(MAKERS["png"]("x")[1].pixels.tobytes())
        assert sidecar_path(path).exists()
        assert artifacts.read_recipe(path) is None
