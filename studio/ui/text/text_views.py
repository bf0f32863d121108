"""The right side of the text tab: a switch between views such as Result and Document."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import name_control


class TextViews(QWidget):
    """Shows one view at a time; a view is created when it is shown for the first time."""

    changed = Signal(str)
    """Name of the view that the user chose."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._factories: dict[str, Callable[[], QWidget]] = {}
        self._widgets: dict[str, QWidget] = {}
        self.bar = QTabBar()
        self.bar.setExpanding(False)
        self.bar.setDrawBase(False)
        name_control(
            self.bar, tr("View"), tr("Show the result, or the document (arrow keys switch)")
        )
        self.stack = QStackedWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.stack, 1)
        self.bar.currentChanged.connect(self._on_bar_changed)

    @property
    def name(self) -> str:
        """Name of the view that is shown."""
        return self._names[self.bar.currentIndex()] if self._names else ""

    def add(self, name: str, title: str, create: Callable[[], QWidget]) -> None:
        """Add a view; the first one is shown."""
        self._names.append(name)
        self._factories[name] = create
        self.bar.addTab(title)

    def view(self, name: str) -> QWidget:
        """Return a view, created if necessary."""
        if name not in self._widgets:
            self._widgets[name] = self._factories[name]()
            self.stack.addWidget(self._widgets[name])
        return self._widgets[name]

    def is_created(self, name: str) -> bool:
        """Return True if a view was shown before."""
        return name in self._widgets

    def show_view(self, name: str) -> None:
        """Show a view."""
        self.bar.setCurrentIndex(self._names.index(name))
        self.stack.setCurrentWidget(self.view(name))

    def set_offered(self, name: str, is_offered: bool) -> None:
        """Show or hide the tab of a view; the first view takes the place of a hidden one."""
        index = self._names.index(name)
        if not is_offered and self.name == name:
            self.show_view(self._names[0])
        self.bar.setTabVisible(index, is_offered)

    def _on_bar_changed(self, index: int) -> None:
        name = self._names[index]
        self.stack.setCurrentWidget(self.view(name))
        self.changed.emit(name)
