"""What was done when memory ran out: in the user's language on the screen, English in recipes."""

import pytest

from studio.core.events import Loading, Statistics
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.core.translation import mark, tr, use_language
from studio.engine.model_cache import Loaded
from studio.engine.outcome import JobOutcome
from studio.engine.protocol import JobContext
from studio.models.card import fake_card
from studio.models.memory.load_plan import LoadPlan

TILES = mark("Memory ran out; decoding the image in tiles of {side} px")


@pytest.fixture
def chinese():
    use_language("zh_CN")
    yield
    use_language("en")


def test_notes_are_translated_and_recorded_in_english(chinese):
    events = []
    job = new_job(TextRequest(prompt="x"), "/nowhere")
    context = JobContext(job, fake_card("text"), events.append, lambda: False)
    for _time in range(2):
        context.note(TILES, side=512)
    shown = tr("Memory ran out; decoding the image in tiles of {side} px", side=512)
    assert "内存" in shown
    assert events == [Loading(phase=shown)] * 2
    outcome = JobOutcome(fake_card("text"))
    outcome.record(context, Loaded(None, LoadPlan(device="cpu"), 1.0), Statistics())
    assert outcome.statistics.notes == (shown,)
    assert outcome.memory.endswith("Memory ran out; decoding the image in tiles of 512 px")
    assert outcome.memory.isascii()
