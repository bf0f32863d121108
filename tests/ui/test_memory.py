"""Test loading the last used model at start, and the notes shown when memory runs out."""

import pytest

from studio.core.events import Finished, JobEvent, Loading, Statistics
from studio.core.settings_store import update
from studio.engine.fake import FakeEngine
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.test_window import is_over, press_generate, type_prompt

NOTE = "Memory ran out; decoding the image in tiles of 512 px"


@pytest.fixture
def asked(monkeypatch):
    """What the engine was asked to warm up with, at each start."""
    asked = []
    monkeypatch.setattr(FakeEngine, "warm_up", lambda _engine, *model: asked.append(model))
    return asked


def run_picture(studio, qtbot):
    studio.window.show_tab("image")
    tab = studio.window.image_tab
    tab.form.set_values({"width": 64, "height": 64, "num_inference_steps": 2})
    type_prompt(tab, "a red apple")
    press_generate(tab)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    return tab


def test_last_used_model_is_loaded_at_window_start(qtbot, open_studio, data, asked):
    studio = open_studio()
    run_picture(studio, qtbot)
    close_studio(studio)
    close_studio(open_studio())
    update(data, {"warm_start": False})
    open_studio()
    assert asked == [(), ("image", "fake-image"), ()]


def test_memory_notes_are_shown(qtbot, open_studio, monkeypatch):
    run = FakeEngine.run

    def run_with_notes(engine, jobs, emit, is_cancelled):
        """Send the events of an engine that decodes in tiles."""

        def add_note(message):
            event = message.event
            if isinstance(event, Finished):
                statistics = Statistics(notes=(NOTE,))
                event = Finished(artifacts=event.artifacts, statistics=statistics)
            emit(JobEvent(message.job_id, event))

        for job in jobs:
            emit(JobEvent(job.id, Loading(phase="Loading SDXL 1.0: 8-bit, needs 6.5 of 7.5 GB")))
        run(engine, jobs, add_note, is_cancelled)

    monkeypatch.setattr(FakeEngine, "run", run_with_notes)
    studio = open_studio()
    shown = []
    studio.session.queue.job_event.connect(
        lambda _id, event: shown.append(studio.window.image_tab.status.text())
    )
    tab = run_picture(studio, qtbot)
    qtbot.waitUntil(lambda: NOTE in tab.status.text(), timeout=PATIENCE)
    assert "Loading SDXL 1.0: 8-bit, needs 6.5 of 7.5 GB…" in shown
