"""Suppresses text and audio that was already sent when a job restarts after memory ran out."""

from __future__ import annotations

import msgspec

from studio.core.events import AnyEvent, AudioChunk, TextDelta, ThoughtDelta
from studio.engine.protocol import EmitEvent


class ReplayFilter:
    """Passes events on; after `restart`, drops the text and audio that were already sent."""

    def __init__(self, emit: EmitEvent) -> None:
        self._emit = emit
        self._characters: dict[tuple[str, int], int] = {}
        """(event type, candidate) → characters generated in this attempt."""
        self._sent_characters: dict[tuple[str, int], int] = {}
        """The same, sent in earlier attempts."""
        self._bytes = self._sent_bytes = 0

    def restart(self) -> None:
        """Begin another attempt, which generates everything again."""
        self._sent_characters = {
            key: max(count, self._sent_characters.get(key, 0))
            for key, count in self._characters.items()
        }
        self._characters = {}
        self._sent_bytes, self._bytes = max(self._bytes, self._sent_bytes), 0

    def __call__(self, event: AnyEvent) -> None:
        """Pass on an event, without what was already sent."""
        if isinstance(event, AudioChunk):
            before, self._bytes = self._bytes, self._bytes + len(event.pcm)
            pcm = event.pcm[max(0, self._sent_bytes - before) :]
            if pcm:
                self._emit(msgspec.structs.replace(event, pcm=pcm))
            return
        if not isinstance(event, (TextDelta, ThoughtDelta)):
            self._emit(event)
            return
        key = (type(event).__name__, event.candidate)
        before = self._characters.get(key, 0)
        self._characters[key] = before + len(event.text)
        new = event.text[max(0, self._sent_characters.get(key, 0) - before) :]
        if new or (isinstance(event, ThoughtDelta) and event.takes_text):
            self._emit(msgspec.structs.replace(event, text=new))
