"""The style of an image: a button below the prompt, and the searchable list that it opens."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.requests.prompt_syntax.styles import (
    CATEGORIES,
    NOT_WANTED,
    OWN,
    PLACE,
    Style,
    find_style,
    styles,
)
from studio.core.translation import tr, tr_marked
from studio.models.card import ModelCard
from studio.ui.widgets.factory import button, label, name_control, search_field, shorten_for_label

LIST_HEIGHT = 420
SHOWN_CHARACTERS = 40


class StylePicker(QWidget):
    """Shows the chosen style; hidden for models that know no styles."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._value = ""
        self.button = button("", tr("Choose a style for the image"), self.open_list)
        self.clear_button = button(tr("No style"), tr("Use the prompt alone"), self._clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.clear_button)
        layout.addStretch(1)
        self._show()

    @property
    def value(self) -> str:
        """The name of a style, an own template, or empty."""
        return self._value

    def set_value(self, value: str) -> None:
        """Choose a style; an unknown one is shown too, and refused by the check of the form."""
        if value.strip() != self._value:
            self._value = value.strip()
            self._show()
            self.changed.emit()

    def offer(self, card: ModelCard | None) -> None:
        """Show it for models that can follow a style."""
        self.setVisible(card is not None and not card.translate_prompts)

    def open_list(self) -> StyleList:
        """Show the list of styles; return it."""
        shown = StyleList(self, self._value, self._choose)
        shown.open_at(self.button)
        return shown

    def _choose(self, value: str) -> None:
        self.set_value(value)
        self.button.setFocus()

    def _clear(self) -> None:
        self.set_value("")
        self.button.setFocus()

    def _show(self) -> None:
        title = _title(self._value)
        text = tr("Style: {title}", title=title) if title else tr("Style…")
        self.button.setText(shorten_for_label(text))
        name_control(self.button, text, _tip(self._value) or tr("Choose a style for the image"))
        self.clear_button.setVisible(bool(self._value))


class StyleList(QFrame):
    """A pop-up list of styles by category, with a search and a line for an own style."""

    def __init__(self, parent: QWidget, value: str, choose: Callable[[str], None]) -> None:
        super().__init__(parent.window(), Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "panel")
        self._value = value
        self._choose = choose
        self.search = search_field(
            tr("Search styles"), tr("Words of a style: ink, photo, 水墨"), tr("Search styles")
        )
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Styles"))
        self._template = label("", "muted", wrap=True)
        self._empty = label(tr("No style has these words."), "muted", wrap=True)
        self.own = QLineEdit(value if PLACE in value else "")
        self.own.setPlaceholderText(tr("Own style: ink drawing of {place} --no color", place=PLACE))
        name_control(
            self.own,
            tr("Own style"),
            tr(
                "{place} is your prompt; what to keep out follows --no. Enter uses it.", place=PLACE
            ),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        for widget in (self.search, self.list, self._empty, self._template, self.own):
            layout.addWidget(widget)
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.own.returnPressed.connect(self._use_own)
        self.list.currentItemChanged.connect(self._on_current)
        self.list.itemActivated.connect(self._on_activated)
        self.list.itemClicked.connect(self._on_activated)
        self._fill()

    def open_at(self, anchor: QWidget) -> None:
        """Show it below a widget, within the screen."""
        self.resize(max(380, anchor.width()), LIST_HEIGHT)
        corner = anchor.mapToGlobal(QPoint(0, anchor.height() + 4))
        area = anchor.screen().availableGeometry()
        corner.setX(max(area.left(), min(corner.x(), area.right() - self.width())))
        corner.setY(max(area.top(), min(corner.y(), area.bottom() - self.height())))
        self.move(corner)
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up, Down and Return in the search field act on the list."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
            if step is not None:
                self._step(step)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._on_activated(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _fill(self) -> None:
        found = [style for style in styles() if style.matches(self.search.text())]
        self.list.clear()
        for category, group in itertools.groupby(found, key=lambda style: style.category):
            heading = QListWidgetItem(tr_marked(CATEGORIES[category]))
            heading.setFlags(Qt.ItemFlag.NoItemFlags)
            font = heading.font()
            font.setBold(True)
            heading.setFont(font)
            self.list.addItem(heading)
            for style in group:
                item = QListWidgetItem(style.shown_title)
                item.setData(Qt.ItemDataRole.UserRole, style)
                self.list.addItem(item)
                if style.name == self._value:
                    self.list.setCurrentItem(item)
        if self.list.currentRow() < 0 and found:
            self.list.setCurrentRow(1)
        for widget in (self.list, self._template):
            widget.setVisible(bool(found))
        self._empty.setVisible(not found)

    def _step(self, step: int) -> None:
        row = self.list.currentRow() + step
        if 0 <= row < self.list.count() and _style(self.list.item(row)) is None:
            row += step  # over a heading
        if 0 <= row < self.list.count():
            self.list.setCurrentRow(row)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        style = _style(item)
        self._template.setText(_template(style) if style is not None else "")

    def _on_activated(self, item: QListWidgetItem | None) -> None:
        style = _style(item)
        if style is not None:
            self._finish(style.name)

    def _use_own(self) -> None:
        text = self.own.text().strip()
        if text:
            self._finish(text if PLACE in text else f"{PLACE}, {text}")

    def _finish(self, value: str) -> None:
        choose = self._choose
        self.close()
        choose(value)


def _style(item: QListWidgetItem | None) -> Style | None:
    found = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
    return found if isinstance(found, Style) else None


def _template(style: Style) -> str:
    return style.prompt + (NOT_WANTED + style.negative_prompt if style.negative_prompt else "")


def _found(value: str) -> Style | None:
    try:
        return find_style(value) if value else None
    except ValueError:
        return None


def _title(value: str) -> str:
    """Return the title of a style, shortened if it is an own template or unknown."""
    style = _found(value)
    title = style.shown_title if style is not None and style.category != OWN else value
    return title if len(title) <= SHOWN_CHARACTERS else title[: SHOWN_CHARACTERS - 1] + "…"


def _tip(value: str) -> str:
    style = _found(value)
    return _template(style) if style is not None else value
