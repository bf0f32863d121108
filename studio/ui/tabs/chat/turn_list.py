"""The turns of a chat, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, MutableMapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QScrollArea, QToolButton, QVBoxLayout, QWidget

from studio.core.translation import tr, tr_plural
from studio.documents.chat import Chat, Turn, new_chat
from studio.ui.app_state import AppState
from studio.ui.tabs.chat.answers import Answers
from studio.ui.tabs.chat.summaries import SummaryView
from studio.ui.tabs.chat.turn_view import TurnView
from studio.ui.widgets.factory import button, name_control

PAGE = 20
"""Turns that are shown, until the person asks for earlier ones."""
EDITS = "chat_edits"
"""Key of the drafts' file: id of a turn → what was typed when it was edited."""
MAX_EDITS = 20
NEAR_END = 40
"""Pixels; a list that is scrolled this near to its end follows what is written."""


class EditDrafts:
    """What is typed into turns that are edited, kept with the drafts of the forms."""

    def __init__(self, shared: AppState) -> None:
        self._shared = shared

    def text(self, turn_id: str) -> str:
        """Return what was typed for a turn, or ""."""
        text = self._shared.draft(EDITS).get(turn_id, "")
        return text if isinstance(text, str) else ""

    def keep(self, turn_id: str, text: str) -> None:
        """Keep what was typed; an empty text is removed."""
        kept = self._shared.draft(EDITS)
        if not text and turn_id not in kept:
            return
        others = [(key, value) for key, value in kept.items() if key != turn_id]
        added = [(turn_id, text)] if text else []
        self._shared.keep_draft(EDITS, dict([*others, *added][-MAX_EDITS:]))


