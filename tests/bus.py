"""A private message bus for tests, with a power manager that grants every request."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

HAS_BUS = sys.platform == "linux" and bool(
    shutil.which("dbus-daemon") and shutil.which("dbus-monitor")
)
END_SECONDS = 20


@contextmanager
def message_bus() -> Iterator[str]:
    """Run a session bus; yield its address."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.communicate(timeout=END_SECONDS)


class PowerManager:
    """org.freedesktop.PowerManagement.Inhibit, as far as it is used; `heard` are the calls."""

    def __init__(self, address: str) -> None:
        from jeepney import message_bus as bus
        from jeepney.io.blocking import open_dbus_connection

        self.calls: list[str] = []
        self._connection = open_dbus_connection(address)
        self._connection.send_and_get_reply(bus.RequestName("org.freedesktop.PowerManagement"))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType, new_method_return

        while True:
            try:
                message = self._connection.receive()
            except (OSError, EOFError):  # the bus has ended
                return
            if message.header.message_type is MessageType.method_call:
                name = message.header.fields[HeaderFields.member]
                self.calls.append(name)
                self._connection.send(
                    new_method_return(message, *(("u", (7,)) if name == "Inhibit" else ()))
                )

    def close(self) -> None:
        """Wait for its end; after that of the bus."""
        self._thread.join(END_SECONDS)
        self._connection.close()
