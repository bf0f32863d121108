"""Main program of the decoder: `python -m studio.media.video_decoder.main PATH`.

Reads `ToDecoder` from standard input in a thread of its own and writes `FromDecoder` to standard
output. Decodes ahead only as far as the window allows. Ends when its input ends.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_marked
from studio.media.child_process import limit_memory, take_output, write_all
from studio.media.video_decoder.frame_source import AvFrames, FrameSource, Picked
from studio.media.video_decoder.messages import (
    BYTES_PER_AUDIO_FRAME,
    SAMPLING_RATE,
    Allow,
    AudioBlock,
    AudioEnded,
    Ended,
    Frame,
    FromDecoder,
    GarbledError,
    Refused,
    Resize,
    Seek,
    ToDecoder,
    pack,
    read_message,
)
from studio.media.video_decoder.open_frames import open_frames
from studio.media.video_decoder.open_video import DAMAGED, can_decode

MAX_LEFT_OUT = 4
"""Late frames in a row; then one is sent, so that a slow machine shows something."""


class _Decoder:
    """Sends frames and audio of one file, as far as allowed."""

    def __init__(self, path: Path, send: Any) -> None:
        self._path = path
        self._send = send
        self._source: FrameSource = open_frames(path)
        self._inbox: queue.SimpleQueue[ToDecoder] = queue.SimpleQueue()
        self._box = (1, 1)
        self._seek = Seek(generation=0, seconds=0.0, frames=0)
        self._frames: Iterator[Picked] = iter(())
        self._audio: Iterator[bytes] = iter(())
        self._audio_source: Any = None
        self._frames_allowed = 0
        self._audio_allowed = 0.0
        self._position = 0.0
        self._left_out = 0
        self._is_first = True
        self._are_frames_over = self._is_audio_over = True

    def run(self) -> None:
        """Serve until the process ends."""
        self._send(self._source.opened)
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        while True:
            works_on_audio = self._audio_allowed > 0 and not self._is_audio_over
            works_on_frames = self._frames_allowed > 0 and not self._are_frames_over
            self._receive(wait=not (works_on_audio or works_on_frames))
            # The first frame goes first: it is what the user waits for.
            if works_on_audio and not (works_on_frames and self._is_first):
                self._send_audio()
            elif works_on_frames:
                self._send_frame()

    def _read(self) -> None:
        decoder: Any = msgspec.msgpack.Decoder(ToDecoder)
        try:
            while (read := read_message(sys.stdin.buffer)) is not None:
                self._inbox.put(decoder.decode(read[0]))
        except (OSError, GarbledError, msgspec.DecodeError) as error:
            print(f"message from the window: {error}", file=sys.stderr)  # noqa: T201  its log
        os._exit(0)

    def _receive(self, *, wait: bool) -> None:
        try:
            while True:
                message = self._inbox.get(block=wait)
                wait = False
                if isinstance(message, Seek):
                    self._start(message)
                elif isinstance(message, Resize):
                    self._box = (max(1, message.width), max(1, message.height))
                else:
                    self._allow(message)
        except queue.Empty:
            return

    def _start(self, seek: Seek) -> None:
        self._seek = seek
        self._position = seek.seconds
        self._frames = self._source.frames_from(seek.seconds)
        self._frames_allowed, self._audio_allowed = seek.frames, seek.audio_seconds
        self._left_out = 0
        self._is_first = True
        self._are_frames_over = False
        self._is_audio_over = True
        if seek.has_audio and isinstance(self._source, AvFrames):
            self._audio = self._audio_from(seek)
            self._is_audio_over = False

    def _audio_from(self, seek: Seek) -> Iterator[bytes]:
        from studio.media.video_decoder.audio_source import AvAudio

        assert isinstance(self._source, AvFrames)
        if self._audio_source is None:
            self._audio_source = AvAudio(self._path, self._source.start)
        return iter(self._audio_source.blocks_from(seek.seconds, seek.speed))

    def _allow(self, message: Allow) -> None:
        self._frames_allowed += message.frames
        self._audio_allowed += message.audio_seconds
        self._position = max(self._position, message.position)

    def _send_frame(self) -> None:
        generation = self._seek.generation
        picked = next(self._frames, None)
        if picked is None:
            self._are_frames_over = True
            self._send(Ended(generation, self._source.end, self._source.is_damaged))
            return
        is_late = picked.seconds < self._position and not self._is_first
        if is_late and self._left_out < MAX_LEFT_OUT:
            self._left_out += 1
            return
        self._left_out = 0
        self._is_first = False
        self._frames_allowed -= 1
        pixels = self._source.convert(picked, self._box)
        frame = Frame(generation, picked.seconds, pixels.width, pixels.height, pixels.stride)
        self._send(frame, pixels.data)

    def _send_audio(self) -> None:
        generation = self._seek.generation
        block = next(self._audio, None)
        if block is None:
            self._is_audio_over = True
            self._send(AudioEnded(generation))
            return
        self._audio_allowed -= len(block) / BYTES_PER_AUDIO_FRAME / SAMPLING_RATE
        self._send(AudioBlock(generation), memoryview(block))


def main() -> int:
    """Decode the file that the first argument names."""
    limit_memory()
    descriptor = take_output()

    def send(message: FromDecoder, data: memoryview | bytes = b"") -> None:
        try:
            write_all(descriptor, pack(message, len(data)))
            write_all(descriptor, data)
        except OSError:  # the window is gone
            os._exit(0)

    try:
        _Decoder(Path(sys.argv[1]), send).run()
    except StudioError as error:
        send(Refused(error.message, error.cure, not can_decode()))
    except MemoryError:
        send(Refused(tr("There is not enough memory to play this video."), tr_marked(DAMAGED)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
