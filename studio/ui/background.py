"""Work that may take longer than 10 ms, away from the GUI thread; its result comes home to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal, Slot


class _Home(QObject):
    """Lives in the GUI thread and hands the result over there."""

    came = Signal(object, object)

    def __init__(
        self,
        parent: QObject,
        done: Callable[[Any], None],
        failed: Callable[[Exception], None] | None,
    ) -> None:
        super().__init__(parent)
        self._done = done
        self._failed = failed
        self.came.connect(self._on_came)

    @Slot(object, object)
    def _on_came(self, value: Any, error: Exception | None) -> None:
        self.deleteLater()
        if error is None:
            self._done(value)
        elif self._failed is not None:
            self._failed(error)
        else:
            raise error


class _Work(QRunnable):
    def __init__(self, work: Callable[[], Any], home: _Home) -> None:
        super().__init__()
        self._work = work
        self._home = home

    def run(self) -> None:
        try:
            value, error = self._work(), None
        # boundary of the thread: raised again, or shown, in the GUI thread
        except Exception as caught:  # noqa: BLE001
            value, error = None, caught
        try:
            self._home.came.emit(value, error)
        except RuntimeError:  # whoever asked is gone
            return


class Soon(QTimer):
    """Calls a function a moment after it was wished, once for all wishes until then."""

    def __init__(self, parent: QObject, call: Callable[[], object], milliseconds: int = 50) -> None:
        super().__init__(parent)
        self.setSingleShot(True)
        self.setInterval(milliseconds)
        self.timeout.connect(call)

    def wish(self, *_told: object) -> None:
        """Call it soon. As a slot it ends with its owner, which a lambda does not."""
        if not self.isActive():
            self.start()


def run(
    parent: QObject,
    work: Callable[[], Any],
    done: Callable[[Any], None],
    failed: Callable[[Exception], None] | None = None,
) -> None:
    """Call `work` in another thread, then `done(result)` or `failed(error)` here. Nothing is called
    once `parent` is gone.

    An error without `failed` is raised in the GUI thread, where it reaches `sys.excepthook` and so
    a visible message.
    """
    QThreadPool.globalInstance().start(_Work(work, _Home(parent, done, failed)))
