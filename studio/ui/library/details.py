"""The side of the library: one item with preview, prompt, settings, notes and lineage.

Of several items it shows figures, and the notes that all of them have.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.file_names import one_line
from studio.core.translation import tr, tr_plural
from studio.jobs.library.live_library import LiveLibrary
from studio.library.file_settings import settings_in
from studio.library.items import Annotation, Item
from studio.library.totals import Totals, read_totals
from studio.media.transcript import Transcript
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.audio.transcript_list import TranscriptList
from studio.ui.desktop.folders import open_folder_of
from studio.ui.library.grid.painters import date_text, kind_title
from studio.ui.library.lineage import LineageStrip, Relatives, read_relatives
from studio.ui.library.notes_editor import NotesEditor
from studio.ui.library.playback import Playback
from studio.ui.thumbnails.loader import ThumbnailLoader, appearance_for
from studio.ui.thumbnails.source import ThumbnailSource, source_of_item
from studio.ui.widgets import theme
from studio.ui.widgets.factory import button, label, row, size_text, text_editor

PREVIEW_SIDE = 320
WIDTH = 300
_MAX_PREVIEW_BYTES = 8 * 2**20
"""Of the last previews; one takes up to 400 KiB."""
_LONG_VALUE = 300
_PLAYED = ("audio", "video")
_LONG_TEXT = 20_000
"""Characters that an editor shows at once, in less than 10 ms."""


class _Known(msgspec.Struct, frozen=True):
    """What a read of the library found about an item."""

    annotation: Annotation
    relatives: Relatives
    tags: tuple[str, ...]
    collections: tuple[str, ...]
    values: dict[str, str]
    text: str
    transcript: Transcript | None


class Details(QScrollArea):
    """Shows an item or several, and changes their notes."""

    notes_changed = Signal(object, object, object)
    """(ids, Annotation that was shown, edited one)."""
    item_requested = Signal(object)
    """Id of a relative to go to."""
    open_requested = Signal(object)
    """Item."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self._library: LiveLibrary = shared.library
        self.item: Item | None = None
        """The item that is shown; None for several."""
        self.ids: list[int] = []
        """Ids of what is shown."""
        self._image = QImage()
        self.previews = ThumbnailLoader(self._library, self, max_bytes=_MAX_PREVIEW_BYTES)
        self.previews.loaded.connect(self._on_preview_loaded)
        self.preview = QLabel()
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.no_preview = _narrow_label("", "muted")
        """Why there is no preview."""
        self.playback = Playback()
        self.title = _narrow_label("", "title")
        self.prompt = text_editor(tr("Prompt"), tr("The prompt that made it"), 72)
        self.prompt.setReadOnly(True)
        self.text = text_editor(tr("Text"), tr("The text itself"), 120)
        self.text.setReadOnly(True)
        self.transcript = TranscriptList()
        self.transcript.place_chosen.connect(self.playback.play_from)
        self._library.items_added.connect(self._on_library_changed)
        self._library.items_removed.connect(self._on_library_changed)
        self.notes = NotesEditor()
        self.notes.changed.connect(self._on_notes_changed)
        self.lineage = LineageStrip(self._library)
        self.lineage.item_requested.connect(self.item_requested)
        self._values = QFormLayout()
        self._values.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.open_button = button(
            tr("Open"), tr("Show it with its settings (Return)"), self._on_open
        )
        self.folder_button = button(
            tr("Open folder"), tr("Show the file's folder"), self._on_folder
        )
        self.setWidget(self._make_content())
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(240)
        self.show_item(None)

    def _make_content(self) -> QWidget:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        for widget in (
            self.preview,
            self.no_preview,
            self.playback,
            self.title,
            row(self.open_button, self.folder_button, None),
            self.transcript,
            self.notes,
            self.prompt,
            self.text,
            self.lineage,
        ):
            layout.addWidget(widget)
        layout.addLayout(self._values)
        layout.addStretch(1)
        return content

    # What is shown
    # ----------------------------------------------------------------------

    def show_item(self, item: Item | None) -> None:
        """Show an item, or nothing."""
        is_same = item is not None and self.item is not None and item.id == self.item.id
        self.item = item
        self.ids = [item.id] if item is not None else []
        self.notes.set_several(False)
        self.playback.show_item(item)
        if item is None:
            self.title.setText(tr("Select an item to see it here"))
            self._show_image(QImage())
        else:
            self.title.setText(one_line(Path(item.path).name))
            if not is_same:
                self._show_image(QImage())
        if not is_same:  # what is read below comes later
            self.lineage.clear()
            self.text.clear()
            self.transcript.show_transcript(None)
        for part in (self.notes, self.open_button, self.folder_button):
            part.setVisible(item is not None)
        self.prompt.setVisible(item is not None and bool(item.prompt))
        self.text.setVisible(item is not None and item.media == "text")
        if item is not None:
            self.prompt.setPlainText(_start_of(item.prompt))
            self._read(item)
        else:
            self._show_values({})

    def show_several(self, ids: list[int]) -> None:
        """Show figures and common notes of several items."""
        if ids != self.ids:
            self.show_item(None)
            self.ids = ids
            self.title.setText(tr_plural("1 item selected", "{count:,} items selected", len(ids)))
        library = self._library
        background.run(
            self,
            lambda: (
                read_totals(library.index, ids),
                list(library.index.tags()),
                list(library.index.collections()),
            ),
            lambda read: self._on_totals(ids, *read),
            lambda _error: None,  # the list reports a library that cannot be read
        )

    def _on_totals(
        self, ids: list[int], totals: Totals, tags: list[str], collections: list[str]
    ) -> None:
        if ids != self.ids:
            return
        self.notes.set_several(True)
        self.notes.set_choices(tags, collections)
        self.notes.show_notes(totals.shared)
        self.notes.show()
        self._show_values(_figures(totals))

    def _read(self, item: Item) -> None:
        library = self._library
        background.run(
            self,
            lambda: _read_known(library, item),
            lambda known: self._on_known(item, known),
            lambda _error: None,  # the list reports a library that cannot be read
        )
        self._load_preview(item)

    def _load_preview(self, item: Item) -> None:
        if item.media == "text":
            return
        source = source_of_item(item)
        self.previews.set_appearance(appearance_for(self, QSize(PREVIEW_SIDE, PREVIEW_SIDE)))
        self.previews.forget_failure(source)  # the file may be there again
        self._on_preview_loaded(source)
        self.previews.load([source])

    def changeEvent(self, event: QEvent) -> None:
        """Draw the preview in the colors of a new theme."""
        super().changeEvent(event)
        if event.type() in theme.CHANGES and self.item is not None:
            self._load_preview(self.item)

    def _on_known(self, item: Item, known: _Known) -> None:
        if self.item is None or self.item.id != item.id:
            return
        self.notes.set_choices(known.tags, known.collections)
        self.notes.show_notes(known.annotation)
        self.lineage.show_relatives(known.relatives, item)
        self._show_values({**_facts(item), **known.values})
        self.text.setPlainText(_start_of(known.text))
        self.transcript.show_transcript(known.transcript)

    def _on_library_changed(self, _ids: object) -> None:
        """Show the transcript that was made, or removed, while its recording is shown."""
        item, library = self.item, self._library
        if item is None or item.media not in _PLAYED:
            return

        def show(transcript: Transcript | None) -> None:
            if self.item is not None and self.item.id == item.id:
                self.transcript.show_transcript(transcript)

        background.run(
            self,
            lambda: _transcript_of(library, item),
            show,
            lambda _error: None,  # the list reports a library that cannot be read
        )

    def _on_preview_loaded(self, source: ThumbnailSource) -> None:
        if self.item is None or source_of_item(self.item).key != source.key:
            return
        pixmap, error = self.previews.pixmap(source), self.previews.failure(source)
        if pixmap is not None:
            self._show_image(pixmap.toImage())
        elif isinstance(error, StudioError) and not self.item.missing:
            self.no_preview.setText(tr("No preview: {reason}", reason=error.message))
            self.no_preview.show()

    def _show_image(self, image: QImage) -> None:
        self.no_preview.hide()
        self._image = image
        self.playback.set_poster(image)
        self.preview.setVisible(not image.isNull() and self.playback.isHidden())
        self._scale_preview()

    def _scale_preview(self) -> None:
        if not self._image.isNull():
            side = max(80, min(PREVIEW_SIDE, self.viewport().width() - 24))
            ratio = self.devicePixelRatioF()
            pixels = round(side * ratio)
            scaled = self._image.scaled(
                pixels,
                pixels,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            pixmap = QPixmap.fromImage(scaled)
            pixmap.setDevicePixelRatio(ratio)
            self.preview.setPixmap(pixmap)
            self.preview.setFixedHeight(round(pixmap.deviceIndependentSize().height()))

    def showEvent(self, event: QShowEvent) -> None:
        """Load the preview of an item that was selected while this was hidden."""
        super().showEvent(event)
        if self.item is not None and self._image.isNull():
            self._load_preview(self.item)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scale the preview."""
        super().resizeEvent(event)
        self._scale_preview()

    def _show_values(self, values: dict[str, str]) -> None:
        while self._values.rowCount():
            self._values.removeRow(0)
        for name, value in values.items():
            shown = _narrow_label(value[:_LONG_VALUE])
            shown.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            self._values.addRow(label(name, "muted"), shown)

    # Buttons
    # ----------------------------------------------------------------------

    def _on_notes_changed(self, shown: Annotation, edited: Annotation) -> None:
        if self.ids:
            self.notes_changed.emit(self.ids, shown, edited)

    def _on_open(self) -> None:
        if self.item is not None:
            self.open_requested.emit(self.item)

    def _on_folder(self) -> None:
        if self.item is not None:
            open_folder_of(Path(self.item.path))


def _narrow_label(text: str, role: str = "") -> QLabel:
    """Create a label that a long word does not widen; the text can be copied as it is."""
    result = label(text, role, wrap=True)
    result.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return result


def _start_of(text: str) -> str:
    """Return what fits of a text; *Open* shows the whole."""
    return text if len(text) <= _LONG_TEXT else f"{text[:_LONG_TEXT]}\n…"


def _read_known(library: LiveLibrary, item: Item) -> _Known:
    index = library.index
    return _Known(
        annotation=index.annotation(item.id),
        relatives=read_relatives(index, item),
        tags=tuple(index.tags()),
        collections=tuple(index.collections()),
        values=settings_in(Path(item.path)),
        text=index.full_text(item.id) if item.media == "text" else "",
        transcript=_transcript_of(library, item),
    )


def _transcript_of(library: LiveLibrary, item: Item) -> Transcript | None:
    """Return what is spoken in a recording, from the recipe next to its transcript."""
    made = library.index.transcript_of(item.sha256) if item.media in _PLAYED else None
    if made is None:
        return None
    from studio.library.encoders import read_sidecar  # imports numpy

    try:
        return read_sidecar(Path(made.path)).transcript
    except (OSError, ValueError):  # removed or damaged meanwhile; msgspec's are ValueErrors
        return None


def _counted(medium: str, count: int) -> str:
    if medium == "image":
        return tr_plural("1 image", "{count:,} images", count)
    if medium == "audio":
        return tr_plural("1 audio file", "{count:,} audio files", count)
    if medium == "video":
        return tr_plural("1 video", "{count:,} videos", count)
    return tr_plural("1 text", "{count:,} texts", count)


def _figures(totals: Totals) -> dict[str, str]:
    """Return title → value of what is known about several items."""
    low, high = totals.ratings
    figures = {
        tr("Kinds"): ", ".join(_counted(*pair) for pair in totals.media.items()),
        tr("Files"): size_text(totals.size),
        tr("Ratings"): tr("from {low} to {high}", low=low or tr("none"), high=high)
        if low != high
        else "",
        tr("Some tagged"): ", ".join(totals.some_tags),
        tr("Some in"): ", ".join(totals.some_collections),
    }
    return {name: value for name, value in figures.items() if value}


def _facts(item: Item) -> dict[str, str]:
    """Return title → value of what the library knows."""
    facts = {
        tr("Kind"): kind_title(item),
        tr("Model"): item.model,
        tr("Seed"): "" if item.seed is None else str(item.seed),
        tr("Made"): date_text(item.created),
        tr("Size"): f"{item.width} × {item.height}" if item.width else "",
        tr("Length"): tr("{seconds:.1f} s", seconds=item.duration) if item.duration else "",
        tr("File"): size_text(item.size),
        tr("Program"): item.program if item.program != "Studio" else "",
        tr("Batch"): item.batch,
        tr("Folder"): str(Path(item.path).parent),
        tr("State"): tr("The file is missing") if item.missing else "",
    }
    return {name: value for name, value in facts.items() if value}
