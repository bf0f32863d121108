"""Exports: formats, sizes, and metadata that is kept or completely removed."""

import msgspec
import numpy as np
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.core.jobs import new_job
from studio.core.requests import ImageRequest, SpeechRequest, VideoRequest
from studio.library import artifacts
from studio.library.artifacts import read_recipe
from studio.library.file_actions.action import ExportOptions, FileAction
from studio.library.file_actions.export import export_item
from studio.library.file_actions.journal import Progress
from studio.library.file_actions.results import FileChange
from studio.library.file_actions.run import ActionRun
from studio.library.file_actions.strip import without_metadata
from studio.library.results import VideoResult
from studio.media import mp4, riff_id3
from studio.media.audio import frames_in
from studio.media.image_reader import read_image
from studio.media.measures import measure
from tests.library.conftest import CARD

SECRET = "secret harbor"
KEEP = ExportOptions()
STRIP = ExportOptions(with_metadata=False)


@pytest.fixture
def export(studio, tmp_path):
    """Return a function that exports a file and returns the exported one."""

    def run(path, options):
        (item_id,) = studio.library.add_files([path])
        result = export_items(
            studio, studio.library.index.items([item_id]), tmp_path / "out", options
        )
        assert not result.failed
        return tmp_path / "out" / result.done[0].target

    return run


def export_items(studio, items, folder, options, **calls):
    """Run an export of items of the library."""
    files = tuple(FileChange(item.id, item.path, "") for item in items)
    action = FileAction(id="a", kind="export", files=files, folder=str(folder), options=options)
    return ActionRun(studio.library.index, studio.data, Progress(action=action)).run(**calls)


def pixels_of(path):
    return np.asarray(read_image(path)[0])


@pytest.mark.parametrize("file_format", ["png", "jpg", "webp", "avif"])
@pytest.mark.parametrize("with_metadata", [True, False])
def test_image_formats(studio, export, file_format, with_metadata):
    source = studio.image(SECRET)
    options = ExportOptions(image_format=file_format, with_metadata=with_metadata)
    exported = export(source, options)
    assert exported.suffix == f".{file_format}"
    assert pixels_of(exported).shape == (8, 16, 3)
    has_prompt = (
        SECRET.encode() in exported.read_bytes()
        or SECRET.encode("utf-16-be") in exported.read_bytes()
    )
    assert has_prompt is with_metadata
    assert (read_recipe(exported) is not None) is with_metadata


def test_image_is_scaled_down_only(studio, export):
    assert export(studio.image("a"), ExportOptions(max_side=4)).name.endswith(".png")
    small = export(studio.image("b"), ExportOptions(max_side=4, image_format="jpg"))
    assert measure(small)[:2] == (4, 2)
    assert measure(export(studio.image("c"), ExportOptions(max_side=999)))[:2] == (16, 8)


def test_quality_changes_the_size(tmp_path, export):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    sizes = [
        export(tmp_path / "noise.png", ExportOptions(image_format="jpg", quality=quality))
        .stat()
        .st_size
        for quality in (20, 95)
    ]
    assert sizes[0] < sizes[1]


def test_turned_photo_stays_upright_without_its_exif(tmp_path, export):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = SECRET
    Image.new("RGB", (20, 10), "red").save(tmp_path / "turned.jpg", exif=exif)
    exported = export(tmp_path / "turned.jpg", STRIP)
    assert measure(exported)[:2] == (10, 20)
    assert SECRET.encode() not in exported.read_bytes()


@pytest.mark.parametrize("name", ["photo.jpg", "photo.webp", "photo.png"])
def test_pixels_are_the_same_without_metadata(tmp_path, export, name):
    exif = Image.Exif()
    exif[0x010E] = SECRET
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name, exif=exif, comment=SECRET.encode())
    exported = export(tmp_path / name, STRIP)
    assert SECRET.encode() not in exported.read_bytes()
    assert (pixels_of(exported) == pixels_of(tmp_path / name)).all()


def test_avif_without_its_recipe_has_the_same_pixels(studio, export):
    made = studio.make(ImageRequest(prompt=SECRET, seed=1, format="avif"))
    source = studio.data.outputs / made.path
    exported = export(source, STRIP)
    assert SECRET.encode() not in exported.read_bytes()
    assert (pixels_of(exported) == pixels_of(source)).all()


