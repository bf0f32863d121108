"""A cancel in the middle of what cannot be asked to stop: one run of an onnxruntime session, one
pass of a torch model.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from studio.engine.protocol import CancelCheck, JobCancelledError
from studio.engine.runtime.onnx import import_onnxruntime

POLL_SECONDS = 0.03


def run_session(session: Any, inputs: dict[str, Any], is_cancelled: CancelCheck) -> list[Any]:
    """Return what `session.run(None, inputs)` does. Raises JobCancelledError soon after
    `is_cancelled()` became true.
    """
    onnxruntime = import_onnxruntime()
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail

    options = onnxruntime.RunOptions()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            if is_cancelled():
                options.terminate = True
                return

    watcher = threading.Thread(target=watch, name="cancel", daemon=True)
    watcher.start()
    try:
        return list(session.run(None, inputs, options))
    except Fail as error:
        if options.terminate:
            raise JobCancelledError from error
        raise
    finally:
        over.set()
        watcher.join()


@contextlib.contextmanager
def between_layers(model: Any, is_cancelled: CancelCheck) -> Iterator[None]:
    """While this is open, the torch model raises JobCancelledError before its next layer once
    `is_cancelled()` is true.
    """

    def look(_layer: Any, _inputs: Any) -> None:
        if is_cancelled():
            raise JobCancelledError

    hooks = [layer.register_forward_pre_hook(look) for layer in model.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextlib.contextmanager
def between_passes(model: Any, is_cancelled: CancelCheck) -> Iterator[None]:
    """As `between_layers`, but before a whole pass of the model or of one of its parts: for models
    that pass once a token.
    """

    def look(_part: Any, _inputs: Any) -> None:
        if is_cancelled():
            raise JobCancelledError

    parts = [part for name, part in model.named_modules() if name.count(".") < 2]
    hooks = [part.register_forward_pre_hook(look) for part in parts]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
