"""The library in the main window: its tab, and a panel that can be shown next to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent, QWindow
from PySide6.QtWidgets import QDockWidget, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.window_shell import WindowShell

if TYPE_CHECKING:
    from studio.ui.library.page import LibraryPage

PANEL_WIDTH = 320


def _ignore(_result: object) -> None:
    """Ignore a result, or an error that the next search shows."""


class WindowLibrary(QObject):
    """Builds the page and the panel when they are shown for the first time."""

    open_requested = Signal(object)
    """Item: to be shown with its form and result."""
    undo_changed = Signal()
    """Another step can be undone, or none."""

    start_image_requested = Signal(object)
    """Path of an image to start from."""
    mask_requested = Signal(object)
    """Path of an image to paint a mask on."""
    first_frame_requested = Signal(object)
    """Path of an image that a video begins with."""
    midi_requested = Signal(object)
    """Path of a MIDI file to continue."""
    prompt_requested = Signal(str, str, str)
    """(kind, text) for the prompt of the kind's form."""

    def __init__(self, shared: AppState, window: WindowShell, place: QVBoxLayout) -> None:
        super().__init__(window)
        self._shared = shared
        self._window = window
        self._place = place
        self._page: LibraryPage | None = None
        self._steps = shared.undo_steps
        self._steps.changed.connect(self.undo_changed)
        self._steps.place_added.connect(self._add_undo)
        self.panel = LibraryPanel(self)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.panel)
        self.panel.hide()
        self._is_used = False
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._on_focus_window_changed)

    @property
    def page(self) -> LibraryPage:
        """The page of the tab."""
        if self._page is None:
            self._page = self.make_page(is_compact=False)
            self._place.addWidget(self._page)
            self._page.show()  # at once, so that it can get the focus
        return self._page

    def make_page(self, *, is_compact: bool) -> LibraryPage:
        """Build a page whose items open in the window."""
        from studio.ui.library.page import LibraryPage

        page = LibraryPage(self._shared, is_compact=is_compact)
        self._add_undo(page)
        page.open_requested.connect(self.open_requested)
        reuse = page.item_actions.reuse
        reuse.start_image_requested.connect(self.start_image_requested)
        reuse.mask_requested.connect(self.mask_requested)
        reuse.first_frame_requested.connect(self.first_frame_requested)
        reuse.midi_requested.connect(self.midi_requested)
        reuse.prompt_requested.connect(self.prompt_requested)
        self._is_used = True
        return page

    def _on_focus_window_changed(self, focus: QWindow | None) -> None:
        """Show what a command or another window changed, when a person comes back to this one."""
        if self._is_used and focus is not None and focus is self._window.windowHandle():
            check = self._shared.library.check_for_changes
            background.run(self, check, _ignore, _ignore)

    # Undo
    # ----------------------------------------------------------------------

    @property
    def undo_title(self) -> str:
        """The title of *Undo* where its change is shown; empty if it can do nothing."""
        step = self._steps.last
        if step is None or not (self._is_page_shown() or step.is_seen()):
            return ""
        return tr("Undo {step}", step=step.title)

    def undo(self) -> None:
        """Take back the last change in the library, where it is shown."""
        if self.undo_title:
            self._steps.undo()

    def _add_undo(self, place: QWidget) -> None:
        place.addAction(self._window.action("window_library.undo"))

    def _is_page_shown(self) -> bool:
        return self.panel.isVisible() or (self._page is not None and self._page.isVisible())

    def release_devices(self) -> None:
        """Close the audio device, before the window closes."""
        if self._page is not None:
            self._page.release_devices()

    @property
    def is_panel_shown(self) -> bool:
        """True if the panel is shown."""
        return self.panel.isVisible()

    def toggle_panel(self) -> None:
        """Show or hide the panel."""
        self.panel.setVisible(not self.is_panel_shown)
        if self.is_panel_shown:
            self._window.resizeDocks([self.panel], [PANEL_WIDTH], Qt.Orientation.Horizontal)


class LibraryPanel(QDockWidget):
    """The library next to the tab that is shown."""

    def __init__(self, library: WindowLibrary) -> None:
        super().__init__(tr("Library"))
        self.setObjectName("library")
        self._library = library
        self._page: LibraryPage | None = None

    @property
    def page(self) -> LibraryPage:
        """The compact page, built on first use."""
        if self._page is None:
            self._page = self._library.make_page(is_compact=True)
            self.setWidget(self._page)
        return self._page

    def showEvent(self, event: QShowEvent) -> None:
        """Build the page."""
        self.page.setVisible(True)
        super().showEvent(event)
