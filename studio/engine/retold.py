"""A text or a sound that is made again because memory ran out is not told twice."""

from __future__ import annotations

import msgspec

from studio.core.events import AudioChunk, Event, TextDelta
from studio.engine.protocol import Emit


class Retold:
    """An `emit` that passes events on; after `again`, text and sound are left out as far as they were told before."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._told: dict[int, int] = {}
        self._known: dict[int, int] = {}
        self._heard = self._known_bytes = 0

    def again(self) -> None:
        """Everything is made from the beginning now."""
        self._known = {candidate: max(count, self._known.get(candidate, 0)) for candidate, count in self._told.items()}
        self._told = {}
        self._known_bytes, self._heard = max(self._heard, self._known_bytes), 0

    def __call__(self, event: Event) -> None:
        """Pass an event on."""
        if isinstance(event, AudioChunk):
            before, self._heard = self._heard, self._heard + len(event.pcm)
            sound = event.pcm[max(0, self._known_bytes - before) :]
            if sound:
                self._emit(msgspec.structs.replace(event, pcm=sound))
            return
        if not isinstance(event, TextDelta):
            self._emit(event)
            return
        before = self._told.get(event.candidate, 0)
        self._told[event.candidate] = before + len(event.text)
        new = event.text[max(0, self._known.get(event.candidate, 0) - before) :]
        if new:
            self._emit(msgspec.structs.replace(event, text=new))
