"""Why FFmpeg refused a file, in the user's language."""

from __future__ import annotations

from studio.core.translation import mark, tr, tr_marked

_REASONS = {
    "InvalidDataError": mark("its data is damaged or no video"),
    "EOFError": mark("the file ends too early"),
    "DecoderNotFoundError": mark("its codec is unknown"),
    "DemuxerNotFoundError": mark("its format is unknown"),
    "EncoderNotFoundError": mark("the encoder is missing"),
    "PatchWelcomeError": mark("FFmpeg does not support its format"),
    "FileNotFoundError": mark("the file is missing"),
    "PermissionError": mark("its permissions do not allow it"),
    "IsADirectoryError": mark("it is a folder"),
    "MemoryError": mark("memory is full"),
    "BlockingIOError": mark("the file is in use"),
    "ArgumentError": mark("FFmpeg does not support these settings"),
}
"""Name of the error's class → reason."""


def ffmpeg_reason(error: Exception) -> str:
    """Return the reason of an error of PyAV or the system, as a part of a sentence."""
    name = type(error).__name__  # of a class of PyAV, or of Python
    if name in _REASONS:
        return tr_marked(_REASONS[name])
    # PyAV's errors have the attribute of an OSError; few of them are one.
    text = (getattr(error, "strerror", None) or str(error)).rstrip(".") or name
    return tr("FFmpeg reports “{message}”", message=text)
