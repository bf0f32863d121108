"""Video as MP4 (H.264, by PyAV) and animated WebP (by Pillow), with the recipe inside.

PyAV is the extra `video`: its wheels contain the x264 encoder, which is under the GPL. WebP needs
only Pillow, but files are larger, sides are limited to 16 383 pixels, and browsers show it rather
than players.

Files are encoded into memory, so that a full disk cannot truncate them.
"""

from __future__ import annotations

import importlib.util
import io
import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from studio.core.errors import StudioError
from studio.core.settings import CompressedQuality
from studio.core.translation import mark, tr, tr_marked
from studio.media import riff_id3
from studio.media.video_decoder.reasons import ffmpeg_reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = mark("MP4 files need the package av, which is not installed.")
CURE = mark('Install it with `pip install "studio[video]"`, or choose the file format webp.')
_RATE_FACTORS: dict[CompressedQuality, str] = {"high": "18", "small": "26"}
"""x264's constant rate factor; below 18 the difference is invisible."""
WEBP_QUALITIES: dict[CompressedQuality, int] = {"high": 85, "small": 60}


def can_write(file_format: str) -> bool:
    """True if the encoder of a format is installed."""
    return file_format != "mp4" or importlib.util.find_spec("av") is not None


def encode_video(
    frames: NDArray[np.uint8],
    frame_rate: int,
    file_format: str,
    comment: str,
    quality: CompressedQuality = "high",
) -> bytes:
    """Encode a video (frames × height × width × 3, sRGB) as mp4 or webp. Raises StudioError."""
    if not can_write(file_format):
        raise StudioError(tr_marked(MISSING), cause="invalid", cure=tr_marked(CURE))
    encode: Callable[[NDArray[np.uint8], int, str, CompressedQuality], bytes] = {
        "mp4": _encode_mp4,
        "webp": _encode_webp,
    }[file_format]
    return encode(frames, frame_rate, comment, quality)


def _encode_mp4(
    frames: NDArray[np.uint8], frame_rate: int, comment: str, quality: CompressedQuality
) -> bytes:
    import av

    buffer = io.BytesIO()
    # A browser needs the index at the beginning: FFmpeg reads the file again through `io_open` to
    # move it there.
    options = {"movflags": "+faststart"}

    def reopen(*_arguments: object) -> _BufferReader:
        return _BufferReader(buffer)

    try:
        with av.open(buffer, "w", format="mp4", options=options, io_open=reopen) as file:
            file.metadata.update({"comment": comment, "encoder": "Studio"})
            stream = _stream(file, frames, frame_rate, quality)
            for pixels in frames:
                file.mux(stream.encode(to_yuv(pixels, "rgb24")))
            file.mux(stream.encode())
    except av.error.FFmpegError as error:  # also OSErrors, which would mean a full disk
        raise StudioError(
            tr("The video could not be encoded: {reason}.", reason=ffmpeg_reason(error)),
            cause="unknown",
            cure=tr("Try another size."),
        ) from error
    return buffer.getvalue()


def _stream(
    file: Any, frames: NDArray[np.uint8], frame_rate: int, quality: CompressedQuality
) -> Any:
    _count, height, width, _channels = frames.shape
    stream = file.add_stream("libx264", rate=Fraction(frame_rate))
    stream.width, stream.height = width, height
    stream.pix_fmt = "yuv420p"  # which every player supports
    stream.options = x264_options(quality)
    set_colors(stream.codec_context)
    return stream


def x264_options(quality: CompressedQuality) -> dict[str, str]:
    """Return the settings of the encoder x264."""
    return {"crf": _RATE_FACTORS[quality], "preset": "medium"}


def set_colors(context: Any) -> None:
    """Make an encoder state the colors of `to_yuv`."""
    from av.video.reformatter import ColorRange, Colorspace

    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries = context.color_trc = 1  # BT.709


def to_yuv(pixels: NDArray[np.uint8], pixel_format: str) -> Any:
    """Return pixels, such as rgb24, as a frame for an encoder."""
    import av
    import numpy as np  # here, because the window asks this module about formats
    from av.video.reformatter import ColorRange, Colorspace

    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=pixel_format)
    return frame.reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


class _BufferReader(io.RawIOBase):
    """Reads a buffer while it is written, at its own position."""

    def __init__(self, buffer: io.BytesIO) -> None:
        self._buffer = buffer
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with self._buffer.getbuffer() as view:
            data = bytes(view[self._position : self._position + size if size >= 0 else None])
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._position,
            io.SEEK_END: self._buffer.getbuffer().nbytes,
        }[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position


def _encode_webp(
    frames: NDArray[np.uint8], frame_rate: int, comment: str, quality: CompressedQuality
) -> bytes:
    from PIL import Image

    first, *others = (Image.fromarray(pixels) for pixels in frames)
    # WebP has whole milliseconds: each frame ends where it would at the exact frame rate.
    ends = [round(1000 * number / frame_rate) for number in range(len(frames) + 1)]
    durations = [end - begin for begin, end in itertools.pairwise(ends)]
    buffer = io.BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        quality=WEBP_QUALITIES[quality],
        method=4,
        minimize_size=False,
    )
    return riff_id3.tag_riff(buffer.getvalue(), comment)
