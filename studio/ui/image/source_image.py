"""The picture that a request starts from: chosen, dropped, cleared; how much of it changes, and
where.
"""

from __future__ import annotations

import functools
import html
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import Problem, StudioError
from studio.core.requests.image import ImageRequest
from studio.core.requests.shared_fields import IMAGE_SUFFIXES
from studio.media.image_reader import short_name
from studio.models.capabilities import (
    has_strength,
    needs_picture,
    starts_from_picture,
    takes_mask,
    takes_picture,
)
from studio.models.card import ModelCard
from studio.preflight.images import check_shape, describe_fit
from studio.ui import background
from studio.ui.image.mask_editor import MaskEditor
from studio.ui.image.qt_images import Seen, read_to_paint, save_mask, see
from studio.ui.widgets.factory import button, label, name_control, restyle, row
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.request_form import WheelGuard

SMALL_SIDE = 88
STRENGTH = 0.75
"""Where a model's card names none."""


def is_picture(path: Path) -> bool:
    """True for a file whose name ends as a picture's."""
    return path.suffix.lower() in IMAGE_SUFFIXES


class SourceImagePanel(QWidget):
    """A button to choose one; where one is chosen it is shown small, with what becomes of it,
    strength and mask.
    """

    changed = Signal()
    shape_wanted = Signal(int, int)
    """The person wants the result to have the picture's shape: its width and height."""

    def __init__(self, masks: Path) -> None:
        super().__init__()
        self._masks = masks
        self._card: ModelCard | None = None
        self._size = (0, 0)
        self._strength, self._touched = STRENGTH, False
        self._seen: Seen | None = None
        self._editor: MaskEditor | None = None
        self.path = ""
        """Absolute; empty where none is chosen."""
        self.mask_path = ""
        """A mask's file; empty where all of the picture changes."""
        self.problem = ""
        """Why the picture, or its mask, cannot be used."""
        self.setAcceptDrops(True)
        self._make_widgets()
        self._lay_out()
        self._show()

    def _make_widgets(self) -> None:
        self.choose_button = button(
            "",
            "Choose a picture to start from; one can be dropped on the window too",
            self.choose,
            "image",
        )
        self.clear_button = QToolButton()
        set_icon(self.clear_button, "trash")
        name_control(self.clear_button, "No picture", "Start from words alone again")
        self.clear_button.clicked.connect(lambda: self.set_path(""))
        self.small = QLabel()
        self.small.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.small.setFixedSize(SMALL_SIDE, SMALL_SIDE)
        self._name, self._told = label("", wrap=True), label("", "muted", wrap=True)
        for words in (self._name, self._told):  # a long word must not make the column wider
            words.setSizePolicy(QSizePolicy.Policy.Ignored, words.sizePolicy().verticalPolicy())
        self.shape_button = button(
            "Take its shape", "Set width and height so that nothing is cut off", self._on_shape
        )
        self._strength_title = label("Strength", "muted")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, 100)
        self.slider.setSingleStep(5)
        self.slider.setPageStep(10)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.installEventFilter(WheelGuard(self))
        name_control(
            self.slider,
            "Strength",
            "How much of the picture is made anew: little to the left, all of it to the right",
        )
        self._strength_title.setBuddy(self.slider)
        self._percent = label("", "muted")
        self._percent.setFixedWidth(42)
        self.slider.valueChanged.connect(self._on_slider)
        self.paint_button = button(
            "",
            "Paint over the picture what is to be made anew; the rest stays as it is",
            self.paint,
        )
        self.mask_button = button(
            "Mask file…",
            "Choose a picture of the same shape: what is white in it is made anew",
            self.choose_mask,
        )
        self.unmask_button = QToolButton()
        set_icon(self.unmask_button, "trash")
        name_control(self.unmask_button, "No mask", "Change all of the picture again")
        self.unmask_button.clicked.connect(lambda: self.set_mask(""))

    def _lay_out(self) -> None:
        words = QWidget()
        column = QVBoxLayout(words)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for widget in (self._name, self._told, row(self.shape_button, None)):
            column.addWidget(widget)
        column.addStretch(1)
        self._detail = row(self.small, words)
        self._strength_row = row(self._strength_title, self.slider, self._percent)
        self._mask_row = row(
            self.paint_button, self.mask_button, self.unmask_button, None, spacing=4
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for widget in (
            row(self.choose_button, self.clear_button, None, spacing=4),
            self._detail,
            self._strength_row,
            self._mask_row,
        ):
            layout.addWidget(widget)

    # What it gives
    # ----------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return the request's fields; without a picture for a model that can do nothing with
        one.
        """
        path = self.path if self._card is not None and takes_picture(self._card) else ""
        mask = self.mask_path if path and self._card is not None and takes_mask(self._card) else ""
        return {"image": path, "strength": self._strength, "mask_image": mask}

    def set_values(self, values: dict[str, Any]) -> None:
        """Show values, those that are there."""
        if isinstance(strength := values.get("strength"), (int, float)) and 0 < strength <= 1:
            self._set_strength(float(strength))
            self._touched = True
        if "image" in values:
            self.set_path(str(values["image"] or ""))
        if "mask_image" in values:
            self.set_mask(str(values["mask_image"] or ""))

    def problems(self, request: ImageRequest) -> list[Problem]:
        """Return why the files of the image and the mask cannot be used."""
        if self._card is None or not request.image:
            return []
        if self.problem:
            return [Problem("image", self.problem)]
        if request.mask_image and self._seen is not None and self._seen.mask_size is not None:
            try:
                check_shape(request, self._seen.size, self._seen.mask_size)
            except StudioError as error:
                return [Problem("mask_image", error.message)]
            if not self._seen.mask_share:
                return [
                    Problem(
                        "mask_image", "it has nothing white, so that nothing would be made anew"
                    )
                ]
        return []

    # What it is told
    # ----------------------------------------------------------------------

    def offer(self, card: ModelCard | None) -> None:
        """Show what a model can do with a picture; nothing for one that can do nothing."""
        self._card = card
        if not self._touched and card is not None:
            self._set_strength(float(card.defaults.get("strength", STRENGTH)))
        self._show()

    def fit_to(self, width: int, height: int) -> None:
        """Say what becomes of the picture at this size."""
        self._size = (width, height)
        self._show()

    def set_path(self, path: str) -> None:
        """Take another picture, or none; a mask belongs to its picture."""
        if path == self.path:
            return
        self.path, self.mask_path = path, ""
        self._read()

    def set_mask(self, path: str) -> None:
        """Take another mask, or none."""
        if path != self.mask_path:
            self.mask_path = path
            self._read()

    def _read(self) -> None:
        self.problem, self._seen = "", None
        if self.path:
            wanted = (self.path, self.mask_path)
            side = round(SMALL_SIDE * self.devicePixelRatioF())
            background.run(
                self,
                lambda: see(Path(wanted[0]), Path(wanted[1]) if wanted[1] else None, side),
                lambda seen: self._on_read(wanted, seen),
                lambda error: self._on_bad(wanted, error),
            )
        self._show()
        self.changed.emit()

    def _on_read(self, wanted: tuple[str, str], seen: Seen) -> None:
        if wanted == (self.path, self.mask_path):  # no other was chosen meanwhile
            self._seen = seen
            self._show()
            self.changed.emit()

    def _on_bad(self, wanted: tuple[str, str], error: Exception) -> None:
        if wanted == (self.path, self.mask_path):
            self.problem = str(error)
            self._show()
            self.changed.emit()

    # Choosing
    # ----------------------------------------------------------------------

    def choose(self) -> None:
        """Choose a picture."""
        if name := self._ask("Start from a picture", self.path):
            self.set_path(name)

    def choose_mask(self) -> None:
        """Choose a mask."""
        if name := self._ask("A mask: white is made anew", self.mask_path or self.path):
            self.set_mask(name)

    def _ask(self, title: str, near: str) -> str:
        folder = str(Path(near).parent) if near else str(Path.home())
        patterns = " ".join(f"*{suffix}" for suffix in IMAGE_SUFFIXES)
        return QFileDialog.getOpenFileName(self, title, folder, f"Pictures ({patterns})")[0]

    def paint(self) -> None:
        """Open the window to paint in."""
        mask = Path(self.mask_path) if self.mask_path else None
        path = self.path
        background.run(
            self,
            lambda: read_to_paint(Path(path), mask),
            lambda read: self._open(path, *read),
            self._on_no_paint,
        )

    def _open(self, path: str, picture: QImage, mask: QImage) -> None:
        if path != self.path or self._editor is not None:
            return
        self._editor = MaskEditor(picture, mask, self.window())
        self._editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._editor.finished.connect(functools.partial(self._on_painted, path))
        self._editor.open()

    @property
    def editor(self) -> MaskEditor | None:
        """The window to paint in, while it is open."""
        return self._editor

    def _on_painted(self, path: str, result: int) -> None:
        editor, self._editor = self._editor, None
        if editor is None or not result or path != self.path:
            return
        mask = editor.painted.copy()
        self.problem = (
            "The mask is being saved."  # nothing begins before it is there: a job reads files only
        )
        self.changed.emit()
        background.run(
            self,
            lambda: save_mask(mask, self._masks),
            lambda saved: self._on_saved(path, saved),
            self._on_not_saved,
        )

    def _on_saved(self, path: str, saved: Path) -> None:
        if path == self.path:
            self.mask_path = str(saved)
            self._read()

    def _on_no_paint(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self.problem = str(error)
        self._show()
        self.changed.emit()

    def _on_not_saved(self, error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        self.problem = f"The mask could not be saved: {error.strerror or error}."
        self._show()
        self.changed.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A picture may be dropped here; it is then the one to start from, whatever it is
        besides.
        """
        urls = event.mimeData().urls()
        if urls and urls[0].isLocalFile() and is_picture(Path(urls[0].toLocalFile())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Start from it."""
        event.acceptProposedAction()
        self.set_path(event.mimeData().urls()[0].toLocalFile())

    # Showing
    # ----------------------------------------------------------------------

    def _on_slider(self, value: int) -> None:
        if round(self._strength * 100) != value:  # a recipe's may lie between two
            self._strength, self._touched = value / 100, True
            self._show_strength()
            self.changed.emit()

    def _set_strength(self, strength: float) -> None:
        self._strength = strength
        self.slider.setValue(round(strength * 100))
        self._show_strength()

    def _show_strength(self) -> None:
        self._percent.setText(f"{self._strength * 100:.0f} %")

    def _on_shape(self) -> None:
        if self._seen is not None:
            self.shape_wanted.emit(*self._seen.size)

    def _show(self) -> None:
        card = self._card
        offered = card is not None and takes_picture(card)
        self.setVisible(offered)
        if card is None or not offered:
            return
        there, masked = bool(self.path), bool(self.mask_path)
        first = "Choose the picture to change…" if needs_picture(card) else "Start from a picture…"
        self.choose_button.setText("Another picture…" if there else first)
        self.clear_button.setVisible(there)
        self._detail.setVisible(there)
        self._strength_row.setVisible(there and has_strength(card, masked=masked))
        self._mask_row.setVisible(there and takes_mask(card))
        self.paint_button.setText("Change the mask…" if masked else "Paint what changes…")
        self.paint_button.setEnabled(self._seen is not None)
        self.unmask_button.setVisible(masked)
        if there:
            self._show_picture(whole=starts_from_picture(card))

    def _show_picture(self, *, whole: bool) -> None:
        seen = self._seen
        size = f" · {seen.size[0]}\u00a0×\u00a0{seen.size[1]}" if seen is not None else ""
        self._name.setText(f"{short_name(Path(self.path))}{size}")
        pixmap = QPixmap.fromImage(seen.small) if seen is not None else QPixmap()
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.small.setPixmap(pixmap)
        self.small.setAccessibleName(f"The picture {Path(self.path).name}")
        fit = describe_fit(seen.size, *self._size) if seen is not None and all(self._size) else ""
        part = (
            f"{max(1, round(seen.mask_share * 100))} % of it is made anew."
            if seen is not None and seen.mask_share
            else ""
        )
        if not part and not whole:
            part = "Paint what is to change."
        told = self.problem or (
            " ".join(words for words in (part, fit) if words) if seen is not None else "Reading…"
        )
        self._told.setText(told)
        self._told.setVisible(bool(told))
        self._name.setToolTip(html.escape(self.path))
        self.shape_button.setVisible("cut" in fit.lower())
        role = "error" if self.problem else "muted"
        if self._told.property("role") != role:
            self._told.setProperty("role", role)
            restyle(self._told)
