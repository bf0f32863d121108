"""A batch of jobs: each gets exactly one terminal event, whatever is raised at any point."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.core.events import TERMINAL, Cancelled, Failed, Finished, Progress
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import ImageRequest, TextRequest
from studio.core.requests.text_task import FieldValue, TaskCheck, TextTask
from studio.engine.image import generate as image
from studio.engine.local import LocalEngine
from studio.engine.outcome import JobOutcome
from studio.engine.process.engine import ProcessEngine
from studio.engine.protocol import BATCH_FAILED, JobCancelledError
from studio.engine.text import generate as text
from studio.library import artifacts
from studio.models.card_store import card_folder, write_card
from tests.checkpoints.image import make_sd
from tests.checkpoints.text import make_gpt2

COUNT = 4
FAULTS = {
    "a key that is missing": lambda: KeyError("rope"),
    "a name that the system cannot write": lambda: UnicodeEncodeError(
        "latin-1", "提", 0, 1, "ordinal not in range(256)"
    ),
    "an attribute that is missing": lambda: AttributeError(
        "'NoneType' object has no attribute 'shape'"
    ),
    "a full disk": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "a damaged disk": lambda: OSError(errno.EIO, "Input/output error"),
    "memory": MemoryError,
    "memory of a GPU": lambda: RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    "a refusal": lambda: StudioError("No.", cause="model"),
    "a cancel at an odd place": JobCancelledError,
    "an iterator's end": StopIteration,
}
PROGRAM_FAULTS = (
    "a key that is missing",
    "a name that the system cannot write",
    "an attribute that is missing",
)


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """An engine of its own with two tiny models, which stay loaded over all examples."""
    data = DataFolder(root=tmp_path_factory.mktemp("groups"))
    data.create()
    write_card(make_gpt2(data.root / "gpt2", positions=256), card_folder(data, "gpt2"))
    write_card(make_sd(data.root / "sd"), card_folder(data, "sd"))
    engine = LocalEngine(data)
    yield engine, data
    engine.close()


def jobs_of(kind, data):
    if kind == "text":
        requests = [
            TextRequest(prompt=f"row {n}", seed=n, max_new_tokens=3, model="gpt2")
            for n in range(COUNT)
        ]
    else:
        values = {"width": 32, "height": 32, "num_inference_steps": 1, "model": "sd"}
        requests = [ImageRequest(prompt=f"row {n}", seed=n, **values) for n in range(COUNT)]
    return [new_job(request, str(data.outputs)) for request in requests]


def raising(function, error, at):
    """The function, whose call number `at` raises, after the call where the fault is one of
    saving.
    """
    calls = iter(range(10**6))

    def call(*arguments, **values):
        if next(calls) == at:
            raise error()
        return function(*arguments, **values)

    return call


def breaking_off(generate, error, at):
    """A kind's `run_batch` that raises before its result number `at`."""

    def call(runs, pipeline):
        for number, result in enumerate(generate(runs, pipeline)):
            if number == at:
                raise error()
            yield result

    return call


def inject(patch, engine, kind, point, error, at):
    if point == "results":
        patch.setattr(kind, "run_batch", breaking_off(kind.run_batch, error, at))
    elif point == "preparing":
        patch.setattr(kind, "run_batch", raising(kind.run_batch, error, 0))
    elif point == "loading":
        patch.setattr(engine._pipelines, "load", raising(engine._pipelines.load, error, 0))
    elif point == "adapters":
        patch.setattr(engine, "_context_of", raising(engine._context_of, error, at))
    elif point == "notes":
        patch.setattr(JobOutcome, "record", raising(JobOutcome.record, error, at))
    else:
        name, place = {
            "card": ("find", engine._registry),
            "base": ("base_of", engine._registry),
            "saving": ("save", artifacts),
        }[point]
        patch.setattr(
            place, name, raising(getattr(place, name), error, at if point == "saving" else 0)
        )


class Ends:
    """The events of a group; `refuse` names jobs of which one event cannot be delivered."""

    def __init__(self, error=None, at=-1):
        self.events = {}
        self._error, self._at, self._calls = error, at, 0

    def __call__(self, event):
        self._calls += 1
        if self._calls == self._at:
            raise self._error()
        self.events.setdefault(event.job_id, []).append(event.event)

    def check(self, jobs):
        for job in jobs:
            events = self.events.get(job.id, [])
            ends = [isinstance(event, TERMINAL) for event in events]
            assert ends.count(True) == 1, (job.request.prompt, events)
            assert ends[-1], "nothing comes after the end"

    def end(self, job):
        return self.events[job.id][-1]


