"""The list of installed and catalog models, with search and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.core.kinds import KINDS
from studio.core.translation import mark, tr, tr_marked
from studio.models.card import ADAPTER, ModelCard
from studio.models.catalog import CatalogEntry, why_not_run
from studio.models.memory.choose_plan import fits
from studio.models.memory.hardware import Machine, bytes_needed
from studio.ui.models.languages import english_name, language_name
from studio.ui.widgets import theme
from studio.ui.widgets.factory import size_text

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 50
COMMERCIAL = {
    "yes": mark("free to use"),
    "conditional": mark("conditions"),
    "no": mark("non-commercial"),
}
ADAPTERS = {
    "lora": "LoRA",
    "textual-inversion": mark("Textual inversion"),
    "vae": "VAE",
    "controlnet": "ControlNet",
    "ip-adapter": "IP-Adapter",
}
TASKS = {
    "text-generation": mark("Text and chat"),
    "summarization": mark("Summaries"),
    "text-to-image": mark("Text to image"),
    "image-to-image": mark("Image to image"),
    "text-to-video": mark("Text to video"),
    "image-to-video": mark("Image to video"),
    "text-to-speech": mark("Speech"),
    "text-to-audio": mark("Music and audio"),
    ADAPTER: mark("Adapters"),
}
SIZES = {"1": mark("up to 1 GB"), "5": mark("up to 5 GB"), "20": mark("up to 20 GB")}
LICENSES = {
    "yes": mark("Free for commercial use"),
    "conditional": mark("Commercial use with conditions"),
}


@dataclass(frozen=True)
class Item:
    """A model in the list."""

    entry: CatalogEntry
    installed: bool
    is_default: bool
    fits: bool | None
    hindrance: str
    """Why Studio cannot run it; empty if it can."""

    @property
    def card(self) -> ModelCard:
        """The model's card, including the catalog's additions."""
        return self.entry.card

    @property
    def size(self) -> int:
        """Bytes on disk or to download; 0 if unknown."""
        if self.entry.download is not None and not self.installed:
            return sum(wheel.size for wheel in self.entry.download.wheels)
        return self.card.size or self.card.parameters * 2

    @property
    def is_size_known(self) -> bool:
        """False if the size is estimated from the number of parameters."""
        return bool(self.card.size or (self.entry.download is not None and not self.installed))

    @property
    def size_text(self) -> str:
        """The size with its unit."""
        if not self.size:
            return tr("unknown size")
        size = size_text(self.size)
        return size if self.is_size_known else tr("about {size}", size=size)

    @property
    def can_be_installed(self) -> bool:
        """True if Studio can download and run it."""
        source = self.entry.download is not None or bool(self.card.repo)
        return source and not self.installed and not self.hindrance

    @property
    def state(self) -> str:
        """The text to the right of the title."""
        if self.is_default:
            return tr("Default")
        return tr("Installed") if self.installed else ""

    @property
    def fit_text(self) -> str:
        """The text to the right of the second line."""
        if self.hindrance:
            return tr("not supported")
        return {True: tr("fits"), False: tr("too large"), None: ""}[self.fits]

    @property
    def subtitle(self) -> str:
        """The second line: kind, size and license."""
        license = tr_marked(COMMERCIAL.get(self.card.commercial or "", self.card.license))
        return " · ".join(filter(None, (kind_title(self.card), self.size_text, license)))

    @property
    def search_text(self) -> str:
        """The text that a search looks into, casefolded."""
        card = self.card
        adapter_type = ADAPTERS.get(card.adapter, "")
        parts = (
            card.title,
            card.name,
            card.repo,
            card.family,
            adapter_type,
            tr_marked(adapter_type),
            card.description,
            tr_marked(card.description),
            card.license,
            *map(english_name, card.languages),
            *map(language_name, card.languages),
            *card.tasks,
        )
        return " ".join(parts).casefold()


def items(
    entries: Sequence[CatalogEntry], installed: int, defaults: set[str], machine: Machine
) -> list[Item]:
    """Create the list: the first `installed` entries in their order, others by kind and memory."""
    result = [
        Item(
            entry,
            index < installed,
            index < installed and entry.card.name in defaults,
            fits(entry.card, machine),
            "" if index < installed else why_not_run(entry.card),
        )
        for index, entry in enumerate(entries)
    ]

    def sort_key(item: Item) -> tuple[object, ...]:
        if item.installed:
            return (0,)
        need = bytes_needed(item.card, "bf16") or item.size
        return (
            1,
            bool(item.hindrance),
            KINDS[item.card.kind].place,
            need or 1 << 60,
            item.card.title,
        )

    return sorted(result, key=sort_key)


def kind_title(card: ModelCard) -> str:
    """Return a model's kind, or an adapter's type and model family."""
    if card.kind == ADAPTER:
        adapter = tr_marked(ADAPTERS[card.adapter])
        return tr("{adapter} for {family}", adapter=adapter, family=card.family)
    return tr_marked(KINDS[card.kind].title)


class ModelList(QAbstractListModel):
    """The models, one a row."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[Item] = []

    def show_items(self, items: list[Item]) -> None:
        """Replace all items."""
        self.beginResetModel()
        self._items = items
        self.endResetModel()

    def item_at(self, row: int) -> Item:
        """Return the item of a row."""
        return self._items[row]

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of models."""
        return 0 if parent is not None and parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row's title, item or accessible text."""
        item = self._items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.card.title
        if role == Qt.ItemDataRole.UserRole:
            return item
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(
                filter(None, (item.card.title, item.state, item.subtitle, item.fit_text))
            )
        return None


