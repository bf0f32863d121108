"""The stage of the video tab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QImage, QShowEvent
from PySide6.QtWidgets import QFileDialog, QToolButton, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.events import Cancelled, Event, Failed, Finished, Progress
from studio.core.files import write_whole
from studio.core.jobs import Job
from studio.core.requests import VideoRequest
from studio.core.translation import tr
from studio.media.video_decoder.saved_frames import save_frame
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder_of
from studio.ui.stage.image import to_image
from studio.ui.stage.job_group import steps_text
from studio.ui.stage.shown_result import ShownResult
from studio.ui.stage.stage import Stage
from studio.ui.video.video_view import VideoView
from studio.ui.widgets.factory import button, name_control, row
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.replace_file import may_write


class VideoStage(Stage):
    """Shows previews of the middle frame, then plays the video. A hidden stage decodes nothing."""

    kind = "video"

    first_frame_requested = Signal(object, object)
    """(path of an image, the ShownResult of the video that it ends): the user extends the video."""

    def __init__(self, shared: AppState, *, backends: Sequence[str] | None = None) -> None:
        self.path = ""
        """Of the video that is shown; empty without one."""
        self._waiting: tuple[Path, bool] | None = None
        """What to load, and whether it plays then, as soon as the stage is visible."""
        self.view = VideoView(backends=backends)
        self.view.player.set_looping(True)  # most generated videos last seconds
        super().__init__(shared)

    def create_result_page(self) -> QWidget:
        """See `Stage`."""
        self.frame_button = button(
            tr("Frame to image"),
            tr("Start an image from the frame that is shown"),
            self.use_frame,
            "image",
        )
        self.extend_button = button(
            tr("Extend"),
            tr("Generate a video that begins with the last frame of this one"),
            self.extend,
            "frame-forward",
        )
        self.copy_button = _tool(
            "copy", tr("Copy frame"), tr("Copy the frame that is shown (Ctrl+Shift+C)"), self.copy
        )
        self.save_button = _tool(
            "save", tr("Save as"), tr("Save a copy of the video (Ctrl+S)"), self.save_as
        )
        self.folder_button = _tool(
            "folder", tr("Folder"), tr("Open the folder of the video"), self.show_folder
        )
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        files = (self.copy_button, self.save_button, self.folder_button)
        layout.addWidget(row(self.frame_button, self.extend_button, None, *files, spacing=4))
        self.view.player.opened.connect(self._enable_buttons)
        self.view.player.state_changed.connect(self._enable_buttons)
        self._set_path("")
        return page

    def clear_view(self) -> None:
        """See `Stage`."""
        self._set_path("")
        self._waiting = None
        self.view.clear()

    def current_path(self) -> str:
        """See `Stage`."""
        return self.path

    def select(self, path: str) -> None:
        """See `Stage`."""
        self._load(path, plays=False)
        self.update_header()

    def show_event(self, job: Job, event: Event) -> None:
        """See `Stage`."""
        if isinstance(event, Progress) and event.preview is not None:
            request = job.request
            assert isinstance(request, VideoRequest)
            size = QSize(request.width, request.height)
            self.view.set_poster(to_image(event.preview), size)
        elif isinstance(event, (Finished, Failed, Cancelled)) and event.artifacts:
            self._load(event.artifacts[-1].path, plays=True)
        elif isinstance(event, (Failed, Cancelled)):
            self.view.set_poster(QImage())

    def show_files(self, results: Sequence[ShownResult], chosen: int) -> None:
        """See `Stage`."""
        self._load(results[chosen].path, plays=False)

    def progress_text(self, event: Progress, seconds: float) -> str:
        """See `Stage`."""
        return steps_text(event, seconds)

    def finished_text(self, job: Job, event: Finished) -> str:
        """See `Stage`."""
        duration = tr("Done in {seconds:.1f} s", seconds=event.statistics.run_seconds)
        return " · ".join([duration, *event.statistics.notes])

    # The video that is shown
    # ----------------------------------------------------------------------

    def _load(self, path: str, *, plays: bool) -> None:
        self._set_path(path)
        self._waiting = (Path(path), plays)
        if self.isVisible():
            self._load_waiting()

    def _load_waiting(self) -> None:
        if self._waiting is not None:
            (path, plays), self._waiting = self._waiting, None
            self.view.load(path, plays=plays)

    def showEvent(self, event: QShowEvent) -> None:
        """Load the video that the stage was asked to show while it was hidden."""
        super().showEvent(event)
        self._load_waiting()

    def hideEvent(self, event: QHideEvent) -> None:
        """Pause, so that nobody hears a video that is not seen."""
        super().hideEvent(event)
        self.view.player.pause()

    def _set_path(self, path: str) -> None:
        self.path = path
        self._enable_buttons()

    def _enable_buttons(self, _state: object = None) -> None:
        is_open = bool(self.path) and self.view.player.info is not None
        for files in (self.save_button, self.folder_button):
            files.setEnabled(bool(self.path))
        for frames in (self.frame_button, self.extend_button, self.copy_button):
            frames.setEnabled(is_open)
        self.view.controls.setVisible(bool(self.path))

    # Actions
    # ----------------------------------------------------------------------

    def use_frame(self) -> None:
        """Start an image from the frame that is shown."""
        self.view.player.pause()
        self._save_frame(self._seconds(), self.shared.start_image_requested.emit)

    def extend(self) -> None:
        """Ask for a video that begins with the last frame of this one."""
        shown = self.shown
        self.view.player.pause()
        self._save_frame(None, lambda path: self.first_frame_requested.emit(path, shown))

    def copy(self) -> None:
        """Copy the frame that is shown."""

        def put(image: QImage) -> None:
            QGuiApplication.clipboard().setImage(image)
            self.shared.post_toast(tr("Copied"))

        self._save_frame(self._seconds(), put, lambda path: QImage(str(path)))

    def _seconds(self) -> float:
        """Return the position of the frame that is shown."""
        frame = self.view.player.frame
        return frame.seconds if frame is not None else self.view.player.position

    def _save_frame(
        self,
        seconds: float | None,
        done: Callable[[Any], None],
        read: Callable[[Path], object] = Path,
    ) -> None:
        """Write a frame of the video as an image, and pass on what `read` makes of its file."""
        if self.view.player.info is None:
            return
        video, folder = Path(self.path), self.shared.data.frames

        def show_error(error: Exception) -> None:
            if not isinstance(error, StudioError | OSError):
                raise error
            cure = error.cure if isinstance(error, StudioError) else ""
            self.notice.show_message(tr("The frame cannot be used: {why}", why=error), cure)

        background.run(self, lambda: read(save_frame(video, seconds, folder)), done, show_error)

    def show_full_screen(self) -> None:
        """Show the video on the full screen, until Esc."""
        self.view.show_full_screen()

    def show_folder(self) -> None:
        """Open the folder of the video."""
        open_folder_of(Path(self.path))

    def save_as(self) -> None:
        """See `Stage`."""
        source = Path(self.path)
        if not self.path:
            return
        name, _filter = QFileDialog.getSaveFileName(
            self, tr("Save the video"), str(Path.home() / source.name), f"*{source.suffix}"
        )
        target = Path(name) if Path(name).suffix else Path(name + source.suffix)
        if name and may_write(self, name, target):
            self.write_in_background(
                target, lambda: write_whole(target, source.read_bytes(), replace=True)
            )


def _tool(icon_name: str, name: str, tip: str, call: Callable[[], object]) -> QToolButton:
    result = QToolButton()
    set_icon(result, icon_name)
    name_control(result, name, tip)
    result.clicked.connect(lambda _checked=False: call())
    return result
