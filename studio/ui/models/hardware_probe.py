"""Queries this computer's GPU while the dialog of models is open."""

from __future__ import annotations

import threading
from typing import ClassVar

from PySide6.QtCore import QObject, Signal

from studio.models.memory.hardware import Machine, probe_machine, quick_machine
from studio.ui import background


class HardwareProbe(QObject):
    """Imports torch in a child process, once a run of the program; until then only RAM is known."""

    detected = Signal()
    """`machine` now includes the GPU."""

    known: ClassVar[Machine | None] = None
    """The result of the child process."""

    def __init__(self, parent: QObject, gpu: int = 0) -> None:
        """`gpu`: the number of the GPU that models run on."""
        super().__init__(parent)
        self._gpu = gpu
        self._machine = HardwareProbe.known or quick_machine()
        self._stop: threading.Event | None = None

    @property
    def machine(self) -> Machine:
        """What is known about this computer."""
        return self._machine

    def start(self) -> None:
        """Query the GPU, unless it is known or being queried."""
        if HardwareProbe.known is not None or self._stop is not None:
            return
        self._stop = stop = threading.Event()
        self.destroyed.connect(stop.set)
        background.run(self, lambda: probe_machine(stop.is_set, self._gpu), self._on_detected)

    def stop(self) -> None:
        """End the child process and ignore its result."""
        if self._stop is not None:
            self._stop.set()

    def _on_detected(self, machine: Machine) -> None:
        if self._stop is None or self._stop.is_set():
            return
        HardwareProbe.known = self._machine = machine
        self.detected.emit()
