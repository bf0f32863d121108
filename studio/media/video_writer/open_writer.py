"""Opens what writes a format of videos."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import StudioError
from studio.core.translation import tr_marked
from studio.media import video
from studio.media.video_decoder.open_video import can_decode
from studio.media.video_writer.writer import FORMATS_WITH_AUDIO, VideoSpec, VideoWriter


def open_writer(path: Path, file_format: str, spec: VideoSpec) -> VideoWriter:
    """Create a file that does not exist. Raises OSError, and StudioError without the encoder."""
    if file_format in FORMATS_WITH_AUDIO:
        if not can_decode():
            raise StudioError(tr_marked(video.MISSING), cause="invalid", cure=tr_marked(video.CURE))
        from studio.media.video_writer.av_writer import AvWriter

        return AvWriter(path, file_format, spec)
    if file_format == "gif":
        from studio.media.video_writer.gif_writer import GifWriter

        return GifWriter(path, spec)
    from studio.media.video_writer.webp_writer import WebpWriter

    return WebpWriter(path, spec)
