"""The button “Write…” with the menu of guided tasks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QToolButton

from studio.core.translation import tr, tr_marked
from studio.models.card import ModelCard
from studio.ui.tabs.tasks.task_list import TaskList
from studio.ui.widgets.factory import escape_markup, name_control

if TYPE_CHECKING:
    from studio.text_tasks.task import Task

TITLE_CHARACTERS = 80


class WriteButton(QToolButton):
    """Lists the tasks, and which of them the chosen model is too small for."""

    chosen = Signal(str)
    """Name of a task."""

    def __init__(self, tasks: TaskList, card: Callable[[], ModelCard | None]) -> None:
        super().__init__()
        self._tasks = tasks
        self._card = card
        self.setText(tr("Write…"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setProperty("flat", True)
        name_control(
            self, tr("Write…"), tr("Write a headline, summary, article, poem … with a form for it")
        )
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._on_opened)
        self.setMenu(menu)
        tasks.read.connect(self._fill)

    def open_menu(self) -> None:
        """Open the menu; unlike `showMenu`, return at once."""
        self.menu().popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _on_opened(self) -> None:
        self._fill()
        self._tasks.reload()

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        if not self._tasks.is_read:
            menu.addAction(tr("Loading…")).setEnabled(False)
        for task in sorted(self._tasks.tasks.values(), key=lambda one: tr_marked(one.title)):
            self._add(menu, task)
        if self._tasks.problems:
            menu.addSeparator()
        for error in self._tasks.problems:
            action = menu.addAction(error.message[:TITLE_CHARACTERS].replace("&", "&&"))
            action.setToolTip(escape_markup(f"{error.message} {error.cure}"))
            action.setEnabled(False)

    def _add(self, menu: QMenu, task: Task) -> None:
        card = self._card()
        title = tr_marked(task.title)[:TITLE_CHARACTERS]
        tip = tr_marked(task.description)
        if card is not None and task.is_too_small(card.parameters):
            title = tr("{task} (needs a larger model)", task=title)
            tip = f"{tip} {too_small(card)}".strip()
        action = menu.addAction(title.replace("&", "&&"))
        action.setToolTip(escape_markup(tip))
        action.setData(task.name)
        action.triggered.connect(functools.partial(self._choose, task.name))

    def _choose(self, name: str, _checked: bool = False) -> None:
        self.chosen.emit(name)

    def show_as_title(self, title: str) -> None:
        """Show the title of the chosen task instead of “Write…”."""
        self.setText(f"{title} ▾")
        name_control(self, title, tr("Choose another task"))


def too_small(card: ModelCard) -> str:
    """Return that a model is too small for a task."""
    return tr("{title} is too small for this task; expect mistakes.", title=card.title)
