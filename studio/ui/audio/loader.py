"""Reads an audio file for playback. Slow: call it in another thread."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.media.audio import blocks
from studio.ui.audio.playback_buffer import PlaybackBuffer

MAX_SECONDS = 6 * 3600
"""Longer audio does not fit into the memory of a small computer."""


def read_audio(path: Path) -> PlaybackBuffer:
    """Read a whole WAV, FLAC, OGG or MP3. Raises StudioError for other and damaged files."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > MAX_SECONDS * file.samplerate:
                raise StudioError(
                    tr("{name} is too long to play here.", name=path.name),
                    cure=tr("Open it in another program."),
                )
            buffer = PlaybackBuffer(file.samplerate, file.channels)
            for block in blocks(file, "int16"):
                buffer.append(block)
    except (soundfile.SoundFileError, RuntimeError, OSError, ValueError) as error:
        raise StudioError(
            tr("{name} cannot be played: {reason}", name=path.name, reason=error),
            cure=tr("The file may be damaged, or was moved or deleted."),
        ) from error
    buffer.complete = True
    return buffer
