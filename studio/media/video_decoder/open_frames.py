"""Opens a video file with what decodes it."""

from __future__ import annotations

from pathlib import Path

from studio.media.video_decoder.frame_source import AvFrames, FrameSource


def open_frames(path: Path) -> FrameSource:
    """Return the frames of a file. Raises StudioError."""
    if path.suffix.lower() == ".webp":
        from studio.media.video_decoder.webp_source import WebpFrames

        return WebpFrames(path)
    return AvFrames(path)
