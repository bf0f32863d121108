"""An artifact: a file made by a job, and the recipe inside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from studio.core.kinds import AnyRequest
from studio.core.requests.text_task import TaskReview
from studio.core.translation import mark, tr_marked, tr_plural

SIDECAR_FOLDER = ".studio"
"""Folder in the folder of artifacts: recipes of texts, and a person's notes."""
FinishReason = Literal["", "stop", "stop_string", "length", "cancelled"]
"""Why a text ends: the model ended it, a stop string of the request, its token limit, a cancel;
empty for other media.
"""
MAX_LOGPROBS = 4_096
"""Tokens of one text that are kept, from its beginning: about 700 kB with ten alternatives."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A complete file on disk."""

    job_id: str
    path: str
    """Absolute."""
    media_type: str
    size: int
    """In bytes."""
    sha256: str
    ordinal: int = 0
    """Which of the job's results this is, from 0."""
    seed: int | None = None
    """The seed of this result."""
    score: float | None = None
    """The sum of log-probabilities divided by length, of a beam candidate; higher is better."""
    width: int = 0
    height: int = 0
    duration: float = 0.0
    """Seconds of audio or video; 0 for others."""
    partial: bool = False
    """True for a partial result of a cancelled job."""
    finish_reason: FinishReason = ""
    thought_tokens: int = 0
    """Tokens that a reasoning model spent before its answer."""


class SpokenSentence(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sentence of speech: its text as it was written, and when it is spoken."""

    text: str
    start: float
    """Seconds from the beginning of the file, from the count of samples."""
    end: float
    """Without the pause after it."""
    voice: str = ""
    """If it is not the request's."""


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata inside every artifact, enough to generate it again; see `read_recipe`."""

    studio: str
    """Studio's version."""
    job_id: str
    batch: str = ""
    """Id of the batch that the job belonged to, or empty."""
    request: AnyRequest
    ordinal: int = 0
    seed: int | None = None
    model: str = ""
    model_sha256: str = ""
    weight_hashes: dict[str, str] = msgspec.field(name="parts", default_factory=dict)
    """Adapter that was applied, or base model → SHA-256 of its weights; stored as `parts`."""
    versions: dict[str, str] = {}
    """Library → version, of those that generated it."""
    created: str = ""
    """ISO 8601 with time zone."""
    score: float | None = None
    partial: bool = False
    memory: str = ""
    """How the model was loaded (precision, offloading), and changes because memory ran out."""
    prompt_read: str = ""
    """The model's input, if it differs from the prompt: a Chinese prompt in English words."""
    inputs: dict[str, str] = {}
    """Field of the request → SHA-256 of the file that it names, and `Job.sources`."""
    finish_reason: FinishReason = ""
    thought_tokens: int = 0
    """Tokens that a reasoning model spent before its answer; the thoughts are not stored."""
    distinct: int = 0
    """Number of different results, if lower than the request asks for; else 0."""
    sentences: tuple[SpokenSentence, ...] = ()
    """Of speech, in the order of time."""
    review: TaskReview | None = None
    """What the guided task of a text found about it."""


class TokenChoice(msgspec.Struct, frozen=True, array_like=True):
    """One position of the text."""

    token: int
    logprob: float
    """Natural logarithm, of the model's own distribution, before temperature and penalties."""
    start: int
    """Where its text begins, in characters from the beginning of the file."""
    top: tuple[tuple[int, float], ...] = ()
    """Token and log-probability of the likeliest tokens, likeliest first."""


class TokenLogprobs(msgspec.Struct, frozen=True, kw_only=True):
    """The choices of one text without its thoughts, stored next to its recipe on request."""

    texts: dict[int, str]
    """Token → its text; `�` if it is only a part of a character."""
    choices: tuple[TokenChoice, ...]
    truncated: bool = False
    """The text has more than `MAX_LOGPROBS` tokens."""


_ENDS: dict[FinishReason, str] = {
    "stop": mark("stopped: end"),
    "stop_string": mark("stopped: stop string"),
    "length": mark("stopped: length"),
    "cancelled": mark("stopped: cancelled"),
}


def stop_text(artifacts: Sequence[Artifact]) -> str:
    """Return why texts stopped, such as "stopped: length"; with numbers if they differ."""
    reasons = [artifact.finish_reason for artifact in artifacts if artifact.finish_reason]
    counts = {reason: reasons.count(reason) for reason in dict.fromkeys(reasons)}
    texts = [(tr_marked(_ENDS[reason]), count) for reason, count in counts.items()]
    return ", ".join(text if len(texts) == 1 else f"{count} {text}" for text, count in texts)


def limit_sentence(artifacts: Sequence[Artifact], max_new_tokens: int) -> str:
    """Return a sentence about texts that stop at their token limit; empty if none does."""
    cut = sum(artifact.finish_reason == "length" for artifact in artifacts)
    if not cut:
        return ""
    if len(artifacts) == 1:
        return tr_plural(
            "The text stops at its limit of one token.",
            "The text stops at its limit of {count:,} tokens.",
            max_new_tokens,
        )
    return tr_plural(
        "{cut} of {all} texts stop at their limit of one token.",
        "{cut} of {all} texts stop at their limit of {count:,} tokens.",
        max_new_tokens,
        cut=cut,
        all=len(artifacts),
    )
