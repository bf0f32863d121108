"""The composition root of the window: builds it, starts what runs behind it, ends both in order."""

from __future__ import annotations

import gc
import logging
import os
import sys
import traceback
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from studio.core import environment
from studio.core.drafts import load_drafts
from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.settings_store import load_settings, set_aside_damaged
from studio.core.translation import (
    choose_language,
    current_language,
    mark,
    tr,
    tr_marked,
    use_language,
)
from studio.engine.factory import make_engine
from studio.jobs.folder_lock import FolderLock, acquire
from studio.jobs.session import Session
from studio.telemetry import remove_telemetry_files
from studio.ui.app_state import AppState
from studio.ui.audio.preferred_device import use_device
from studio.ui.desktop.language import desktop_languages, translate_qt
from studio.ui.main_window import MainWindow
from studio.ui.widgets import theme
from studio.ui.widgets.factory import show_message
from studio.ui.widgets.icons import icon

if TYPE_CHECKING:
    from studio.core.settings import LoadPreference
    from studio.jobs.ipc.server import IpcServer
    from studio.ui.desktop.idle import IdleWatch

UNCLEAN_END = mark("Studio did not end in order the last time; the queue is paused.")
UNPAINTED_MS = 1_000
"""From showing the window to starting what is behind it, if nothing was painted."""
FAILED = 2
"""The exit code if the window cannot start."""


class Studio:
    """The running program: application, session and window."""

    def __init__(
        self,
        data: DataFolder,
        *,
        in_process: bool = False,
        fake: bool = False,
        lock: FolderLock | None = None,
        memory: LoadPreference | None = None,
    ) -> None:
        """Build the window with everything that the user sees; `start` shows it.

        `lock` is the data folder's lock if the caller holds it already. Raises DataFolderInUseError
        if another program holds it, and StudioError or OSError if the folder cannot be used.
        """
        self.application = make_application()
        self.data = data
        engine = make_engine(data, in_process=in_process, fake=fake, memory=memory)
        self.session = Session(data, engine, lock)
        self._is_closed = False
        self._has_background = False
        self._ipc: IpcServer | None = None
        self._idle_watch: IdleWatch | None = None
        self._log: logging.Handler | None = None
        self._follows_idle = False
        """True once the window is painted."""
        try:
            self._build_window(fake=fake)
        except BaseException:
            self.session.close()
            raise

    def _build_window(self, *, fake: bool) -> None:
        damage = set_aside_damaged(self.data)
        self.settings = load_settings(self.data)
        self.session.apply_settings(self.settings)
        use_device(self.settings.audio_device)
        drafts = load_drafts(self.data) if self.settings.keep_drafts else {}
        self.shared = AppState(self.data, self.session, self.settings, drafts, fake=fake)
        theme.choose(self.application, self.settings.theme, self.settings.text_size)
        theme.follow_desktop(self.application)
        self.shared.settings_changed.connect(self._on_settings_changed)
        self.window = MainWindow(self.shared)
        theme.add_style_sheet(self.application)  # 80 ms less than before the window is built
        if damage:
            self.window.show_settings_message(damage)

    def start(self) -> None:
        """Show the window; `start_background` follows when it is painted and has the user's input.

        A window that starts minimized is not painted, so a timer starts it at the latest.
        """
        self.window.painted.connect(self._on_painted, Qt.ConnectionType.SingleShotConnection)
        QTimer.singleShot(UNPAINTED_MS, self._start_background_or_exit)
        self.window.show()

    def _on_painted(self) -> None:
        QTimer.singleShot(0, lambda: QTimer.singleShot(0, self._start_background_or_exit))

    def _start_background_or_exit(self) -> None:
        if self._is_closed or self._has_background:
            return
        self._has_background = True
        try:
            self.start_background()
        except (StudioError, OSError) as error:
            show_start_error(error)
            self.application.exit(FAILED)
            return
        QTimer.singleShot(0, self.prepare_first_jobs)

    def start_background(self) -> None:
        """Start what the user doesn't see: log file, engine, local socket, notifications, queue."""
        from studio.jobs.ipc.server import IpcServer  # QtNetwork: 25 ms
        from studio.ui.desktop.notifications import Notifier

        self._log = keep_log(self.data)
        self._show_messages()
        environment.prepare()
        self.shared.follow_settings()
        Notifier(self.shared, self.window)
        self._follows_idle = True
        self._on_settings_changed(frozenset({"only_idle"}))
        queue = self.session.queue
        self._ipc = IpcServer(self.data, queue, self.activate_window)
        self.session.engine.warm_up(*(queue.last_used if self.settings.warm_start else ()))
        self.session.start()
        self.shared.library.start()
        self.shared.file_actions.start()
        self.window.install_banner.start()

    def prepare_first_jobs(self) -> None:
        """Do now what would stop the window for longer while the first jobs run."""
        if not self._is_closed:
            _ = self.window.queue_dock.panel  # takes 35 ms to build
            _ = self.window.window_library.page  # 30 ms, with the imports
            gc.freeze()  # a full collection of what exists now takes 18 ms each time

    def _show_messages(self) -> None:
        queue, banner = self.session.queue, self.window.queue_banner
        if self.session.damage:
            banner.show_until_closed(self.session.damage)
        if self.session.unclean and queue.waiting():
            queue.pause(tr_marked(UNCLEAN_END))
        if message := remove_telemetry_files(self.data):
            logging.getLogger(__name__).warning("%s", message)
            sys.stderr.write(f"{message}\n")
            banner.show_until_closed(message)

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        self.session.apply_settings(self.settings)
        use_device(self.settings.audio_device)
        if "order_by_model" in names:
            self.session.queue.jobs_moved.emit([])
        if names & {"theme", "text_size"}:
            theme.apply(self.application, self.settings.theme, self.settings.text_size)
            self.window.update_icons()
        if "only_idle" in names and self._follows_idle:
            self._watch_idle(self.settings.only_idle)

    def _watch_idle(self, on: bool) -> None:
        if on or self._idle_watch is not None:
            from studio.ui.desktop.idle import IdleWatch  # ctypes and wakepy

            self._idle_watch = self._idle_watch or IdleWatch(self.session.queue, self.window)
            self._idle_watch.set_enabled(on)

    def activate_window(self) -> None:
        """Bring the window to the front, for a second start of the program."""
        state = self.window.windowState()
        self.window.setWindowState(state & ~state.WindowMinimized)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def close(self) -> None:
        """Stop everything, after the event loop has ended."""
        self._is_closed = True
        if self._ipc is not None:
            self._ipc.close()
        self.shared.close()
        self.session.close()
        if self._log is not None:
            logging.getLogger().removeHandler(self._log)
            self._log.close()


