"""Events: what an engine says while it runs a job.

They cross the pipe from the child as msgpack bytes and are decoded strictly by type; nothing from
the child is unpickled. Exactly one of `Finished`, `Failed`, `Cancelled` ends a job.
"""

from __future__ import annotations

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import Failure


class Event(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="event", forbid_unknown_fields=True
):
    """What every event is."""


class Loading(Event, frozen=True, kw_only=True, tag="loading"):
    """The model is being loaded (or the engine started): `phase` says what, for a person."""

    phase: str


class Preview(msgspec.Struct, frozen=True):
    """A small picture of an unfinished result; never saved."""

    width: int
    height: int
    rgb: bytes
    """width × height × 3 bytes, row by row, sRGB."""


class Progress(Event, frozen=True, kw_only=True, tag="progress"):
    """`step` of `total` is done (steps of an image, tokens of a text, samples of a sound: `unit`
    says which).
    """

    step: int
    total: int
    unit: str = "step"
    preview: Preview | None = None


class TextDelta(Event, frozen=True, kw_only=True, tag="text_delta"):
    """The next piece of candidate number `candidate`."""

    text: str
    candidate: int = 0


class ThoughtDelta(Event, frozen=True, kw_only=True, tag="thought_delta"):
    """The next piece of what a reasoning model thinks before its answer number `candidate`; shown
    apart, never saved.
    """

    text: str
    candidate: int = 0
    takes_text: bool = False
    """All text that came as `TextDelta` of this candidate so far was a thought too."""


class AudioChunk(Event, frozen=True, kw_only=True, tag="audio_chunk"):
    """The next piece of sound, to be played while the rest is made."""

    pcm: bytes
    """Little-endian float32 samples, interleaved by channel, in −1..1."""
    sampling_rate: int
    channels: int = 1


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """How the job went, for a person. Seconds are wall time in the engine."""

    load_seconds: float = 0.0
    run_seconds: float = 0.0
    first_seconds: float = 0.0
    """From the start of the run to the first token, step or sentence."""
    units: int = 0
    """Tokens, steps or samples made."""
    unit: str = ""
    prompt_tokens: int = 0
    memory: str = ""
    """How the model was loaded, and the memory that it needs so."""
    notes: tuple[str, ...] = ()
    """What was done because memory ran out."""


class Finished(Event, frozen=True, kw_only=True, tag="finished"):
    """All artifacts are on disk."""

    artifacts: tuple[Artifact, ...]
    statistics: Statistics = Statistics()


class Failed(Event, frozen=True, kw_only=True, tag="failed"):
    """The job did not work; `artifacts` are those that were complete before."""

    failure: Failure
    artifacts: tuple[Artifact, ...] = ()


class Cancelled(Event, frozen=True, kw_only=True, tag="cancelled"):
    """The person's cancel was obeyed; `artifacts` are what could be kept."""

    artifacts: tuple[Artifact, ...] = ()


AnyEvent = (
    Loading | Progress | TextDelta | ThoughtDelta | AudioChunk | Finished | Failed | Cancelled
)


class JobEvent(msgspec.Struct, frozen=True):
    """An event and the job that it belongs to, as they cross the pipe."""

    job_id: str
    event: AnyEvent


TERMINAL = (Finished, Failed, Cancelled)
"""The three events that end a job; for isinstance."""
