"""Opens video files with PyAV: only formats that contain the video, from the file only."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked
from studio.media.video_decoder.reasons import ffmpeg_reason

MISSING = mark("Playing this video needs the package av, which is not installed.")
CURE = mark('Install it with `pip install "studio[video]"`, or open the video in another program.')
DAMAGED = mark("The file may be damaged or incomplete. Try another program, or make it again.")
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,ogg,flv,asf,gif,webp,mpegvideo,"
    "wav,w64,aiff,flac,mp3,aac"
)
"""Of video files, and of audio files, which clips may have as voice or music."""
_MAX_SIDE = 16_384
_MAX_PIXELS = 8192 * 8192
"""Of a frame in the file. FFmpeg refuses larger ones before it allocates memory for them."""


def can_decode() -> bool:
    """True if PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def open_video(path: Path) -> Any:
    """Open a video file as an `av` container. Raises StudioError.

    A file that is a playlist, or that names other files or addresses, is refused: FFmpeg would
    open what it names.
    """
    if not can_decode():
        raise StudioError(tr_marked(MISSING), cause="invalid", cure=tr_marked(CURE))
    import av

    try:
        return av.open(
            str(path.absolute()),
            container_options={
                "protocol_whitelist": "file",
                "format_whitelist": _FORMATS,
                "enable_drefs": "0",
            },
            options={"max_pixels": str(_MAX_PIXELS)},
            metadata_errors="replace",
        )
    except (OSError, ValueError, av.error.FFmpegError) as error:
        raise StudioError(
            tr("{name} cannot be played: {reason}.", name=path.name, reason=ffmpeg_reason(error)),
            cause="invalid",
            cure=tr_marked(DAMAGED),
        ) from error


def video_stream(container: Any, name: str) -> Any:
    """Return the stream to show. Raises StudioError if there is no usable one."""
    streams = [one for one in container.streams.video if not one.disposition & _cover()]
    if not streams:
        raise StudioError(
            tr("{name} contains no video.", name=name), cause="invalid", cure=tr_marked(DAMAGED)
        )
    stream = streams[0]
    if stream.codec_context is None:
        raise StudioError(
            tr("{name} cannot be played: its codec is unknown.", name=name),
            cause="invalid",
            cure=tr("Open it in another program."),
        )
    width, height = stream.codec_context.width, stream.codec_context.height
    if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE) or width * height > _MAX_PIXELS:
        raise StudioError(
            tr(
                "{name} cannot be played: its frames are {width} × {height} pixels.",
                name=name,
                width=width,
                height=height,
            ),
            cause="invalid",
            cure=tr("Open it in another program."),
        )
    return stream


def _cover() -> Any:
    """Return the mark of a stream that is the cover of audio."""
    from av.stream import Disposition

    return Disposition.attached_pic
