"""Search, filters and the list of models below them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QItemSelectionModel, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QListView,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.ui import background
from studio.ui.models.list import (
    LICENCES,
    SIZES,
    TASKS,
    Item,
    ModelDelegate,
    ModelFilter,
    ModelList,
    language_name,
)
from studio.ui.widgets.factory import button, choice_box, label, name_control, search_field


class ModelsPane(QWidget):
    """The left side: what to look for, and what was found."""

    chosen = Signal()
    """Another model is chosen, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.models = ModelList()
        self.shown = ModelFilter(self.models)
        self.text = search_field(
            "Search models", "Name, family, language or purpose (Ctrl+F)", "Search models"
        )
        self.task = _choices("Task", "Show only models for a task", "Every task", TASKS)
        self.largest = _choices("Size", "Show only models up to a size", "Any size", SIZES)
        self.licence = _choices(
            "Licence", "Show only models that may be used so", "Any licence", LICENCES
        )
        self.language = _choices("Language", "Show only models of a language", "Any language", {})
        self.fitting = QCheckBox("Fits this computer")
        name_control(
            self.fitting, "Fits this computer", "Show only models that Studio can run here"
        )
        self.installed = QCheckBox("Installed")
        name_control(self.installed, "Installed", "Show only what is installed")
        self.view = _view(self.shown)
        self.count = label("", "muted")
        self.nothing = self._make_nothing()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.nothing)
        self._wanted = ""
        self._soon = background.Soon(self, self._apply)
        self._lay_out()
        self._connect()

    def _make_nothing(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        text = label("No model fits this search.", "muted", wrap=True)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.all_button = button(
            "Show all models", "Clear the search and the filters", self.show_all
        )
        layout.addStretch(1)
        layout.addWidget(text)
        layout.addWidget(self.all_button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
        return page

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setSpacing(8)
        grid.addWidget(self.text, 0, 0, 1, 2)
        for number, control in enumerate(
            (self.task, self.language, self.licence, self.largest, self.fitting, self.installed)
        ):
            grid.addWidget(control, 1 + number // 2, number % 2)
        grid.addWidget(self.pages, 4, 0, 1, 2)
        grid.addWidget(self.count, 5, 0, 1, 2)
        grid.setRowStretch(4, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)

    def _connect(self) -> None:
        self.text.textChanged.connect(self._soon.wish)
        for choice in (self.task, self.largest, self.licence, self.language):
            choice.currentIndexChanged.connect(self._soon.wish)
        for check in (self.fitting, self.installed):
            check.toggled.connect(self._soon.wish)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.text.installEventFilter(self)

    def show_items(self, found: list[Item]) -> None:
        """List these; what was chosen stays so."""
        current = self.current()
        wanted = self._wanted or (current.card.name if current else "")
        self._fill_languages(found)
        self.models.show_items(found)
        self._apply(wanted)

    def choose(self, name: str) -> None:
        """Choose this model, now or when it is listed the next time."""
        self._wanted = name
        self._select(name)

    def current(self) -> Item | None:
        """Return the chosen model."""
        index = self.view.currentIndex()
        return self.shown.item_at(index.row()) if index.isValid() else None

    def show_all(self) -> None:
        """Clear the search and the filters."""
        self.text.clear()
        for choice in (self.task, self.largest, self.licence, self.language):
            choice.setCurrentIndex(0)
        for check in (self.fitting, self.installed):
            check.setChecked(False)
        self.text.setFocus()

    def _apply(self, wanted: str = "") -> None:
        current = self.current()
        wanted = wanted or (current.card.name if current else "")
        self.shown.show_only(
            self.text.text(),
            self.task.currentData(),
            self.largest.currentData(),
            self.licence.currentData(),
            self.language.currentData(),
            fitting=self.fitting.isChecked(),
            installed=self.installed.isChecked(),
        )
        count, there = self.shown.rowCount(), self.models.rowCount()
        self.pages.setCurrentWidget(self.view if count else self.nothing)
        installed = sum(self.shown.item_at(row).installed for row in range(count))
        self.count.setText(f"{count} of {there} models, {installed} of them installed")
        self._select(wanted)

    def _select(self, name: str) -> None:
        row = self.shown.row_of(name)
        if row >= 0 and name == self._wanted:
            self._wanted = ""
        index = self.shown.index(max(0, row), 0)
        if index.isValid():
            self.view.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.view.scrollTo(index)
        self.chosen.emit()

    def _fill_languages(self, found: list[Item]) -> None:
        names = {code: language_name(code) for item in found for code in item.card.languages}
        kept = self.language.currentData()
        self.language.blockSignals(True)
        while self.language.count() > 1:
            self.language.removeItem(1)
        for code, name in sorted(names.items(), key=lambda entry: entry[1]):
            self.language.addItem(name, code)
        self.language.setCurrentIndex(max(0, self.language.findData(kept)))
        self.language.blockSignals(False)

    def _on_current(self, *_indexes: object) -> None:
        self.chosen.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Up and down in the search move through the list."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up)
        ):
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            index = self.shown.index(self.view.currentIndex().row() + step, 0)
            if index.isValid():
                self.view.setCurrentIndex(index)
            return True
        return super().eventFilter(watched, event)


def _view(shown: ModelFilter) -> QListView:
    view = QListView()
    view.setModel(shown)
    view.setItemDelegate(ModelDelegate(view))
    view.setUniformItemSizes(True)
    view.setProperty("role", "models")
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setMinimumSize(200, 120)
    name_control(view, "Models", "Installed models first, then what the catalogue offers")
    view.setToolTip("")
    return view


def _choices(name: str, tip: str, first: str, more: Mapping[str, str]) -> QComboBox:
    made = choice_box(name, tip, first, more)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(8)
    return made
