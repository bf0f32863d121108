"""Running only while nobody uses the computer: seconds since the last key or mouse move, and a
watch that pauses the queue by it.

Sources: XScreenSaverQueryInfo (X11's screen saver extension), GetLastInputInfo (Win32),
CGEventSourceSecondsSinceLastEventType (macOS), and over D-Bus org.gnome.Mutter.IdleMonitor and
org.freedesktop.ScreenSaver for Wayland, which tells programs nothing.
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
LOOK_MS = 5_000
ANSWER_SECONDS = 1.0
"""How long a service of the desktop may take; it is asked in another thread."""
_SERVICES = (
    ("org.gnome.Mutter.IdleMonitor", "/org/gnome/Mutter/IdleMonitor/Core", "GetIdletime", 0.001),
    ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "GetSessionIdleTime", 1.0),
)
"""Service and interface, path, method, and seconds in one of what it returns."""
_one_at_a_time = threading.Lock()
"""Threads share the connection to the X server."""
_ANY_INPUT = 0xFFFFFFFF
_COMBINED_SESSION = 0


def seconds_since_input() -> float | None:
    """Return the seconds since the last key or mouse move; None where this desktop does not tell.

    A desktop may take seconds to answer: not for the GUI thread.
    """
    with _one_at_a_time:
        return _ask()


def _ask() -> float | None:
    try:
        if sys.platform == "win32":
            return _windows()
        if sys.platform == "darwin":
            return _macos()
        wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
        return _services() if wayland else _x11()
    except (OSError, AttributeError):  # a library, or a function in it, is not there
        return None


if sys.platform == "win32":

    class _LastInput(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint), ("tick", ctypes.c_uint))

    def _windows() -> float | None:
        last = _LastInput(ctypes.sizeof(_LastInput), 0)
        if not ctypes.windll.user32.GetLastInputInfo(ctypes.byref(last)):
            return None
        now = ctypes.windll.kernel32.GetTickCount() & 0xFFFFFFFF
        return float((now - last.tick) % 2**32) / 1000  # both begin anew after 49 days


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
    """Return the two libraries, the display and its root window; None where there is no display."""
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
    # Not QtDBus: its blocking call keeps Python's lock, and so the whole window, until the answer
    # comes.
    from jeepney import DBusAddress, MessageType, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    try:
        connection = open_dbus_connection("SESSION")
    except (OSError, KeyError, ValueError):  # no session bus, or an address of another kind
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
    """Pauses the queue while somebody uses the computer. `resume` by a person holds until the
    computer was idle once.

    The desktop is asked in another thread: one that does not answer would stop the window.
    """

    looked = Signal()
    """The desktop was asked, and the queue paused or resumed accordingly."""

    def __init__(
        self,
        queue: JobQueue,
        parent: QObject,
        seconds: Callable[[], float | None] = seconds_since_input,
    ) -> None:
        super().__init__(parent)
        self._queue = queue
        self._seconds = seconds
        self._allowed = False
        self._is_asking = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        queue.pause_changed.connect(self._on_pause_changed)

    def set_on(self, on: bool) -> None:
        """Begin or end."""
        self._allowed = False
        if on:
            self._timer.start()
            if not self._queue.paused:
                self._queue.pause(IN_USE)  # until the desktop has answered, no job begins
            self.look()
            return
        self._timer.stop()
        self._go_on()

    def look(self) -> None:
        """Ask whether somebody is there: then pause, else go on."""
        if not self._is_asking:  # the desktop may take longer than the time between two questions
            self._is_asking = True
            background.run(self, self._seconds, self._on_looked, self._on_not_looked)

    def _on_looked(self, idle: float | None) -> None:
        self._is_asking = False
        if self._timer.isActive():  # it may be off by now
            self._decide(idle)
        self.looked.emit()

    def _on_not_looked(self, error: Exception) -> None:
        log.error("the time since the last input is not known", exc_info=error)
        self._on_looked(None)

    def _decide(self, idle: float | None) -> None:
        if idle is None or idle >= IDLE_SECONDS:
            self._allowed = False
            self._go_on()
        elif not self._queue.paused and not self._allowed:
            self._queue.pause(IN_USE)

    def _go_on(self) -> None:
        if self._queue.paused == IN_USE:
            self._queue.resume()
            self._allowed = False

    def _on_pause_changed(self, reason: str) -> None:
        if not reason and self._timer.isActive():
            self._allowed = True  # a person said so; `_go_on` takes it back
