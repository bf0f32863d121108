"""Small parts that every screen uses, made in one way: plain-text labels, buttons with name and
tooltip, questions.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import Failure
from studio.ui.plain_editor import MAX_RUN, PlainEditor
from studio.ui.widgets.icons import set_icon

LABEL_CHARACTERS = 900
LABEL_LINES = 15
"""What a label shows of a text; a higher message box would not fit on a small screen."""
DETAILS_CHARACTERS = 100_000
CUT = "\n…"
_LONG_RUN = re.compile(rf"[^ \n]{{{MAX_RUN}}}")
_LONG_WORD = re.compile(r"\S{60}")


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label that never takes its text for HTML."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setText(text)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


def name_control(control: QWidget, name: str, tip: str) -> None:
    """Give a control its accessible name and its tooltip (plain text, also where it looks like
    HTML).
    """
    control.setAccessibleName(name)
    control.setAccessibleDescription(tip)
    control.setToolTip(html.escape(tip))


def button(
    text: str,
    tip: str,
    pressed: Callable[[], object],
    icon_name: str = "",
    *,
    primary: bool = False,
) -> QPushButton:
    """Return a push button."""
    made = QPushButton(text)
    name_control(made, text or tip, tip)
    if icon_name:
        set_icon(made, icon_name, "#ffffff" if primary else "")
    if primary:
        made.setProperty("primary", True)
    made.clicked.connect(lambda _checked=False: pressed())
    return made


class _Editor(PlainEditor):
    """Asks for no more than its smallest height, so that it does not push down what scrolls with
    it.
    """

    def sizeHint(self) -> QSize:
        """See Qt."""
        return QSize(super().sizeHint().width(), self.minimumHeight())


def text_editor(name: str, tip: str, height: int) -> PlainEditor:
    """Return a plain text editor with name and tip; Tab leaves it."""
    editor = _Editor()
    name_control(editor, name, tip)
    editor.setTabChangesFocus(True)
    editor.setMinimumHeight(height)
    editor.setMaximumHeight(height * 2)
    editor.setPlaceholderText(tip)
    return editor


def restyle(widget: QWidget) -> None:
    """Let the style sheet see a property that was changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def row(
    *widgets: QWidget | None, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 8
) -> QWidget:
    """Return the widgets side by side; None is a stretch."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget)
    return holder


def search_field(name: str, tip: str, hint: str) -> QLineEdit:
    """Return a field to search with, and a button in it that clears it."""
    made = QLineEdit()
    made.setPlaceholderText(hint)
    made.setClearButtonEnabled(True)
    name_control(made, name, tip)
    for clear in made.findChildren(QToolButton):
        name_control(clear, "Clear", "Clear the search")
    return made


def choice_box(name: str, tip: str, first: str, more: Mapping[str, str]) -> QComboBox:
    """Return a box of choices: `first` for all of them (value ""), then value → title."""
    made = QComboBox()
    made.addItem(first, "")
    for value, title in more.items():
        made.addItem(title, value)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    name_control(made, name, tip)
    return made


def dress_table(table: QTableView, widths: Mapping[int, int], stretch: Iterable[int]) -> None:
    """Make a table look as all of them do: whole rows, no grid, titles on the left; Tab leaves
    it.
    """
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setAlternatingRowColors(True)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(28)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    for column, width in widths.items():
        table.setColumnWidth(column, width)
    for column in stretch:
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)


def size_text(count: int) -> str:
    """Return a number of bytes for a person."""
    for unit, one in (("GB", 10**9), ("MB", 10**6)):
        if count >= one:
            return f"{count / one:.1f} {unit}" if count < 10 * one else f"{count / one:.0f} {unit}"
    return f"{max(1, round(count / 1000))} kB"


def for_label(text: str) -> str:
    """Return a text of any origin so that a label can show it: of bounded size, and with places to
    wrap in long words.
    """
    lines = text[:LABEL_CHARACTERS].split("\n")
    shown = "\n".join(_LONG_WORD.sub("\\g<0>\u200b", line) for line in lines[:LABEL_LINES])
    return shown if len(text) <= LABEL_CHARACTERS and len(lines) <= LABEL_LINES else shown + CUT


def for_details(text: str) -> str:
    """Return a text of any origin so that Qt lays it out in linear time; see `plain_editor`."""
    shown = _LONG_RUN.sub("\\g<0>\n", text[:DETAILS_CHARACTERS])
    return shown if len(text) <= DETAILS_CHARACTERS else shown + CUT


def ask(parent: QWidget, title: str, question: str, yes: str, no: str = "Cancel") -> bool:
    """Ask a question with two named answers; closing the box means no."""
    box = QMessageBox(QMessageBox.Icon.Question, title, for_label(question), parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.exec()
    return box.clickedButton() is accept


def tell(parent: QWidget | None, title: str, text: str, details: str = "") -> None:
    """Show a message with its details behind a button; of a long text only the beginning is outside
    of them.
    """
    shown = for_label(text)
    if shown.endswith(CUT):  # a box with all of it would be higher than the screen
        details = f"{text}\n\n{details}".strip()
    box = QMessageBox(QMessageBox.Icon.Warning, title, shown, parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    if details:
        box.setDetailedText(for_details(details))
    box.exec()


class Notice(QFrame):
    """A box that says what went wrong and what to do, with buttons; hidden while there is nothing
    to say.
    """

    def __init__(self, role: str = "notice") -> None:
        super().__init__()
        self.setProperty("role", role)
        self.message = ""
        """What is shown."""
        self._message = label(wrap=True)
        self._cure = label(role="muted", wrap=True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(6)
        layout.addWidget(self._message)
        layout.addWidget(self._cure)
        layout.addLayout(self._buttons)
        self._buttons.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def say(self, message: str, cure: str = "", buttons: list[QPushButton] | None = None) -> None:
        """Show this, with these buttons."""
        self.clear()
        self.message = message
        self._message.setText(for_label(message))
        self._cure.setText(for_label(cure))
        self._cure.setVisible(bool(cure))
        for number, made in enumerate(buttons or []):
            self._buttons.insertWidget(number, made)
        self.setAccessibleName(f"{message} {cure}")
        self.show()

    def fail(self, failure: Failure, buttons: list[QPushButton]) -> None:
        """Show a failure; its details are behind a button."""
        if failure.details:
            show = button(
                "Details…",
                "Show what exactly went wrong",
                lambda: tell(self, "Details", failure.message, failure.details),
            )
            buttons = [*buttons, show]
        self.say(failure.message, failure.cure, buttons)

    def clear(self) -> None:
        """Hide it."""
        while self._buttons.count() > 1:
            item = self._buttons.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        self.hide()
