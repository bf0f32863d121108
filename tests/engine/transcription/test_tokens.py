"""The rules of Whisper's time stamps, and the segments that they describe."""

import pytest
import torch

from studio.engine.transcription.tokens import Span, SpecialTokens, apply_rules, spans_of

SPECIAL = SpecialTokens(start=101, end=100, transcribe=102, no_timestamps=109, suppressed=(7,))
SIZE = 110 + 200


def at(seconds):
    return SPECIAL.first_time + round(seconds / 0.02)


def allowed(written, likely=None):
    logits = torch.zeros(SIZE)
    if likely is not None:
        logits[likely] = 50.0
    apply_rules(logits, written, SPECIAL)
    return {number for number, value in enumerate(logits.tolist()) if value > float("-inf")}


def test_window_begins_with_an_early_time():
    assert allowed([]) == set(range(at(0), at(1.0) + 1))


def test_text_follows_the_first_time():
    assert allowed([at(0.2)], likely=5) == set(range(109)) - {7}


def test_closed_segment_is_followed_by_a_time_or_the_end():
    found = allowed([at(0), 5, at(2.0)])
    assert found == {*range(at(2.0), SIZE)}  # all times together are likelier than the end
    assert 100 in allowed([at(0), 5, at(2.0)], likely=100)


def test_times_go_forward_and_segments_are_not_empty():
    found = allowed([at(1.0), 5], likely=at(1.5))
    assert at(1.0) not in found
    assert at(1.02) in found


def test_text_is_left_out_where_a_time_is_likelier():
    assert min(allowed([at(0), 5], likely=at(1.5))) >= SPECIAL.first_time
    assert 6 in allowed([at(0), 5], likely=6)


@pytest.mark.parametrize(
    ("tokens", "spans", "done"),
    [
        # the second segment is open, so that the next window begins where the first ends
        ([at(0), 1, at(2), at(2), 2, 100], [Span(0, 2, (1,))], 2.0),
        ([at(0), 1, at(1), at(1.5), 2, at(3), 100], [Span(0, 1, (1,)), Span(1.5, 3, (2,))], 30.0),
        ([at(0.5), 1, 2, at(4), 100], [Span(0.5, 4, (1, 2))], 30.0),
        ([at(0), 1, 2, 100], [Span(0, 30, (1, 2))], 30.0),
        ([at(0), 1, 2], [Span(0, 30, (1, 2))], 30.0),
        ([100], [Span(0, 30, ())], 30.0),
    ],
    ids=["open", "closed", "one", "no end", "cut off", "nothing"],
)
def test_segments_of_a_window(tokens, spans, done):
    found, seconds = spans_of(tokens, SPECIAL, 30.0)
    assert [(one.tokens, round(one.start, 2), round(one.end, 2)) for one in found] == [
        (one.tokens, one.start, one.end) for one in spans
    ]
    assert seconds == pytest.approx(done)


def test_times_stay_in_a_short_window():
    spans, done = spans_of([at(0), 1, at(3), 100], SPECIAL, 2.0)
    assert (spans, done) == ([Span(0, 2.0, (1,))], 2.0)
