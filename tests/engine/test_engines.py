"""One contract for all engines: finish, cancel, fail, crash, close. Real processes, a real (starter
or tiny) model.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from studio.core.errors import Failure
from studio.core.events import TERMINAL, Cancelled, Failed, Finished, Loading, Progress
from studio.core.jobs import Job, new_job
from studio.core.requests import ImageRequest, SpeechRequest, TextRequest
from studio.core.requests.chat import ChatMessage
from studio.core.settings_store import update
from studio.engine.fake import FakeEngine
from studio.engine.local import LocalEngine
from studio.engine.process.engine import OBEY_SECONDS, ProcessEngine
from studio.library.artifacts import read_recipe
from studio.models.card_store import card_folder, write_card
from tests.checkpoints.text import make_gpt2, make_llama
from tests.engine.runs import run_one

PATIENCE = 120
"""Seconds; the machine may be slow and busy."""


class EventLog:
    """Collects the events of a job; `wait_for` waits for one."""

    def __init__(self):
        self.events = []
        self._news = threading.Condition()

    def __call__(self, event):
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait_for(self, kind):
        with self._news:
            assert self._news.wait_for(
                lambda: any(isinstance(event, kind) for event in self.events), PATIENCE
            ), self.events

    @property
    def last(self):
        return self.events[-1]

    def ends_once(self):
        return [isinstance(event, TERMINAL) for event in self.events].count(
            True
        ) == 1 and isinstance(self.last, TERMINAL)


def image_job(data, **values) -> Job:
    request = ImageRequest(
        **{
            "prompt": "a red apple",
            "width": 64,
            "height": 64,
            "num_inference_steps": 4,
            "seed": 1,
            **values,
        }
    )
    return new_job(request, str(data.outputs))


@pytest.fixture(params=["local", "forkserver", "spawn", "fake"])
def engine(request, data):
    made = {
        "local": lambda: LocalEngine(data),
        "forkserver": lambda: ProcessEngine(data, "forkserver"),
        "spawn": lambda: ProcessEngine(data, "spawn"),
        "fake": lambda: FakeEngine(data, step_seconds=0.02),
    }[request.param]()
    yield made
    made.close()


@pytest.fixture
def process_engine(data):
    made = ProcessEngine(data)
    yield made
    made.close()


def generate_in_thread(engine, job, log, cancelled):
    thread = threading.Thread(target=run_one, args=(engine, job, log, cancelled))
    thread.start()
    return thread


def test_job_finishes_with_an_artifact(engine, data):
    log = EventLog()
    job = image_job(data, num_images_per_prompt=2)
    run_one(engine, job, log)
    assert log.ends_once()
    assert isinstance(log.last, Finished), log.last
    assert [artifact.ordinal for artifact in log.last.artifacts] == [0, 1]
    for artifact in log.last.artifacts:
        recipe = read_recipe(Path(artifact.path))
        assert recipe.job_id == job.id
        assert recipe.request == job.request
    assert any(isinstance(event, Progress) for event in log.events)


def test_files_exist_before_finished_is_sent(engine, data):
    seen = []

    def emit(event):
        if isinstance(event, Finished):
            seen.extend(Path(artifact.path).exists() for artifact in event.artifacts)

    run_one(engine, image_job(data), emit)
    assert seen == [True]


def test_job_cancelled_before_the_start_makes_no_file(engine, data):
    log = EventLog()
    run_one(engine, image_job(data), log, lambda: True)
    assert log.ends_once()
    assert isinstance(log.last, Cancelled)
    assert not list(data.outputs.iterdir())


def test_running_job_can_be_cancelled(engine, data):
    log, cancelled = EventLog(), threading.Event()
    thread = generate_in_thread(
        engine, image_job(data, num_inference_steps=400), log, cancelled.is_set
    )
    log.wait_for(Progress)
    cancelled.set()
    thread.join(PATIENCE)
    assert log.ends_once()
    assert isinstance(log.last, Cancelled)
    again = EventLog()
    run_one(engine, image_job(data), again)
    assert isinstance(again.last, Finished), "the next job is not hit by the cancel"


def test_a_cancelled_job_keeps_its_partial_result(engine, data):
    log, cancelled = EventLog(), threading.Event()
    job = new_job(SpeechRequest(prompt="One sentence here. " * 60, seed=1), str(data.outputs))
    thread = generate_in_thread(engine, job, log, cancelled.is_set)
    log.wait_for(Progress)
    cancelled.set()
    thread.join(PATIENCE)
    if isinstance(log.last, Cancelled):  # a fast machine may be done already
        (artifact,) = log.last.artifacts
        assert artifact.partial
        assert read_recipe(Path(artifact.path)).partial


def test_failure_has_a_cause_and_a_remedy(engine, data):
    if isinstance(engine, FakeEngine):
        engine = FakeEngine(
            data, fail_on=lambda _job: Failure(cause="model", message="No.", cure="Do this.")
        )
    log = EventLog()
    run_one(
        engine,
        new_job(TextRequest(prompt="x", model="there-is-none", seed=1), str(data.outputs)),
        log,
        lambda: False,
    )
    assert log.ends_once()
    assert isinstance(log.last, Failed)
    assert log.last.failure.cause == "model"
    assert log.last.failure.cure


def test_close_ends_a_running_job(engine, data):
    log = EventLog()
    thread = generate_in_thread(
        engine, image_job(data, num_inference_steps=400), log, lambda: False
    )
    log.wait_for(Progress)
    engine.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert log.ends_once()
    assert isinstance(log.last, Cancelled)


def test_a_result_that_cannot_be_saved_is_kept_for_another_folder(engine, data, tmp_path):
    if isinstance(engine, FakeEngine):
        pytest.skip("the fake engine keeps nothing: it makes the same again at once")
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("x")
    job = image_job(data)
    import msgspec

    job = msgspec.structs.replace(
        job, target=msgspec.structs.replace(job.target, folder=str(blocked))
    )
    log = EventLog()
    run_one(engine, job, log)
    assert isinstance(log.last, Failed)
    assert log.last.failure.cause == "disk"
    assert log.last.failure.unsaved
    moved = msgspec.structs.replace(
        job, target=msgspec.structs.replace(job.target, folder=str(tmp_path / "room"))
    )
    again = EventLog()
    run_one(engine, moved, again)
    assert isinstance(again.last, Finished)
    assert not any(isinstance(event, Progress) for event in again.events), (
        "it is saved, not made again"
    )
    assert blocked.read_text() == "x"


def test_a_language_model_runs_in_the_child(process_engine, data):
    folder = data.root / "gpt2"
    write_card(make_gpt2(folder), card_folder(data, "gpt2"))
    log = EventLog()
    run_one(
        process_engine,
        new_job(TextRequest(prompt="This is", max_new_tokens=8, seed=1), str(data.outputs)),
        log,
        lambda: False,
    )
    assert isinstance(log.last, Finished), log.last
    assert Path(log.last.artifacts[0].path).read_text(encoding="utf-8").startswith("This is")


def test_the_turns_of_a_chat_reach_the_child_and_the_recipe(process_engine, data):
    write_card(make_llama(data.root / "llama"), card_folder(data, "llama"))
    turns = (ChatMessage("user", "A cat?"), ChatMessage("assistant", "A small cat."))
    read = []
    for messages in ((), turns):
        request = TextRequest(prompt="And?", max_new_tokens=4, seed=1, messages=messages)
        log = EventLog()
        run_one(process_engine, new_job(request, str(data.outputs)), log, lambda: False)
        assert isinstance(log.last, Finished), log.last
        read.append(log.last.statistics.prompt_tokens)
        assert read_recipe(Path(log.last.artifacts[0].path)).request.messages == messages
    assert read[1] > read[0] + 5


def child_pid(engine) -> int:
    return engine._child.process.pid


def test_a_killed_child_fails_its_job_and_the_next_one_works(process_engine, data):
    log = EventLog()
    thread = generate_in_thread(
        process_engine, image_job(data, num_inference_steps=400), log, lambda: False
    )
    log.wait_for(Progress)
    os.kill(child_pid(process_engine), signal.SIGKILL)
    thread.join(PATIENCE)
    assert log.ends_once()
    assert isinstance(log.last, Failed)
    assert log.last.failure.cause == "crash"
    assert "SIGKILL" in log.last.failure.message
    assert "of 400" in log.last.failure.message
    again = EventLog()
    run_one(process_engine, image_job(data), again)
    assert isinstance(again.last, Finished)


def test_a_child_that_died_between_two_jobs_is_replaced(process_engine, data):
    run_one(process_engine, image_job(data), EventLog())
    os.kill(child_pid(process_engine), signal.SIGKILL)
    process_engine._child.process.join(PATIENCE)
    log = EventLog()
    run_one(process_engine, image_job(data), log)
    assert isinstance(log.last, Finished)


def test_child_that_ignores_a_cancel_is_killed(process_engine, data):
    log, cancelled = EventLog(), threading.Event()
    thread = generate_in_thread(
        process_engine, image_job(data, num_inference_steps=400), log, cancelled.is_set
    )
    log.wait_for(Progress)
    pid = child_pid(process_engine)
    os.kill(pid, signal.SIGSTOP)  # it hangs, as native code may
    begun = time.monotonic()
    cancelled.set()
    thread.join(PATIENCE)
    assert isinstance(log.last, Cancelled)
    assert time.monotonic() - begun >= OBEY_SECONDS
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    again = EventLog()
    run_one(process_engine, image_job(data), again)
    assert isinstance(again.last, Finished)


def test_a_quick_cancel_is_never_lost(process_engine, data):
    run_one(process_engine, image_job(data), EventLog())
    for number in range(60):
        cancelled, log = threading.Event(), EventLog()
        timer = threading.Timer(number * 0.0005, cancelled.set)
        timer.start()
        run_one(process_engine, image_job(data, num_inference_steps=300), log, cancelled.is_set)
        timer.join()
        assert isinstance(log.last, Cancelled), number


PROGRAM = """
import sys
from pathlib import Path
from studio.core.jobs import new_job
from studio.core.paths import DataFolder
from studio.core.requests import ImageRequest
from studio.core.events import Progress
from studio.engine.process.engine import ProcessEngine