POINTS = ("card", "base", "loading", "adapters", "preparing", "results", "saving", "notes")


@pytest.mark.batch_fault
@pytest.mark.parametrize("kind", ["text", "image"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    point=st.sampled_from(POINTS),
    fault=st.sampled_from(sorted(FAULTS)),
    at=st.integers(0, COUNT - 1),
)
def test_each_job_ends_once_whatever_is_raised(warm, kind, point, fault, at):
    engine, data = warm
    jobs, ends = jobs_of(kind, data), Ends()
    with pytest.MonkeyPatch.context() as patch:
        inject(patch, engine, {"text": text, "image": image}[kind], point, FAULTS[fault], at)
        engine.run(jobs, ends, lambda _id: False)
    ends.check(jobs)
    assert sum(isinstance(ends.end(job), Finished) for job in jobs) >= COUNT - 1, (
        "one fault costs one job at most"
    )


@pytest.mark.batch_fault
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fault=st.sampled_from(sorted(FAULTS)), at=st.integers(1, 40))
def test_each_job_ends_once_when_an_event_cannot_be_delivered(warm, fault, at):
    engine, data = warm
    jobs, ends = jobs_of("text", data), Ends(FAULTS[fault], at)
    engine.run(jobs, ends, lambda _id: False)
    ends.check(jobs)


@pytest.mark.batch_fault
@pytest.mark.parametrize("fault", PROGRAM_FAULTS)
def test_a_programming_error_is_an_error_with_its_traceback(warm, caplog, fault):
    engine, data = warm
    jobs, ends = jobs_of("text", data), Ends()
    with pytest.MonkeyPatch.context() as patch:
        inject(patch, engine, text, "results", FAULTS[fault], 1)
        engine.run(jobs, ends, lambda _id: False)
    ends.check(jobs)
    (record,) = [record for record in caplog.records if record.message.startswith(BATCH_FAILED)]
    assert record.levelno == logging.ERROR
    assert "in call\n    raise error()" in logging.Formatter().format(record)


@pytest.mark.parametrize("fault", ["a refusal", "memory"])
def test_refusals_and_lack_of_memory_are_not_logged_as_errors(warm, caplog, fault):
    engine, data = warm
    caplog.set_level(logging.INFO, "studio.engine.local")
    jobs, ends = jobs_of("text", data), Ends()
    with pytest.MonkeyPatch.context() as patch:
        inject(patch, engine, text, "preparing", FAULTS[fault], 0)
        engine.run(jobs, ends, lambda _id: False)
    ends.check(jobs)
    (record,) = [record for record in caplog.records if record.message.startswith(BATCH_FAILED)]
    assert record.levelno == logging.INFO


def test_an_existing_file_fails_one_job_of_a_batch(warm):
    engine, data = warm
    jobs, ends = jobs_of("text", data), Ends()
    taken = data.outputs / f"{jobs[1].target.stem}.txt"
    taken.write_text("mine")
    engine.run(jobs, ends, lambda _id: False)
    ends.check(jobs)
    assert [isinstance(ends.end(job), Finished) for job in jobs] == [True, False, True, True]
    assert "already exists" in ends.end(jobs[1]).failure.message
    assert taken.read_text() == "mine"


def test_a_name_that_cannot_be_encoded_fails_its_job(warm):
    engine, data = warm
    jobs, ends = jobs_of("text", data), Ends()
    jobs[2] = new_job(jobs[2].request, str(data.outputs), "lone surrogate \ud800")
    engine.run(jobs, ends, lambda _id: False)
    ends.check(jobs)
    assert [isinstance(ends.end(job), Failed) for job in jobs] == [False, False, True, False]
    assert "this system's encoding" in ends.end(jobs[2]).failure.message