def make_application() -> QApplication:
    """Return the one QApplication."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(sys.argv[:1])
    application.setStyle("Fusion")
    application.setApplicationName("Studio")
    application.setDesktopFileName("studio")
    application.setWindowIcon(icon("studio"))
    translate_qt(application, current_language())
    return application


def keep_log(data: DataFolder) -> logging.Handler:
    """Write warnings and errors to log files of bounded size, without any prompt."""
    from logging.handlers import RotatingFileHandler  # with socket: 5 ms

    data.create()
    handler = RotatingFileHandler(
        data.logs / "studio.log", maxBytes=2_000_000, backupCount=4, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    return handler


def show_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Show an error that nothing handled, as `sys.excepthook`; the window stays open."""
    details = "".join(traceback.format_exception(kind, error, trace))
    logging.getLogger(__name__).error("uncaught: %s", details)
    if issubclass(kind, KeyboardInterrupt):
        QApplication.quit()
        return
    show_message(
        QApplication.activeWindow(),
        tr("Something went wrong"),
        tr("{error}. Your results so far are safe.", error=error or kind.__name__),
        details,
    )


def show_start_error(error: StudioError | OSError) -> None:
    """Show why the window cannot start, in a message box and on standard error."""
    message = _sentence(error)
    sys.stderr.write(f"{message}\n")
    show_message(QApplication.activeWindow(), tr("Studio cannot start"), message)


def _sentence(error: StudioError | OSError) -> str:
    if isinstance(error, StudioError):
        return f"{error.message}\n{error.cure}".strip()
    return str(error)


def has_display() -> bool:
    """False on Linux without a desktop, where Qt would abort the process."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform != "linux" or any(os.environ.get(name) for name in variables)


def run_window(
    data: DataFolder,
    *,
    in_process: bool = False,
    fake: bool = False,
    memory: LoadPreference | None = None,
) -> int:
    """Open the window and run until it is closed; return the exit code.

    If another window uses the data folder, activate that window instead. `memory` is the load
    preference of this run.
    """
    use_language(choose_language(load_settings(data).language, desktop_languages()))
    if not has_display():
        return _refuse(
            tr(
                "There is no desktop to open a window on.\nStart Studio from a desktop, or use the "
                "commands: studio --help"
            )
        )
    make_application()
    try:
        lock = acquire(data)
        if lock is None:
            return _activate_running(data)
    except (StudioError, OSError) as error:
        return _refuse(_sentence(error))
    try:
        studio = Studio(data, in_process=in_process, fake=fake, lock=lock, memory=memory)
    except (StudioError, OSError) as error:
        show_start_error(error)
        return FAILED
    sys.excepthook = show_uncaught
    studio.start()
    code = studio.application.exec()
    studio.close()
    return code


def _activate_running(data: DataFolder) -> int:
    from studio.jobs.ipc.client import activate_running

    if activate_running(data):
        return 0
    return _refuse(
        tr(
            "Another Studio is using {root}.\nClose it, or use another folder with --data-dir.",
            root=data.root,
        )
    )


def _refuse(message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return FAILED
