"""Panel for the source image of a request: file, strength and mask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap
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
from studio.core.translation import tr
from studio.media.image_reader import short_name
from studio.models.capabilities import (
    has_strength,
    needs_image,
    starts_from_image,
    takes_image,
    takes_mask,
)
from studio.models.card import ModelCard
from studio.preflight.images import check_shape, describe_fit, is_cropped
from studio.ui import background
from studio.ui.image.qt_images import ImagePreview, read_preview
from studio.ui.widgets.factory import button, escape_markup, label, name_control, restyle, row
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.request_field import WheelGuard

if TYPE_CHECKING:
    from studio.ui.image.canvas.files import CanvasFiles

THUMBNAIL_SIDE = 88
DEFAULT_STRENGTH = 0.75
"""For a model card without a strength."""


def is_image_file(path: Path) -> bool:
    """True if the file's extension is that of an image format."""
    return path.suffix.lower() in IMAGE_SUFFIXES


class SourceImagePanel(QWidget):
    """A button to choose an image; below it the image's thumbnail, strength and mask."""

    changed = Signal()
    size_requested = Signal(int, int)
    """Width and height of the image, whose shape the result should have."""
    edit_requested = Signal(str, str)
    """The image and its mask (may be empty) should be opened on the canvas."""

    def __init__(self) -> None:
        super().__init__()
        self._card: ModelCard | None = None
        self._size = (0, 0)
        self._strength, self._strength_edited = DEFAULT_STRENGTH, False
        self._preview: ImagePreview | None = None
        self.path = ""
        """Absolute path; empty if no image is chosen."""
        self.mask_path = ""
        """The mask's path; empty if the whole image changes."""
        self.problem = ""
        """Why the image or its mask cannot be used; empty if both can."""
        self.setAcceptDrops(True)
        self._create_widgets()
        self._create_layout()
        self._update()

    def _create_widgets(self) -> None:
        self.choose_button = button(
            "",
            tr("Choose an image to start from, or drop one on the window"),
            self.choose,
            "image",
        )
        self.clear_button = QToolButton()
        set_icon(self.clear_button, "trash")
        name_control(
            self.clear_button,
            tr("Remove image"),
            tr("Remove the image and start from the prompt alone"),
        )
        self.clear_button.clicked.connect(lambda: self.set_path(""))
        self.thumbnail = QLabel()
        self.thumbnail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.thumbnail.setFixedSize(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        self._name, self._message = label("", wrap=True), label("", "muted", wrap=True)
        for text in (self._name, self._message):  # a long word must not widen the column
            text.setSizePolicy(QSizePolicy.Policy.Ignored, text.sizePolicy().verticalPolicy())
        self.shape_button = button(
            tr("Match its shape"),
            tr("Set width and height so that nothing is cut off"),
            self._on_shape,
        )
        self._strength_title = label(tr("Strength"), "muted")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, 100)
        self.slider.setSingleStep(5)
        self.slider.setPageStep(10)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.installEventFilter(WheelGuard(self))
        name_control(
            self.slider,
            tr("Strength"),
            tr("How much of the image changes: little on the left, everything on the right"),
        )
        self._strength_title.setBuddy(self.slider)
        self._percent = label("", "muted")
        self._percent.setFixedWidth(42)
        self.slider.valueChanged.connect(self._on_slider)
        self.paint_button = button(
            "",
            tr("Paint on the image what should change; crop or extend it"),
            self.paint,
        )
        self.mask_button = button(
            tr("Mask file…"),
            tr("Choose a mask image of the same shape; its white areas change"),
            self.choose_mask,
        )
        self.unmask_button = QToolButton()
        set_icon(self.unmask_button, "trash")
        name_control(
            self.unmask_button, tr("Remove mask"), tr("Remove the mask and change the whole image")
        )
        self.unmask_button.clicked.connect(lambda: self.set_mask(""))

    def _create_layout(self) -> None:
        texts = QWidget()
        column = QVBoxLayout(texts)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for widget in (self._name, self._message, row(self.shape_button, None)):
            column.addWidget(widget)
        column.addStretch(1)
        self._detail = row(self.thumbnail, texts)
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

    # Values
    # ----------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return the request's fields; without the image if the model cannot use one."""
        path = self.path if self._card is not None and takes_image(self._card) else ""
        mask = self.mask_path if path and self._card is not None and takes_mask(self._card) else ""
        return {"image": path, "strength": self._strength, "mask_image": mask}

    def set_values(self, values: dict[str, Any]) -> None:
        """Set the fields that `values` contains."""
        if isinstance(strength := values.get("strength"), (int, float)) and 0 < strength <= 1:
            self._set_strength(float(strength))
            self._strength_edited = True
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
        if request.mask_image and self._preview is not None and self._preview.mask_size is not None:
            try:
                check_shape(request, self._preview.size, self._preview.mask_size)
            except StudioError as error:
                return [Problem("mask_image", error.message)]
            if not self._preview.mask_share:
                return [Problem("mask_image", tr("it has no white areas, so nothing would change"))]
        return []

    # Model, size and files
    # ----------------------------------------------------------------------

    def offer(self, card: ModelCard | None) -> None:
        """Show the controls that this model supports; hide the panel if it takes no image."""
        self._card = card
        if not self._strength_edited and card is not None:
            self._set_strength(float(card.defaults.get("strength", DEFAULT_STRENGTH)))
        self._update()

    def fit_to(self, width: int, height: int) -> None:
        """Set the result's size, for the text on how the image will be cropped and scaled."""
        self._size = (width, height)
        self._update()

    def set_path(self, path: str) -> None:
        """Set another image, or none; its mask is removed."""
        if path == self.path:
            return
        self.path, self.mask_path = path, ""
        self._read()

    def set_mask(self, path: str) -> None:
        """Set another mask, or none."""
        if path != self.mask_path:
            self.mask_path = path
            self._read()

    def _read(self) -> None:
        self.problem, self._preview = "", None
        if self.path:
            files = (self.path, self.mask_path)
            side = round(THUMBNAIL_SIDE * self.devicePixelRatioF())
            background.run(
                self,
                lambda: read_preview(Path(files[0]), Path(files[1]) if files[1] else None, side),
                lambda preview: self._on_read(files, preview),
                lambda error: self._on_read_failed(files, error),
            )
        self._update()
        self.changed.emit()

    def _on_read(self, files: tuple[str, str], preview: ImagePreview) -> None:
        if files == (self.path, self.mask_path):  # no other file was chosen meanwhile
            self._preview = preview
            self._update()
            self.changed.emit()

    def _on_read_failed(self, files: tuple[str, str], error: Exception) -> None:
        if files == (self.path, self.mask_path):
            self.set_problem(files[0], str(error))

    # Choosing
    # ----------------------------------------------------------------------

    def choose(self) -> None:
        """Open the file dialog for an image."""
        if name := self._choose_file(tr("Start from an image"), self.path):
            self.set_path(name)

    def choose_mask(self) -> None:
        """Open the file dialog for a mask."""
        if name := self._choose_file(
            tr("Choose a mask: white areas change"), self.mask_path or self.path
        ):
            self.set_mask(name)

    def _choose_file(self, title: str, near: str) -> str:
        folder = str(Path(near).parent) if near else str(Path.home())
        patterns = " ".join(f"*{suffix}" for suffix in IMAGE_SUFFIXES)
        return QFileDialog.getOpenFileName(
            self, title, folder, tr("Images ({patterns})", patterns=patterns)
        )[0]

    def paint(self) -> None:
        """Ask for the canvas, to paint the mask on the image."""
        self.edit_requested.emit(self.path, self.mask_path)

    def take_files(self, image: str, files: CanvasFiles) -> None:
        """Use what was made on the canvas for `image`."""
        if image != self.path:
            return
        self.path, self.mask_path = files.image, files.mask
        if files.is_extended:
            self._set_strength(1.0)  # what was added is no image to keep
            self._strength_edited = True
        self._read()

    def set_problem(self, image: str, problem: str) -> None:
        """Set why the image cannot be used now; empty for none."""
        if image == self.path:
            self.problem = problem
            self._update()
            self.changed.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept an image file, also one that contains a recipe."""
        urls = event.mimeData().urls()
        if urls and urls[0].isLocalFile() and is_image_file(Path(urls[0].toLocalFile())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Start from the dropped image."""
        event.acceptProposedAction()
        self.set_path(event.mimeData().urls()[0].toLocalFile())

    # Display
    # ----------------------------------------------------------------------

    def _on_slider(self, value: int) -> None:
        if round(self._strength * 100) != value:  # a recipe's value may lie between two steps
            self._strength, self._strength_edited = value / 100, True
            self._show_strength()
            self.changed.emit()

    def _set_strength(self, strength: float) -> None:
        self._strength = strength
        self.slider.setValue(round(strength * 100))
        self._show_strength()

    def _show_strength(self) -> None:
        self._percent.setText(f"{self._strength * 100:.0f} %")

    def _on_shape(self) -> None:
        if self._preview is not None:
            self.size_requested.emit(*self._preview.size)

    def _update(self) -> None:
        card = self._card
        offered = card is not None and takes_image(card)
        self.setVisible(offered)
        if card is None or not offered:
            return
        chosen, masked = bool(self.path), bool(self.mask_path)
        first = (
            tr("Choose the image to change…") if needs_image(card) else tr("Start from an image…")
        )
        self.choose_button.setText(tr("Another image…") if chosen else first)
        self.clear_button.setVisible(chosen)
        self._detail.setVisible(chosen)
        is_broken = bool(self.problem) and self._preview is None
        self.thumbnail.setVisible(not is_broken)
        self._strength_row.setVisible(
            chosen and not is_broken and has_strength(card, masked=masked)
        )
        # A mask that cannot be read can be replaced or removed.
        self._mask_row.setVisible(chosen and (masked or not is_broken) and takes_mask(card))
        self.paint_button.setText(tr("Edit mask…") if masked else tr("Paint mask…"))
        self.paint_button.setEnabled(self._preview is not None)
        self.unmask_button.setVisible(masked)
        if chosen:
            self._update_detail(whole=starts_from_image(card))

    def _update_detail(self, *, whole: bool) -> None:
        preview = self._preview
        size = f" · {preview.size[0]}\u00a0×\u00a0{preview.size[1]}" if preview is not None else ""
        self._name.setText(f"{short_name(Path(self.path))}{size}")
        pixmap = QPixmap.fromImage(preview.thumbnail) if preview is not None else QPixmap()
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.thumbnail.setPixmap(pixmap)
        self.thumbnail.setAccessibleName(tr("Image {name}", name=Path(self.path).name))
        fit = (
            describe_fit(preview.size, *self._size)
            if preview is not None and all(self._size)
            else ""
        )
        part = (
            tr("{percent} % of it changes.", percent=max(1, round(preview.mask_share * 100)))
            if preview is not None and preview.mask_share
            else ""
        )
        if not part and not whole:
            part = tr("Paint a mask over what should change.")
        texts = (part, fit) if preview is not None else (tr("Reading…"),)
        message = self.problem or " ".join(filter(None, texts))
        self._message.setText(message)
        self._message.setVisible(bool(message))
        self._name.setToolTip(escape_markup(self.path))
        self.shape_button.setVisible(
            preview is not None and all(self._size) and is_cropped(preview.size, *self._size)
        )
        role = "error" if self.problem else "muted"
        if self._message.property("role") != role:
            self._message.setProperty("role", role)
            restyle(self._message)
