"""The guided tasks that the window offers, read in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.ui import background
from studio.ui.app_state import AppState

if TYPE_CHECKING:
    from studio.text_tasks.task import Task


class TaskList(QObject):
    """Studio's tasks and the user's own, by name."""

    read = Signal()
    """The files were read."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self.tasks: dict[str, Task] = {}
        self.problems: list[StudioError] = []
        """Own files that are invalid."""
        self.is_read = False

    def reload(self) -> None:
        """Read all files again; `read` follows."""
        data = self._shared.data

        def read() -> list[Task | StudioError]:
            from studio.text_tasks.loader import read_tasks

            return read_tasks(data)

        background.run(self, read, self._on_read)

    def _on_read(self, found: list[Task | StudioError]) -> None:
        self.problems = [one for one in found if isinstance(one, StudioError)]
        self.tasks = {one.name: one for one in found if not isinstance(one, StudioError)}
        self.is_read = True
        self.read.emit()
