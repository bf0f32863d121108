"""Starts the window, in named steps that tests can take one by one.

First comes the window's frame, which is painted before anything else is imported; then what is in
it, in pieces between which the window answers; then what is not seen: log file, local socket,
engine, queue.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import logging
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from studio.core.paths import DataFolder
from studio.jobs.folder_lock import FolderLock, acquire
from studio.ui.main_window import MainWindow
from studio.ui.widgets import theme
from studio.ui.widgets.icons import icon
from studio.ui.window_shell import look

if TYPE_CHECKING:
    from studio.core.settings import LoadPreference, Settings
    from studio.jobs.ipc.server import IpcServer
    from studio.jobs.session import Session
    from studio.ui.app_state import AppState
    from studio.ui.desktop.idle import IdleWatch

SWITCH_SECONDS = 0.0005
"""How long another thread may keep Python from the window (CPython's own choice is ten times
that).
"""
UNPAINTED_MS = 1_000
"""A window that nobody sees (minimised, on another desktop) is filled all the same."""
BEHIND = (
    "msgspec",
    "studio.core.files",
    "studio.core.requests",
    "multiprocessing.connection",
    "studio.engine.protocol",
    "sqlite3",
    "studio.jobs.store",
    "studio.jobs.queue",
    "studio.jobs.session",
    "tomllib",
    "studio.models.card",
)
BEFORE = ("studio.ui.widgets.factory", "studio.ui.widgets.request_form", "studio.ui.tabs.base")
UNSEEN = ("logging.handlers", "psutil", "PySide6.QtNetwork")
QUEUE = (
    "studio.ui.queue.pause_menu",
    "studio.ui.queue.table",
    "studio.ui.queue.undo",
    "studio.ui.queue.panel",
)
"""What takes some milliseconds to import is a piece of its own: behind the window, in it, and what
is not seen.
"""


class Studio:
    """The running program: application, session and window."""

    settings: Settings
    session: Session
    shared: AppState
    """From `build_now`, or else some time after `start`."""

    def __init__(
        self,
        data: DataFolder,
        *,
        in_process: bool = False,
        fake: bool = False,
        held: FolderLock | None = None,
        memory: LoadPreference | None = None,
    ) -> None:
        """Make the window's frame. `held` is the data folder's lock, where it is taken already.
        Raises DataFolderInUseError.
        """
        self.application = make_application()
        self.data = data
        self._in_process = in_process
        self._fake = fake
        self._memory = memory
        self._held = held or acquire(data)
        if self._held is None:
            from studio.jobs.session import DataFolderInUseError

            raise DataFolderInUseError(f"Another Studio is using {data.root}.", cause="invalid")
        first = look(data)
        theme.begin(self.application, first.theme)
        self.window = MainWindow(first._replace(welcome=first.welcome and not fake))
        self._building = self._build()
        self._pieces: Iterator[None] = itertools.chain(self._building, self._begin())
        self._goes_on = False
        self._door: IpcServer | None = None
        self._idle_watch: IdleWatch | None = None

    def start(self) -> None:
        """Show the frame; the rest follows when it is painted, a piece at a time."""
        self.window.painted.connect(self._on_painted)
        QTimer.singleShot(UNPAINTED_MS, self._on_painted)
        self.window.show()

    def build_now(self) -> None:
        """Make everything that is seen, at once: for whoever does not want to wait for `start`."""
        for _piece in self._building:
            pass

    def begin_now(self) -> None:
        """Start what is not seen, too."""
        for _piece in self._pieces:
            pass

    def _on_painted(self) -> None:
        if not self._goes_on:
            self._goes_on = True
            self._go_on()

    def _go_on(self) -> None:
        """Make the next piece; the window answers to the person before the one after that."""
        try:
            is_over = next(self._pieces, self) is self
        except _expected_errors() as error:
            self._give_up(error)
            return
        if not is_over:
            QTimer.singleShot(0, self._go_on)

    def _give_up(self, error: Exception) -> None:
        from studio.ui.widgets.factory import show_message

        said = _sentence(error)
        sys.stderr.write(f"{said}\n")
        show_message(self.window, "Studio cannot start", said)
        self.application.exit(2)

    def _build(self) -> Iterator[None]:
        """What is seen."""
        sys.setswitchinterval(SWITCH_SECONDS)
        yield from _import_singly(BEHIND)
        from studio.core.drafts import load_drafts
        from studio.core.settings_store import load_settings, set_aside_damaged

        damage = set_aside_damaged(self.data)
        self.settings = load_settings(self.data)
        drafts = load_drafts(self.data)
        yield
        from studio.engine.factory import make_engine

        engine = make_engine(
            self.data, in_process=self._in_process, fake=self._fake, memory=self._memory
        )
        yield
        from studio.jobs.session import Session

        self.session, self._held = Session(self.data, engine, self._held), None
        self.session.worker.keep_awake = self.settings.keep_awake
        self.session.queue.by_model = self.settings.order_by_model
        self.session.queue.batch_jobs = self.settings.batch_jobs
        self.session.queue.pause_on_disk = True
        yield
        from studio.ui.app_state import AppState

        self.shared = AppState(self.data, self.session, self.settings, drafts, fake=self._fake)
        yield
        theme.follow(self.application)
        yield
        yield from _import_singly(BEFORE)
        yield from self.window.fill_frame(self.shared)
        if damage:
            self.window.say_about_settings(damage)

    def _begin(self) -> Iterator[None]:
        """What is not seen."""
        yield from _import_singly(UNSEEN)
        queue = self.session.queue
        if self.session.damage:
            self.window.say_about_queue(self.session.damage)
        if self.session.unclean and queue.waiting():
            queue.pause("Studio did not end in order the last time; the queue is paused.")
        keep_log(self.data)
        self.shared.follow_settings()
        yield
        from studio.core.telemetry import remove_telemetry_files

        if sentence := remove_telemetry_files(self.data):
            logging.getLogger(__name__).warning("%s", sentence)
            sys.stderr.write(f"{sentence}\n")
            self.window.say_about_queue(sentence)
        yield
        from studio.core import environment

        environment.prepare()
        yield
        from studio.ui.desktop.notifications import Notifier

        Notifier(self.shared, self.window)
        self.shared.only_idle_changed.connect(self._on_only_idle_changed)
        if self.settings.only_idle:
            self._on_only_idle_changed(True)
        yield
        from studio.jobs.ipc.server import IpcServer

        self._door = IpcServer(self.data, queue, self.raise_window)
        yield
        self.session.engine.warm_up(*(queue.last_used if self.settings.warm_start else ()))
        yield
        self.session.start()
        yield
        yield from _import_singly(QUEUE)
        _ = self.window.queue_dock.panel  # made now, and not while the first jobs run: 35 ms
        # what is there stays: a full collection would look at all of it each time, and stop the
        # window for 40 ms
        gc.freeze()

    def _on_only_idle_changed(self, on: bool) -> None:
        from studio.ui.desktop.idle import IdleWatch

        self._idle_watch = self._idle_watch or IdleWatch(self.session.queue, self.window)
        self._idle_watch.set_enabled(on)

    def raise_window(self) -> None:
        """Bring the window to the front; a second start asks for it."""
        self.window.setWindowState(
            self.window.windowState() & ~self.window.windowState().WindowMinimized
        )
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def close(self) -> None:
        """Stop everything; after the event loop has ended."""
        self._pieces = iter(())  # closed before it was whole: nothing more begins
        if self._door is not None:
            self._door.close()
        if self._held is not None:  # it was closed before there was more than the frame
            self._held.lock.unlock()
        else:
            if hasattr(self, "shared"):
                self.shared.close()
            self.session.close()


def _import_singly(names: Sequence[str]) -> Iterator[None]:
    for name in names:
        importlib.import_module(name)
        yield


def _expected_errors() -> tuple[type[Exception], ...]:
    from studio.core.errors import StudioError

    return StudioError, OSError


def _sentence(error: Exception) -> str:
    from studio.core.errors import StudioError

    return (
        f"{error.message}\n{error.cure}".strip() if isinstance(error, StudioError) else str(error)
    )


def make_application() -> QApplication:
    """Return the one QApplication."""
    application = QApplication.instance()
    if isinstance(application, QApplication):
        application.setStyle("Fusion")
    else:
        application = QApplication([*sys.argv[:1], *theme.QT_OPTIONS])
    application.setApplicationName("Studio")
    application.setDesktopFileName("studio")
    application.setWindowIcon(icon("studio"))
    return application


def keep_log(data: DataFolder) -> None:
    """Write warnings and errors to a file that does not grow without end. Prompts never go
    there.
    """
    import logging.handlers

    data.create()
    handler = logging.handlers.RotatingFileHandler(
        data.logs / "studio.log", maxBytes=2_000_000, backupCount=4, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)


def show_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """The last boundary: an error that nobody expected is shown, and the window stays."""
    details = "".join(traceback.format_exception(kind, error, trace))
    logging.getLogger(__name__).error("uncaught: %s", details)
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
        return
    from studio.ui.widgets.factory import show_message

    show_message(
        QApplication.activeWindow(),
        "Something went wrong",
        f"{error or kind.__name__}. What you made so far is safe.",
        details,
    )


def has_display() -> bool:
    """False on a Linux without a desktop, where Qt would end the program with an abort."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform != "linux" or any(os.environ.get(name) for name in variables)


def run_window(
    data: DataFolder,
    *,
    in_process: bool = False,
    fake: bool = False,
    memory: LoadPreference | None = None,
) -> int:
    """Open the window and run until it is closed; return the exit code. `memory`: how models are
    loaded in this run.
    """
    if not has_display():
        sys.stderr.write(
            "There is no desktop to open a window on.\nStart Studio from a desktop, or use the "
            "commands: studio --help\n"
        )
        return 2
    make_application()
    try:
        held = acquire(data)
    except _expected_errors() as error:
        sys.stderr.write(f"{_sentence(error)}\n")
        return 2
    if held is None:
        from studio.core.errors import StudioError
        from studio.jobs.ipc.client import activate_running

        try:
            if activate_running(data):
                return 0
        except StudioError as error:
            sys.stderr.write(f"{error.message}\n{error.cure}\n")
            return 2
        sys.stderr.write(
            f"Another Studio is using {data.root}.\nClose it, or use another folder with "
            "--data-dir.\n"
        )
        return 2
    studio = Studio(data, in_process=in_process, fake=fake, held=held, memory=memory)
    sys.excepthook = show_uncaught
    studio.start()
    code = studio.application.exec()
    studio.close()
    return code
