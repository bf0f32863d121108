"""The place in the text tab's form where a guided task takes that of the plain prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from studio.core.requests.task_entry import TaskEntry
from studio.core.translation import tr, tr_marked
from studio.models.card import ModelCard
from studio.ui.app_state import AppState
from studio.ui.tabs.tasks.source_row import TakeDocument
from studio.ui.tabs.tasks.task_list import TaskList
from studio.ui.tabs.tasks.write_button import WriteButton
from studio.ui.widgets.factory import button, row

if TYPE_CHECKING:
    from studio.ui.tabs.tasks.task_panel import TaskPanel


class TaskBox(QWidget):
    """Shows one task's form at a time, hidden without one. Forms keep what was typed."""

    changed = Signal()
    """The user edited a field."""
    opened = Signal()
    """Another task's form is shown."""
    closed = Signal()
    """The plain prompt is to be shown again."""
    model_chosen = Signal(str)

    def __init__(
        self,
        shared: AppState,
        card: Callable[[], ModelCard | None],
        take_document: TakeDocument,
        plain_prompt: Callable[[], str],
    ) -> None:
        super().__init__()
        self._shared = shared
        self._card = card
        self._take_document = take_document
        self._plain_prompt = plain_prompt
        self._panels: dict[str, TaskPanel] = {}
        self.panel: TaskPanel | None = None
        """The form that is shown."""
        self._pending: tuple[TaskEntry, Callable[[], None], Callable[[], None]] | None = None
        """What to show once the tasks are read; called then, or if there is no such task."""
        self.tasks = TaskList(shared, self)
        self.tasks.read.connect(self._on_read)
        self.write_button = WriteButton(self.tasks, card)
        """For the title of the plain prompt."""
        self.title_button = WriteButton(self.tasks, card)
        self.write_button.chosen.connect(self.write)
        self.title_button.chosen.connect(self.write)
        self.back_button = button(
            tr("Plain prompt"),
            tr("Show the prompt instead of this form, which keeps its texts"),
            self.close_task,
        )
        self.back_button.setProperty("flat", True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._title = row(self.title_button, None, self.back_button, spacing=0)
        self._column.addWidget(self._title)
        self.hide()

    def add_to_title(self, widget: QWidget) -> None:
        """Put a widget above the form, before the way back to the plain prompt."""
        layout = self._title.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.insertWidget(layout.indexOf(self.back_button), widget)

    @property
    def is_open(self) -> bool:
        """True if a task's form is shown, or will be once its file is read."""
        return self.panel is not None or self._pending is not None

    def entry(self) -> TaskEntry | None:
        """Return what the user entered; None without a task."""
        if self._pending is not None:
            return self._pending[0]
        return self.panel.entry() if self.panel is not None else None

    def open_menu(self) -> None:
        """Show the menu of tasks."""
        (self.write_button if self.panel is None else self.title_button).open_menu()

    def write(self, name: str) -> None:
        """Show a task's form, chosen by the user; an empty one takes over what was typed before."""
        before = self.panel.main.value() if self.panel is not None else self._plain_prompt()

        def fill() -> None:
            panel = self.panel
            if panel is not None:
                if before and not panel.main.value():
                    panel.main.hold(before, "")
                panel.main.editor.setFocus()

        kept = self._panels.get(name)
        self.show_entry(kept.entry() if kept is not None else TaskEntry(name=name), fill)

    def show_entry(
        self,
        entry: TaskEntry,
        then: Callable[[], None] = lambda: None,
        missing: Callable[[], None] = lambda: None,
    ) -> None:
        """Show an entry in its task's form, and call `then`; `missing` if there is no such task."""
        self._pending = (entry, then, missing)
        if entry.name in self.tasks.tasks:
            self._show_pending()
        else:
            self.tasks.reload()

    def _on_read(self) -> None:
        if self._pending is not None:
            self._show_pending()

    def _show_pending(self) -> None:
        assert self._pending is not None
        entry, then, missing = self._pending
        self._pending = None
        task = self.tasks.tasks.get(entry.name)
        if task is None:
            missing()
            self._shared.post_toast(tr("There is no task {name}.", name=entry.name[:40]))
            return
        panel = self._panels.get(entry.name)
        if panel is None or panel.task != task:
            panel = self._create(entry.name)
        panel.set_entry(entry)
        self._show(panel)
        then()

    def _create(self, name: str) -> TaskPanel:
        from studio.ui.tabs.tasks.task_panel import TaskPanel

        former = self._panels.pop(name, None)
        if former is not None:
            former.hide()
            former.deleteLater()
            if former is self.panel:
                self.panel = None
        panel = TaskPanel(self._shared, self.tasks.tasks[name], self._take_document)
        panel.changed.connect(self.changed)
        panel.model_chosen.connect(self.model_chosen)
        self._panels[name] = panel
        self._column.addWidget(panel)
        return panel

    def _show(self, panel: TaskPanel) -> None:
        is_other = panel is not self.panel
        self.panel = panel
        for one in self._panels.values():
            one.setVisible(one is panel)
        self.title_button.show_as_title(tr_marked(panel.task.title))
        panel.show_model(self._card())
        self.show()
        if is_other:
            self.opened.emit()

    def close_task(self) -> None:
        """Show the plain prompt again."""
        self._pending = None
        if self.panel is not None:
            self.panel = None
            self.hide()
            self.closed.emit()
