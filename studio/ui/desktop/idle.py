"""Runs jobs only while the computer is idle: queries the idle time and pauses the queue by it.

Sources: XScreenSaverQueryInfo (X11's screen saver extension), GetLastInputInfo (Win32),
CGEventSourceSecondsSinceLastEventType (macOS), and over D-Bus org.gnome.Mutter.IdleMonitor and
org.freedesktop.ScreenSaver for Wayland, which has no call for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.jobs.queue import IN_USE, JobQueue
from studio.ui import background

log = logging.getLogger(__name__)
IDLE_SECONDS = 180.0
CHECK_MS = 5_000
ANSWER_SECONDS = 1.0
"""Timeout for a D-Bus service; it is queried in another thread."""
_SERVICES = (
    ("org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core", "GetIdletime", 0.001),
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "GetSessionIdleTime", 1.0),
)
"""Service and interface, path, method, and the unit of its result in seconds."""
_query_lock = threading.Lock()
"""Threads share one connection to the X server."""
_ANY_INPUT = 0xFFFFFFFF
_COMBINED_SESSION = 0


def seconds_since_input() -> float | None:
    """Return the seconds since the last key press or mouse move; None if unknown.

    A desktop may take seconds to answer: do not call this in the GUI thread.
    """
    with _query_lock:
        return _query()


def _query() -> float | None:
    try:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            return _macos()
        wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
        return _services() if wayland else _x11()
    except (OSError, AttributeError):  # a library, or a function in it, is missing
        return None


if sys.platform == "win32":

    class _LastInput(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint), ("tick", ctypes.c_uint))

    def _windows() -> float | None:
        last = _LastInput(ctypes.sizeof(_LastInput), 0)
        if not ctypes.windll.user32.GetLastInputInfo(ctypes.byref(last)):
            return None
        now = ctypes.windll.kernel32.GetTickCount() & 0xFFFFFFFF
        return float((now - last.tick) % 2**32) / 1000  # both wrap around after 49 days


def _macos() -> float:
    path = ctypes.util.find_library("ApplicationServices")
    since = ctypes.CDLL(path).CGEventSourceSecondsSinceLastEventType
    since.restype = ctypes.c_double
    since.argtypes = (ctypes.c_int, ctypes.c_uint32)
    return float(since(_COMBINED_SESSION, _ANY_INPUT))


class _Saver(ctypes.Structure):
    _fields_ = (
        ("window", ctypes.c_ulong),
        ("state", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("til_or_since", ctypes.c_ulong),
        ("idle", ctypes.c_ulong),
        ("event_mask", ctypes.c_ulong),
    )


@functools.cache
def _x11_display() -> tuple[Any, Any, Any, Any] | None:
    """Return libX11, libXss, the display and its root window; None without a display."""
    screen, saver = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXss.so.1")
    screen.XOpenDisplay.restype = ctypes.c_void_p
    screen.XDefaultRootWindow.argtypes, screen.XDefaultRootWindow.restype = (
        (ctypes.c_void_p,),
        ctypes.c_ulong,
    )
    number = (ctypes.c_void_p, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    saver.XScreenSaverQueryExtension.argtypes = number
    saver.XScreenSaverQueryInfo.argtypes = (ctypes.c_void_p, ctypes.c_ulong, ctypes.POINTER(_Saver))
    display = screen.XOpenDisplay(None)
    if not display:
        return None
    unused = ctypes.c_int()
    if not saver.XScreenSaverQueryExtension(display, ctypes.byref(unused), ctypes.byref(unused)):
        return None
    return screen, saver, display, screen.XDefaultRootWindow(display)


def _x11() -> float | None:
    found = _x11_display()
    if found is None:
        return None
    _screen, saver, display, root = found
    info = _Saver()
    return (
        info.idle / 1000 if saver.XScreenSaverQueryInfo(display, root, ctypes.byref(info)) else None
    )


def _services() -> float | None:
    # Not QtDBus: its blocking call holds the GIL, and so blocks the window, until the answer.
    from jeepney import DBusAddress, MessageType, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    try:
        connection = open_dbus_connection("SESSION")
    except (OSError, KeyError, ValueError):  # no session bus, or an unsupported address
        return None
    with connection:
        for service, path, method, unit in _SERVICES:
            call = new_method_call(DBusAddress(path, bus_name=service, interface=service), method)
            with contextlib.suppress(TimeoutError):
                answer = connection.send_and_get_reply(call, timeout=ANSWER_SECONDS)
                if answer.header.message_type is MessageType.method_return and answer.body:
                    return float(answer.body[0]) * unit
    return None


class IdleWatch(QObject):
    """Pauses the queue while the computer is in use.

    If the user resumes the queue, it stays resumed until the computer was idle once. The idle time
    is queried in another thread, because a desktop that does not answer would block the window.
    """

    checked = Signal()
    """The idle time was queried, and the queue paused or resumed by it."""

    def __init__(
        self,
        queue: JobQueue,
        parent: QObject,
        seconds: Callable[[], float | None] = seconds_since_input,
    ) -> None:
        super().__init__(parent)
        self._queue = queue
        self._query_seconds = seconds
        self._resumed_by_user = False
        self._is_querying = False
        self._timer = QTimer(self)
        self._timer.setInterval(CHECK_MS)
        self._timer.timeout.connect(self.check)
        queue.pause_changed.connect(self._on_pause_changed)

    def set_enabled(self, enabled: bool) -> None:
        """Turn the watch on or off."""
        self._resumed_by_user = False
        if enabled:
            self._timer.start()
            if not self._queue.paused:
                self._queue.pause(IN_USE)  # no job starts before the desktop has answered
            self.check()
            return
        self._timer.stop()
        self._resume()

    def check(self) -> None:
        """Query the idle time, then pause or resume."""
        if not self._is_querying:  # an answer may take longer than the interval
            self._is_querying = True
            background.run(self, self._query_seconds, self._on_queried, self._on_query_failed)

    def _on_queried(self, idle: float | None) -> None:
        self._is_querying = False
        if self._timer.isActive():  # it may have been turned off meanwhile
            self._pause_or_resume(idle)
        self.checked.emit()

    def _on_query_failed(self, error: Exception) -> None:
        log.error("the idle time could not be queried", exc_info=error)
        self._on_queried(None)

    def _pause_or_resume(self, idle: float | None) -> None:
        if idle is None or idle >= IDLE_SECONDS:
            self._resumed_by_user = False
            self._resume()
        elif not self._queue.paused and not self._resumed_by_user:
            self._queue.pause(IN_USE)

    def _resume(self) -> None:
        if self._queue.paused == IN_USE:
            self._queue.resume()
            self._resumed_by_user = False

    def _on_pause_changed(self, reason: str) -> None:
        if not reason and self._timer.isActive():
            self._resumed_by_user = True  # by the user; `_resume` resets it
