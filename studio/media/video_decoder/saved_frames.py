"""Frames of videos as image files, which name the video that they come from. Slow: no GUI thread.

A frame of a video is `frames/<SHA-256 of the video>/<name>.png` in the data folder.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

from studio.core.file_names import slug
from studio.core.files import sha256_hex, sha256_of, write_whole

_HASH = re.compile(r"[0-9a-f]{64}")


def save_frame(video: Path, seconds: float | None, folder: Path) -> Path:
    """Write the frame that is shown at a position, or the last for None; return its file.

    `folder`: `DataFolder.frames`. Raises StudioError, OSError.
    """
    from PIL import Image

    from studio.media.video_decoder.grab_frame import grab_frame

    buffer = io.BytesIO()
    Image.fromarray(grab_frame(video, seconds)).save(buffer, "PNG", compress_level=1)
    data = buffer.getvalue()
    path = folder / sha256_of(video) / f"{slug(video.stem, 60)}-{sha256_hex(data)[:8]}.png"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data)
    return path


def video_of(frame: str, folder: Path) -> str:
    """Return the SHA-256 of the video that a saved frame comes from; empty for other files."""
    path = Path(frame)
    is_frame = path.parent.parent == folder and _HASH.fullmatch(path.parent.name)
    return path.parent.name if is_frame else ""
