"""Test time estimates of jobs and the queue's counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.core.jobs import JobState, new_job
from studio.core.requests import ImageRequest, TextRequest
from studio.jobs.counts import JobCounts
from studio.jobs.eta import Estimates, PastRun, total


def image_request(side, steps=10):
    return ImageRequest(
        prompt="x", model="m", seed=1, width=side, height=side, num_inference_steps=steps
    )


def past(request, seconds):
    return PastRun(request.kind, request.model, request.work, seconds)


def test_past_runs_of_the_same_size_are_preferred():
    found = Estimates([past(image_request(64), 1.0), past(image_request(512), 8.0)])
    # A 64th of the work takes an eighth of the time.
    assert found.seconds(image_request(64)) == pytest.approx(1.0)
    assert found.seconds(image_request(512)) == pytest.approx(8.0)
    assert found.seconds(image_request(512, steps=12)) == pytest.approx(9.6)
    assert found.seconds(image_request(1024)) == pytest.approx(32.0)  # never ran: by the nearest
    assert found.seconds(TextRequest(prompt="x", model="m")) is None


def test_outlier_run_is_ignored():
    found = Estimates([past(image_request(64), seconds) for seconds in (1.0, 1.1, 90.0, 0.9, 1.0)])
    assert found.seconds(image_request(64)) == pytest.approx(1.0)


def test_jobs_without_past_runs_are_counted():
    found = Estimates([past(image_request(64), 1.0)])
    assert total(
        found.medians(), [image_request(64), image_request(64), TextRequest(prompt="x")]
    ) == (
        pytest.approx(2.0),
        1,
    )


def job(state, number):
    request = (
        image_request(64)
        if number % 2
        else TextRequest(prompt="x", model="m", max_new_tokens=number + 1)
    )
    return replace(new_job(request, "/x"), state=state)


@given(
    st.lists(
        st.tuples(st.sampled_from(list(JobState)), st.sampled_from(list(JobState))), max_size=30
    )
)
def test_updated_counts_equal_new_counts(changes):
    kept, now = JobCounts(), []
    for number, (before, after) in enumerate(changes):
        one = job(before, number)
        kept.add(one)
        if number % 3:
            kept.remove(one)
            one = replace(one, state=after)
            kept.add(one)
        now.append(one)
    fresh = JobCounts(now)
    assert +kept.states == +fresh.states
    assert (kept.open, kept.over) == (fresh.open, fresh.over)
    paces = Estimates([past(image_request(64), 1.0)]).medians()
    assert kept.left(paces) == (pytest.approx(fresh.left(paces)[0]), fresh.left(paces)[1])


def test_running_job_counts_with_its_remaining_time():
    paces = Estimates([past(image_request(64), 10.0)]).medians()
    waiting = new_job(image_request(64), "/x")
    running = replace(waiting, id="r", state=JobState.RUNNING, started=waiting.created)
    assert JobCounts([waiting]).left(paces)[0] == pytest.approx(10.0)
    assert 10.0 < JobCounts([waiting, running]).left(paces)[0] <= 20.0
    long_ago = replace(running, started=1.0)
    assert JobCounts([waiting, long_ago]).left(paces)[0] == pytest.approx(10.0)
