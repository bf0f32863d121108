"""Starts the window, in named steps that tests can take one by one."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from studio.core import environment
from studio.core.paths import DataFolder
from studio.core.settings import load_settings
from studio.engine.choose import make_engine
from studio.jobs.session import DataFolderInUseError, Session
from studio.ui import theme
from studio.ui.icons import icon
from studio.ui.parts import tell
from studio.ui.shared import Shared
from studio.ui.window import MainWindow

if TYPE_CHECKING:
    from studio.jobs.door import Door
    from studio.ui.idle import IdleWatch

SWITCH_SECONDS = 0.0005
"""How long another thread may keep Python from the window (CPython's own choice is ten times that)."""


class Studio:
    """The running program: application, session and window."""

    def __init__(self, data: DataFolder, *, in_process: bool = False, fake: bool = False) -> None:
        """Open the data folder and build the window. Raises StudioError, DataFolderInUseError."""
        self.application = make_application()
        self.data = data
        self.settings = load_settings(data)
        theme.apply(self.application, self.settings.theme)
        theme.follow(self.application)
        self.session = Session(data, make_engine(data, in_process=in_process, fake=fake))
        self.session.worker.keep_awake = self.settings.keep_awake
        self.session.queue.by_model = self.settings.order_by_model
        self.session.queue.together = self.settings.run_together
        self.session.queue.pause_on_disk = True
        self.shared = Shared(data, self.session, self.settings, fake=fake)
        self.window = MainWindow(self.shared)
        self._door: Door | None = None
        self._idle_watch: IdleWatch | None = None

    def start(self) -> None:
        """Show the window; what is not seen starts after it is painted."""
        self.window.show()
        queue = self.session.queue
        if self.session.damage:
            self.window.say_about_queue(self.session.damage)
        if self.session.unclean and queue.waiting():
            queue.pause("Studio did not end in order the last time; the queue is paused.")
        QTimer.singleShot(0, self._after_first_paint)

    def _after_first_paint(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        keep_log(self.data)
        environment.prepare()
        from studio.jobs.door import Door
        from studio.ui.attention import Attention

        Attention(self.shared, self.window)
        self.shared.only_idle_changed.connect(self._on_only_idle_changed)
        if self.settings.only_idle:
            self._on_only_idle_changed(True)
        self._door = Door(self.data, self.session.queue, self.raise_window)
        self.session.engine.warm_up()
        self.session.start()

    def _on_only_idle_changed(self, on: bool) -> None:
        from studio.ui.idle import IdleWatch

        self._idle_watch = self._idle_watch or IdleWatch(self.session.queue, self.window)
        self._idle_watch.set_on(on)

    def raise_window(self) -> None:
        """Bring the window to the front; a second start asks for it."""
        self.window.setWindowState(self.window.windowState() & ~self.window.windowState().WindowMinimized)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def close(self) -> None:
        """Stop everything; after the event loop has ended."""
        if self._door is not None:
            self._door.close()
        self.session.close()


def make_application() -> QApplication:
    """Return the one QApplication."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(sys.argv[:1])
    application.setApplicationName("Studio")
    application.setDesktopFileName("studio")
    application.setWindowIcon(icon("studio"))
    return application


def keep_log(data: DataFolder) -> None:
    """Write warnings and errors to a file that does not grow without end. Prompts never go there."""
    import logging.handlers

    data.create()
    handler = logging.handlers.RotatingFileHandler(data.logs / "studio.log", maxBytes=2_000_000, backupCount=4, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)


def show_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The last boundary: an error that nobody expected is shown, and the window stays."""
    details = "".join(traceback.format_exception(kind, error, trace))
    logging.getLogger(__name__).error("uncaught: %s", details)
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
        return
    tell(QApplication.activeWindow(), "Something went wrong", f"{error or kind.__name__}. What you made so far is safe.", details)


def has_display() -> bool:
    """False on a Linux without a desktop, where Qt would end the program with an abort."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform != "linux" or any(os.environ.get(name) for name in variables)


def run_window(data: DataFolder, *, in_process: bool = False, fake: bool = False) -> int:
    """Open the window and run until it is closed; return the exit code."""
    if not has_display():
        sys.stderr.write(
            "There is no desktop to open a window on.\nStart Studio from a desktop, or use the commands: studio --help\n"
        )
        return 2
    try:
        studio = Studio(data, in_process=in_process, fake=fake)
    except DataFolderInUseError as error:
        from studio.jobs.door import raise_other

        if raise_other(data):
            return 0
        sys.stderr.write(f"{error.message}\n{error.cure}\n")
        return 2
    sys.excepthook = show_uncaught
    studio.start()
    code = studio.application.exec()
    studio.close()
    return code
