"""A private message bus for tests, with services of a desktop that answer every call."""

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


class Service:
    """A service that records calls in `calls`; its answers come from `answer`."""

    def __init__(self, address: str, name: str) -> None:
        from jeepney import message_bus as bus
        from jeepney.io.blocking import open_dbus_connection

        self.calls: list[str] = []
        self._connection = open_dbus_connection(address)
        self._connection.send_and_get_reply(bus.RequestName(name))
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
                answer = self.answer(name)
                self.calls.append(name)
                self._connection.send(
                    new_method_return(message, *(("u", (answer,)) if answer is not None else ()))
                )

    def answer(self, name: str) -> int | None:
        """Return the number that a method returns; None for no value."""
        raise NotImplementedError

    def close(self) -> None:
        """Wait for its end; after that of the bus."""
        self._thread.join(END_SECONDS)
        self._connection.close()


class PowerManager(Service):
    """org.freedesktop.PowerManagement.Inhibit, as far as it is used."""

    def __init__(self, address: str) -> None:
        super().__init__(address, "org.freedesktop.PowerManagement")

    def answer(self, name: str) -> int | None:
        return 7 if name == "Inhibit" else None


class ScreenSaver(Service):
    """org.freedesktop.ScreenSaver with the idle time that a test sets."""

    def __init__(self, address: str) -> None:
        self.seconds = 0
        super().__init__(address, "org.freedesktop.ScreenSaver")

    def answer(self, name: str) -> int | None:
        return self.seconds
