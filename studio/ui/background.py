"""Run work that may take longer than 10 ms outside the GUI thread, and return its result to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QRunnable, QThreadPool, QTimer, Signal, Slot
from shiboken6 import isValid


class _Receiver(QObject):
    """Receives the result in the GUI thread.

    A child of the application: a worker must not emit its signal while it is deleted with `parent`.
    """

    ended = Signal(object, object)

    def __init__(
        self,
        parent: QObject,
        done: Callable[[Any], None],
        failed: Callable[[Exception], None] | None,
    ) -> None:
        super().__init__(QCoreApplication.instance())
        self._parent = parent
        self._done = done
        self._failed = failed
        self.ended.connect(self._on_ended)

    @Slot(object, object)
    def _on_ended(self, value: Any, error: Exception | None) -> None:
        self.deleteLater()
        if not isValid(self._parent):
            return
        if error is None:
            self._done(value)
        elif self._failed is not None:
            self._failed(error)
        else:
            raise error


class _Work(QRunnable):
    def __init__(self, work: Callable[[], Any], receiver: _Receiver) -> None:
        super().__init__()
        self._work = work
        self._receiver = receiver

    def run(self) -> None:
        try:
            value, error = self._work(), None
        # Boundary of the thread: the GUI thread raises or shows the error.
        except Exception as caught:  # noqa: BLE001
            value, error = None, caught
        try:
            self._receiver.ended.emit(value, error)
        except RuntimeError:  # the receiver was deleted
            return


class DelayedCall(QTimer):
    """Calls a function a moment after a request, once for all requests until then."""

    def __init__(self, parent: QObject, call: Callable[[], object], milliseconds: int = 50) -> None:
        super().__init__(parent)
        self.setSingleShot(True)
        self.setInterval(milliseconds)
        self.timeout.connect(call)

    def request(self, *_arguments: object) -> None:
        """Call it soon. Unlike a lambda, this slot is disconnected when its owner is deleted."""
        if not self.isActive():
            self.start()


def finish(seconds: float) -> bool:
    """Wait for work that was started; return False if some goes on after that time.

    What it read or wrote may be closed afterwards. Nobody waits for work in pools of its own.
    """
    return QThreadPool.globalInstance().waitForDone(round(seconds * 1000))


def run(
    parent: QObject,
    work: Callable[[], Any],
    done: Callable[[Any], None],
    failed: Callable[[Exception], None] | None = None,
    pool: QThreadPool | None = None,
) -> None:
    """Call `work` in another thread, then `done(result)` or `failed(error)` in this one.

    `pool`: threads to use, such as a single one that keeps the order of calls.

    Calls neither if `parent` was deleted. Without `failed`, raises the error in the GUI thread,
    where `sys.excepthook` shows it.
    """
    (pool or QThreadPool.globalInstance()).start(_Work(work, _Receiver(parent, done, failed)))
