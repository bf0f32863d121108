"""What the Help menu opens. Each window is imported when it is opened for the first time."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QWidget

from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder


class HelpMenu(QObject):
    """Opens windows as children of the main window, each once."""

    shortcuts_requested = Signal()
    """The user wants to change shortcuts."""

    def __init__(self, shared: AppState, window: QWidget) -> None:
        super().__init__(window)
        self._shared = shared
        self._window = window
        self._is_collecting = False

    def show_documents(self, page: str = "") -> None:
        """Show the documentation."""
        from studio.ui.help.documents_window import DocumentsWindow

        window = self._window.findChild(DocumentsWindow)
        if window is None:
            window = DocumentsWindow(self._shared, self._window, page)
        elif page:
            window.show_page(page)
        self._show(window)

    def show_licenses(self) -> None:
        """Show the licenses of the libraries and models."""
        from studio.ui.help.documents import THIRD_PARTY

        self.show_documents(THIRD_PARTY)

    def show_shortcuts(self) -> None:
        """Show the keyboard shortcuts."""
        from studio.ui.help.shortcuts_window import ShortcutsWindow

        window = self._window.findChild(ShortcutsWindow)
        if window is None:
            window = ShortcutsWindow(self._shared, self._window)
            window.change_requested.connect(self.shortcuts_requested)
        self._show(window)

    def show_doctor(self) -> None:
        """Check the installation."""
        from studio.ui.help.doctor_window import DoctorWindow

        self._show(self._window.findChild(DoctorWindow) or DoctorWindow(self._shared, self._window))

    def show_about(self) -> None:
        """Show version and license."""
        from studio.ui.help.about import AboutWindow

        self._show(self._window.findChild(AboutWindow) or AboutWindow(self._shared, self._window))

    def open_logs(self) -> None:
        """Open the folder of log files."""
        open_folder(self._shared.data.logs)

    def copy_report(self) -> None:
        """Copy details for a problem report, without prompts, names and paths."""
        from studio.ui.help.doctor_window import describe_screens
        from studio.ui.help.report import collect_report

        if self._is_collecting:
            return
        self._is_collecting = True
        self._shared.post_toast(tr("Collecting the details; this takes some seconds"))
        data, settings, screens = self._shared.data, self._shared.settings, describe_screens()
        background.run(
            self,
            lambda: collect_report(data, settings, screens),
            self._on_collected,
            self._on_failed,
        )

    def _on_collected(self, text: str) -> None:
        self._is_collecting = False
        QGuiApplication.clipboard().setText(text)
        self._shared.post_toast(tr("The details were copied, without prompts, names and paths"))

    def _on_failed(self, error: Exception) -> None:
        self._is_collecting = False
        raise error

    def _show(self, window: QDialog) -> None:
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.show()
        window.raise_()
        window.activateWindow()
