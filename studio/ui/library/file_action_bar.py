"""The line below the tabs for actions on many files: how far they are, Cancel, what failed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.jobs.library.action_texts import failed_text, running_text
from studio.jobs.library.file_actions import EndedAction
from studio.library.file_actions.action import ActionKind
from studio.library.file_actions.results import ActionResult
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder
from studio.ui.widgets.elided_label import ElidedLabel
from studio.ui.widgets.factory import Notice, button, name_control, show_message

BAR_WIDTH = 120
SHOWN_FAILURES = 3


class FileActionBar(QWidget):
    """Shown while actions on files run, and after failures until the user closes it."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self._actions = shared.file_actions
        self._current = ""
        """Id of the action that is shown."""
        self._failures: list[tuple[str, list[str]]] = []
        """Title and files of each action with failures, until the user closes the message."""
        self.title = ElidedLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(BAR_WIDTH)
        name_control(self.bar, tr("Progress of files"), tr("Files that are done"))
        self.cancel_button = button(
            tr("Cancel"), tr("Stop after this file; what is done stays"), self._cancel, "stop"
        )
        self.notice = Notice()
        self._line = QFrame()
        self._line.setProperty("role", "queue-bar")
        line = QHBoxLayout(self._line)
        line.setContentsMargins(16, 4, 12, 4)
        line.setSpacing(12)
        line.addWidget(self.title, 1)
        line.addWidget(self.bar)
        line.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        box = QVBoxLayout()
        box.setContentsMargins(12, 4, 12, 4)
        box.addWidget(self.notice)
        layout.addLayout(box)
        layout.addWidget(self._line)
        self._changes = background.DelayedCall(self, self._show)
        self._actions.changed.connect(self._changes.request)
        self._actions.ended.connect(self._on_ended)
        self._show()

    def _show(self) -> None:
        states = self._actions.states
        self._line.setVisible(bool(states))
        self.setVisible(bool(states) or not self.notice.isHidden())
        if not states:
            return
        first = states[0]
        is_stopping, more = first.cancelled.is_set(), len(states) - 1
        text = running_text(first.action.kind, first.done, first.total)
        if is_stopping:
            text = f"{text} · {tr('stopping…')}"
        elif more:
            text = f"{text} · {tr('{count} more', count=more)}"
        self.title.set_whole(text)
        self.bar.setRange(0, first.total)
        self.bar.setValue(first.done)
        self.cancel_button.setEnabled(not is_stopping)
        self._current = first.action.id

    def _cancel(self) -> None:
        self._actions.cancel(self._current)

    def _on_ended(self, ended: EndedAction) -> None:
        action, result = ended.action, ended.result
        text, folder = ended.summary, Path(action.folder)
        if action.kind == "move" and result.done and not ended.was_resumed:
            pass  # `LibraryCommands` offers to undo it
        elif action.kind == "move" and result.done:
            self._shared.post_toast(text, tr("Undo"), lambda: self._actions.undo(action.id))
        elif action.folder and result.done:
            self._shared.post_toast(text, tr("Show"), lambda: open_folder(folder))
        elif result.done or result.is_cancelled or not result.failed:
            self._shared.post_toast(text)
        if result.failed:
            self._show_failed(action.kind, result)
        self._show()

    def _show_failed(self, kind: ActionKind, result: ActionResult) -> None:
        lines = [f"{Path(path).name}: {reason}" for path, reason in result.failed.items()]
        self._failures.append((failed_text(kind, len(lines)), lines))
        title = ", ".join(title for title, _lines in self._failures)
        every = [line for _title, lines in self._failures for line in lines]
        details = button(
            tr("Details…"),
            tr("Show all files"),
            lambda: show_message(self.window(), tr("Files"), f"{title}.", "\n".join(every)),
        )
        close = button(tr("OK"), tr("Close this message"), self._close_notice)
        self.notice.show_message(f"{title}.", "\n".join(every[:SHOWN_FAILURES]), [details, close])

    def _close_notice(self) -> None:
        self._failures.clear()
        self.notice.clear()
        self._show()
