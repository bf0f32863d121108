"""Bytes of the pipe that are no message are refused."""

import io

import pytest

from studio.library.file_reader.messages import (
    MAX_MESSAGE_BYTES,
    GarbledError,
    Ready,
    pack,
    read_message,
)


@pytest.mark.parametrize(
    "content",
    [b"\x01", b"\x05\0\0\0ab", (MAX_MESSAGE_BYTES + 1).to_bytes(4, "little")],
    ids=["length cut off", "message cut off", "too long"],
)
def test_bytes_that_are_no_message(content):
    with pytest.raises(GarbledError):
        read_message(io.BytesIO(content))


def test_end_of_the_pipe():
    pipe = io.BytesIO(pack(Ready()))
    assert read_message(pipe)
    assert read_message(pipe) is None
