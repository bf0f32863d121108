"""The editor of a document: plain text of any length, and one undo stack for person and models.

Every change of the text goes through `Document.apply`. Qt's own undo is off; see
`documents/history.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QPlainTextEdit

from studio.core.translation import tr
from studio.documents.document import (
    MAX_CHARACTERS,
    Change,
    Document,
    clean_text,
    difference,
    insertion,
    new_document,
)
from studio.documents.history import History
from studio.documents.origins import PERSON, Origin
from studio.documents.tracked_range import TrackedRange
from studio.ui.text.places import Places, break_lines, units_of
from studio.ui.widgets.factory import name_control

LOAD_CHARACTERS = 40_000
"""Shown at once; the rest of a text follows in such parts, which take less than 10 ms each."""
MAX_BLOCK = 3_000
"""Characters of a line in the editor; longer ones are broken again."""


class DocumentEditor(QPlainTextEdit):
    """Shows and edits one document."""

    edited = Signal(object)
    """Change: the text changed, by whomever."""
    loaded = Signal()
    """The whole text is shown."""
    history_changed = Signal()
    """What can be undone changed."""
    resized = Signal()
    menu_opened = Signal(object, int)
    """(QMenu, place in the text that it was opened at): what else it offers goes to its top."""
    undoing = Signal(str)
    """Key of the step that is about to be taken back; empty for one of the person."""

    def __init__(self) -> None:
        super().__init__()
        self.text_document = new_document("")
        self.history = History()
        self.places = Places()
        self.ranges: list[TrackedRange] = []
        """Parts that follow the changes of the text."""
        self._is_applying = False
        self._unloaded = ""
        """The end of the text that is not shown yet."""
        self._wanted_selection: TrackedRange | None = None
        self._waiting_keys: list[QKeyEvent] = []
        """Pressed while a large change was shown."""
        self._load_timer = QTimer(self)
        self._load_timer.timeout.connect(self._load_part)
        self._break_timer = QTimer(self)
        self._break_timer.setSingleShot(True)
        self._break_timer.timeout.connect(self._break_long_blocks)
        self._long_from: int | None = None
        self.setUndoRedoEnabled(False)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().contentsChange.connect(self._on_contents_change)
        self.setPlaceholderText(tr("Write, or let a model begin"))
        name_control(self, tr("Document"), tr("The text of the document"))

    # The document
    # ----------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The text of the document, without breaks that are only shown."""
        return self.text_document.text

    @property
    def is_loading(self) -> bool:
        """True until the whole text is shown; it cannot be changed until then."""
        return self._load_timer.isActive()

    def open(self, document: Document) -> None:
        """Show another document. Undo begins with its next change."""
        self.text_document = document
        self.history.clear()
        self.ranges.clear()
        self.places = Places()
        self._break_timer.stop()
        self._load_timer.stop()
        self._wanted_selection = None
        self._waiting_keys.clear()
        self._is_applying = True
        self.clear()
        self._is_applying = False
        self.places.replace(0, 0, document.text)
        self._unloaded = document.text
        self._load_part()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        if not self._load_soon():
            self._end_loading()

    def _load_soon(self) -> bool:
        """Show the rest in parts, and let nobody type until then; return False for no rest."""
        if self._unloaded:
            self.setReadOnly(True)
            self._load_timer.start()
        return bool(self._unloaded)

    def _load_part(self) -> None:
        part, rest = self._unloaded[:LOAD_CHARACTERS], self._unloaded[LOAD_CHARACTERS:]
        begin, end, _more = part.rpartition("\n")
        if rest and end:
            part, rest = begin + end, self._unloaded[len(begin) + 1 :]
        self._unloaded = rest
        last = self.document().lastBlock()
        self._show(last.position() + last.length() - 1, 0, part, last.length() - 1)
        if self._load_timer.isActive() and not rest:
            self._load_timer.stop()
            self._end_loading()

    def _end_loading(self) -> None:
        self.setReadOnly(False)
        if (wanted := self._wanted_selection) is not None:
            self._wanted_selection = None
            self.select(wanted.start, wanted.end)
        self.history_changed.emit()
        self.loaded.emit()
        keys, self._waiting_keys = self._waiting_keys, []
        for event in keys:
            QCoreApplication.postEvent(self, event)

    # Changes
    # ----------------------------------------------------------------------

    def change(
        self, position: int, removed: int, text: str, origin: Origin = PERSON, key: str = ""
    ) -> Change:
        """Change the text; see `History.record` for `key`. Return the change that was made."""
        room = MAX_CHARACTERS - len(self.text) + removed
        change = insertion(position, clean_text(text)[: max(0, room)], origin, removed=removed)
        self.apply(change, key)
        return change

    def apply(self, change: Change, key: str = "") -> None:
        """Make a change as a step of undo, or as a part of the step `key`."""
        self.history.record(change, self._apply(change), key)
        self.history_changed.emit()

    def replace_text(self, text: str, origin: Origin = PERSON, key: str = "") -> None:
        """Replace the whole text as a step of undo; what is the same keeps its origin."""
        position, removed, inserted = difference(self.text, clean_text(text))
        if removed or inserted:
            self.change(position, removed, inserted, origin, key)

    def undo(self) -> None:
        """Take back the last step of person or model."""
        if not self.isReadOnly() and self.history.can_undo:
            self.undoing.emit(self.history.next_key)
            self._move_cursor(self.history.undo(self._apply))

    def redo(self) -> None:
        """Make the step again that was taken back last."""
        if not self.isReadOnly():
            self._move_cursor(self.history.redo(self._apply))

    def _move_cursor(self, changes: Sequence[Change]) -> None:
        """Show what undo or redo changed."""
        if changes:
            place = changes[-1].position + len(changes[-1].inserted)
            self.select(place, place)
            self.history_changed.emit()

    def _apply(self, change: Change) -> Change:
        self._show_change(change)
        back = self.text_document.apply(change)
        wanted = self._wanted_selection
        for tracked in [*self.ranges, wanted] if wanted is not None else self.ranges:
            tracked.follow(change)
        self.edited.emit(change)
        return back

    def _show_change(self, change: Change) -> None:
        end = change.position + change.removed
        is_shown = end <= len(self.text) - len(self._unloaded)
        if is_shown and len(change.inserted) <= LOAD_CHARACTERS:
            self._show_small(change)
        else:
            self._show_in_parts(change)

    def _show_in_parts(self, change: Change) -> None:
        """Hide the text from a change on, and show it as `open` does: no part takes long."""
        shown = len(self.text) - len(self._unloaded)
        first = min(change.position, shown)
        rest = self.text[first : change.position], self.text[change.position + change.removed :]
        start = self.places.to_shown(first)
        end = self.document().characterCount() - 1
        block = self.document().findBlock(start)
        self._show(start, max(0, end - start), "", start - block.position())
        self.places.replace(change.position, change.removed, change.inserted)
        self._unloaded = f"{rest[0]}{change.inserted}{rest[1]}"
        self._load_part()
        self._load_soon()

    def _show_small(self, change: Change) -> None:
        start = self.places.to_shown(change.position)
        end = self.places.to_shown(change.position + change.removed, is_end=True)
        block = self.document().findBlock(start)
        self._show(start, max(0, end - start), change.inserted, start - block.position())
        self.places.replace(change.position, change.removed, change.inserted)

    def _show(self, start: int, removed: int, text: str, used: int) -> None:
        """Show a text in place of another one; `used`: characters before it in its line."""
        shown, breaks = break_lines(text, used)
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        cursor.setPosition(start + removed, QTextCursor.MoveMode.KeepAnchor)
        self._is_applying = True
        cursor.insertText(shown)
        self._is_applying = False
        length = units_of(shown)
        self.places.replace_shown(start, removed, length, breaks)
        self._look_for_long_blocks(start, length)

    def _on_contents_change(self, shown: int, removed: int, added: int) -> None:
        """Take over what the person typed, which Qt has inserted already.

        Qt also reports parts that only look different, such as a line with an input method's text.
        """
        if self._is_applying:
            return
        was = self.places.shown_length(len(self.text))
        end = min(shown + added, self.document().characterCount() - 1)
        before = self._earlier_text(shown, min(shown + removed, was))
        skipped, cut, inserted = difference(before, self._shown_text(shown, end))
        if not cut and not inserted:
            return
        shown += units_of(before[:skipped])
        removed = units_of(before[skipped : skipped + cut])
        start, end = self.places.to_text(shown), self.places.to_text(shown + removed)
        self.places.replace_shown(shown, removed, units_of(inserted))
        self.places.replace(start, end - start, inserted)
        change = insertion(start, inserted, removed=end - start)
        if change.removed or inserted:
            self.history.record(change, self.text_document.apply(change))
            for tracked in self.ranges:
                tracked.follow(change)
            self.edited.emit(change)
            self.history_changed.emit()
        self._look_for_long_blocks(shown, len(inserted))

    def _earlier_text(self, start: int, end: int) -> str:
        """Return what was shown there before the last change, with breaks."""
        parts, begin = [], self.places.to_text(start)
        for at in self.places.breaks_between(start, end):
            place = self.places.to_text(at)
            parts += [self.text[begin:place], "\n"]
            begin = place
        return "".join([*parts, self.text[begin : self.places.to_text(end)]])

    def _shown_text(self, start: int, end: int) -> str:
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return clean_text(cursor.selectedText())

    # Long lines
    # ----------------------------------------------------------------------

    def _look_for_long_blocks(self, start: int, length: int) -> None:
        block, end = self.document().findBlock(start), start + length
        while block.isValid() and block.position() <= end:
            if block.length() > MAX_BLOCK:
                self._long_from = block.position()
                self._break_timer.start()
                return
            block = block.next()

    def _break_long_blocks(self) -> None:
        """Break lines that grew too long; later, because Qt lays out the change first."""
        start, self._long_from = self._long_from or 0, None
        block = self.document().findBlock(start)
        while block.isValid() and block.length() > MAX_BLOCK:
            begin = block.position()
            shown, breaks = break_lines(block.text())
            for place in breaks:  # each counts those before it
                cursor = QTextCursor(self.document())
                cursor.setPosition(begin + place)
                self._is_applying = True
                cursor.insertText("\n")
                self._is_applying = False
                self.places.replace_shown(begin + place, 0, 1, (0,))
            block = self.document().findBlock(begin + units_of(shown)).next()

    # Cursor and selection
    # ----------------------------------------------------------------------

    @property
    def place(self) -> int:
        """Place of the cursor in the text."""
        if self._wanted_selection is not None:
            return self._wanted_selection.end
        return self.places.to_text(self.textCursor().position())

    @property
    def selection(self) -> tuple[int, int]:
        """The selected part of the text; twice the cursor's place without one."""
        if (wanted := self._wanted_selection) is not None:
            return wanted.start, wanted.end
        cursor = self.textCursor()
        return (
            self.places.to_text(cursor.selectionStart()),
            self.places.to_text(cursor.selectionEnd()),
        )

    def select(self, start: int, end: int) -> None:
        """Select a part of the text and show it, once it is loaded."""
        if end > len(self.text) - len(self._unloaded):
            self._wanted_selection = TrackedRange(start, end)
            return
        self._wanted_selection = None
        cursor = self.textCursor()
        cursor.setPosition(self.places.to_shown(start))
        at = max(cursor.position(), self.places.to_shown(end, is_end=start != end))
        cursor.setPosition(at, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def visible_part(self) -> tuple[int, int]:
        """Return the part of the text that is in view."""
        first = self.firstVisibleBlock().position()
        last = self.cursorForPosition(self.viewport().rect().bottomRight()).position()
        return self.places.to_text(first), self.places.to_text(last)

    def scroll_to(self, place: int) -> None:
        """Scroll down until a place is in view; the cursor stays where it is."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(self.places.to_shown(place))
        bar = self.verticalScrollBar()
        while bar.value() < bar.maximum() and (
            self.cursorRect(cursor).bottom() > self.viewport().height()
        ):
            bar.setValue(bar.value() + 1)

    def set_side_margin(self, margin: int) -> None:
        """Leave so many pixels empty on the left and the right."""
        if self.viewportMargins().left() != margin:
            self.setViewportMargins(margin, 4, margin, 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Report the new size."""
        super().resizeEvent(event)
        self.resized.emit()

    # Keys, clipboard and menu
    # ----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Undo and redo with our own stack; delete across breaks that are only shown."""
        if self.is_loading and self.history.can_undo:
            self._waiting_keys.append(event.clone())
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo()
        elif event.matches(QKeySequence.StandardKey.InsertLineSeparator):
            self.insertPlainText("\n")
        else:
            self._step_over_break(event)
            super().keyPressEvent(event)

    def _step_over_break(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        if cursor.hasSelection():
            return
        if event.key() == Qt.Key.Key_Backspace:
            at, to = cursor.position() - 1, cursor.position() - 1
        elif event.key() == Qt.Key.Key_Delete:
            at, to = cursor.position(), cursor.position() + 1
        else:
            return
        if self.places.is_break(at):
            cursor.setPosition(to)
            self.setTextCursor(cursor)

    def insertPlainText(self, text: str) -> None:
        """Insert text in place of the selection."""
        if not self.isReadOnly():
            start, end = self.selection
            self.history.close_step()
            change = self.change(start, end - start, text)
            self.history.close_step()
            self.select(start + len(change.inserted), start + len(change.inserted))

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """Leave files to the page, which opens them; their paths are no text."""
        return source.hasText() and not source.hasUrls()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste or drop text."""
        if source.hasText():
            self.insertPlainText(source.text())

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text without the breaks that are only shown."""
        start, end = self.selection
        data = QMimeData()
        data.setText(self.text[start:end])
        return data

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show Qt's menu with our own undo and redo."""
        menu = self.createStandardContextMenu()
        actions = menu.actions()
        for old in actions[:2]:  # Qt's undo and redo
            menu.removeAction(old)
        first = menu.actions()[0]
        entries: Sequence[tuple[str, object, bool]] = (
            (tr("Undo"), self.undo, self.history.can_undo),
            (tr("Redo"), self.redo, self.history.can_redo),
        )
        for title, slot, is_enabled in entries:
            action = menu.addAction(title)
            menu.insertAction(first, action)
            action.triggered.connect(slot)
            action.setEnabled(is_enabled and not self.isReadOnly())
        at = self.textCursor()
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            at = self.cursorForPosition(event.pos())
        self.menu_opened.emit(menu, self.places.to_text(at.position()))
        menu.exec(event.globalPos())
        menu.deleteLater()
