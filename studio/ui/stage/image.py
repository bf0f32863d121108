"""The stage of the image tab."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QVBoxLayout, QWidget

from studio.core.events import Cancelled, Event, Failed, Finished, Preview, Progress
from studio.core.files import write_whole
from studio.core.jobs import Job
from studio.core.requests import ImageRequest
from studio.core.requests.image_tool import TOOLS
from studio.core.translation import tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder_of
from studio.ui.image.full_screen import FullScreenImage
from studio.ui.image.image_levels import ImageLevels, read_levels
from studio.ui.image.image_view import ImageView
from studio.ui.stage.job_group import steps_text
from studio.ui.stage.shown_result import ShownResult
from studio.ui.stage.stage import Stage
from studio.ui.widgets.factory import button, name_control, row
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.replace_file import may_write

if TYPE_CHECKING:
    from studio.ui.image.canvas.editor import CanvasEditor


class ImageStage(Stage):
    """Shows previews, then the images of a job."""

    kind = "image"

    start_requested = Signal(object)
    """Path: the user wants to generate the next image from this one."""
    edit_requested = Signal(object)
    """Path: the user wants to mask, crop or extend this image."""
    tool_requested = Signal(object, str)
    """Path and name of a tool: the user wants to change this image with it."""

    def __init__(self, shared: AppState) -> None:
        self.view = ImageView()
        self._full_screen: FullScreenImage | None = None
        self._has_canvas = False
        super().__init__(shared)

    def create_result_page(self) -> QWidget:
        """See `Stage`."""
        self.copy_button = _tool("copy", tr("Copy"), tr("Copy the image (Ctrl+Shift+C)"))
        self.copy_button.clicked.connect(self.copy)
        tip = tr("Save a copy of the PNG, which contains its settings (Ctrl+S)")
        self.save_button = _tool("save", tr("Save as"), tip)
        self.save_button.clicked.connect(self.save_as)
        self.more_button = _tool("more", tr("More"), tr("More to do with the image"))
        self.more_button.clicked.connect(self._open_menu)
        self.start_button = button(
            tr("Use as start"),
            tr("Generate the next image from this one"),
            self.use_as_start,
            "image",
        )
        self.edit_button = _tool(
            "brush", tr("Edit"), tr("Mask, crop or extend the image for the next one")
        )
        self.edit_button.clicked.connect(self.request_edit)
        self.tools_button = _tool(
            "tools", tr("Tools"), tr("Enlarge, cut out, restyle, repair or adjust the image")
        )
        self.tools_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.tools_button.setMenu(self._create_tools_menu())
        self.zoom_button = button(
            "100 %", tr("Show each pixel of the image (double click)"), self.view.image.toggle_zoom
        )
        self.grid_button = _tool("grid", tr("All images"), tr("Show all images of this job"))
        self.grid_button.setCheckable(True)
        self.grid_button.toggled.connect(self.view.show_grid)
        self.screen_button = _tool(
            "full-screen", tr("Full screen"), tr("Show on the full screen (F11)")
        )
        self.screen_button.clicked.connect(self.show_full_screen)
        self.view.changed.connect(self._on_image_changed)
        self.view.grid_shown.connect(self._on_grid_shown)
        self.view.menu_requested.connect(lambda at: self.create_menu().exec(at))
        self.view.image.zoom_changed.connect(self._show_zoom)
        self.view.image.step_requested.connect(self.step)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        tools = (self.zoom_button, self.grid_button, self.screen_button, None)
        start = (self.tools_button, self.edit_button, self.start_button)
        files = (self.copy_button, self.save_button, self.more_button)
        layout.addWidget(row(*tools, *start, *files, spacing=4))
        self._enable_buttons()
        return page

    def create_menu(self) -> QMenu:
        """Create the menu of the image that is shown."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for control, title, slot in (
            (self.copy_button, tr("Copy image"), self.copy),
            (self.save_button, tr("Save as…"), self.save_as),
            (self.save_button, tr("Open folder"), self.show_folder),
            (None, "", None),
            (self.start_button, tr("Use as start image"), self.use_as_start),
            (self.edit_button, tr("Mask, crop or extend…"), self.request_edit),
            (self.header.load_button, tr("Load settings into the form"), self.load_shown),
            (None, "", None),
            (self.zoom_button, tr("Fit"), self.view.image.fit),
            (self.zoom_button, "100 %", lambda: self.view.image.set_zoom(1.0)),
            (self.screen_button, tr("Full screen"), self.show_full_screen),
        ):
            if control is None or slot is None:
                menu.addSeparator()
            else:
                menu.addAction(title, slot).setEnabled(control.isEnabled())
        return menu

    def _create_tools_menu(self) -> QMenu:
        menu = QMenu(tr("Tools"), self)
        for name, tool in TOOLS.items():
            menu.addAction(tr_marked(tool.title), partial(self._request_tool, name))
        return menu

    def _request_tool(self, name: str) -> None:
        if self.view.image.path:
            self.tool_requested.emit(Path(self.view.image.path), name)

    def _open_menu(self) -> None:
        menu, size = self.create_menu(), self.more_button.size()
        above = QPoint(size.width() - menu.sizeHint().width(), -menu.sizeHint().height())
        menu.popup(self.more_button.mapToGlobal(above))

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
                request, preview = job.request, event.preview
                size = QSize(preview.width, preview.height)
                if isinstance(request, ImageRequest):
                    size = QSize(request.width, request.height)
                self.view.show_preview(to_image(event.preview), size)
        elif isinstance(event, (Finished, Failed, Cancelled)) and event.artifacts:
            self.view.add([artifact.path for artifact in event.artifacts])
        elif isinstance(event, (Failed, Cancelled)) and not self.view.grid.count():
            self.view.clear()

    def show_files(self, results: Sequence[ShownResult], chosen: int) -> None:
        """See `Stage`."""
        self.view.add([result.path for result in results], chosen)

    def progress_text(self, event: Progress, seconds: float) -> str:
        """See `Stage`."""
        return steps_text(event, seconds)

    def finished_text(self, job: Job, event: Finished) -> str:
        """See `Stage`."""
        duration = tr("Done in {seconds:.1f} s", seconds=event.statistics.run_seconds)
        return " · ".join([duration, *event.statistics.notes])

    def _on_image_changed(self) -> None:
        self._enable_buttons()
        self.update_header()
        self._update_full_screen()

    def _update_full_screen(self) -> None:
        levels = self.view.image.levels
        if self._full_screen is not None and not levels.is_empty:
            self._full_screen.show_image(levels, self.header.facts.whole)

    def _enable_buttons(self) -> None:
        has_image, is_alone = bool(self.view.image.path), not self.view.is_grid_shown
        for control in (
            self.copy_button,
            self.save_button,
            self.more_button,
            self.start_button,
            self.edit_button,
            self.tools_button,
        ):
            control.setEnabled(has_image)
        self.screen_button.setEnabled(not self.view.image.is_empty)
        self.zoom_button.setEnabled(not self.view.image.is_empty and is_alone)
        self.grid_button.setEnabled(self.view.grid.count() > 1)
        self._show_zoom()

    def _show_zoom(self) -> None:
        canvas = self.view.image
        self.zoom_button.setText("100 %" if canvas.is_fit else tr("Fit"))
        if canvas.is_fit:
            tip = tr("Show each pixel (double click or Z)")
        else:
            tip = tr("Show the whole image (double click or Z)")
        if not canvas.is_empty:
            tip = tr("Now {percent} %. {tip}", percent=round(100 * canvas.zoom), tip=tip)
        name_control(self.zoom_button, tr("Zoom"), tip)

    def _on_grid_shown(self, is_shown: bool) -> None:
        self.grid_button.setChecked(is_shown)
        self._enable_buttons()

    def select(self, path: str) -> None:
        """See `Stage`."""
        self.view.select(path)

    def show_full_screen(self) -> None:
        """Show the image on the full screen, until Esc or F11."""
        if self.view.image.is_empty or self._full_screen is not None:
            return
        screen = self._full_screen = FullScreenImage(self)
        screen.step_requested.connect(self.step)
        screen.closed.connect(self._on_full_screen_closed)
        self._update_full_screen()
        screen.showFullScreen()
        screen.activateWindow()

    def _on_full_screen_closed(self) -> None:
        self._full_screen = None

    def use_as_start(self) -> None:
        """Ask to generate the next image from the one that is shown."""
        if self.view.image.path:
            self.start_requested.emit(Path(self.view.image.path))

    def request_edit(self) -> None:
        """Ask for the canvas with the image that is shown."""
        if self.view.image.path:
            self.edit_requested.emit(Path(self.view.image.path))

    @cached_property
    def canvas(self) -> CanvasEditor:
        """The canvas; created when it is opened for the first time."""
        from studio.ui.image.canvas.editor import CanvasEditor

        editor = CanvasEditor(self.shared.data.masks, self)
        self.add_page(editor.page)
        editor.opened.connect(self._on_canvas_changed)
        editor.closed.connect(self._on_canvas_changed)
        self._has_canvas = True
        return editor

    @property
    def open_canvas(self) -> CanvasEditor | None:
        """The canvas while it is open."""
        return self.canvas if self._has_canvas and self.canvas.is_open else None

    def page(self) -> QWidget | None:
        """See `StageFrame`."""
        canvas = self.open_canvas
        return super().page() if canvas is None else canvas.page

    def _on_canvas_changed(self, _image: str) -> None:
        self.header.setVisible(not self.canvas.is_open)
        self.strip.set_offered(not self.canvas.is_open)
        self.show_page()

    def copy(self) -> None:
        """Copy the image that is shown."""
        path = self.view.image.path
        if not path:
            return

        def put(levels: ImageLevels) -> None:
            if not levels.is_empty:
                QGuiApplication.clipboard().setImage(levels.images[0])
                self.shared.post_toast(tr("Copied"))

        background.run(self, lambda: read_levels(path), put)

    def show_folder(self) -> None:
        """Open the folder of the image."""
        open_folder_of(Path(self.view.image.path))

    def save_as(self) -> None:
        """See `Stage`."""
        source = Path(self.view.image.path)
        if not self.view.image.path:
            return
        name, _filter = QFileDialog.getSaveFileName(
            self, tr("Save the image"), str(Path.home() / source.name), f"*{source.suffix}"
        )
        target = Path(name) if Path(name).suffix else Path(name + source.suffix)
        if name and may_write(self, name, target):
            self.write_in_background(
                target, lambda: write_whole(target, source.read_bytes(), replace=True)
            )


def _tool(icon_name: str, name: str, tip: str) -> QToolButton:
    result = QToolButton()
    set_icon(result, icon_name)
    name_control(result, name, tip)
    return result


def to_image(preview: Preview) -> QImage:
    """Copy a preview into an image."""
    return QImage(
        preview.rgb, preview.width, preview.height, preview.width * 3, QImage.Format.Format_RGB888
    ).copy()