def main():
    data = DataFolder(root=Path(sys.argv[1]))
    engine = ProcessEngine(data, sys.argv[2])
    request = ImageRequest(prompt="a red apple", width=64, height=64, num_inference_steps=500, num_images_per_prompt=64, seed=1)
    def emit(event):
        if isinstance(event.event, Progress):
            print(engine._child.process.pid, "torch" in sys.modules, flush=True)
    engine.run([new_job(request, str(data.outputs))], emit, lambda _job_id: False)

if __name__ == "__main__":
    main()
"""  # noqa: E501


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_killed_program_leaves_no_process(tmp_path, data, method):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    program = subprocess.Popen(
        [sys.executable, script, str(data.root), method], stdout=subprocess.PIPE, text=True
    )
    _pid, heavy = program.stdout.readline().split()
    assert heavy == "False", "torch is in the child only"
    family = psutil.Process(program.pid).children(recursive=True)
    assert family
    program.kill()
    program.wait()
    program.stdout.close()
    _gone, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


# The model used last
# ----------------------------------------------------------------------


def next_child(engine):
    """The child that is on its way, without taking it."""
    return engine._launcher._next.result(PATIENCE)


def wait_for_log(child, words):
    deadline = time.monotonic() + PATIENCE
    while words not in child.log_tail():
        assert time.monotonic() < deadline, child.log_tail()
        child.process.join(0.05)
        assert child.process.is_alive(), child.log_tail()


def phases(log):
    return [event.phase for event in log.events if isinstance(event, Loading)]


def test_job_submitted_during_a_warm_start_runs(engine, data):
    begun = time.monotonic()
    engine.warm_up("image", "starter-image")
    assert time.monotonic() - begun < 1  # it does not wait
    log = EventLog()
    run_one(engine, image_job(data), log)
    assert log.ends_once()
    assert isinstance(log.last, Finished)


def test_job_can_be_cancelled_during_a_warm_start(engine, data):
    engine.warm_up("image", "starter-image")
    log = EventLog()
    run_one(engine, image_job(data), log, lambda: True)
    assert log.ends_once()
    assert isinstance(log.last, Cancelled)


def test_failed_warm_start_fails_no_job(engine, data):
    engine.warm_up("image", "there-is-none")
    log = EventLog()
    run_one(engine, image_job(data), log)
    assert isinstance(log.last, Finished)


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_first_job_uses_the_warm_model(data, method):
    engine = ProcessEngine(data, method)
    try:
        engine.warm_up("image", "starter-image")
        wait_for_log(next_child(engine), "loaded ahead")
        log = EventLog()
        run_one(engine, image_job(data), log)
        assert isinstance(log.last, Finished)
        assert phases(log)[-1] == "Preparing"
        assert not any("Starter images" in phase for phase in phases(log))
        assert log.last.statistics.load_seconds == 0
    finally:
        engine.close()


@pytest.mark.parametrize("moment", ["at once", "with a child", "loaded"])
def test_engine_can_be_closed_during_a_warm_start(data, moment):
    engine = ProcessEngine(data)
    engine.warm_up("image", "starter-image")
    future = engine._launcher._next
    if moment != "at once":
        child = next_child(engine)
    if moment == "loaded":
        wait_for_log(child, "loaded ahead")
    engine.close()
    child = future.result(PATIENCE)
    child.process.join(PATIENCE)
    assert not child.process.is_alive()


def test_reason_of_a_failed_warm_start_is_logged(data):
    engine = ProcessEngine(data)
    try:
        engine.warm_up("image", "there-is-none")
        wait_for_log(next_child(engine), "no image model 'there-is-none'")
    finally:
        engine.close()


def test_an_unused_model_is_freed_in_the_child(process_engine, data):
    update(data, {"unload_minutes": 0.001})
    log = [EventLog(), EventLog()]
    run_one(process_engine, image_job(data), log[0])
    wait_for_log(process_engine._child, "freed what was not used")
    run_one(process_engine, image_job(data), log[1])
    for one in log:
        assert isinstance(one.last, Finished)
        assert any(
            phase.startswith("Loading Starter images (256 px): 32-bit, needs ")
            for phase in phases(one)
        )


def test_memory_option_selects_the_load_strategy(data):
    engine = ProcessEngine(data, memory="16-bit")
    try:
        log = EventLog()
        run_one(engine, image_job(data), log)
    finally:
        engine.close()
    assert log.last.statistics.memory.startswith("16-bit, needs ")
    assert read_recipe(Path(log.last.artifacts[0].path)).memory == "16-bit"


def test_exceptions_become_failures():
    from studio.engine.failures import explain, explain_save

    assert explain(MemoryError()).cause == "memory"
    assert (
        explain(
            RuntimeError(
                "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
            )
        ).cause
        == "memory"
    )
    assert explain(ValueError("x")).cause == "unknown"
    assert (
        "the disk is full"
        in explain_save(OSError(errno.ENOSPC, "No space left on device"), "/x").message
    )
