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

from studio.core.translation import tr, tr_marked
from studio.ui import background
from studio.ui.models.languages import language_name
from studio.ui.models.list import (
    LICENSES,
    SIZES,
    TASKS,
    Item,
    ModelDelegate,
    ModelFilter,
    ModelList,
)
from studio.ui.widgets.factory import button, choice_box, label, name_control, search_field


class ModelsPane(QWidget):
    """The left side of the dialog: search, filters and the list."""

    selection_changed = Signal()
    """Another model is selected, or none."""

    def __init__(self) -> None:
        super().__init__()
        self.models = ModelList()
        self.shown = ModelFilter(self.models)
        self.text = search_field(
            tr("Search models"),
            tr("Name, family, language or purpose (Ctrl+F)"),
            tr("Search models"),
        )
        self.task = _create_filter(
            tr("Task"), tr("Show only models for one task"), tr("All tasks"), TASKS
        )
        self.max_size = _create_filter(
            tr("Size"), tr("Show only models up to this size"), tr("Any size"), SIZES
        )
        self.license = _create_filter(
            tr("License"),
            tr("Show only models whose license allows this"),
            tr("Any license"),
            LICENSES,
        )
        self.language = _create_filter(
            tr("Language"), tr("Show only models for one language"), tr("Any language"), {}
        )
        self.fitting = QCheckBox(tr("Fits this computer"))
        name_control(
            self.fitting, tr("Fits this computer"), tr("Show only models that Studio can run here")
        )
        self.installed = QCheckBox(tr("Installed"))
        name_control(self.installed, tr("Installed"), tr("Show only installed models"))
        self.view = _create_view(self.shown)
        self.count = label("", "muted")
        self.empty_page = self._create_empty_page()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.empty_page)
        self._pending_selection = ""
        self._delayed_apply = background.DelayedCall(self, self._apply)
        self._create_layout()
        self._connect()

    def _create_empty_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        text = label(tr("No models match."), "muted", wrap=True)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.all_button = button(
            tr("Show all models"), tr("Clear the search and the filters"), self.show_all
        )
        layout.addStretch(1)
        layout.addWidget(text)
        layout.addWidget(self.all_button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
        return page

    def _create_layout(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setSpacing(8)
        grid.addWidget(self.text, 0, 0, 1, 2)
        for position, control in enumerate(
            (self.task, self.language, self.license, self.max_size, self.fitting, self.installed)
        ):
            grid.addWidget(control, 1 + position // 2, position % 2)
        grid.addWidget(self.pages, 4, 0, 1, 2)
        grid.addWidget(self.count, 5, 0, 1, 2)
        grid.setRowStretch(4, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)

    def _connect(self) -> None:
        self.text.textChanged.connect(self._delayed_apply.request)
        for choice in (self.task, self.max_size, self.license, self.language):
            choice.currentIndexChanged.connect(self._delayed_apply.request)
        for check in (self.fitting, self.installed):
            check.toggled.connect(self._delayed_apply.request)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        self.text.installEventFilter(self)

    def show_items(self, listed: list[Item]) -> None:
        """List models and keep the selection."""
        current = self.current()
        name = self._pending_selection or (current.card.name if current else "")
        self._fill_languages(listed)
        self.models.show_items(listed)
        self._apply(name)

    def select(self, name: str) -> None:
        """Select a model, now or as soon as it is listed."""
        self._pending_selection = name
        self._select_row(name)

    def current(self) -> Item | None:
        """Return the selected model."""
        index = self.view.currentIndex()
        return self.shown.item_at(index.row()) if index.isValid() else None

    def show_all(self) -> None:
        """Clear the search and the filters."""
        self.text.clear()
        for choice in (self.task, self.max_size, self.license, self.language):
            choice.setCurrentIndex(0)
        for check in (self.fitting, self.installed):
            check.setChecked(False)
        self.text.setFocus()

    def show_task(self, name: str) -> None:
        """Show only models for a task that can run on this computer."""
        self.task.setCurrentIndex(max(0, self.task.findData(name)))
        self.fitting.setChecked(True)

    def _apply(self, name: str = "") -> None:
        current = self.current()
        name = name or (current.card.name if current else "")
        self.shown.show_only(
            self.text.text(),
            self.task.currentData(),
            self.max_size.currentData(),
            self.license.currentData(),
            self.language.currentData(),
            fitting=self.fitting.isChecked(),
            installed=self.installed.isChecked(),
        )
        count, total = self.shown.rowCount(), self.models.rowCount()
        self.pages.setCurrentWidget(self.view if count else self.empty_page)
        installed = sum(self.shown.item_at(row).installed for row in range(count))
        self.count.setText(
            tr(
                "{count} of {total} models, {installed} installed",
                count=count,
                total=total,
                installed=installed,
            )
        )
        self._select_row(name)

    def _select_row(self, name: str) -> None:
        row = self.shown.row_of(name)
        if row >= 0 and name == self._pending_selection:
            self._pending_selection = ""
        index = self.shown.index(max(0, row), 0)
        if index.isValid():
            self.view.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.view.scrollTo(index)
        self.selection_changed.emit()

    def _fill_languages(self, listed: list[Item]) -> None:
        names = {code: language_name(code) for item in listed for code in item.card.languages}
        selected_code = self.language.currentData()
        self.language.blockSignals(True)
        while self.language.count() > 1:
            self.language.removeItem(1)
        for code, name in sorted(names.items(), key=lambda entry: entry[1]):
            self.language.addItem(name, code)
        self.language.setCurrentIndex(max(0, self.language.findData(selected_code)))
        self.language.blockSignals(False)

    def _on_current_changed(self, *_indexes: object) -> None:
        self.selection_changed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move through the list with Up and Down in the search field."""
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


def _create_view(shown: ModelFilter) -> QListView:
    view = QListView()
    view.setModel(shown)
    view.setItemDelegate(ModelDelegate(view))
    view.setUniformItemSizes(True)
    view.setProperty("role", "models")
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setMinimumSize(200, 120)
    name_control(view, tr("Models"), tr("Installed models first, then the catalog"))
    view.setToolTip("")
    return view


def _create_filter(name: str, tip: str, first: str, more: Mapping[str, str]) -> QComboBox:
    titles = {value: tr_marked(title) for value, title in more.items()}
    box = choice_box(name, tip, first, titles)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box
