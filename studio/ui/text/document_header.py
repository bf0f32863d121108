"""The line above a document: its title with the menu of documents, and what can be done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.icons import set_icon

MIN_TITLE = 90


class TitleButton(QToolButton):
    """Shows the title, elided where it lacks space, and opens a menu."""

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)

    def set_title(self, title: str) -> None:
        """Show a title."""
        self._title = title or tr("Untitled")
        name_control(
            self,
            tr("Document: {title}", title=self._title),
            tr("Open, rename and delete documents"),
        )
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Qt's override: the title is elided."""
        return QSize(MIN_TITLE, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        """Qt's override: a width that does not depend on the title."""
        return QSize(MIN_TITLE, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide the title again."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        room = max(0, self.width() - 40)
        title = self.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, room)
        self.setText(f"{title.replace('&', '&&')}  ▾")


class DocumentHeader(QWidget):
    """Buttons of the document page."""

    def __init__(self) -> None:
        super().__init__()
        self.title = TitleButton()
        self.title_menu = QMenu(self)
        self.title.setMenu(self.title_menu)
        self.more_menu = QMenu(self)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self.title, 1)

    def add_button(
        self, icon: str, name: str, tip: str, on_clicked: Callable[[], object]
    ) -> QToolButton:
        """Add a button with an icon."""
        control = QToolButton()
        set_icon(control, icon)
        name_control(control, name, tip)
        control.clicked.connect(lambda _checked=False: on_clicked())
        self._layout.addWidget(control)
        return control

    def add_more_menu(self) -> QToolButton:
        """Add the button with the menu of everything else."""
        control = QToolButton()
        set_icon(control, "more")
        name_control(control, tr("More"), tr("More that can be done with the document"))
        control.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        control.setMenu(self.more_menu)
        self._layout.addWidget(control)
        return control
