"""A decoder as the GUI thread sees it: one seek at a time, answers as signals."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage

from studio.core.translation import mark, tr, tr_marked
from studio.media.video_decoder.messages import (
    Allow,
    AudioBlock,
    AudioEnded,
    Ended,
    Frame,
    FromDecoder,
    Opened,
    Refused,
    Resize,
    Seek,
)
from studio.media.video_decoder.open_video import DAMAGED
from studio.media.video_decoder.process import DecoderProcess

FRAMES_AHEAD = 6
"""Frames that are decoded ahead; of the largest size they take 90 MB."""
CRASHED = mark("Try again, or open it in another program.")
HANG_SECONDS = 30


class ShownFrame:
    """A decoded frame; `image` uses the memory of `data`."""

    def __init__(self, seconds: float, image: QImage, data: bytearray) -> None:
        self.seconds = seconds
        self.image = image
        self.data = data


class DecoderLink(QObject):
    """Decodes one file at a time in a child process. No call blocks."""

    opened = Signal(object)
    """Opened."""
    seek_answered = Signal(object)
    """ShownFrame at the new position; None without a frame."""
    frame_received = Signal(object)
    """The ShownFrame that follows."""
    audio_received = Signal(object)
    """Interleaved samples."""
    audio_ended = Signal()
    frames_ended = Signal(object)
    """Ended; after it, `seek_answered` if a seek found no frame."""
    failed = Signal(str, str, bool)
    """(What happened, what to do, whether PyAV is missing.)"""
    _received = Signal(object, object, object)
    _ended = Signal(object, str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_seeking = False
        """A seek was sent, and its first frame has not arrived."""
        self._name = ""
        self._process: DecoderProcess | None = None
        self._generation = 0
        self._watchdog = QTimer(self, singleShot=True, interval=HANG_SECONDS * 1000)
        self._watchdog.timeout.connect(self._on_hang)
        # Emitted in the process's thread; queued, so that the slots run in this one.
        queued = Qt.ConnectionType.QueuedConnection
        self._received.connect(self._on_received, queued)
        self._ended.connect(self._on_ended, queued)

    @property
    def pid(self) -> int:
        """Id of the process; 0 without one."""
        return self._process.pid if self._process is not None else 0

    def open(self, path: Path) -> None:
        """Start a process for a file."""
        self.close()
        self._name = path.name
        process = DecoderProcess(
            path,
            lambda message, data: self._received.emit(process, message, data),
            lambda reason: self._ended.emit(process, reason),
        )
        self._process = process
        self._watchdog.start()

    def close(self) -> None:
        """End the process."""
        self._watchdog.stop()
        self.is_seeking = False
        if self._process is not None:
            self._process.close()
            self._process = None

    def resize(self, box: QSize) -> None:
        """Scale frames from now on to fit into this many pixels."""
        if self._process is not None:
            self._process.send(Resize(box.width(), box.height()))

    def seek(self, seconds: float, audio_seconds: float, speed: float) -> None:
        """Ask for the frames from a position on, and for audio if `audio_seconds` allows some."""
        if self._process is not None:
            self._generation += 1
            self.is_seeking = True
            self._watchdog.start()
            has_audio = audio_seconds > 0
            self._process.send(
                Seek(self._generation, seconds, FRAMES_AHEAD, audio_seconds, has_audio, speed)
            )

    def allow(self, frames: int, audio_seconds: float, position: float) -> None:
        """Allow the decoder to send more; `position` is that of playback."""
        if self._process is not None and (frames or audio_seconds):
            self._process.send(Allow(frames, audio_seconds, position))

    def _on_received(self, process: DecoderProcess, message: FromDecoder, data: bytearray) -> None:
        if process is not self._process:
            return
        if isinstance(message, Opened):
            self._on_opened(message)
        elif isinstance(message, Refused):
            self._fail(message.message, message.cure, message.is_decoder_missing)
        elif message.generation != self._generation:
            return
        elif isinstance(message, Frame):
            self._on_frame(message, data)
        elif isinstance(message, AudioBlock):
            self.audio_received.emit(data)
        elif isinstance(message, AudioEnded):
            self.audio_ended.emit()
        else:
            self._on_frames_ended(message)

    def _on_opened(self, info: Opened) -> None:
        if info.width and info.height:
            self._watchdog.stop()
            self.opened.emit(info)
        else:
            self._fail(tr("{name} contains no frames.", name=self._name), tr_marked(DAMAGED))

    def _on_frame(self, message: Frame, data: bytearray) -> None:
        if not message.fits(data):
            return
        image = QImage(
            data, message.width, message.height, message.stride, QImage.Format.Format_RGB32
        )
        frame = ShownFrame(message.seconds, image, data)
        if self.is_seeking:
            self._answer(frame)
        else:
            self.frame_received.emit(frame)

    def _on_frames_ended(self, message: Ended) -> None:
        self.frames_ended.emit(message)
        if self.is_seeking:
            self._answer(None)

    def _answer(self, frame: ShownFrame | None) -> None:
        self._watchdog.stop()
        self.is_seeking = False
        self.seek_answered.emit(frame)

    def _on_hang(self) -> None:
        self._fail(tr("The video decoder does not respond."), tr_marked(CRASHED))

    def _on_ended(self, process: DecoderProcess, reason: str) -> None:
        if process is self._process:
            self._fail(reason, tr_marked(CRASHED))

    def _fail(self, message: str, cure: str, is_decoder_missing: bool = False) -> None:
        self.close()
        self.failed.emit(message, cure, is_decoder_missing)
