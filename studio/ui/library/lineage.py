"""What an item was made from and what was made from it, as a strip of thumbnails."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QToolButton, QWidget

from studio.core.translation import mark, tr, tr_marked
from studio.jobs.library.live_library import LiveLibrary
from studio.library.index import LibraryIndex
from studio.library.items import Item
from studio.ui.library.grid.painters import kind_title, title_of
from studio.ui.thumbnails.loader import ThumbnailLoader, appearance_for
from studio.ui.thumbnails.source import ThumbnailSource, source_of_item
from studio.ui.widgets import theme
from studio.ui.widgets.factory import label, name_control

SIDE = 48
MAX_RELATIVES = 20
_MAX_BYTES = 2 * 2**20
"""Of the last thumbnails; one takes up to 40 KiB."""
_TITLE_CHARACTERS = 60
_ROLES = {
    "image": mark("image"),
    "mask": mark("mask"),
    "control_image": mark("control image"),
    "ip_adapter_image": mark("reference image"),
    "prompt": mark("prompt"),
    "variation": mark("variation"),
    "frame": mark("video with this frame"),
}


class Relatives(msgspec.Struct, frozen=True):
    """The files around an item."""

    parents: tuple[tuple[str, Item], ...] = ()
    """(role, item)."""
    unknown: tuple[str, ...] = ()
    """Roles of parents that are not in the library."""
    children: tuple[Item, ...] = ()


def read_relatives(index: LibraryIndex, item: Item) -> Relatives:
    """Find an item's parents and children by content, so that moved files are found."""
    parents: list[tuple[str, Item]] = []
    unknown: list[str] = []
    for role, sha256 in index.parents(item.id).items():
        found = index.find_by_hash(sha256)
        if found:
            parents.append((role, found[0]))
        else:
            unknown.append(role)
    children = index.children(item.sha256)[:MAX_RELATIVES]
    return Relatives(tuple(parents), tuple(unknown), tuple(children))


class LineageStrip(QScrollArea):
    """Parents → this item → children; a click goes there."""

    item_requested = Signal(object)
    """Id."""

    def __init__(self, library: LiveLibrary) -> None:
        super().__init__()
        self.thumbnails = ThumbnailLoader(library, self, max_bytes=_MAX_BYTES)
        self.thumbnails.loaded.connect(self._on_thumbnail_loaded)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(SIDE + 34)
        name_control(self, tr("Lineage"), tr("What this was made from, and what was made from it"))
        self.buttons: list[QToolButton] = []
        self._sources: list[ThumbnailSource] = []
        """What the thumbnails of the buttons are made from, in their order."""

    def clear(self) -> None:
        """Hide, until another item's relatives are known."""
        self.buttons, self._sources = [], []
        old = self.takeWidget()
        if old is not None:
            old.deleteLater()  # one of its buttons may be what was clicked
        self.hide()

    def show_relatives(self, relatives: Relatives, item: Item) -> None:
        """Show an item's relatives; hidden if there are none."""
        self.buttons, self._sources = [], []
        content = QWidget()
        layout = QHBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for role, parent in relatives.parents:
            layout.addWidget(self._button(parent, tr("Made from ({role})", role=_role_title(role))))
        for role in relatives.unknown:
            layout.addWidget(
                label(tr("{role}: not in the library", role=_role_title(role)), "muted")
            )
        if relatives.parents or relatives.unknown:
            layout.addWidget(label("→", "muted"))
        layout.addWidget(label(tr("this"), "muted"))
        if relatives.children:
            layout.addWidget(label("→", "muted"))
        for child in relatives.children:
            layout.addWidget(self._button(child, tr("Made from this")))
        layout.addStretch(1)
        self.setWidget(content)
        has_relatives = bool(relatives.parents or relatives.unknown or relatives.children)
        self.setVisible(has_relatives)
        self._load_thumbnails()

    def showEvent(self, event: QShowEvent) -> None:
        """Load the thumbnails of relatives that became known while this was hidden."""
        super().showEvent(event)
        self._load_thumbnails()

    def changeEvent(self, event: QEvent) -> None:
        """Draw the thumbnails in the colors of a new theme."""
        super().changeEvent(event)
        if event.type() in theme.CHANGES and self.isVisible():
            self._load_thumbnails()

    def _button(self, item: Item, what: str) -> QToolButton:
        choice = QToolButton()
        choice.setIconSize(QSize(SIDE, SIDE))
        choice.setText(kind_title(item))
        title = title_of(item)[:_TITLE_CHARACTERS]
        shown = tr("{what}: {title}", what=what, title=title)
        name_control(choice, shown, shown)
        choice.clicked.connect(lambda _checked=False: self.item_requested.emit(item.id))
        self.buttons.append(choice)
        self._sources.append(source_of_item(item))
        return choice

    def _load_thumbnails(self) -> None:
        self.thumbnails.set_appearance(appearance_for(self, QSize(SIDE, SIDE)))
        for source in self._sources:
            self._on_thumbnail_loaded(source)
        self.thumbnails.load(self._sources)

    def _on_thumbnail_loaded(self, loaded: ThumbnailSource) -> None:
        pixmap = self.thumbnails.pixmap(loaded)
        if pixmap is None:  # the button keeps its text
            return
        for choice, source in zip(self.buttons, self._sources, strict=True):
            if source.key == loaded.key:
                choice.setIcon(QIcon(pixmap))
                choice.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)


def _role_title(role: str) -> str:
    """Return what a parent was for; roles are fields of requests and of `Sources`."""
    return tr_marked(_ROLES.get(role, role))
