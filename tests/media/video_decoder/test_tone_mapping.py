"""HDR clips of 10 bits look like SDR ones: neutral, not gray, with details in the highlights."""

from fractions import Fraction

import av
import numpy as np
import pytest

from studio.media.video_decoder.frame_source import AvFrames
from studio.media.video_decoder.grab_frame import grab_middle_frame
from studio.media.video_decoder.tone_mapping import HLG, PQ, to_srgb

NITS = [(0, 0, 0), (20, 20, 20), (100, 100, 100), (203, 203, 203), (500, 500, 500)]
NITS += [(1000, 1000, 1000), (203, 0, 0), (0, 203, 0)]
SIDE = 32
BT2020, LIMITED, FULL = 9, 1, 2


def pq(nits):
    power = (np.asarray(nits, float) / 10_000) ** (2610 / 16384)
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    return ((c1 + c2 * power) / (1 + c3 * power)) ** (2523 / 4096 * 128)


def hlg(nits):
    """Undo the display's gamma of 1.2 for gray, and encode."""
    scene = (np.asarray(nits, float) / 1000) ** (1 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def write_hdr(path, transfer):
    """Write patches of `NITS` side by side."""
    coded = pq(NITS) if transfer == PQ else hlg(NITS)
    pixels = np.repeat(np.tile(coded, (SIDE, 1, 1)), SIDE, axis=1)
    with av.open(str(path), "w") as file:
        options = {"x265-params": "log-level=none:lossless=1"}
        stream = file.add_stream("libx265", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = SIDE * len(NITS), SIDE, "yuv420p10le"
        context = stream.codec_context
        context.color_primaries = context.colorspace = BT2020
        context.color_trc, context.color_range = transfer, LIMITED
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(
                np.round(pixels * 65535).astype(np.uint16), format="rgb48le"
            ).reformat(
                format="yuv420p10le",
                src_color_range=FULL,
                dst_color_range=LIMITED,
                dst_colorspace=BT2020,
            )
            frame.color_primaries = frame.colorspace = BT2020
            frame.color_trc, frame.color_range = transfer, LIMITED
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def patches(source, width):
    """Return (red, green, blue) of each patch."""
    made = source.convert(next(source.frames_from(0)), (width, 1000))
    rows = np.frombuffer(made.data, np.uint8)[: made.stride * made.height]
    line = rows.reshape(made.height, made.stride // 4, 4)[made.height // 2]
    step = made.width // len(NITS)
    return [tuple(line[step * n + step // 2, 2::-1].tolist()) for n in range(len(NITS))]


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("width", [SIDE * len(NITS), 128])
def test_grays_are_neutral_and_highlights_are_kept(tmp_path, transfer, width):
    source = AvFrames(write_hdr(tmp_path / "数.mp4", transfer))
    colors = patches(source, width)
    grays = colors[:6]
    assert all(max(gray) - min(gray) <= 3 for gray in grays), "neutral"
    levels = [gray[1] for gray in grays]
    assert levels == sorted(set(levels)), "each is brighter than the one before"
    assert levels[0] <= 2
    assert 80 <= levels[1] <= 98
    assert 175 <= levels[2] <= 200
    assert 222 <= levels[3] <= 245, "the white of a page is white, not gray"
    assert levels[5] >= 250
    assert colors == patches(source, width), "the next frame looks the same"


def test_colors_stay_saturated(tmp_path):
    red, green = patches(AvFrames(write_hdr(tmp_path / "a.mp4", PQ)), SIDE * len(NITS))[6:]
    assert red[0] > 220
    assert max(red[1:]) < 40
    assert green[1] > 220
    assert max(green[0], green[2]) < 40


def test_a_thumbnail_is_tone_mapped_too(tmp_path):
    pixels = grab_middle_frame(write_hdr(tmp_path / "a.mp4", PQ), 256)
    assert 222 <= pixels[SIDE // 2, 3 * SIDE + SIDE // 2, 1] <= 245


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_all_codes_give_colors(transfer):
    corners = np.array(np.meshgrid(*[[0.0, 0.5, 1.0]] * 3)).reshape(3, -1).T
    mapped = to_srgb(corners, transfer)
    assert np.isfinite(mapped).all()
    assert mapped.min() >= 0
    assert mapped.max() <= 1