def test_saved_results_are_not_generated_again(warm):
    engine, data = warm
    values = {
        "width": 32,
        "height": 32,
        "num_inference_steps": 1,
        "model": "sd",
        "num_images_per_prompt": 3,
    }
    job = new_job(ImageRequest(prompt="three", seed=1, **values), str(data.outputs))
    ends = Ends()
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(RuntimeError):
        patch.setattr(
            artifacts, "save", raising(artifacts.save, lambda: RuntimeError("as if killed"), 2)
        )
        engine.run([job], ends, lambda _id: False)
    first, second, third = (data.outputs / f"{job.target.stem}-{n}.png" for n in (1, 2, 3))
    assert (first.exists(), second.exists(), third.exists()) == (True, True, False)
    before = [(path.stat().st_ino, path.read_bytes()) for path in (first, second)]
    again = Ends()
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        draw = image._draw
        patch.setattr(
            image,
            "_draw",
            lambda requests, seeds, *more: drawn.extend(seeds) or draw(requests, seeds, *more),
        )
        engine.run([job], again, lambda _id: False)
    assert [(path.stat().st_ino, path.read_bytes()) for path in (first, second)] == before
    assert drawn == [3]
    end = again.end(job)
    assert isinstance(end, Finished)
    assert [made.ordinal for made in end.artifacts] == [0, 1, 2]


def test_a_job_with_all_results_saved_ends_at_once(warm):
    engine, data = warm
    (job, *_rest) = jobs_of("text", data)
    engine.run([job], Ends(), lambda _id: False)
    path = data.outputs / f"{job.target.stem}.txt"
    before = path.stat().st_ino
    ends = Ends()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine._pipelines, "load", raising(engine._pipelines.load, AssertionError, 0))
        engine.run([job], ends, lambda _id: False)
    assert isinstance(ends.end(job), Finished)
    assert path.stat().st_ino == before


# Of a child
# ----------------------------------------------------------------------


class Seen(Ends):
    """Ends that another thread can wait for."""

    def __init__(self):
        super().__init__()
        self.order = []
        self._news = threading.Condition()

    def __call__(self, event):
        with self._news:
            super().__call__(event)
            self.order.append((event.job_id, type(event.event)))
            self._news.notify_all()

    def first_progress_after(self, kind, job):
        """Return the place of the job's first Progress after the first event of that kind, of any
        job.
        """
        begin = next(place for place, (_id, event) in enumerate(self.order) if event is kind)
        return self.order.index((job.id, Progress), begin)

    def wait_for_progress(self, jobs):
        def seen():
            return all(
                any(isinstance(event, Progress) for event in self.events.get(job.id, []))
                for job in jobs
            )

        with self._news:
            assert self._news.wait_for(seen, 120), self.events


def test_unresponsive_cancel_keeps_the_other_jobs_in_one_batch(data):
    write_card(make_gpt2(data.root / "gpt2", positions=4096), card_folder(data, "gpt2"))
    engine, ends, cancelled = ProcessEngine(data), Seen(), set()
    requests = [
        TextRequest(prompt=f"row {n}", seed=n, max_new_tokens=400, model="gpt2")
        for n in range(COUNT)
    ]
    jobs = [new_job(request, str(data.outputs)) for request in requests]
    thread = threading.Thread(target=engine.run, args=(jobs, ends, cancelled.__contains__))
    thread.start()
    ends.wait_for_progress(jobs)
    os.kill(engine._child.process.pid, signal.SIGSTOP)  # it hangs, as native code may
    cancelled.add(jobs[1].id)
    thread.join(120)
    engine.close()
    ends.check(jobs)
    assert [type(ends.end(job)) for job in jobs] == [Finished, Cancelled, Finished, Finished]
    last_begun = max(
        ends.first_progress_after(Cancelled, job) for job in (jobs[0], jobs[2], jobs[3])
    )
    first_ended = min(ends.order.index((job.id, Finished)) for job in (jobs[0], jobs[2], jobs[3]))
    assert last_begun < first_ended, (
        "one after the other, the first would have ended before the last began"
    )


def test_rows_of_a_task_that_fail_keep_their_texts(warm):
    engine, data = warm
    task = TextTask(
        name="headline",
        language="en",
        fields=(FieldValue("text", "the flood"),),
        check=(TaskCheck(use="length", at_least=900, required=True),),
    )
    jobs = [
        new_job(msgspec.structs.replace(job.request, task=task), str(data.outputs))
        for job in jobs_of("text", data)
    ]
    ends = Ends()
    engine.run(jobs, ends, lambda _job: False)
    ends.check(jobs)
    for job in jobs:
        end = ends.end(job)
        assert isinstance(end, Failed)
        assert "cannot be used" in end.failure.message
        (kept,) = end.artifacts
        recipe = artifacts.read_recipe(Path(kept.path))
        assert Path(kept.path).read_text("utf-8").strip()
        assert [check.passed for check in recipe.review.checks] == [False]
