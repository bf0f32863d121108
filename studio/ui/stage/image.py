"""The stage of the image tab."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from studio.core.events import Cancelled, Event, Failed, Finished, Preview, Progress
from studio.core.files import write_whole
from studio.core.jobs import Job
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder_of
from studio.ui.stage.shown_result import ShownResult
from studio.ui.stage.stage import Stage
from studio.ui.widgets.factory import button, label, row
from studio.ui.widgets.image_view import ImageView


class ImageStage(Stage):
    """Shows previews, then the images of a job."""

    kind = "image"

    start_requested = Signal(object)
    """Path: the user wants to generate the next image from this one."""

    def __init__(self, shared: AppState) -> None:
        self.about = label("", "muted", wrap=True)
        self.view = ImageView()
        super().__init__(shared)

    def create_result_page(self) -> QWidget:
        """See `Stage`."""
        self.copy_button = button("Copy", "Copy the image", self.copy, "copy")
        self.save_button = button(
            "Save as…",
            "Save a copy of the PNG, which contains its settings (Ctrl+S)",
            self.save_as,
            "save",
        )
        self.folder_button = button(
            "Folder", "Open the folder of the image", self.show_folder, "folder"
        )
        self.start_button = button(
            "Use as start", "Generate the next image from this one", self.use_as_start, "image"
        )
        self.view.changed.connect(self._on_image_changed)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        # A narrow window has no room for this button next to the others.
        below = row(self.about, self.start_button)
        self.start_button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        if (layout_below := below.layout()) is not None:
            layout_below.setAlignment(
                self.start_button, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
            )
        layout.addWidget(below)
        layout.addWidget(row(self.copy_button, self.save_button, self.folder_button, None))
        self._enable_buttons()
        return page

    def clear_view(self) -> None:
        """See `Stage`."""
        self.view.clear()

    def current_path(self) -> str:
        """See `Stage`."""
        return self.view.image.path

    def show_event(self, job: Job, event: Event) -> None:
        """See `Stage`."""
        if isinstance(event, Progress) and event.preview is not None:
            jobs = self.group.jobs.values()
            first = next((one.id for one in jobs if not one.state.over), job.id)
            if job.id == first:  # the previews of a batch would alternate
                self.view.show_preview(to_image(event.preview))
        elif isinstance(event, (Finished, Failed, Cancelled)) and event.artifacts:
            self.view.add([artifact.path for artifact in event.artifacts])
        elif isinstance(event, (Failed, Cancelled)) and not self.view.strip.count():
            self.view.clear()

    def show_files(self, results: Sequence[ShownResult], chosen: int) -> None:
        """See `Stage`."""
        self.view.add([result.path for result in results], chosen)

    def progress_text(self, event: Progress, seconds: float) -> str:
        """See `Stage`."""
        left = seconds / event.step * (event.total - event.step) if event.step else 0
        return f"{event.unit.title()} {event.step} of {event.total} · about {left:.0f} s left"

    def finished_text(self, job: Job, event: Finished) -> str:
        """See `Stage`."""
        duration = f"Done in {event.statistics.run_seconds:.1f} s"
        return " · ".join([duration, f"seed {job.request.seed}", *event.statistics.notes])

    def _on_image_changed(self) -> None:
        self._enable_buttons()
        self.update_header()

    def _enable_buttons(self) -> None:
        has_image = bool(self.view.image.path)
        for control in (self.copy_button, self.save_button, self.folder_button, self.start_button):
            control.setEnabled(has_image)

    def use_as_start(self) -> None:
        """Ask to generate the next image from the one that is shown."""
        if self.view.image.path:
            self.start_requested.emit(Path(self.view.image.path))

    def copy(self) -> None:
        """Copy the image that is shown."""
        QGuiApplication.clipboard().setPixmap(self.view.image.pixmap())
        self.shared.post_toast("Copied")

    def show_folder(self) -> None:
        """Open the folder of the image."""
        open_folder_of(Path(self.view.image.path))

    def save_as(self) -> None:
        """See `Stage`."""
        source = Path(self.view.image.path)
        if not self.view.image.path:
            return
        name, _filter = QFileDialog.getSaveFileName(
            self, "Save the image", str(Path.home() / source.name), "PNG (*.png)"
        )
        if name:
            target = Path(name) if Path(name).suffix else Path(name).with_suffix(".png")
            self.write_in_background(
                target, lambda: write_whole(target, source.read_bytes(), replace=True)
            )


def to_image(preview: Preview) -> QImage:
    """Copy a preview into an image."""
    return QImage(
        preview.rgb, preview.width, preview.height, preview.width * 3, QImage.Format.Format_RGB888
    ).copy()
