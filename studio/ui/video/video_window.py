"""A window that plays one video."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from studio.core.file_names import one_line
from studio.core.translation import tr
from studio.ui.desktop.folders import open_file, open_folder_of
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.video.video_view import VideoView
from studio.ui.widgets.factory import button, row

SIZE = (880, 640)


class VideoWindow(QDialog):
    """Plays at once; its decoder ends when it is closed."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self.setWindowTitle(one_line(path.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.view = VideoView()
        self.folder_button = button(
            tr("Folder"), tr("Open the folder of the video"), lambda: open_folder_of(path), "folder"
        )
        self.open_button = button(
            tr("Open in player"), tr("Open the video in another program"), lambda: open_file(path)
        )
        for one in (self.folder_button, self.open_button):
            one.setAutoDefault(False)  # Return must not open anything
        layout = QVBoxLayout(self)
        layout.addWidget(self.view, 1)
        layout.addWidget(row(self.folder_button, self.open_button, None))
        resize_to_fit(self, *SIZE)
        self.view.setFocus()
        self.view.load(path, plays=True)

    def done(self, result: int) -> None:
        """End the decoder and close the audio device."""
        self.view.close_player()
        super().done(result)
