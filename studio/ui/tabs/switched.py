"""A tab with several forms and a switch above them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from studio.ui.tabs.base import GenerateTab
from studio.ui.tabs.form_tab import Tab
from studio.ui.tabs.layout import column
from studio.ui.widgets.factory import name_control, row


class SwitchedTab(Tab):
    """Shows one of several forms, each built when it is shown for the first time."""

    form_built = Signal(object)
    """The new form, a GenerateTab."""

    def __init__(
        self,
        name: str,
        description: str,
        forms: Sequence[tuple[str, str, Callable[[QWidget], GenerateTab]]],
        parent: QWidget | None = None,
    ) -> None:
        """`forms`: kind, title on the switch, and function that builds the form in its place."""
        super().__init__(parent)
        self._kinds = [kind for kind, _title, _build in forms]
        self._builders = {kind: build for kind, _title, build in forms}
        self._built: dict[str, GenerateTab] = {}
        self._has_drafts = False
        self._pages = QStackedWidget()
        self.switch = QTabBar()
        name_control(self.switch, name, description)
        self.switch.setExpanding(False)
        self._holders: list[tuple[QWidget, QVBoxLayout]] = []
        for _kind, title, _build in forms:
            holder, layout = column()
            self._pages.addWidget(holder)
            self._holders.append((holder, layout))
            self.switch.addTab(title)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(row(self.switch, None, margins=(8, 4, 8, 0)))
        whole.addWidget(self._pages, 1)
        self.form(self._kinds[0])
        self.switch.currentChanged.connect(self._on_switched)

    def form(self, kind: str) -> GenerateTab:
        """Return the form of a kind, built if necessary."""
        if kind not in self._built:
            holder, layout = self._holders[self._kinds.index(kind)]
            form = self._built[kind] = self._builders[kind](holder)
            if self._has_drafts:
                form.load_draft()
            layout.addWidget(form)
            self.form_built.emit(form)
        return self._built[kind]

    def current(self) -> GenerateTab:
        """See `Tab`."""
        return self.form(self._kinds[self._pages.currentIndex()])

    def forms(self) -> Sequence[GenerateTab]:
        """Return the forms that are built."""
        return list(self._built.values())

    def for_kind(self, kind: str) -> GenerateTab:
        """See `Tab`."""
        self.switch.setCurrentIndex(self._kinds.index(kind))
        return self.current()

    def load_draft(self) -> None:
        """See `Tab`."""
        self._has_drafts = True
        for form in self.forms():
            form.load_draft()

    def _on_switched(self, number: int) -> None:
        side = self.current().form_side  # of the form that was shown
        self.form(self._kinds[number]).form_side.setVisible(not side.isHidden())
        self._pages.setCurrentIndex(number)
