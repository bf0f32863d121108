"""A popup at a token: what the model could have chosen, or how to see that."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout

from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.ui.stage.candidates.result_view import ResultView
from studio.ui.stage.candidates.saved_text import SavedText
from studio.ui.stage.candidates.tokens import Alternative, Token, shown_token, token_at
from studio.ui.widgets.factory import button, label, name_control

WIDTH = 260


class AlternativesPopup(QFrame):
    """Offers the alternatives of one token; Escape or a click elsewhere closes it."""

    alternative_chosen = Signal(object, object)
    """(Token, Alternative): go on from there."""
    repeat_requested = Signal()
    """Generate the text again, with alternatives."""

    def __init__(self, parent: ResultView) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "popup")
        self.setFixedWidth(WIDTH)
        self._token: Token | None = None
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        name_control(
            self.list,
            tr("Alternatives"),
            tr("The likeliest tokens here. Enter goes on from the selected one."),
        )
        self.list.itemClicked.connect(self._on_chosen)
        self.list.itemActivated.connect(self._on_chosen)
        self.message = label("", "muted", wrap=True)
        self.repeat_button = button(
            tr("Generate again with alternatives"),
            tr("Generate the text again with the same seed, and keep the likeliest tokens"),
            self._on_repeat_clicked,
            "retry",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.list)
        layout.addWidget(self.message)
        layout.addWidget(self.repeat_button)

    def open_at(self, view: ResultView, saved: SavedText, request: TextRequest, place: int) -> None:
        """Show what there is about the character at a place in the text of a view."""
        token = token_at(saved.text, saved.logprobs, place) if saved.logprobs is not None else None
        self._token = token
        self.list.setVisible(token is not None)
        if token is not None:
            self._fill(token)
        self.message.setText(_message(saved, request, token))
        can_repeat = saved.logprobs is None and request.task is None
        self.repeat_button.setVisible(can_repeat)
        self.adjustSize()
        self.move(self._corner(view, token.start if token is not None else place))
        self.show()
        (self.repeat_button if token is None else self.list).setFocus()

    def event(self, event: QEvent) -> bool:
        """Take Escape before the window's shortcuts do."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close it on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _fill(self, token: Token) -> None:
        for number, one in enumerate(token.alternatives):
            item = QTreeWidgetItem([shown_token(one.text), f"{one.probability:.1%}"])
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
            item.setData(0, Qt.ItemDataRole.UserRole, number)
            if one.is_chosen:
                item.setText(0, tr("{token} (chosen)", token=shown_token(one.text)))
            elif not one.can_continue:
                item.setDisabled(True)
            self.list.addTopLevelItem(item)
        height = self.list.sizeHintForRow(0) * len(token.alternatives)
        self.list.setFixedHeight(height + 2 * self.list.frameWidth() + 8)
        self.list.setCurrentIndex(self.list.model().index(0, 0))

    def _corner(self, view: ResultView, place: int) -> QPoint:
        """Return where it covers no part of the token's line and stays on the screen."""
        line = view.rect_of(place)
        below = view.viewport().mapToGlobal(line.bottomLeft() + QPoint(0, 4))
        area = view.screen().availableGeometry()
        found = QRect(below, self.size())
        if found.bottom() > area.bottom():
            above = view.viewport().mapToGlobal(line.topLeft())
            found.moveBottom(above.y() - 4)
        found.moveLeft(max(area.left(), min(found.left(), area.right() - found.width())))
        return found.topLeft()

    def _on_chosen(self, item: QTreeWidgetItem) -> None:
        if self._token is None:
            return
        chosen: Alternative = self._token.alternatives[item.data(0, Qt.ItemDataRole.UserRole)]
        if chosen.can_continue:
            token, self._token = self._token, None  # a click may also activate
            self.close()
            self.alternative_chosen.emit(token, chosen)

    def _on_repeat_clicked(self) -> None:
        self.close()
        self.repeat_requested.emit()


def _message(saved: SavedText, request: TextRequest, token: Token | None) -> str:
    if token is not None:
        return tr("Choose one to go on from it as a further candidate.")
    if saved.logprobs is not None:
        if saved.logprobs.truncated:
            return tr("Only the first tokens of a long text have alternatives.")
        return tr("The model did not choose this part of the text.")
    if request.task is not None:
        return tr("Texts of a guided task have no alternatives, because they are edited.")
    if request.num_beams > 1:
        return tr("A beam search keeps no alternatives. Generate again without beams to see them.")
    return tr("This text was generated without alternatives.")
