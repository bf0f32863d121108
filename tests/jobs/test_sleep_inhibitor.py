"""Test inhibiting sleep while jobs run, with a power manager on a real message bus."""

import pytest

from studio.core.events import Progress
from studio.core.jobs import new_job
from studio.core.requests import TextRequest
from studio.engine.fake import FakeEngine
from studio.jobs.session import Session
from tests.bus import HAS_BUS, PowerManager, message_bus

PATIENCE = 60_000


@pytest.fixture
def power(monkeypatch):
    with message_bus() as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        manager = PowerManager(address)
        yield manager
    manager.close()


@pytest.mark.skipif(not HAS_BUS, reason="needs a message bus")
@pytest.mark.parametrize("keep_awake", [True, False])
def test_sleep_is_inhibited_from_the_first_to_the_last_job(qtbot, data, power, keep_awake):
    session = Session(data, FakeEngine(data, step_seconds=0.01))
    session.worker.keep_awake = keep_awake
    session.queue.batch_jobs = False
    during = []
    session.queue.job_event.connect(
        lambda _id, event: during.append(list(power.calls)) if isinstance(event, Progress) else None
    )
    with qtbot.waitSignal(session.queue.idle_reached, timeout=PATIENCE):
        session.queue.submit(
            [
                new_job(TextRequest(prompt="x", seed=n, max_new_tokens=3), str(data.outputs))
                for n in range(2)
            ]
        )
        session.start()
    asked = ["Inhibit"] if keep_awake else []
    assert during
    assert all(calls == asked for calls in during), "requested once and held between jobs"
    released = [*asked, "UnInhibit"] if keep_awake else []
    qtbot.waitUntil(lambda: power.calls == released, timeout=PATIENCE)
    session.close()
    assert power.calls == released
