"""Events: messages of an engine about a running job.

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
    """Base class of events."""


class Loading(Event, frozen=True, kw_only=True, tag="loading"):
    """The model is loading, or the engine starting; `phase` describes it for the user."""

    phase: str


class Preview(msgspec.Struct, frozen=True):
    """A small image of an unfinished result; never saved."""

    width: int
    height: int
    rgb: bytes
    """width × height × 3 bytes, row by row, sRGB."""


class Progress(Event, frozen=True, kw_only=True, tag="progress"):
    """`step` of `total` is done; `unit` names them: step, token, sample, bar."""

    step: int
    total: int
    unit: str = "step"
    preview: Preview | None = None


class TextDelta(Event, frozen=True, kw_only=True, tag="text_delta"):
    """The next piece of candidate number `candidate`."""

    text: str
    candidate: int = 0


class ThoughtDelta(Event, frozen=True, kw_only=True, tag="thought_delta"):
    """The next piece of a reasoning model's thoughts before answer `candidate`; never saved."""

    text: str
    candidate: int = 0
    takes_text: bool = False
    """Everything sent as `TextDelta` of this candidate so far belongs to the thoughts."""


class AudioChunk(Event, frozen=True, kw_only=True, tag="audio_chunk"):
    """The next piece of audio, to play while the rest is generated."""

    pcm: bytes
    """Little-endian float32 samples, interleaved by channel, in −1..1."""
    sampling_rate: int
    channels: int = 1


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures about a job for the user. Seconds are wall time in the engine."""

    load_seconds: float = 0.0
    run_seconds: float = 0.0
    first_seconds: float = 0.0
    """From the start of the run to the first token, step or sentence."""
    units: int = 0
    """Generated tokens, steps or samples."""
    unit: str = ""
    prompt_tokens: int = 0
    memory: str = ""
    """How the model was loaded, and the memory that it needs."""
    notes: tuple[str, ...] = ()
    """What the engine changed because memory ran out."""


class Finished(Event, frozen=True, kw_only=True, tag="finished"):
    """All artifacts are on disk."""

    artifacts: tuple[Artifact, ...]
    statistics: Statistics = Statistics()


class Failed(Event, frozen=True, kw_only=True, tag="failed"):
    """The job failed; `artifacts` were complete before that."""

    failure: Failure
    artifacts: tuple[Artifact, ...] = ()


class Cancelled(Event, frozen=True, kw_only=True, tag="cancelled"):
    """The job was cancelled; `artifacts` are partial results."""

    artifacts: tuple[Artifact, ...] = ()


AnyEvent = (
    Loading | Progress | TextDelta | ThoughtDelta | AudioChunk | Finished | Failed | Cancelled
)


class JobEvent(msgspec.Struct, frozen=True):
    """An event with the id of its job, as sent through the pipe."""

    job_id: str
    event: AnyEvent


TERMINAL = (Finished, Failed, Cancelled)
"""The events that end a job, for isinstance."""
