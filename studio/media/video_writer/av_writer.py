"""MP4 (H.264, AAC) and WebM (VP9, Opus) through PyAV."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.media.video import set_colors, to_yuv, x264_options
from studio.media.video_decoder.reasons import ffmpeg_reason
from studio.media.video_writer.writer import AUDIO_RATE, Pixels, VideoSpec

_AUDIO_CODECS = {"mp4": ("aac", 160_000), "webm": ("libopus", 128_000)}
"""Codec and bit rate."""
_VP9_FACTORS = {"high": "31", "small": "40"}
_DEFAULT_BLOCK = 1024
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class AvWriter:
    """See `VideoWriter`."""

    def __init__(self, path: Path, file_format: str, spec: VideoSpec) -> None:
        self._file = path.open("xb")
        self._path = path
        self._spec = spec
        self._frames = self._samples = 0
        self.audio_block = 0
        with self._errors():
            self._open(file_format)

    def _open(self, file_format: str) -> None:
        import av

        spec = self._spec
        # The index goes to the beginning: FFmpeg reads the file again through `io_open` for that.
        options = {"movflags": "+faststart"} if file_format == "mp4" else {}
        self._container: Any = av.open(
            self._file, "w", format=file_format, options=options, io_open=self._reopen
        )
        self._container.metadata.update({"comment": spec.comment, "encoder": "Studio"})
        self._video = self._video_stream(file_format)
        self._audio: Any = None
        if spec.has_audio:
            codec, bit_rate = _AUDIO_CODECS[file_format]
            self._audio = self._container.add_stream(codec, rate=AUDIO_RATE, layout="stereo")
            self._audio.bit_rate = bit_rate
            self._audio.codec_context.open()
            self.audio_block = self._audio.codec_context.frame_size or _DEFAULT_BLOCK

    def _video_stream(self, file_format: str) -> Any:
        spec = self._spec
        codec = "libx264" if file_format == "mp4" else "libvpx-vp9"
        stream = self._container.add_stream(codec, rate=spec.rate)
        stream.width, stream.height = spec.width, spec.height
        stream.pix_fmt = "yuv420p"
        stream.options = x264_options(spec.quality)
        if file_format == "webm":
            factor = _VP9_FACTORS[spec.quality]
            # The faster of VP9's settings: the slow ones take ten times as long.
            stream.options = {"crf": factor, "b": "0", "deadline": "good", "cpu-used": "4"}
        stream.codec_context.time_base = Fraction(spec.rate.denominator, spec.rate.numerator)
        set_colors(stream.codec_context)
        return stream

    def _reopen(self, *_arguments: object) -> Any:
        return self._path.open("rb")

    def write_frame(self, pixels: Pixels) -> None:
        """See `VideoWriter`."""
        frame = to_yuv(pixels, "bgra")
        frame.pts = self._frames
        frame.time_base = 1 / self._spec.rate
        self._frames += 1
        with self._errors():
            self._container.mux(self._video.encode(frame))

    def write_audio(self, samples: NDArray[np.float32]) -> None:
        """See `VideoWriter`."""
        import av

        planes = np.ascontiguousarray(samples.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate = AUDIO_RATE
        frame.pts = self._samples
        frame.time_base = Fraction(1, AUDIO_RATE)
        self._samples += len(samples)
        with self._errors():
            self._container.mux(self._audio.encode(frame))

    def finish(self) -> None:
        """See `VideoWriter`."""
        with self._errors():
            for stream in filter(None, (self._video, self._audio)):
                self._container.mux(stream.encode())
            self._container.close()
        self._file.close()

    def close(self) -> None:
        """See `VideoWriter`."""
        import av

        if not self._file.closed:
            with contextlib.suppress(OSError, ValueError, av.error.FFmpegError):
                self._container.close()
            self._file.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        import av

        try:
            yield
        except av.error.FFmpegError as error:
            if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                raise OSError(error.errno, error.strerror, str(self._path)) from error
            raise StudioError(
                tr("The video could not be encoded: {reason}.", reason=ffmpeg_reason(error)),
                cause="unknown",
                cure=tr("Try another size."),
            ) from error
