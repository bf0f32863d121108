"""Ends Python code that takes too long, such as the program in a model's chat template."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TimeLimitError(Exception):
    """The code took too long."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitError in the block after that time, at the next step of the interpreter.

    A single long call of C code is not interrupted. Works in every thread and on every system,
    unlike signals.
    """
    thread, lock, state = threading.get_ident(), threading.Lock(), {"is_over": False}

    def interrupt() -> None:
        with lock:
            if not state["is_over"]:
                state["is_over"] = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread), ctypes.py_object(TimeLimitError)
                )

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            state["is_over"] = True
