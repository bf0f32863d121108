"""Reads the whole blocks of a prompt with llama.cpp, or takes them from the prompt cache."""

from __future__ import annotations

import logging
import struct
from collections.abc import Sequence
from typing import Any

from studio.engine.protocol import CancelCheck
from studio.engine.runtime.device import free_bytes
from studio.engine.text.gguf_context import GgufPipeline
from studio.engine.text.prompt_cache import BLOCK_TOKENS, whole_blocks

log = logging.getLogger(__name__)
_COUNT, _HEADER = struct.Struct("<I"), struct.Struct("<III")


class PrefixReader:
    """Fills sequences of a context; each of its `streams` sequences has a cache of its own."""

    def __init__(self, pipeline: GgufPipeline, context: Any, batch: Any, streams: int) -> None:
        self._pipeline, self._context, self._batch = pipeline, context, batch
        self._streams = streams

    def read(self, prompt: Sequence[int], sequence: int, is_cancelled: CancelCheck) -> int:
        """Read the whole blocks of a prompt into a sequence; return how many tokens these are.

        Raises InterruptedError if `is_cancelled()` became true.
        """
        whole = whole_blocks(len(prompt))
        kept = self._restore(prompt[:whole], sequence) if whole else 0
        for begin in range(kept, whole, BLOCK_TOKENS):
            if is_cancelled():
                raise InterruptedError
            self._batch.reset()
            for place in range(begin, begin + BLOCK_TOKENS):
                self._batch.add(prompt[place], place, [sequence], False)
            self._context.decode(self._batch)
        if kept < whole:
            self._pipeline.prompts.keep(
                prompt[:whole],
                whole * self._pipeline.bytes_per_token,
                free_bytes(self._pipeline.device),
                lambda: self._state(sequence),
            )
        return whole

    def _restore(self, prompt: Sequence[int], sequence: int) -> int:
        """Return how many tokens of a prompt the sequence has from the cache."""
        found = self._pipeline.prompts.find(prompt)
        if found is None:
            return 0
        length, state = found
        try:
            self._context.set_state_seq_data(_for_streams(state, sequence, self._streams), sequence)
            # A layer that has forgotten old tokens, or keeps one state, has no beginning to go
            # on from; the comparison finds a layout of the state that is not the expected one.
            if (
                self._context.memory_seq_pos_min(sequence) == 0
                and self._state(sequence) == state
                and self._context.memory_seq_rm(sequence, length, -1)
            ):
                return length
        except ValueError as error:
            log.info("a prompt is read again: %s", error)
        self._context.memory_seq_rm(sequence, -1, -1)
        return 0

    def _state(self, sequence: int) -> bytes:
        """Return the state of a sequence, as a context with one stream has it."""
        state = bytes(self._context.get_state_seq_data(sequence))
        return state if self._streams == 1 else _of_one_stream(state, sequence, self._streams)


# A state begins with a magic number, the number of its sequence, and that of the streams. For each
# stream there is the number of its tokens; if there are any, then three numbers for each token
# (position, 1, sequence), and keys and values.


def _of_one_stream(state: bytes, sequence: int, streams: int) -> bytes:
    """Return the state of a sequence of one among several streams as that of a single one."""
    begin = _HEADER.size + sequence * _COUNT.size
    body = bytearray(state[begin : len(state) - (streams - 1 - sequence) * _COUNT.size])
    (tokens,) = _COUNT.unpack_from(body)
    for token in range(tokens):
        _COUNT.pack_into(body, _COUNT.size * (3 + 3 * token), 0)
    return _HEADER.pack(_HEADER.unpack_from(state)[0], 0, 1) + bytes(body)


def _for_streams(state: bytes, sequence: int, streams: int) -> bytes:
    """Return the state of a single stream for a context with several."""
    if streams == 1:
        return state
    nothing = _COUNT.pack(0)
    head = _HEADER.pack(_HEADER.unpack_from(state)[0], 0, streams) + nothing * sequence
    return head + state[_HEADER.size :] + nothing * (streams - 1 - sequence)
