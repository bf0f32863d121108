"""Test text jobs run as one batch: each has the result and events of a single job."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from studio.core.errors import StudioError
from studio.core.events import TERMINAL, Cancelled, Failed, Finished, Progress, TextDelta
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import TextRequest
from studio.engine.local import LocalEngine
from studio.engine.process.engine import ProcessEngine
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.text import generate as text
from studio.engine.text import rows
from studio.library.artifacts import read_recipe
from studio.models import llama_cpp
from studio.models.card_store import card_folder, write_card
from studio.models.install.add import add
from tests.checkpoints.text import make_gpt2, make_llama, make_t5
from tests.engine.runs import run_job
from tests.models.made import make_gguf

PATIENCE = 120
PROMPTS = (
    "This is",
    "This is a news article about a small cat and a fox",
    "好",
    "Write",
    "One two three",
)


def make_gguf_card(folder):
    if not llama_cpp.is_installed():
        pytest.skip("llama.cpp has no wheel here")
    data = DataFolder(root=folder)
    data.create()
    return add(data, make_gguf(folder / "tiny.gguf", positions=256, sharpness=3))


@pytest.fixture(
    scope="module",
    params=[make_gpt2, make_llama, make_t5, make_gguf_card],
    ids=["gpt2", "llama", "t5", "gguf"],
)
def model(request, tmp_path_factory):
    card = request.param(tmp_path_factory.mktemp("models") / "model")
    return card, text.load(card)


class EventLog:
    """Collects the events of each job."""

    def __init__(self):
        self.events = {}
        self._news = threading.Condition()

    def __call__(self, event):
        with self._news:
            self.events.setdefault(event.job_id, []).append(event.event)
            self._news.notify_all()

    def wait_for_progress(self, count):
        def seen():
            return (
                sum(
                    any(isinstance(event, Progress) for event in events)
                    for events in self.events.values()
                )
                >= count
            )

        with self._news:
            assert self._news.wait_for(seen, PATIENCE), self.events

    def end(self, job):
        events = self.events[job.id]
        assert [isinstance(event, TERMINAL) for event in events].count(True) == 1
        return events[-1]


def requests(**values):
    return [
        TextRequest(**{"prompt": prompt, "seed": number, "max_new_tokens": 20, **values})
        for number, prompt in enumerate(PROMPTS)
    ]


def together(model, wanted, cancelled=lambda _context: False):
    """Return what `run_batch` yields, in the order of the requests, and the events of
    each.
    """
    card, pipeline = model
    events = [[] for _ in wanted]
    contexts = [
        JobContext(
            new_job(request, "/nowhere"),
            card,
            events[number].append,
            lambda number=number: cancelled(number),
        )
        for number, request in enumerate(wanted)
    ]
    found = {}
    for number, result, statistics in text.run_batch(contexts, pipeline):
        assert number not in found
        found[number] = (result, statistics)
    assert sorted(found) == list(range(len(wanted)))
    return [found[number] for number in range(len(wanted))], events


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": 0},
        {"temperature": 0.9},
        {"temperature": 1.5, "top_k": 0, "top_p": 0.8},
        {"temperature": 0, "repetition_penalty": 1.3, "no_repeat_ngram_size": 2},
    ],
    ids=["greedy", "sampled", "no top-k", "penalties"],
)
def test_batch_gives_the_same_text_as_single_jobs(model, values):
    wanted = requests(**values)
    both, events = together(model, wanted)
    for request, (result, statistics), sent in zip(wanted, both, events, strict=True):
        alone = run_job(text, *model, request)
        assert result.text == alone.results[0].text
        assert result.seed == request.seed
        assert not result.partial
        assert "".join(event.text for event in sent if isinstance(event, TextDelta)) == result.text
        assert statistics.prompt_tokens == alone.statistics.prompt_tokens
        assert statistics.units == alone.statistics.units


def test_different_seeds_give_different_texts(model):
    wanted = [
        TextRequest(prompt="This is", seed=seed, max_new_tokens=20, temperature=1.5)
        for seed in range(4)
    ]
    both, _events = together(model, wanted)
    assert len({result.text for result, _statistics in both}) == 4


def test_finished_rows_leave_the_batch(tmp_path):
    card = make_gpt2(tmp_path / "gpt2", positions=256)
    pipeline = text.load(card)
    pipeline.model.generation_config.eos_token_id = list(
        range(0, pipeline.model.config.vocab_size, 9)
    )  # ends come often
    wanted = [
        TextRequest(prompt=p, seed=n, max_new_tokens=60, temperature=1.2)
        for n, p in enumerate(PROMPTS * 3)
    ]
    both, _events = together((card, pipeline), wanted)
    lengths = {statistics.units for _result, statistics in both}
    assert len(lengths) > 3, "they end at different times"
    for request, (result, _statistics) in zip(wanted, both, strict=True):
        assert result.text == run_job(text, card, pipeline, request).results[0].text


def test_row_with_too_long_a_prompt_fails_alone(model):
    card, _pipeline = model
    if card.encoder_decoder:
        pytest.skip("T5 has no limit")
    wanted = [*requests()[:2], TextRequest(prompt="word " * 5_000, seed=1, max_new_tokens=20)]
    both, _events = together(model, wanted)
    assert isinstance(both[2][0], StudioError)
    assert both[2][0].cause == "prompt_too_long"
    assert both[0][0].text == run_job(text, *model, wanted[0]).results[0].text


def test_cancelled_row_keeps_its_partial_text_and_the_others_finish(model):
    asked = {"times": 0}

    def cancelled(number):
        asked["times"] += number == 1
        return number == 1 and asked["times"] > 6

    wanted = requests(max_new_tokens=30)
    both, _events = together(model, wanted, cancelled)
    assert both[1][0].partial
    assert both[1][1].units < 30
    for number in (0, 2, 3, 4):
        assert both[number][0].text == run_job(text, *model, wanted[number]).results[0].text


def test_row_cancelled_before_the_start_generates_nothing(model):
    both, events = together(model, requests(), lambda number: number == 2)
    assert isinstance(both[2][0], JobCancelledError)
    assert not events[2]


def test_batch_is_split_to_fit_memory(model, monkeypatch):
    monkeypatch.setattr(text, "batch_token_capacity", lambda _pipeline: 60)
    wanted = requests(temperature=0)
    both, _events = together(model, wanted)
    assert [result.text for result, _s in both] == [
        run_job(text, *model, request).results[0].text for request in wanted
    ]


def test_batch_capacity_follows_model_and_free_memory(model, monkeypatch):
    card, pipeline = model
    each = 2 if card.runner == "llama.cpp" else 4
    # 2 layers of 32 numbers, keys and values, 4 or 2 bytes each, a quarter of the memory
    monkeypatch.setattr(rows, "free_bytes", lambda _device: 4 * 2 * 2 * 32 * each * 100)
    assert rows.batch_token_capacity(pipeline) == 100


# Engines
# ----------------------------------------------------------------------


@pytest.fixture(params=["local", "process"])
def engine(request, data):
    write_card(make_gpt2(data.root / "gpt2"), card_folder(data, "gpt2"))
    made = LocalEngine(data) if request.param == "local" else ProcessEngine(data)
    yield made
    made.close()


def jobs_of(data, **values):
    return [new_job(request, str(data.outputs)) for request in requests(**values)]


def test_each_job_of_a_batch_has_a_file_a_recipe_and_a_terminal_event(engine, data):
    log, jobs = EventLog(), jobs_of(data)
    engine.run(jobs, log, lambda _id: False)
    for job in jobs:
        end = log.end(job)
        assert isinstance(end, Finished), end
        (artifact,) = end.artifacts
        recipe = read_recipe(data.outputs / artifact.path)
        assert (recipe.job_id, recipe.request, recipe.seed) == (
            job.id,
            job.request,
            job.request.seed,
        )


def test_unwritable_folder_fails_one_job_and_keeps_its_result(engine, data, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("x")
    jobs = jobs_of(data)
    jobs[1] = new_job(jobs[1].request, str(blocked))
    log = EventLog()
    engine.run(jobs, log, lambda _id: False)
    assert [type(log.end(job)) for job in jobs] == [
        Finished,
        Failed,
        Finished,
        Finished,
        Finished,
    ]
    assert log.end(jobs[1]).failure.unsaved


def test_jobs_of_a_killed_batch_run_again_one_by_one(data):
    write_card(make_gpt2(data.root / "gpt2", positions=4096), card_folder(data, "gpt2"))
    engine = ProcessEngine(data)
    log, jobs = EventLog(), jobs_of(data, max_new_tokens=1_000)
    thread = threading.Thread(target=engine.run, args=(jobs, log, lambda _id: False))
    thread.start()
    log.wait_for_progress(len(jobs))
    os.kill(engine._child.process.pid, signal.SIGKILL)
    thread.join(PATIENCE)
    assert [type(log.end(job)) for job in jobs] == [Finished] * len(jobs)
    engine.close()
    assert len(list(data.outputs.glob("*.txt"))) == len(jobs)


def test_cancel_reaches_the_right_job_in_the_child(data):
    write_card(make_gpt2(data.root / "gpt2", positions=4096), card_folder(data, "gpt2"))
    engine = ProcessEngine(data)
    log, jobs, cancelled = EventLog(), jobs_of(data, max_new_tokens=400), set()
    thread = threading.Thread(target=engine.run, args=(jobs, log, cancelled.__contains__))
    thread.start()
    log.wait_for_progress(len(jobs))
    cancelled.add(jobs[2].id)
    thread.join(PATIENCE)
    assert [type(log.end(job)) for job in jobs] == [
        Finished,
        Finished,
        Cancelled,
        Finished,
        Finished,
    ]
    assert log.end(jobs[2]).artifacts[0].partial
    engine.close()
