"""Functions that create the window's labels, buttons, editors, tables and message boxes."""

from __future__ import annotations

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
from studio.core.translation import tr
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.long_text_editor import LongTextEditor
from studio.ui.widgets.plain_editor import MAX_RUN

LABEL_CHARACTERS = 900
LABEL_LINES = 15
"""A label with more lines would make a message box too high for a small screen."""
DETAILS_CHARACTERS = 100_000
CUT = "\n…"
_LONG_RUN = re.compile(rf"[^ \n]{{{MAX_RUN}}}")
_LONG_WORD = re.compile(r"\S{60}")


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Create a label that shows its text as plain text, never as HTML."""
    result = QLabel()
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setText(text)
    result.setWordWrap(wrap)
    if role:
        result.setProperty("role", role)
    return result


def name_control(control: QWidget, name: str, tip: str) -> None:
    """Set a control's accessible name, description and tooltip, as plain text."""
    control.setAccessibleName(name)
    control.setAccessibleDescription(tip)
    control.setToolTip(escape_markup(tip))


def escape_markup(text: str) -> str:
    """Return a text for a tooltip, which Qt would read as HTML.

    `html.escape` does the same, but its import takes 0.7 MB at every start.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def button(
    text: str,
    tip: str,
    on_clicked: Callable[[], object],
    icon_name: str = "",
    *,
    primary: bool = False,
) -> QPushButton:
    """Create a push button; `primary` is the dialog's main action."""
    result = QPushButton(text)
    name_control(result, text or tip, tip)
    if icon_name:
        set_icon(result, icon_name, "#ffffff" if primary else "")
    if primary:
        result.setProperty("primary", True)
    result.clicked.connect(lambda _checked=False: on_clicked())
    return result


class _CompactEditor(LongTextEditor):
    """An editor that prefers its minimum height, so that the form below it stays in view."""

    def sizeHint(self) -> QSize:
        """Qt's override: prefer the minimum height."""
        return QSize(super().sizeHint().width(), self.minimumHeight())


def text_editor(name: str, tip: str, height: int) -> LongTextEditor:
    """Create a plain text editor; Tab moves to the next control."""
    editor = _CompactEditor()
    name_control(editor, name, tip)
    editor.setTabChangesFocus(True)
    editor.setMinimumHeight(height)
    editor.setMaximumHeight(height * 2)
    editor.setPlaceholderText(tip)
    return editor


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def row(
    *widgets: QWidget | None, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 8
) -> QWidget:
    """Place widgets in a row; None is a stretch."""
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
    """Create a search field with a button that clears it."""
    result = QLineEdit()
    result.setPlaceholderText(hint)
    result.setClearButtonEnabled(True)
    name_control(result, name, tip)
    for clear in result.findChildren(QToolButton):
        name_control(clear, tr("Clear"), tr("Clear the search"))
    return result


def choice_box(name: str, tip: str, first: str, more: Mapping[str, str]) -> QComboBox:
    """Create a combo box: `first` (value "") for no choice, then `more`: value → title."""
    result = QComboBox()
    result.addItem(first, "")
    for value, title in more.items():
        result.addItem(title, value)
    result.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    name_control(result, name, tip)
    return result


def style_table(table: QTableView, widths: Mapping[int, int], stretch: Iterable[int]) -> None:
    """Style a table: whole rows, no grid, titles on the left; Tab moves to the next control."""
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
    """Format a number of bytes as kB, MB or GB."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if count >= factor:
            digits = 1 if count < 10 * factor else 0
            return f"{count / factor:.{digits}f} {unit}"
    return f"{max(1, round(count / 1000))} kB"


def shorten_for_label(text: str) -> str:
    """Cut an untrusted text to a label's size, and let long words wrap."""
    lines = text[:LABEL_CHARACTERS].split("\n")
    shown = "\n".join(_LONG_WORD.sub("\\g<0>\u200b", line) for line in lines[:LABEL_LINES])
    return shown if len(text) <= LABEL_CHARACTERS and len(lines) <= LABEL_LINES else shown + CUT


def break_long_lines(text: str) -> str:
    """Break long lines of an untrusted text; see `plain_editor` for Qt's quadratic layout."""
    shown = _LONG_RUN.sub("\\g<0>\n", text[:DETAILS_CHARACTERS])
    return shown if len(text) <= DETAILS_CHARACTERS else shown + CUT


def confirm(parent: QWidget, title: str, question: str, yes: str, no: str = "") -> bool:
    """Ask a question; return True for `yes`, False for `no` (Cancel) or if the box is closed."""
    box = QMessageBox(QMessageBox.Icon.Question, title, shorten_for_label(question), parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(no or tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.exec()
    return box.clickedButton() is accept


def show_message(
    parent: QWidget | None,
    title: str,
    text: str,
    details: str = "",
    *,
    icon: QMessageBox.Icon = QMessageBox.Icon.Warning,
) -> None:
    """Show a message box; details, and the rest of a long text, are behind a button."""
    shown = shorten_for_label(text)
    if shown.endswith(CUT):  # the whole text would not fit on the screen
        details = f"{text}\n\n{details}".strip()
    box = QMessageBox(icon, title, shown, parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    if details:
        box.setDetailedText(break_long_lines(details))
    box.exec()


def show_information(parent: QWidget | None, title: str, text: str, details: str = "") -> None:
    """Show a message box with an information icon instead of a warning."""
    show_message(parent, title, text, details, icon=QMessageBox.Icon.Information)


class Notice(QFrame):
    """A box with a message, what to do about it, and buttons; hidden when empty."""

    def __init__(self, role: str = "notice") -> None:
        super().__init__()
        self._role = role
        self.setProperty("role", role)
        self.message = ""
        """The message that is shown."""
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

    def show_message(
        self,
        message: str,
        cure: str = "",
        buttons: list[QPushButton] | None = None,
        *,
        role: str = "",
    ) -> None:
        """Replace what is shown by this message, advice and buttons.

        `role`: "banner" for information in a box that else shows failures.
        """
        self.clear()
        self._set_role(role or self._role)
        self._cure.setText(shorten_for_label(cure))
        self._cure.setVisible(bool(cure))
        for index, result in enumerate(buttons or []):
            self._buttons.insertWidget(index, result)
        self.set_text(message, cure)
        self.show()

    def _set_role(self, role: str) -> None:
        if self.property("role") != role:
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)

    def set_text(self, message: str, cure: str = "") -> None:
        """Change the message only; the buttons, which may have the focus, stay."""
        self.message = message
        self._message.setText(shorten_for_label(message))
        self.setAccessibleName(f"{message} {cure}".strip())

    def show_failure(self, failure: Failure, buttons: list[QPushButton]) -> None:
        """Show a failure with its details behind a button."""
        if failure.details:
            show = button(
                tr("Details…"),
                tr("Show the technical details"),
                lambda: show_message(self, tr("Details"), failure.message, failure.details),
            )
            buttons = [*buttons, show]
        self.show_message(failure.message, failure.cure, buttons)

    def clear(self) -> None:
        """Hide the box and delete its buttons."""
        while self._buttons.count() > 1:
            item = self._buttons.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        self.hide()