class TurnList(QScrollArea):
    """Shows the chosen versions of a chat and its summaries; answers grow in it."""

    stepped = Signal(object, int)
    """(Turn, step to another version)."""
    compare_requested = Signal(object)
    edited = Signal(object, str)
    regenerate_requested = Signal(object)
    continue_requested = Signal(object)
    delete_requested = Signal(object)
    copy_requested = Signal(object)
    summary_removed = Signal(object)
    """The summary of this turn is not to be used any more."""

    def __init__(self, answers: Answers, edits: EditDrafts) -> None:
        super().__init__()
        self.edits = edits
        self._answers = answers
        self._chat = new_chat()
        self._length = 0
        """Number of the chat's turns."""
        self._shown = PAGE
        self.earlier_button = button("…", tr("Show turns from before"), self.show_earlier)
        self.views: dict[str, TurnView] = {}
        """Id of a turn → its view."""
        self.summaries: dict[str, SummaryView] = {}
        """Id of a summary → its view."""
        holder = QWidget()
        self._layout = QVBoxLayout(holder)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addStretch(1)
        self.setWidgetResizable(True)
        self.setWidget(holder)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        name_control(self, tr("Turns"), tr("The turns of the chat"))
        self._is_at_end = True
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._on_scrolled)
        bar.rangeChanged.connect(self._on_range_changed)
        answers.changed.connect(self._on_answer_changed)

    def show_chat(self, chat: Chat) -> None:
        """Show a chat: another one or one with more turns from its end.

        Views of turns that did not change stay, with the focus and the folded thoughts.
        """
        path = chat.path()
        growth = len(path) - self._length
        if chat is not self._chat:
            self._shown = PAGE
        else:
            self._shown += max(0, growth)
        has_more = chat is not self._chat or growth > 0
        self._chat, self._length = chat, len(path)
        focused = self._focused_control()
        before, self.views = self.views, {}
        self._clear(kept=(*before.values(), self.earlier_button))
        self.summaries = {}
        self._add_turns(path, before)
        for view in before.values():
            view.hide()
            view.deleteLater()
        self._restore_focus(focused)
        if has_more:
            self._is_at_end = True
            self._scroll_to_end()

    def _add_turns(self, path: Sequence[Turn], before: MutableMapping[str, TurnView]) -> None:
        """Add the last turns of a chat; a view takes some milliseconds."""
        hidden = max(0, len(path) - self._shown)
        self._insert(self.earlier_button)
        self.earlier_button.setVisible(hidden > 0)
        text = tr_plural("Show 1 earlier turn", "Show {count:,} earlier turns", min(hidden, PAGE))
        self.earlier_button.setText(text)
        name_control(self.earlier_button, text, tr("Show turns from before"))
        versions = self._chat.all_versions()
        for number, turn in enumerate(path[hidden:], start=hidden):
            ids = versions[turn.parent, turn.role]
            self._add_turn(turn, ids.index(turn.id) + 1, len(ids), before)
            if (summary := self._chat.summary(turn)) is not None:
                self._add_summary(summary, number + 1)

    def show_earlier(self) -> None:
        """Show more turns above; what is in view stays there."""
        first = next(iter(self.views.values()), None)
        self._shown += PAGE
        self._is_at_end = False
        self.show_chat(self._chat)
        if first is not None:
            first.setFocus()
            QTimer.singleShot(0, first, partial(self._scroll_to, first))

    def _clear(self, kept: Collection[QWidget]) -> None:
        while self._layout.count() > 1:
            item = self._layout.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None and widget not in kept:
                widget.hide()
                widget.deleteLater()

    def _focused_control(self) -> tuple[int, str]:
        """Return which view has the focus, and the name of its control; -1 for none."""
        focused = self.focusWidget()
        if focused is not None and focused.hasFocus():
            for place, view in enumerate(self.views.values()):
                if view.isAncestorOf(focused):
                    return place, focused.accessibleName()
        return -1, ""

    def _restore_focus(self, focused: tuple[int, str]) -> None:
        """Give the focus to the control that takes the place of the one with it."""
        place, name = focused
        if not 0 <= place < len(self.views):
            return
        controls = list(self.views.values())[place].findChildren(QToolButton)
        usable = [one for one in controls if one.isEnabled() and not one.isHidden()]
        same = [one for one in usable if one.accessibleName() == name]
        for control in (same or usable)[:1]:  # an arrow at its end is disabled
            control.setFocus()

    def _add_turn(
        self, turn: Turn, place: int, count: int, before: MutableMapping[str, TurnView]
    ) -> None:
        view = before.get(turn.id)
        if view is not None and (view.turn, view.place, view.count) == (turn, place, count):
            before.pop(turn.id)
        else:
            view = TurnView(turn, place, count)
            view.stepped.connect(partial(self.stepped.emit, turn))
            view.compare_requested.connect(partial(self.compare_requested.emit, turn))
            view.edited.connect(partial(self.edited.emit, turn))
            view.regenerate_requested.connect(partial(self.regenerate_requested.emit, turn))
            view.continue_requested.connect(partial(self.continue_requested.emit, turn))
            view.delete_requested.connect(partial(self.delete_requested.emit, turn))
            view.copy_requested.connect(partial(self.copy_requested.emit, turn))
            view.draft_changed.connect(partial(self.edits.keep, turn.id))
        self._insert(view)
        self.views[turn.id] = view
        self._show_state(turn, view)
        if draft := self.edits.text(turn.id):
            view.begin_edit(draft)

    def _add_summary(self, summary: Turn, count: int) -> None:
        view = SummaryView(count)
        view.removed.connect(partial(self.summary_removed.emit, summary))
        self._insert(view)
        self.summaries[summary.id] = view
        self._show_summary(summary, view)

    def _insert(self, view: QWidget) -> None:
        self._layout.insertWidget(self._layout.count() - 1, view)

    def _show_summary(self, summary: Turn, view: SummaryView) -> None:
        streamed = self._answers.text(summary.job)
        view.show_text(streamed.text if streamed else summary.text, is_complete=streamed is None)

    def _show_state(self, turn: Turn, view: TurnView) -> None:
        streamed = self._answers.text(turn.job) if turn.job and not turn.finish else None
        is_left = streamed is not None and streamed.is_left
        if streamed is not None:
            view.set_text(streamed.text or turn.text)  # of what goes on
            view.thoughts.show_text(streamed.thoughts, is_thinking=not streamed.text.strip())
            view.set_status("" if streamed.text or streamed.thoughts else tr("Waiting…"))
        elif turn.id in self._answers.thoughts:
            view.thoughts.show_text(self._answers.thoughts[turn.id], is_thinking=False)
        for control in (view.edit_button, view.retry_button, view.delete_button):
            control.setEnabled(streamed is None or is_left)
        if is_left:
            view.set_status(tr("Studio was closed while this was written; its job waits."))
        if turn.finish in STOPPED:
            view.set_status(STOPPED[turn.finish]())
        is_last = turn.id not in self._chat.chosen
        has_rest = (is_left or turn.finish in STOPPED) and bool(turn.text.strip())
        view.continue_button.setVisible(is_last and has_rest)

    def show_turn(self, turn_id: str) -> None:
        """Scroll to a turn and give it the focus."""
        ids = [turn.id for turn in self._chat.path()]
        if turn_id in ids and turn_id not in self.views:
            self._shown = len(ids) - ids.index(turn_id)
            self.show_chat(self._chat)
        view = self.views.get(turn_id) or self.summaries.get(turn_id)
        if view is None:
            return
        self._is_at_end = False
        view.setFocus()
        # its place is known when the turns are laid out
        QTimer.singleShot(0, view, partial(self._scroll_to, view))

    def _scroll_to(self, view: QWidget) -> None:
        self.verticalScrollBar().setValue(view.y())

    def _scroll_to_end(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _on_scrolled(self, value: int) -> None:
        self._is_at_end = value >= self.verticalScrollBar().maximum() - NEAR_END

    def _on_range_changed(self, _least: int, _most: int) -> None:
        """Follow the end, whose place is known when the turns are laid out."""
        if self._is_at_end:
            self._scroll_to_end()

    def _on_answer_changed(self, turn_id: str) -> None:
        turn = self._chat.turns.get(turn_id)
        if turn is None:
            return
        if (summary := self.summaries.get(turn_id)) is not None:
            self._show_summary(turn, summary)
        if (view := self.views.get(turn_id)) is None:
            return
        self._show_state(turn, view)


STOPPED: dict[str, Callable[[], str]] = {
    "length": lambda: tr("Stopped at the token limit."),
    "cancelled": lambda: tr("You stopped this answer."),
    "failed": lambda: tr("This answer failed."),
}
"""Reason → what a person reads about it."""
