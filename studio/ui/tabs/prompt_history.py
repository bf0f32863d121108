"""Earlier prompts of a form: Ctrl+Up and Ctrl+Down step through them, a list searches them.

They come from the library's index, so that no second store keeps prompts.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import label, search_field
from studio.ui.widgets.plain_editor import PlainEditor

MAX_STEPS = 500
MAX_LISTED = 200
LIST_HEIGHT = 320
SHOWN_CHARACTERS = 160
TIP_CHARACTERS = 1_000
SEARCH_DELAY_MS = 80


class PromptHistory(QObject):
    """Steps through earlier prompts in an editor; what was typed comes back at the end."""

    def __init__(self, shared: AppState, kind: str, editor: PlainEditor) -> None:
        super().__init__(editor)
        self._shared = shared
        self._kind = kind
        self._editor = editor
        self._prompts: list[str] = []
        self._place = -1
        """Index in `_prompts`; −1 for what was typed."""
        self._typed = ""
        self._is_stepping = False
        editor.installEventFilter(self)
        editor.textChanged.connect(self._on_text_changed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take Ctrl+Up and Ctrl+Down, with which Qt scrolls."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
            if control and event.key() == Qt.Key.Key_Up:
                self.step(1)
                return True
            if control and event.key() == Qt.Key.Key_Down:
                self.step(-1)
                return True
        return super().eventFilter(watched, event)

    def step(self, direction: int) -> None:
        """Show the prompt before this one (1), or after it (−1)."""
        if self._place >= 0:
            self._show(self._place + direction)
        elif direction > 0:
            library, kind = self._shared.library, self._kind
            since = self._shared.settings.history_since
            self._typed = self._editor.toPlainText()
            background.run(
                self._editor,
                lambda: library.index.prompts([kind], limit=MAX_STEPS, since=since),
                self._on_read,
                lambda _error: None,  # without a library there is no history
            )

    def _on_read(self, prompts: list[str]) -> None:
        if self._place < 0:
            self._prompts = [prompt for prompt in prompts if prompt != self._typed]
            self._show(0)

    def _show(self, place: int) -> None:
        if place >= len(self._prompts):
            return
        self._place = max(-1, place)
        self._is_stepping = True
        self._editor.replace_text(self._prompts[place] if place >= 0 else self._typed)
        self._is_stepping = False

    def _on_text_changed(self) -> None:
        if not self._is_stepping:
            self._place = -1


class PromptList(QFrame):
    """A pop-up list of earlier prompts with a search."""

    def __init__(self, shared: AppState, kind: str, editor: PlainEditor) -> None:
        super().__init__(editor.window(), Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "panel")
        self._shared = shared
        self._kind = kind
        self._editor = editor
        self.search = search_field(
            tr("Search prompts"), tr("Words of an earlier prompt"), tr("Search prompts")
        )
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Earlier prompts"))
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._empty = label("", "muted", wrap=True)
        self._empty.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        for widget in (self.search, self.list, self._empty):
            layout.addWidget(widget)
        self._finding = background.DelayedCall(self, self.update_list, SEARCH_DELAY_MS)
        self.search.textChanged.connect(self._finding.request)
        self.search.installEventFilter(self)
        self.list.itemActivated.connect(self._on_activated)
        self.list.itemClicked.connect(self._on_activated)
        self.update_list()

    def open_at(self, anchor: QWidget) -> None:
        """Show it below a widget, as wide as the prompt."""
        self.resize(max(360, self._editor.width()), LIST_HEIGHT)
        corner = anchor.mapToGlobal(QPoint(anchor.width() - self.width(), anchor.height() + 4))
        area = self._editor.screen().availableGeometry()
        corner.setX(max(area.left(), min(corner.x(), area.right() - self.width())))
        corner.setY(max(area.top(), min(corner.y(), area.bottom() - self.height())))
        self.move(corner)
        self.show()
        self.search.setFocus()

    def update_list(self) -> None:
        """List the prompts with the words of the search."""
        library, kind, text = self._shared.library, self._kind, self.search.text()
        since = self._shared.settings.history_since
        background.run(
            self,
            lambda: library.index.prompts([kind], text, limit=MAX_LISTED, since=since),
            lambda prompts: self._show(text, prompts),
            lambda _error: self._show(text, []),
        )

    def _show(self, text: str, prompts: list[str]) -> None:
        if text != self.search.text():
            return
        self.list.clear()
        for prompt in prompts:
            item = QListWidgetItem(" ".join(prompt[: 2 * SHOWN_CHARACTERS].split()))
            item.setToolTip(prompt[:TIP_CHARACTERS] if "<" not in prompt else "")
            item.setData(Qt.ItemDataRole.UserRole, prompt)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(prompts))
        self._empty.setText(
            tr("No earlier prompt has these words.")
            if text.strip()
            else tr("No prompt was used yet.")
        )
        self._empty.setVisible(not prompts)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up, Down and Return in the search field act on the list."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step is not None:
                row = self.list.currentRow() + step
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, row)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._on_activated(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _on_activated(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._editor.replace_text(str(item.data(Qt.ItemDataRole.UserRole)))
        self.close()
        self._editor.setFocus()
