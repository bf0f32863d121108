"""Whisper's tokens: which may follow which, and the segments that they describe.

The rules for time stamps are those of https://github.com/openai/whisper (`decoding.py`): a time
stamp opens and closes each segment, none goes back in time, and the first is near the window's
start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

TIME_STEP = 0.02
"""Seconds between two time stamps."""


class SpecialTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the tokens that are no text."""

    start: int
    end: int
    transcribe: int | None
    """None for a model that knows only English."""
    no_timestamps: int
    languages: dict[str, int] = {}
    """Code → token."""
    suppressed: tuple[int, ...] = ()
    suppressed_first: tuple[int, ...] = ()
    latest_first: int = 50
    """The latest time stamp with which a window may begin."""

    @property
    def no_speech(self) -> int:
        """The token for a window without speech."""
        return self.no_timestamps - 1

    @property
    def first_time(self) -> int:
        """The token for 0.00 s; those of later times follow."""
        return self.no_timestamps + 1


class Span(msgspec.Struct, frozen=True):
    """Text tokens between two times, in seconds from the window's start."""

    start: float
    end: float
    tokens: tuple[int, ...]


def apply_rules(logits: Any, written: Sequence[int], special: SpecialTokens) -> None:
    """Exclude tokens that must not come next from `logits` (one row), in place."""
    import torch

    excluded = -torch.inf
    logits[[*special.suppressed, special.no_timestamps]] = excluded
    if not written:
        logits[list(special.suppressed_first)] = excluded
        logits[: special.first_time] = excluded
        logits[special.first_time + special.latest_first + 1 :] = excluded
        return
    _exclude_times(logits, written, special)
    probabilities = torch.log_softmax(logits.float(), -1)
    times = torch.logsumexp(probabilities[special.first_time :], -1)
    if times > probabilities[: special.first_time].max():
        logits[: special.first_time] = excluded


def _exclude_times(logits: Any, written: Sequence[int], special: SpecialTokens) -> None:
    import torch

    is_time = [token >= special.first_time for token in written[-2:]]
    if is_time[-1]:
        if len(written) == 1 or is_time[0]:  # it opens a segment, so that text follows
            logits[special.first_time :] = -torch.inf
        else:  # it closes one: the next opens, or all ends
            logits[: special.end] = -torch.inf
    times = [token for token in written if token >= special.first_time]
    if times:
        # the time that closes a segment may open the next one, but no segment is empty
        lowest = times[-1] + (0 if is_time[-1] and not all(is_time) else 1)
        logits[special.first_time : lowest] = -torch.inf


def spans_of(
    tokens: Sequence[int], special: SpecialTokens, seconds: float
) -> tuple[list[Span], float]:
    """Return the segments of a window, and how many seconds of it they are.

    `seconds`: the window's length. What comes after the last closed segment belongs to the next
    window.
    """
    has_ended = special.end in tokens
    tokens = [token for token in tokens if token != special.end]
    is_time = [token >= special.first_time for token in tokens]
    cuts = [at for at in range(1, len(tokens)) if is_time[at - 1] and is_time[at]]
    if not cuts:
        times = [token for token in tokens if token >= special.first_time]
        end = _time(times[-1], special) if len(times) > 1 else seconds
        text = tuple(token for token in tokens if token < special.end)
        start = _time(times[0], special) if times else 0.0
        is_cut = not has_ended and len(times) > 1  # by the limit of tokens
        return [Span(start, min(end, seconds), text)], end if is_cut and end else seconds
    ends_closed = len(tokens) > 1 and is_time[-1] and not is_time[-2]
    if ends_closed:
        cuts.append(len(tokens))
    spans, before = [], 0
    for cut in cuts:
        part = tokens[before:cut]
        text = tuple(token for token in part if token < special.end)
        start, end = _time(part[0], special), min(_time(part[-1], special), seconds)
        spans.append(Span(start, end, text))
        before = cut
    done = seconds if ends_closed else _time(tokens[cuts[-1] - 1], special)
    return spans, min(done, seconds) or seconds


def _time(token: int, special: SpecialTokens) -> float:
    return max(0, token - special.first_time) * TIME_STEP
