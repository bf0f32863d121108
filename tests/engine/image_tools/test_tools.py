"""Each tool, with the networks that come with Studio, on drawn images and on bad ones."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.jobs import new_job
from studio.core.requests import ImageToolRequest, build_request
from studio.core.requests.image_tool import STYLES, TOOLS
from studio.engine.fake import FakeEngine
from studio.engine.image_tools import generate
from studio.media.image_reader import read_image
from studio.preflight.checks import check
from tests.engine.image_tools.conftest import CARD
from tests.engine.runs import run_one

ROOT = Path(__file__).parents[3]


def array(path):
    return np.asarray(read_image(path)[0])


def masked(path, box, size=(120, 80)):
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    mask.save(path)
    return str(path)


def error_of(left, right):
    return np.abs(left.astype(float) - right.astype(float)).mean()


def test_every_tool_has_a_function_and_is_shown_in_the_documentation():
    assert generate.TOOLS.keys() == TOOLS.keys()
    page = (ROOT / "docs/image.md").read_text(encoding="utf-8")
    for name in TOOLS:
        assert f"(images/tools/{name}.jpg)" in page
        assert (ROOT / f"docs/images/tools/{name}.jpg").stat().st_size < 100_000


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_upscale_is_nearer_to_the_original_than_a_stretched_image(scale, changed, tmp_path):
    large = Image.new("RGB", (40 * 12, 30 * 12), (60, 150, 70))
    ImageDraw.Draw(large).ellipse((100, 60, 340, 300), fill=(200, 40, 40), outline="black", width=9)
    small = large.resize((40, 30), Image.Resampling.LANCZOS)
    small.save(tmp_path / "small.png")
    size = (40 * scale, 30 * scale)
    original = np.asarray(large.resize(size, Image.Resampling.LANCZOS))
    made = changed("upscale", tmp_path / "small.png", scale=scale)
    assert made.shape == original.shape
    stretched = np.asarray(small.resize(size, Image.Resampling.BICUBIC))
    assert error_of(made, original) < error_of(stretched, original)


def test_background_becomes_transparent_around_the_subject(changed, ball):
    made = changed("remove-background", ball)
    assert made.shape == (80, 120, 4)
    assert np.array_equal(made[..., :3], array(ball))
    assert made[40, 60, 3] > 200
    assert made[3:10, 3:30, 3].max() < 60


def test_background_becomes_a_color(changed, ball):
    made = changed("remove-background", ball, background="#336699", feather=1)
    assert made.shape == (80, 120, 3)
    assert error_of(made[5, 5], np.array((0x33, 0x66, 0x99))) < 12
    assert error_of(made[40, 60], array(ball)[40, 60]) < 20


def test_styles_differ_from_the_image_and_from_each_other(changed, ball):
    source = array(ball)
    made = [changed("style-transfer", ball, style=name, strength=1) for name in list(STYLES)[:4]]
    for number, one in enumerate(made):
        assert one.shape == source.shape
        assert error_of(one, source) > 10
        assert all(error_of(one, other) > 5 for other in made[:number])


def test_style_of_an_image_has_its_colors_unless_they_are_kept(changed, ball, tmp_path):
    Image.new("RGB", (64, 64), (30, 40, 200)).filter(ImageFilter.GaussianBlur(2)).save(
        tmp_path / "blue.png"
    )
    blue = {"style_image": str(tmp_path / "blue.png"), "strength": 1.0}
    made, kept = (
        changed("style-transfer", ball, **blue, keep_colors=keep) for keep in (False, True)
    )
    field = np.s_[2:12, 2:30]
    assert error_of(kept[field].mean((0, 1)), array(ball)[field].mean((0, 1))) < error_of(
        made[field].mean((0, 1)), array(ball)[field].mean((0, 1))
    )
    weak = changed("style-transfer", ball, **blue | {"strength": 0.0})
    assert error_of(weak, array(ball)) < error_of(made, array(ball))


def test_large_images_are_painted_at_four_million_pixels_and_said_so(run, tmp_path, monkeypatch):
    monkeypatch.setattr("studio.engine.image_tools.restyle.MAX_PIXELS", 1000)
    Image.new("RGB", (61, 47), "gray").save(tmp_path / "gray.png")
    outcome = run("style-transfer", tmp_path / "gray.png", style="mosaic")
    assert outcome.results[0].pixels.shape == (47, 61, 3)
    assert outcome.notes


def test_erase_changes_only_what_the_mask_covers(changed, ball, tmp_path):
    damaged = Image.open(ball)
    ImageDraw.Draw(damaged).line((5, 70, 30, 75), fill="white", width=2)
    damaged.save(tmp_path / "damaged.png")
    mask = masked(tmp_path / "mask.png", (2, 66, 34, 79))
    made = changed("erase", tmp_path / "damaged.png", mask_image=mask)
    covered = np.asarray(Image.open(mask)) > 0
    assert np.array_equal(made[~covered], array(tmp_path / "damaged.png")[~covered])
    assert error_of(made[covered], array(ball)[covered]) < 3


@pytest.mark.parametrize("box", [(200, 200, 201, 201), (0, 0, 119, 79)], ids=["none", "all"])
def test_mask_that_leaves_nothing_to_do_is_refused(box, run, ball, tmp_path):
    with pytest.raises(StudioError, match="nothing"):
        run("erase", ball, mask_image=masked(tmp_path / "mask.png", box))


def test_one_pixel_and_masks_of_another_size(changed, ball, tmp_path):
    Image.new("RGB", (1, 1), "red").save(tmp_path / "dot.png")
    assert changed("upscale", tmp_path / "dot.png", scale=4).shape == (4, 4, 3)
    assert changed("remove-background", tmp_path / "dot.png").shape == (1, 1, 4)
    assert changed("style-transfer", tmp_path / "dot.png", style="mosaic").shape == (1, 1, 3)
    small = masked(tmp_path / "small.png", (0, 0, 5, 5), (60, 40))
    assert changed("erase", ball, mask_image=small).shape == (80, 120, 3)


def test_noise_is_removed_and_edges_stay(changed, ball, tmp_path):
    clean = array(ball)
    rough = np.clip(clean + np.random.default_rng(2).normal(0, 12, clean.shape), 0, 255)
    Image.fromarray(rough.astype(np.uint8)).save(tmp_path / "rough.png")
    made = changed("denoise", tmp_path / "rough.png", strength=1)
    assert error_of(made, clean) < error_of(rough, clean) / 2
    assert np.array_equal(
        changed("denoise", tmp_path / "rough.png", strength=0), array(tmp_path / "rough.png")
    )


def test_sharpen_and_edges(changed, ball, tmp_path):
    Image.open(ball).filter(ImageFilter.GaussianBlur(2)).save(tmp_path / "soft.png")
    soft = array(tmp_path / "soft.png")
    sharp = changed("sharpen", tmp_path / "soft.png", strength=1)
    assert (
        np.abs(np.diff(sharp.astype(int), axis=1)).max()
        > np.abs(np.diff(soft.astype(int), axis=1)).max()
    )
    lines = changed("edges", ball)
    assert set(np.unique(lines)) == {0, 255}
    assert lines[40, 30:40].max() == 255
    assert lines[40, 55:65].max() == 0


def test_adjust_turns_cuts_and_resizes(changed, ball):
    source = array(ball)
    assert np.array_equal(changed("adjust", ball), source)
    assert np.array_equal(changed("adjust", ball, rotate=90), np.rot90(source, -1))
    assert np.array_equal(changed("adjust", ball, crop="10,20,30,40"), source[20:60, 10:40])
    assert changed("adjust", ball, width=60).shape == (40, 60, 3)
    assert changed("adjust", ball, height=40, width=40).shape == (40, 40, 3)
    assert changed("adjust", ball, brightness=0.5).mean() < source.mean() * 0.6
    gray = changed("adjust", ball, saturation=0)
    assert np.abs(gray[..., 0].astype(int) - gray[..., 2]).max() <= 1


@pytest.mark.parametrize("angle", [-170, -45, 3.5, 45, 89, 120])
def test_turned_image_has_no_empty_corners(angle, changed, tmp_path):
    Image.new("RGB", (90, 50), (255, 255, 255)).save(tmp_path / "white.png")
    made = changed("adjust", tmp_path / "white.png", rotate=angle)
    assert made[2:-2, 2:-2].min() == 255
    assert made.shape[0] * made.shape[1] > 300


def test_part_outside_the_image_is_refused(run, ball):
    with pytest.raises(StudioError, match="not inside the image of 120 × 80"):
        run("adjust", ball, crop="100,0,40,10")


@pytest.mark.parametrize(
    "tool", [name for name in TOOLS if name not in ("remove-background", "edges")]
)
def test_transparency_stays(tool, changed, ball, tmp_path):
    image = Image.open(ball).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save(tmp_path / "clear.png")
    more = {
        "style-transfer": {"style": "mosaic"},
        "erase": {"mask_image": masked(tmp_path / "mask.png", (2, 2, 9, 9))},
        "outpaint": {"left": 10},
        "watermark": {"label": "Ann", "position": "center"},
    }.get(tool, {})
    made = changed(tool, tmp_path / "clear.png", **more)
    assert made.shape[2] == 4
    assert made[0, :, 3].mean() < 20
    assert made[-1, :, 3].mean() > 230


def test_cancel_before_the_end_leaves_nothing(run, ball):
    outcome = run("remove-background", ball, lambda _outcome: True)
    assert outcome.cancelled
    assert outcome.results == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"tool": "erase"}, "mask_image"),
        ({"tool": "style-transfer"}, "style"),
        ({"tool": "style-transfer", "style": "mosaic", "style_image": "b.png"}, "style"),
        ({"tool": "style-transfer", "style": "none such"}, "style"),
        ({"tool": "adjust", "crop": "1,2,3"}, "crop"),
        ({"tool": "adjust", "crop": "1,2,0,3"}, "crop"),
        ({"tool": "remove-background", "background": "#12345"}, "background"),
        ({"tool": "upscale", "scale": 5}, "scale"),
        ({"tool": "outpaint"}, "left"),
        ({"tool": "outpaint", "top": -1}, "top"),
        ({"tool": "watermark", "label": "  "}, "label"),
        ({"tool": "watermark", "label": "Ann", "logo": "b.png"}, "label"),
        ({"tool": "watermark", "label": "Ann", "position": "left"}, "position"),
        ({"tool": "paint"}, "tool"),
    ],
)
def test_invalid_requests_name_the_field(values, field):
    with pytest.raises(InvalidRequestError) as caught:
        build_request(ImageToolRequest, {"image": "a.png", **values})
    assert field in [problem.field for problem in caught.value.problems]


def test_result_is_called_by_tool_and_image():
    request = ImageToolRequest(tool="upscale", image="/photos/灯塔.jpg")
    assert request.prompt == "Enlarge 灯塔"
    assert ImageToolRequest.unused_with({"tool": "upscale"}) >= {"style", "mask_image", "crop"}


def test_missing_and_too_large_images_are_refused_before_they_run(ball, tmp_path, monkeypatch):
    def problem_of(**values):
        request = ImageToolRequest(tool="upscale", **values)
        found = check(CARD, request, lambda _kind, _name: CARD)
        return found[0].message if found else ""

    assert problem_of() == "is missing"
    assert "does not exist" in problem_of(image=str(tmp_path / "none.png"))
    (tmp_path / "text.png").write_text("no image")
    assert "not a PNG" in problem_of(image=str(tmp_path / "text.png"))
    assert problem_of(image=str(ball), scale=4) == ""
    monkeypatch.setattr("studio.preflight.images.MAX_RESULT_PIXELS", 100_000)
    assert problem_of(image=str(ball), scale=3) == ""
    assert "120 × 80 pixels, 4 times as large" in problem_of(image=str(ball), scale=4)


def test_engine_without_models_changes_an_image_too_and_no_seed_is_drawn(ball, tmp_path):
    job = new_job(ImageToolRequest(tool="sharpen", image=str(ball)), str(tmp_path / "out"))
    assert job.request.seed is None
    events = []
    run_one(FakeEngine(step_seconds=0.0), job, events.append)
    (artifact,) = events[-1].artifacts
    assert array(Path(artifact.path)).shape == array(ball).shape
