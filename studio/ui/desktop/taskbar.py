"""Progress on the program's icon, and notifications on desktops without a tray.

Progress: com.canonical.Unity.LauncherEntry over D-Bus (the docks of KDE, Ubuntu, Budgie and others;
each finds the icon by the program's desktop file) and ITaskbarList3 (Windows). Messages:
org.freedesktop.portal.Notification. Other desktops show nothing.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

DESKTOP_FILE = "application://studio.desktop"


def show_progress(window: QWidget, progress: float | None) -> None:
    """Show progress, 0..1, on the program's icon; None removes it."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError, AttributeError):
            _taskbar().show(int(window.winId()), progress)
    elif sys.platform == "linux":
        values = {"progress": progress or 0.0, "progress-visible": progress is not None}
        _send_signal("/", "com.canonical.Unity.LauncherEntry", "Update", [DESKTOP_FILE, values])


def notify(title: str, text: str) -> None:
    """Send a notification to the desktop without waiting for an answer."""
    if sys.platform == "linux":
        from PySide6.QtDBus import QDBusMessage

        name, path = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
        message = QDBusMessage.createMethodCall(
            name, path, "org.freedesktop.portal.Notification", "AddNotification"
        )
        message.setArguments(["studio", {"title": title, "body": text}])
        _send(message)


def _send_signal(path: str, interface: str, name: str, values: list[Any]) -> None:
    from PySide6.QtDBus import QDBusMessage

    message = QDBusMessage.createSignal(path, interface, name)
    message.setArguments(values)
    _send(message)


def _send(message: Any) -> None:
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    if bus.isConnected() and QGuiApplication.platformName() != "offscreen":
        bus.send(message)


if sys.platform == "win32":
    import ctypes
    import functools
    import uuid

    _NO_PROGRESS, _NORMAL = 0, 2

    class _Taskbar:
        """ITaskbarList3, called by method index: HrInit 3, SetProgressValue 9, …State 10."""

        def __init__(self) -> None:
            self._object = ctypes.c_void_p()
            class_id = uuid.UUID("56FDF344-FD6D-11D0-958A-006097C9A090").bytes_le
            interface_id = uuid.UUID("EA1AFB91-9E28-4B86-90E9-9E9F8A5EEFAF").bytes_le
            create = ctypes.windll.ole32.CoCreateInstance
            create.restype = ctypes.HRESULT  # raises OSError for a failure
            create(class_id, None, 1, interface_id, ctypes.byref(self._object))
            self._call(3)

        def _call(self, index: int, *arguments: Any) -> None:
            table = ctypes.cast(
                self._object, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))
            ).contents
            kinds = (ctypes.c_void_p, *(type(argument) for argument in arguments))
            ctypes.WINFUNCTYPE(ctypes.HRESULT, *kinds)(table[index])(self._object, *arguments)

        def show(self, window: int, progress: float | None) -> None:
            handle = ctypes.c_void_p(window)
            self._call(10, handle, ctypes.c_int(_NO_PROGRESS if progress is None else _NORMAL))
            if progress is not None:
                self._call(
                    9, handle, ctypes.c_ulonglong(int(progress * 1000)), ctypes.c_ulonglong(1000)
                )

    @functools.cache
    def _taskbar() -> _Taskbar:
        return _Taskbar()
