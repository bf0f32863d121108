"""Python code that takes too long is ended, in a thread, and nothing else is."""

import threading
import time

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from studio.engine.text.time_limit import TimeLimitError, time_limit

LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"


def test_an_endless_template_is_ended_in_its_thread():
    found = []

    def work():
        begun = time.thread_time()
        try:
            with time_limit(0.2):
                ImmutableSandboxedEnvironment().from_string(LOOP).render()
        except TimeLimitError:
            found.append(time.thread_time() - begun)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert found


def test_what_ends_in_time_is_left_alone():
    with time_limit(60):
        assert sum(range(10)) == 45
    assert not [
        one
        for one in threading.enumerate()
        if isinstance(one, threading.Timer) and not one.finished.is_set()
    ]


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), time_limit(60):
        _ = 1 / 0
