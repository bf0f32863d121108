"""The bar that finds and replaces in a document."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QToolButton, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_plural
from studio.documents.document import Change, insertion
from studio.documents.find import FindQuery, Match, Matches, find_all, replace_all, replacement
from studio.ui import background
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.marking.marks import Mark, Marks
from studio.ui.widgets.factory import button, label, name_control, row

FIND_MS = 150


class FindBar(QWidget):
    """Looks for a text while it is typed, and marks all places."""

    closed = Signal()
    replaced = Signal(int)
    """How many places were replaced at once."""

    def __init__(self, editor: DocumentEditor, marks: Marks) -> None:
        super().__init__()
        self._editor = editor
        self._marks = marks
        self._matches = Matches("", ())
        self._current = -1
        self._goes_on = False
        """Select the first place when the search ends."""
        self.wanted = _field(tr("Find"), tr("Text to find (Enter: next, Shift+Enter: previous)"))
        self.by = _field(tr("Replace by"), tr("Text to insert instead"))
        self.case = _toggle(tr("Aa"), tr("Match case"), tr("Capital and small letters differ"))
        self.word = _toggle(
            tr("Words", context="find"), tr("Whole words"), tr("Find whole words only")
        )
        self.regex = _toggle(".*", tr("Regular expression"), tr("The text is a regular expression"))
        self.status = label("", "muted")
        self.problem = label("", "error", wrap=True)
        self._lay_out()
        self._soon = background.DelayedCall(self, self._find, FIND_MS)
        for toggle in (self.case, self.word, self.regex):
            toggle.toggled.connect(self._on_query_changed)
        self.wanted.textChanged.connect(self._on_query_changed)
        editor.edited.connect(self._on_text_changed)
        self.hide()

    def _lay_out(self) -> None:
        previous = button("", tr("Previous place (Shift+F3)"), self.find_previous)
        following = button("", tr("Next place (F3)"), self.find_next)
        for control, sign in ((previous, "↑"), (following, "↓")):
            control.setText(sign)
        close = QToolButton()
        close.setText("×")
        name_control(close, tr("Close"), tr("Close the search (Esc)"))
        close.clicked.connect(self.dismiss)
        self.replace_row = row(
            self.by,
            button(tr("Replace"), tr("Replace this place and go to the next"), self.replace),
            button(
                tr("Replace all"), tr("Replace every place, as one step of undo"), self.replace_all
            ),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(
            row(
                self.wanted, self.case, self.word, self.regex, previous, following, close, spacing=4
            )
        )
        layout.addWidget(self.replace_row)
        layout.addWidget(row(self.status, None))
        layout.addWidget(self.problem)
        self.problem.hide()

    # Opening and closing
    # ----------------------------------------------------------------------

    def open(self, *, replaces: bool = False) -> None:
        """Show the bar with what is selected; `replaces`: with the row that replaces."""
        start, end = self._editor.selection
        selected = self._editor.text[start:end]
        if selected and "\n" not in selected and len(selected) < 200:
            self.wanted.setText(selected)
        self.replace_row.setVisible(replaces)
        self.show()
        self.wanted.selectAll()
        self.wanted.setFocus()
        self._soon.request()

    def dismiss(self) -> None:
        """Hide the bar and its marks."""
        self.hide()
        self._marks.set("matches", ())
        self.closed.emit()

    def event(self, event: QEvent) -> bool:
        """Take Esc before the shortcut of the tab, which stops its job."""
        is_shortcut = event.type() == QEvent.Type.ShortcutOverride
        if is_shortcut and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter finds, Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.find_previous()
            elif self.by.hasFocus():
                self.replace()
            else:
                self.find_next()
        else:
            super().keyPressEvent(event)

    # Finding
    # ----------------------------------------------------------------------

    def query(self) -> FindQuery:
        """Return what to look for."""
        return FindQuery(
            self.wanted.text(), self.case.isChecked(), self.word.isChecked(), self.regex.isChecked()
        )

    def find_next(self) -> None:
        """Select the next place after the cursor."""
        self._go(1)

    def find_previous(self) -> None:
        """Select the place before the selection."""
        self._go(-1)

    def _go(self, by: int) -> None:
        found = self._matches.found
        if self._matches.text is not self._editor.text or not found:
            self._goes_on = True
            self._find()
            return
        start, end = self._editor.selection
        if by > 0:
            at = bisect_left(found, end, key=lambda match: match.start)
        else:
            at = bisect_left(found, start, key=lambda match: match.end - 1) - 1
        self._select(at % len(found))

    def _select(self, index: int) -> None:
        self._current = index
        match = self._matches.found[index]
        self._editor.select(match.start, match.end)
        self._show_marks()

    def _on_query_changed(self) -> None:
        self._goes_on = True
        self._soon.request()

    def _on_text_changed(self, _change: Change) -> None:
        if self.isVisible():
            self._marks.set("matches", ())
            self._soon.request()

    def _find(self) -> None:
        text, query = self._editor.text, self.query()
        self._run(lambda: find_all(text, query), lambda found: self._on_found(query, found))

    def _run(self, work: Callable[[], object], done: Callable[..., None]) -> None:
        background.run(self, work, done, self._show_problem)

    def _show_problem(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self._matches = Matches("", ())
        self._marks.set("matches", ())
        self.status.setText("")
        self.problem.setText(f"{error.message} {error.cure}")
        self.problem.show()

    def _on_found(self, query: FindQuery, matches: Matches) -> None:
        if query != self.query() or matches.text is not self._editor.text:
            self._soon.request()
            return
        self.problem.hide()
        self._matches = matches
        self._current = self._selected_index()
        goes_on, self._goes_on = self._goes_on, False
        if goes_on and matches.found and self._current < 0:
            start = self._editor.selection[0]
            at = bisect_left(matches.found, start, key=lambda match: match.start)
            self._select(at % len(matches.found))
        else:
            self._show_marks()

    def _selected_index(self) -> int:
        start, end = self._editor.selection
        at = bisect_left(self._matches.found, start, key=lambda match: match.start)
        is_match = at < len(self._matches.found) and self._matches.found[at] == Match(start, end)
        return at if is_match else -1

    def _show_marks(self) -> None:
        found = self._matches.found
        current = self._current
        self._marks.set(
            "matches",
            [
                Mark(one.start, one.end, "current" if number == current else "match")
                for number, one in enumerate(found)
            ]
            if self.isVisible()
            else (),
        )
        if not self.wanted.text():
            self.status.setText("")
        elif not found:
            self.status.setText(tr("Not found"))
        elif self._matches.is_cut:
            self.status.setText(tr("More than {count:,} places", count=len(found)))
        elif current >= 0:
            self.status.setText(tr("{number:,} of {count:,}", number=current + 1, count=len(found)))
        else:
            self.status.setText(tr_plural("1 place", "{count:,} places", len(found)))

    # Replacing
    # ----------------------------------------------------------------------

    def replace(self) -> None:
        """Replace the place that is selected, and go to the next one."""
        self._current = self._selected_index()
        if self._current < 0 or self._matches.text is not self._editor.text:
            self.find_next()
            return
        text, query, by = self._editor.text, self.query(), self.by.text()
        match = self._matches.found[self._current]

        def insert(new: str) -> None:
            if self._editor.text is text:
                self._editor.history.close_step()
                self._editor.apply(insertion(match.start, new, removed=match.end - match.start))
                self._editor.history.close_step()
                at = match.start + len(new)
                self._editor.select(at, at)
                self._goes_on = True
                self._find()

        self._run(lambda: replacement(text, query, match, by), insert)

    def replace_all(self) -> None:
        """Replace every place as one step of undo."""
        text, query, by = self._editor.text, self.query(), self.by.text()
        origins = self._editor.text_document.origins

        def apply(result: tuple[Change, int]) -> None:
            change, number = result
            if self._editor.text is not text:  # it was changed meanwhile
                self.replace_all()
                return
            if number:
                self._editor.history.close_step()
                self._editor.apply(change)
                self._editor.history.close_step()
            self.replaced.emit(number)

        self._run(lambda: replace_all(text, origins, query, by), apply)


def _field(name: str, tip: str) -> QLineEdit:
    field = QLineEdit()
    field.setPlaceholderText(name)
    name_control(field, name, tip)
    return field


def _toggle(text: str, name: str, tip: str) -> QToolButton:
    toggle = QToolButton()
    toggle.setText(text)
    toggle.setCheckable(True)
    name_control(toggle, name, tip)
    return toggle
