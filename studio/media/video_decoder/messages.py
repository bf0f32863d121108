"""Messages between the window and its video decoder, and how they are framed in a pipe.

A frame of the pipe is the lengths of message and data, then a msgpack struct, then raw data: the
pixels of `Frame` or the samples of `AudioBlock`. Seconds count from the start of the video.
"""

from __future__ import annotations

import struct
from typing import IO

import msgspec

from studio.media.child_process import read_exactly

SAMPLING_RATE = 48_000
CHANNELS = 2
BYTES_PER_AUDIO_FRAME = 2 * CHANNELS
MAX_PIXELS = 2560 * 1440
"""Of a frame that is sent; larger ones are scaled down. 14.7 MB."""
MAX_DATA_BYTES = 4 * MAX_PIXELS + (1 << 20)
MAX_MESSAGE_BYTES = 64 << 10
_LENGTHS = struct.Struct("<II")


class GarbledError(Exception):
    """The bytes of the pipe are not a message."""


class Resize(msgspec.Struct, frozen=True, tag=True):
    """Scale frames that are sent from now on to fit into this many pixels; never up."""

    width: int
    height: int


class Seek(msgspec.Struct, frozen=True, tag=True):
    """Send the frame that is shown at `seconds` and those after it, with audio from there on."""

    generation: int
    """Of the answers, so that late answers to an earlier Seek can be recognized."""
    seconds: float
    frames: int
    """How many frames may be sent before the next `Allow`."""
    audio_seconds: float = 0.0
    """How much audio may be sent before the next `Allow`, in seconds of playback."""
    has_audio: bool = False
    speed: float = 1.0
    """Of the audio; its pitch stays."""


class Allow(msgspec.Struct, frozen=True, tag=True):
    """Allow the decoder to send this much more."""

    frames: int = 0
    audio_seconds: float = 0.0
    position: float = 0.0
    """Of playback: of the frames before it, most may be left out."""


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The file can be decoded; sent once, first."""

    width: int
    """In square pixels, after rotation."""
    height: int
    length: float
    """In seconds; 0 if the file does not state it."""
    frame_rate: float
    """On average; 0 if unknown."""
    has_audio: bool


class Frame(msgspec.Struct, frozen=True, tag=True):
    """A frame; its data are rows of blue, green, red and an unused byte."""

    generation: int
    seconds: float
    width: int
    height: int
    stride: int
    """Bytes from row to row."""

    def fits(self, data: bytes | bytearray) -> bool:
        """Return True if `data` holds all rows, which a decoder that runs wild may not send."""
        is_image = self.width > 0 and self.height > 0 and self.stride >= 4 * self.width
        return is_image and len(data) >= self.stride * self.height


class AudioBlock(msgspec.Struct, frozen=True, tag=True):
    """Audio; its data are interleaved int16 samples."""

    generation: int


class AudioEnded(msgspec.Struct, frozen=True, tag=True):
    """No more audio follows."""

    generation: int


class Ended(msgspec.Struct, frozen=True, tag=True):
    """No more frames follow."""

    generation: int
    seconds: float
    """Where the video ends."""
    is_damaged: bool = False


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The file cannot be decoded; sent last."""

    message: str
    cure: str = ""
    is_decoder_missing: bool = False


ToDecoder = Resize | Seek | Allow
FromDecoder = Opened | Frame | AudioBlock | AudioEnded | Ended | Refused
_encode = msgspec.msgpack.encode


def pack(message: ToDecoder | FromDecoder, data_bytes: int = 0) -> bytes:
    """Return a message for the pipe, which `data_bytes` of data follow."""
    encoded = _encode(message)
    return _LENGTHS.pack(len(encoded), data_bytes) + encoded


def read_message(pipe: IO[bytes]) -> tuple[bytearray, bytearray] | None:
    """Return the next message, still encoded, and its data; None at the end.

    Raises GarbledError.
    """
    lengths = read_exactly(pipe, _LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise GarbledError("a message is cut off")  # not translated: a fault of the program
    message_bytes, data_bytes = _LENGTHS.unpack(lengths)
    if message_bytes > MAX_MESSAGE_BYTES or data_bytes > MAX_DATA_BYTES:
        raise GarbledError(f"a message of {message_bytes} + {data_bytes} bytes")
    message, data = read_exactly(pipe, message_bytes), read_exactly(pipe, data_bytes)
    if len(message) < message_bytes or len(data) < data_bytes:
        raise GarbledError("a message is cut off")  # not translated: a fault of the program
    return message, data
