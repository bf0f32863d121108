"""Test the order of queued jobs: the pure functions, and that the store follows them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.jobs.schedule import NOTHING_LOADED, model_of, moved, run_order
from studio.jobs.store import JobStore


def made(models, placed=(), folder="/tmp"):
    jobs = [
        new_job(TextRequest(prompt=str(number), model=model, seed=1), folder)
        for number, model in enumerate(models)
    ]
    return [
        msgspec.structs.replace(job, position=n + 1, placed=n in placed)
        for n, job in enumerate(jobs)
    ]


def prompts(jobs):
    return "".join(job.request.prompt for job in jobs)


@pytest.mark.parametrize(
    ("models", "placed", "loaded", "expected"),
    [
        ("abab", (), None, "0213"),
        ("abab", (), "b", "1302"),
        ("ababab", (2,), None, "012435"),  # 2 was placed by hand: nothing is moved across it
        ("baba", (0,), "a", "0213"),
        ("abc", (0, 1, 2), "c", "012"),
        ("", (), "a", ""),
    ],
)
def test_jobs_of_one_model_run_together(models, placed, loaded, expected):
    jobs = made(models, placed)
    assert prompts(run_order(jobs, ("text", loaded) if loaded else None, by_model=True)) == expected
    assert run_order(jobs, None, by_model=False) == jobs


@given(
    st.lists(st.sampled_from("abc"), max_size=12),
    st.sets(st.integers(0, 11)),
    st.sampled_from(["a", "b", "c", None]),
)
def test_store_takes_jobs_in_the_shown_order(tmp_path_factory, models, placed, loaded):
    store = JobStore.open(tmp_path_factory.mktemp("queue") / "studio.db")
    jobs = store.add(made(models))
    store.place({job.id: (job.position, n in placed) for n, job in enumerate(jobs)})
    model = ("text", loaded) if loaded else None
    shown = run_order(store.jobs(), model, by_model=True)
    taken = []
    while found := store.take_next(model or NOTHING_LOADED):
        taken += found
        model = model_of(found[0])
    store.close()
    assert prompts(taken) == prompts(shown)


@given(st.integers(1, 10), st.data())
def test_moved_jobs_form_one_block_at_the_target(count, data):
    jobs = made("a" * count)
    ids = [job.id for job in jobs]
    chosen = data.draw(st.lists(st.sampled_from(ids), unique=True, min_size=1))
    before = data.draw(st.sampled_from([*ids, None]))
    places = moved(jobs, chosen, before)
    after = sorted(jobs, key=lambda job: places.get(job.id, (job.position,))[0])
    assert sorted(job.id for job in after) == sorted(ids)
    new = [job.id for job in after]
    together = [i for i in ids if i in set(chosen)]
    at = new.index(together[0])
    assert new[at : at + len(together)] == together  # one block, in the order that they had
    assert [i for i in new if i not in set(chosen)] == [i for i in ids if i not in set(chosen)]
    if before not in (None, *chosen):
        assert new[at + len(together)] == before
    if before is None:
        assert new[-1] == together[-1]
    assert all(places[i][1] for i in together if i in places)
