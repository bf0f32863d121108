"""Messages between the window and commands: msgpack with a length prefix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from studio.core.events import AnyEvent
from studio.core.jobs import Batch, Job

MAX_MESSAGE_BYTES = 256 * 2**20
"""A batch of 100 000 rows has about 100 MB."""
_LENGTH = 4


class Activate(msgspec.Struct, frozen=True, tag="raise"):
    """Bring the window to the front."""


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """Run these jobs and send their events."""

    jobs: tuple[Job, ...]
    batch: Batch | None = None


class CancelJobs(msgspec.Struct, frozen=True, tag="withdraw"):
    """Cancel these jobs."""

    job_ids: tuple[str, ...]


class JobUpdate(msgspec.Struct, frozen=True, tag="heard"):
    """An event of a job, with the job as stored then."""

    job: Job
    event: AnyEvent


class BatchDone(msgspec.Struct, frozen=True, tag="batch_done"):
    """A batch is over, and its report is written."""

    batch: Batch


class JobsRemoved(msgspec.Struct, frozen=True, tag="gone"):
    """These jobs will not run: they were cancelled while waiting, or removed from the list."""

    job_ids: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """These jobs will not run: the window's queue could not store them."""

    job_ids: tuple[str, ...]
    sentence: str


class Ack(msgspec.Struct, frozen=True, tag="yes"):
    """The message was accepted."""


ToWindow = Activate | Submit | CancelJobs
FromWindow = JobUpdate | BatchDone | JobsRemoved | Refused | Ack


def packed(message: msgspec.Struct) -> bytes:
    """Return a message in the form in which it is sent."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(_LENGTH) + body


class Reader:
    """Reassembles messages from the chunks in which they arrive."""

    def __init__(self, kind: Any) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Yield the messages that are complete now. Raises ValueError for an invalid message."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            length = int.from_bytes(self._buffer[:_LENGTH])
            if length > MAX_MESSAGE_BYTES:
                raise ValueError("the message is too long")
            if len(self._buffer) < _LENGTH + length:
                return
            body = bytes(self._buffer[_LENGTH : _LENGTH + length])
            del self._buffer[: _LENGTH + length]
            yield self._decoder.decode(body)
