"""A sound file as a tape. Takes its time: call it in another thread."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import StudioError
from studio.media.audio import blocks
from studio.ui.audio.playback_buffer import PlaybackBuffer

MAX_SECONDS = 6 * 3600
"""More does not fit into the memory of a small machine."""


def read_tape(path: Path) -> PlaybackBuffer:
    """Return the whole sound of a WAV, FLAC, OGG or MP3. Raises StudioError where it is none."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > MAX_SECONDS * file.samplerate:
                raise StudioError(
                    f"{path.name} is too long to be shown.", cure="Open it in another program."
                )
            tape = PlaybackBuffer(file.samplerate, file.channels)
            for block in blocks(file, "int16"):
                tape.append(block)
    except (soundfile.SoundFileError, RuntimeError, OSError, ValueError) as error:
        raise StudioError(
            f"{path.name} cannot be played: {error}", cure="The file may be damaged or gone."
        ) from error
    tape.complete = True
    return tape
