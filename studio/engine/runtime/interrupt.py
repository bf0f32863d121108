"""Cancels work inside one long call: a run of an onnxruntime session, a pass of a torch model."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from studio.engine.protocol import CancelCheck, JobCancelledError
from studio.engine.runtime.onnx import import_onnxruntime

POLL_SECONDS = 0.03


def run_session(session: Any, inputs: dict[str, Any], is_cancelled: CancelCheck) -> list[Any]:
    """Return the outputs of `session.run(None, inputs)`.

    Raises JobCancelledError soon after `is_cancelled()` became true.
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
def cancel_between_layers(model: Any, is_cancelled: CancelCheck) -> Iterator[None]:
    """Make the torch model raise JobCancelledError before a layer once `is_cancelled()` is true."""
    with _checked_before(model.modules(), is_cancelled):
        yield


@contextlib.contextmanager
def cancel_between_passes(model: Any, is_cancelled: CancelCheck) -> Iterator[None]:
    """Make a model that passes once a token raise JobCancelledError before a pass.

    A pass is one of the model or of a module at most two levels deep.
    """
    parts = [part for name, part in model.named_modules() if name.count(".") < 2]
    with _checked_before(parts, is_cancelled):
        yield


@contextlib.contextmanager
def _checked_before(modules: Iterable[Any], is_cancelled: CancelCheck) -> Iterator[None]:
    def check(_module: Any, _inputs: Any) -> None:
        if is_cancelled():
            raise JobCancelledError

    hooks = [module.register_forward_pre_hook(check) for module in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
