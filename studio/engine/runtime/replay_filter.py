"""A text or a sound that is made again because memory ran out is not told twice."""

from __future__ import annotations

import msgspec

from studio.core.events import AnyEvent, AudioChunk, TextDelta, ThoughtDelta
from studio.engine.protocol import EmitEvent


class ReplayFilter:
    """An `emit` that passes events on; after `again`, text and sound are left out as far as they
    were told before.
    """

    def __init__(self, emit: EmitEvent) -> None:
        self._emit = emit
        self._told: dict[tuple[str, int], int] = {}
        self._known: dict[tuple[str, int], int] = {}
        self._heard = self._known_bytes = 0

    def again(self) -> None:
        """Everything is made from the beginning now."""
        self._known = {
            key: max(count, self._known.get(key, 0)) for key, count in self._told.items()
        }
        self._told = {}
        self._known_bytes, self._heard = max(self._heard, self._known_bytes), 0

    def __call__(self, event: AnyEvent) -> None:
        """Pass an event on."""
        if isinstance(event, AudioChunk):
            before, self._heard = self._heard, self._heard + len(event.pcm)
            sound = event.pcm[max(0, self._known_bytes - before) :]
            if sound:
                self._emit(msgspec.structs.replace(event, pcm=sound))
            return
        if not isinstance(event, (TextDelta, ThoughtDelta)):
            self._emit(event)
            return
        key = (type(event).__name__, event.candidate)
        before = self._told.get(key, 0)
        self._told[key] = before + len(event.text)
        new = event.text[max(0, self._known.get(key, 0) - before) :]
        if new or (isinstance(event, ThoughtDelta) and event.takes_text):
            self._emit(msgspec.structs.replace(event, text=new))