def test_avif_with_exif_is_exported_in_another_format_or_refused(tmp_path, export):
    exif = Image.Exif()
    exif[0x010E] = SECRET
    Image.new("RGB", (16, 16)).save(tmp_path / "photo.avif", exif=exif)
    assert without_metadata((tmp_path / "photo.avif").read_bytes(), ".avif") is None
    options = ExportOptions(image_format="png", with_metadata=False)
    assert SECRET.encode() not in export(tmp_path / "photo.avif", options).read_bytes()


@pytest.mark.parametrize("own", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("wanted", ["", "wav", "flac", "mp3"])
@pytest.mark.parametrize("options", [KEEP, STRIP])
def test_audio_formats(studio, export, own, wanted, options):
    made = studio.make(SpeechRequest(prompt=SECRET, seed=1, format=own))
    options = ExportOptions(audio_format=wanted, with_metadata=options.with_metadata)
    exported = export(studio.data.outputs / made.path, options)
    assert exported.suffix == f".{wanted or own}"
    assert (SECRET.encode() in exported.read_bytes()) is options.with_metadata
    assert (read_recipe(exported) is not None) is options.with_metadata
    assert frames_in(exported.read_bytes()) > 0


@pytest.mark.parametrize("file_format", ["mp4", "webp"])
def test_video_without_metadata(studio, export, file_format):
    frames = np.random.default_rng(0).integers(0, 256, (4, 16, 32, 3), dtype=np.uint8)
    request = VideoRequest(prompt=SECRET, seed=1, format=file_format)
    job = new_job(request, str(studio.data.root))
    made = artifacts.save(VideoResult(frames=frames, frame_rate=8), job=job, card=CARD, versions={})
    source = studio.data.root / made.path
    assert read_recipe(export(source, KEEP)) is not None
    exported = export(source, STRIP)
    assert SECRET.encode() not in exported.read_bytes()
    assert measure(exported) == measure(source)
    complete = mp4.is_complete(exported) or riff_id3.is_whole_riff(exported.read_bytes())
    assert complete


def test_text_formats(studio, export):
    source = studio.text(SECRET)
    kept = export(source, ExportOptions(text_format="md"))
    assert kept.suffix == ".md"
    assert kept.read_text() == source.read_text()
    assert read_recipe(kept).request.prompt == SECRET
    assert read_recipe(export(source, STRIP)) is None


def test_nothing_is_replaced_and_failures_do_not_stop_the_rest(studio, tmp_path):
    paths = [studio.image("a"), studio.image("b"), tmp_path / "photo.gif"]
    Image.new("L", (4, 4)).save(paths[2])
    studio.library.add_files(paths)
    items = [studio.library.index.find(str(path)) for path in paths]
    paths[0].unlink()
    out = tmp_path / "out"
    out.mkdir()
    (out / paths[1].name).write_text("mine")
    steps = []
    result = export_items(studio, items, out, STRIP, on_step=lambda *step: steps.append(step))
    assert (out / paths[1].name).read_text() == "mine"
    assert [change.target for change in result.done] == [str(out / f"{paths[1].stem} (2).png")]
    assert list(result.failed) == [str(paths[0]), str(paths[2])]
    assert "cannot remove metadata from .gif" in result.failed[str(paths[2])]
    assert steps[-1] == (3, 3)
    assert export_items(studio, items, out, KEEP, is_cancelled=lambda: True).is_cancelled


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".wav", ".flac", ".mp4"])
def test_file_with_another_format_than_its_name_is_refused(tmp_path, studio, suffix):
    item = studio.library.index.items(studio.library.add_files([studio.image("a")]))[0]
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(b"\0\0\0\x20moov")
    damaged = msgspec.structs.replace(item, path=str(path), media="video")
    (tmp_path / "out").mkdir()
    with pytest.raises((StudioError, ValueError)):
        export_item(damaged, tmp_path / "out" / path.name, STRIP)
    assert list((tmp_path / "out").iterdir()) == []
