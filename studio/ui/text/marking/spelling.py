"""Underlines misspelled words in the lines of a document that are in view."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, QThreadPool
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_marked
from studio.documents.document import Change
from studio.documents.spelling.dictionary import CURE, NOT_INSTALLED, is_installed, languages_of
from studio.documents.spelling.messages import Question
from studio.documents.spelling.own_words import add_word, read_words
from studio.documents.spelling.process import SpellingProcess
from studio.documents.spelling.words import Word, lines_to_check, misspelled
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.marking.marks import Mark, Marks

CHECK_MS = 250
"""After the last change or step of a scroll bar."""
MAX_PART = 20_000
"""Characters that are checked at once. Much more than a screen of text."""

MAX_BEFORE = 2_000
"""Characters of a long line that are checked before and after what is in view."""


class _Checked(NamedTuple):
    """What a check found in a text."""

    text: str
    words: list[Word]


class SpellCheck(QObject):
    """Checks in another thread, with the dictionaries in a child process."""

    def __init__(self, shared: AppState, editor: DocumentEditor, marks: Marks) -> None:
        super().__init__(editor)
        self._shared = shared
        self._editor = editor
        self._marks = marks
        self.is_installed = is_installed()
        self._is_failed = False
        """The child failed; tried again when the user turns the check on."""
        self._process = SpellingProcess(shared.data)
        self._known: dict[str, bool] = {}
        """Word → whether a dictionary has it. Used in the thread only."""
        self._accepted: set[str] = set()
        """Words that the person ignores until the window closes, or added to the dictionary."""
        self._has_own_words = False
        self.words: list[Word] = []
        """The misspelled words that are underlined."""
        self._typed_at = -1
        """Where the person typed last: the word there is not complete."""
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._soon = background.DelayedCall(self, self._check, CHECK_MS)
        editor.edited.connect(self._on_edited)
        editor.loaded.connect(self._on_loaded)
        editor.resized.connect(self._request)
        editor.verticalScrollBar().valueChanged.connect(self._request)
        editor.cursorPositionChanged.connect(self._on_cursor_moved)
        editor.menu_opened.connect(self._on_menu_opened)

    @property
    def is_on(self) -> bool:
        """True if the person wants it, and the package is there."""
        return self._shared.settings.document_spelling and self.is_installed

    def toggle(self) -> None:
        """Switch the check on or off."""
        self._is_failed = False
        self._shared.change_settings(document_spelling=not self._shared.settings.document_spelling)
        self._check()

    def advice(self) -> tuple[str, str]:
        """Return that the check is not installed, and how it is."""
        return tr_marked(NOT_INSTALLED), tr_marked(CURE)

    def close(self) -> None:
        """End the child process."""
        self._soon.stop()
        self._process.close()
        self._pool.waitForDone()

    # Checking
    # ----------------------------------------------------------------------

    def _request(self, *_arguments: object) -> None:
        if self.is_on:
            self._soon.start()

    def _on_loaded(self) -> None:
        self._typed_at = -1
        self._show([])
        self._request()

    def _on_edited(self, change: Change) -> None:
        """Move the marks along until the check is through."""
        end, by = change.position + change.removed, len(change.inserted) - change.removed
        moved = [
            word if word.end < change.position else Word(word.start + by, word.end + by, word.text)
            for word in self.words
            if word.end < change.position or word.start > end
        ]
        is_key = len(change.inserted) + change.removed == 1
        self._typed_at = change.position + len(change.inserted) if is_key else -1
        if moved != self.words:
            self._show(moved)
        self._request()

    def _on_cursor_moved(self) -> None:
        if self._typed_at >= 0 and self._editor.place != self._typed_at:
            self._typed_at = -1
            self._request()

    def _check(self) -> None:
        editor = self._editor
        if not self.is_on or self._is_failed or editor.text_document.format == "code":
            self._show([])
            return
        text, (start, end) = editor.text, editor.visible_part()
        start, end = _whole_lines(text, start, end)
        background.run(
            self,
            functools.partial(self._look_up, text, start, end),
            self._on_checked,
            self._on_failed,
            self._pool,
        )

    def _look_up(self, text: str, start: int, end: int) -> _Checked:
        """In the thread: return the misspelled words of a part."""
        data = self._shared.data
        if not self._has_own_words:
            self._accepted |= read_words(data)
            self._has_own_words = True
        lines = lines_to_check(text, start, end, languages_of(data.dictionaries))
        new = {word.text for line in lines for word in line.words} - self._known.keys()
        if new:
            words = tuple(sorted(new))
            unknown = set(self._process.ask(Question(words=words)).unknown)
            self._known.update((word, word not in unknown) for word in words)
        wrong = {word for line in lines for _, _, word in line.words if not self._known[word]}
        return _Checked(text, misspelled(lines, wrong - self._accepted))

    def _on_checked(self, checked: _Checked) -> None:
        if not self.is_on or checked.text is not self._editor.text:  # checked again soon
            return
        self._show([word for word in checked.words if word.end != self._typed_at])

    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self._is_failed = True
        self._show([])
        self._shared.post_toast(f"{error.message} {error.cure}")

    def _show(self, words: list[Word]) -> None:
        self.words = words
        self._marks.set("spelling", [Mark(one.start, one.end, "misspelled") for one in words])

    # Menu
    # ----------------------------------------------------------------------

    def _on_menu_opened(self, menu: QMenu, place: int) -> None:
        word = next((one for one in self.words if one.start <= place <= one.end), None)
        if word is None or not menu.actions():
            return
        first = menu.actions()[0]
        looking = _insert(menu, first, tr("Looking for suggestions…"), lambda: None)
        looking.setEnabled(False)
        menu.insertSeparator(first)
        _insert(menu, first, tr("Add to dictionary"), functools.partial(self._add, word.text))
        _insert(menu, first, tr("Ignore"), functools.partial(self._accept, word.text))
        menu.insertSeparator(first)
        background.run(
            menu,
            lambda: self._process.ask(Question(suggest=word.text)).suggestions,
            lambda found: self._show_suggestions(menu, looking, word, found),
            lambda _error: looking.setText(tr("No suggestions")),
            self._pool,
        )

    def _show_suggestions(
        self, menu: QMenu, looking: QAction, word: Word, found: tuple[str, ...]
    ) -> None:
        for text in found:
            _insert(menu, looking, text, functools.partial(self._replace, word, text))
        if found:
            menu.removeAction(looking)
        else:
            looking.setText(tr("No suggestions"))

    def _replace(self, word: Word, text: str) -> None:
        editor = self._editor
        shown = editor.text[word.start : word.end]
        if shown.replace("’", "'") == word.text and not editor.isReadOnly():
            editor.history.close_step()
            editor.change(word.start, word.end - word.start, text)
            editor.history.close_step()

    def _accept(self, word: str) -> None:
        self._accepted.add(word)
        self._show([one for one in self.words if one.text != word])

    def _add(self, word: str) -> None:
        self._accept(word)
        data = self._shared.data
        background.run(
            self, lambda: add_word(data, word), lambda _words: None, self._on_not_added, self._pool
        )

    def _on_not_added(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self._shared.post_toast(f"{error.message} {error.cure}")


def _whole_lines(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a part that begins and ends with a line, or in a very long line with a word."""
    near, far = max(0, start - MAX_BEFORE), min(len(text), end + MAX_BEFORE)
    before, after = text.rfind("\n", near, start), text.find("\n", end, far)
    if before < 0 and near:
        before = text.find(" ", near, start)
        before = near if before < 0 else before
    if after < 0:
        after = far if far == len(text) else max(end, text.rfind(" ", end, far))
    return before + 1, min(after, before + 1 + MAX_PART)


def _insert(menu: QMenu, before: QAction, title: str, slot: Callable[[], object]) -> QAction:
    action = QAction(title.replace("&", "&&"), menu)
    action.triggered.connect(lambda _checked=False: slot())
    menu.insertAction(before, action)
    return action