class ModelFilter(QSortFilterProxyModel):
    """Shows the models that match all filters; an empty filter matches everything."""

    def __init__(self, source: ModelList) -> None:
        super().__init__()
        self._source = source
        self._words: list[str] = []
        self._task, self._gigabytes, self._license, self._language = "", 0.0, "", ""
        self._only_fitting = self._only_installed = False
        self.setSourceModel(source)

    def show_only(
        self,
        text: str = "",
        task: str = "",
        size: str = "",
        license: str = "",
        language: str = "",
        *,
        fitting: bool = False,
        installed: bool = False,
    ) -> None:
        """Set the filters: all words of `text`, task, maximum size in GB, license, language."""
        self.beginFilterChange()
        self._words = text.casefold().split()
        self._task, self._gigabytes, self._license, self._language = (
            task,
            float(size or 0),
            license,
            language,
        )
        self._only_fitting, self._only_installed = fitting, installed
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, _parent: Index) -> bool:
        """True if a model matches all filters."""
        item = self._source.item_at(source_row)
        card = item.card
        allowed = {"yes": ("yes",), "conditional": ("yes", "conditional")}.get(self._license)
        return (
            (not self._only_installed or item.installed)
            and (not self._only_fitting or (item.fits is not False and not item.hindrance))
            and (
                not self._task
                or self._task
                in ((ADAPTER,) if card.adapter else ()) + (card.tasks or _tasks_of(card))
            )
            and (not self._gigabytes or 0 < item.size <= self._gigabytes * 1e9)
            and (allowed is None or card.commercial in allowed)
            and (not self._language or self._language in card.languages)
            and all(word in item.search_text for word in self._words)
        )

    def item_at(self, row: int) -> Item:
        """Return the item of a filtered row."""
        return self._source.item_at(self.mapToSource(self.index(row, 0)).row())

    def row_of(self, name: str) -> int:
        """Return the filtered row of a model; -1 if it is hidden."""
        return next(
            (row for row in range(self.rowCount()) if self.item_at(row).card.name == name), -1
        )


def _tasks_of(card: ModelCard) -> tuple[str, ...]:
    """Return the task of a model that is not in the catalog."""
    return (KINDS[card.kind].task,)


class ModelDelegate(QStyledItemDelegate):
    """Draws a model in two lines: title and state; kind, size, license and fit."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Return the same size for all rows."""
        return QSize(200, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        item: Item = index.data(Qt.ItemDataRole.UserRole)
        palette, selected = option.palette, bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(option.rect.adjusted(4, 2, -4, -2), 6, 6)
        strong = palette.color(
            QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        )
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        # Not the palette's placeholder color: the style sheet makes it paler.
        weak = strong if selected else QColor(theme.colors(application).muted)
        area = option.rect.adjusted(14, 6, -14, -6)
        half = area.height() // 2
        first, second = (
            QRect(area.topLeft(), QSize(area.width(), half)),
            area.adjusted(0, half, 0, 0),
        )
        regular, bold = QFont(option.font), QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        lines = (
            (first, bold, item.card.title, strong, item.state, strong),
            (second, regular, item.subtitle, weak, item.fit_text, weak),
        )
        for line_rect, font, left, color, right, right_color in lines:
            painter.setFont(regular)
            painter.setPen(right_color)
            painter.drawText(
                line_rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), right
            )
            right_width = painter.fontMetrics().horizontalAdvance(right) + 12 if right else 0
            painter.setFont(font)
            painter.setPen(weak if item.hindrance and not selected else color)
            left_rect = line_rect.adjusted(0, 0, -right_width, 0)
            text = painter.fontMetrics().elidedText(
                left, Qt.TextElideMode.ElideRight, left_rect.width()
            )
            painter.drawText(
                left_rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text
            )
        painter.restore()
