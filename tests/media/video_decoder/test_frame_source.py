"""Frames of real files: seeking, sizes, rotation, and files that are not what they seem."""

from itertools import islice

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import StudioError
from studio.media.video_decoder.frame_source import AvFrames, fit
from studio.media.video_decoder.messages import MAX_PIXELS
from studio.media.video_decoder.open_video import open_video, video_stream
from studio.media.video_decoder.webp_source import WebpFrames
from tests.video_files import RATE, gray, level, number_of, rotate_clockwise, write_video

BOX = (10_000, 10_000)


def pixels(source, seconds, box=BOX):
    """Return the frame at a position, height × width × (blue, green, red, unused)."""
    made = source.convert(next(source.frames_from(seconds)), box)
    rows = np.frombuffer(made.data, np.uint8)[: made.stride * made.height]
    return rows.reshape(made.height, made.stride // 4, 4)[:, : made.width]


def shown(source, seconds):
    return number_of(int(pixels(source, seconds)[4, 4, 2]))


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm", "a.mkv"])
def test_every_position_shows_its_frame(tmp_path, name):
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    source = AvFrames(write_video(tmp_path / name, codec=codec))
    assert (source.opened.width, source.opened.height) == (64, 48)
    assert source.opened.length == pytest.approx(2.0, abs=0.05)
    assert source.opened.frame_rate == RATE
    assert not source.opened.has_audio
    for number in (0, 49, 1, 20, 19, 37, 21):
        assert shown(source, number / RATE) == number
        assert shown(source, (number + 0.6) / RATE) == number
    assert shown(source, 99.0) == 49
    frames = [picked.seconds for picked in source.frames_from(1.5)]
    assert frames == pytest.approx([number / RATE for number in range(37, 50)], abs=0.002)
    assert source.end == pytest.approx(2.0, abs=0.002)
    assert not source.is_damaged


def test_frames_of_changing_duration(tmp_path):
    times = [0, 40, 400, 410, 2_000]
    source = AvFrames(write_video(tmp_path / "a.mp4", milliseconds=times))
    for milliseconds, number in ((30, 0), (399, 1), (401, 2), (1_990, 3), (2_001, 4)):
        assert shown(source, milliseconds / 1000) == number


def test_a_rotated_phone_video_is_upright(tmp_path):
    frame = gray(0, (64, 48))
    frame[:, :32] = 255  # the left half, at the top when it is rotated clockwise
    path = write_video(tmp_path / "a.mp4", frames=[frame] * 3, count=3)
    rotate_clockwise(path)
    source = AvFrames(path)
    assert (source.opened.width, source.opened.height) == (48, 64)
    image = pixels(source, 0.0)
    assert image.shape[:2] == (64, 48)
    assert image[5, 24, 2] > 240
    assert image[60, 24, 2] < 60
    assert pixels(source, 0.0, (24, 99)).shape[:2] == (32, 24)


@pytest.mark.parametrize(
    ("size", "pix_fmt"), [((63, 47), "yuv444p"), ((64, 48), "yuv420p10le"), ((1, 1), "yuv444p")]
)
def test_odd_sizes_and_ten_bits(tmp_path, size, pix_fmt):
    source = AvFrames(write_video(tmp_path / "a.mp4", size=size, pix_fmt=pix_fmt, count=5))
    image = pixels(source, 3 / RATE)
    assert image.shape[:2] == size[::-1]
    assert abs(int(image[0, 0, 2]) - level(3)) <= 3


@pytest.mark.parametrize("width", [2, 18, 20, 24, 36, 180, 642])
def test_every_column_is_converted(tmp_path, width):
    source = AvFrames(write_video(tmp_path / "a.mp4", size=(width, 64), count=2))
    for box in (*[BOX] * 12, (width - 1, 64)):  # several times: threads that meet in a row
        reds = pixels(source, 1 / RATE, box)[:, :, 2]
        assert abs(reds.astype(int) - level(1)).max() <= 3


def test_4k_is_scaled_to_the_box(tmp_path):
    source = AvFrames(write_video(tmp_path / "a.mp4", size=(3840, 2160), count=2))
    assert pixels(source, 0.0, (400, 400)).shape[:2] == (225, 400)
    assert fit((3840, 2160), BOX)[0] * fit((3840, 2160), BOX)[1] <= MAX_PIXELS
    assert fit((100, 50), BOX) == (100, 50)  # never up
    assert fit((10_000, 1), (100, 100)) == (100, 1)


def test_a_cut_off_file_plays_until_there(tmp_path):
    path = write_video(
        tmp_path / "a.mp4", count=200, options={"movflags": "+faststart"}, size=(320, 240)
    )
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    source = AvFrames(path)
    assert source.opened.length == pytest.approx(8.0)
    assert shown(source, 1.0) == 25
    assert len(list(source.frames_from(0.0))) > 50
    assert source.is_damaged
    assert 2.0 < source.end < 7.0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a video",
        b"\0\0\0\x18ftypmp42" + b"\0" * 500,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n",
        b"ffconcat version 1.0\nfile other.mp4\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ],
)
def test_other_content_is_refused_with_a_sentence(tmp_path, content):
    write_video(tmp_path / "other.mp4", count=2)  # which a playlist must not reach
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=r"a\.mp4 cannot be played: .*\.$") as caught:
        AvFrames(path)
    assert caught.value.cure


def test_a_file_without_video_is_refused(tmp_path):
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(1_000))
    with open_video(tmp_path / "a.wav") as container, pytest.raises(StudioError, match="no video"):
        video_stream(container, "a.wav")


def test_animated_webp(tmp_path):
    path = tmp_path / "a.webp"
    frames = [Image.fromarray(gray(number, (30, 20))) for number in range(5)]
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=[40, 40, 500, 10, 100],
        lossless=True,
    )
    source = WebpFrames(path)
    assert source.opened.length == pytest.approx(0.69)
    for seconds, number in ((0.0, 0), (0.57, 2), (0.041, 1), (0.585, 3), (9.0, 4)):
        assert shown(source, seconds) == number
    assert [round(one.seconds, 3) for one in islice(source.frames_from(0.1), 9)] == [
        0.08,
        0.58,
        0.59,
    ]
    assert pixels(source, 0.0, (15, 15)).shape[:2] == (10, 15)


def cut_webp(path, keep):
    frames = [Image.fromarray(gray(number, (300, 200))) for number in range(5)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, lossless=True)
    path.write_bytes(path.read_bytes()[: keep or None])
    return path


@pytest.mark.parametrize("keep", [1, 11, 30, 60])
def test_a_cut_off_webp_is_refused(tmp_path, keep):
    with pytest.raises(StudioError, match="cannot be played"):
        WebpFrames(cut_webp(tmp_path / "a.webp", keep))


def test_a_webp_with_damaged_frames_ends_early(tmp_path):
    path = cut_webp(tmp_path / "a.webp", 0)
    data = bytearray(path.read_bytes())
    third = [at for at in range(len(data)) if data.startswith(b"ANMF", at)][2]
    data[third + 24 : third + 28] = b"JUNK"
    path.write_bytes(data)
    source = WebpFrames(path)
    assert len(list(source.frames_from(0.0))) < 5
    assert source.is_damaged
    assert source.end < 0.2
