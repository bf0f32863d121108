"""The main window."""

from __future__ import annotations

import base64
import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QMainWindow,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from studio import __version__
from studio.core.artifact import Recipe
from studio.core.events import Event, Loading
from studio.core.jobs import Batch, Job
from studio.jobs.queue import IN_USE, PAUSED
from studio.ui import actions, theme
from studio.ui.docks.queue import QueueDock
from studio.ui.icons import icon
from studio.ui.installing import Installing
from studio.ui.opening import Opening
from studio.ui.parts import Notice, ask, button, label, name_control, tell
from studio.ui.shared import Shared

if TYPE_CHECKING:
    from studio.ui.tabs.audio import AudioTab
    from studio.ui.tabs.image import ImageTab
    from studio.ui.tabs.text import TextTab

TABS = ("text", "image", "audio")
DEFAULT_SIZE = (1280, 800)
QUEUE_HEIGHT = 300
SAID_MS = 6_000


class MainWindow(QMainWindow):
    """Tabs for text, image and audio; the queue as a dock."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self.shared = shared
        self.setWindowTitle("Studio")
        self.setAcceptDrops(True)
        self.setMinimumSize(720, 480)
        self._built: dict[str, Any] = {}
        self._pages: dict[str, QVBoxLayout] = {}
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        name_control(self.tabs.tabBar(), "Kinds of content", "Text, image and audio")
        for name in TABS:
            page = QWidget()
            self._pages[name] = QVBoxLayout(page)
            self._pages[name].setContentsMargins(0, 0, 0, 0)
            self.tabs.addTab(page, icon(name), name.title())
        self.installing = Installing(shared, self)
        self.queue_bar = Notice("banner")
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        bars = QVBoxLayout()
        bars.setContentsMargins(12, 4, 12, 4)
        bars.setSpacing(6)
        bars.addWidget(self.installing.banner)
        bars.addWidget(self.queue_bar)
        layout.addLayout(bars)
        layout.addWidget(self.installing.bar)
        layout.addWidget(self.tabs, 1)
        self.setCentralWidget(holder)
        self.queue_dock = QueueDock(shared)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.queue_dock)
        self.toolbar = QToolBar("Main")
        self.toolbar.setObjectName("main")
        self.toolbar.setMovable(False)
        self.toolbar.setIconSize(QSize(16, 16))
        self.toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addToolBar(self.toolbar)
        self.opening = Opening(self)
        self.actions_by_name = actions.build(self, self.toolbar)
        self._engine_state = label("", "muted")
        self.statusBar().addPermanentWidget(self._engine_state)
        self._connect()
        self._restore()

    def _connect(self) -> None:
        self.shared.said.connect(lambda text: self.statusBar().showMessage(text, SAID_MS))
        self.shared.starter_wanted.connect(self.install_starter)
        self.installing.progressed.connect(self.statusBar().showMessage)
        self.shared.models_changed.connect(self.installing.offer_starter)
        self.shared.queue.failed.connect(lambda sentence: self.statusBar().showMessage(sentence))
        self.shared.queue.batch_finished.connect(self._on_batch_finished)
        self.shared.queue.job_event.connect(self._on_job_event)
        self.shared.queue.jobs_added.connect(self._on_jobs_added)
        self.shared.queue.pause_changed.connect(self._on_pause_changed)
        self.queue_dock.edit_wanted.connect(self.edit_job)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_scheme_changed)

    def _restore(self) -> None:
        settings = self.shared.settings
        self.resize(*DEFAULT_SIZE)
        self.resizeDocks([self.queue_dock], [QUEUE_HEIGHT], Qt.Orientation.Vertical)
        self.queue_dock.hide()  # until something waits, its room is the form's
        for text, restore in ((settings.geometry, self.restoreGeometry), (settings.window_state, self.restoreState)):
            with contextlib.suppress(ValueError):
                if text:
                    restore(QByteArray(base64.b64decode(text)))
        self.tabs.setCurrentIndex(min(settings.last_tab, self.tabs.count() - 1))
        self._build(TABS[self.tabs.currentIndex()])
        self.installing.offer_starter()

    # The current tab --------------------------------------------------------------------------------------------------------

    def _build(self, name: str) -> Any:
        """Return a tab; it is made when it is wanted first, so that the window is there sooner."""
        if name not in self._built:
            tab = _make_tab(name, self.shared)
            tab.load_draft()
            self._pages[name].addWidget(tab)
            tab.show()  # now, and not in the next turn of the event loop: it may get the focus at once
            self._built[name] = tab
        return self._built[name]

    @property
    def text_tab(self) -> TextTab:
        """The text tab."""
        tab: TextTab = self._build("text")
        return tab

    @property
    def image_tab(self) -> ImageTab:
        """The image tab."""
        tab: ImageTab = self._build("image")
        return tab

    @property
    def audio_tab(self) -> AudioTab:
        """The audio tab."""
        tab: AudioTab = self._build("audio")
        return tab

    def current(self) -> Any:
        """Return the tab for the kind that is shown."""
        name = TABS[self.tabs.currentIndex()]
        return self.audio_tab.current() if name == "audio" else self._build(name)

    def generate(self) -> None:
        """Start the job of the tab that is shown."""
        self.current().generate()

    def stop(self) -> None:
        """Stop it."""
        self.current().stop()

    def save_as(self) -> None:
        """Save its result."""
        self.current().save_as()

    def copy_result(self) -> None:
        """Copy its result, where it can be copied."""
        copy: Callable[[], None] | None = getattr(self.current(), "copy", None)
        if copy is not None:
            copy()

    def show_text(self) -> None:
        """Go to the text tab."""
        self.tabs.setCurrentIndex(TABS.index("text"))

    def show_image(self) -> None:
        """Go to the image tab."""
        self.tabs.setCurrentIndex(TABS.index("image"))

    def show_audio(self) -> None:
        """Go to the audio tab."""
        self.tabs.setCurrentIndex(TABS.index("audio"))

    def _on_tab_changed(self, index: int) -> None:
        self._build(TABS[index])
        self.shared.settings.last_tab = index
        self.shared.settings_changed()

    # Dialogs ----------------------------------------------------------------------------------------------------------------

    def open_batch(self) -> None:
        """Choose a file of prompts and show its rows."""
        self.opening.ask_for_batch()

    def open_batch_folder(self) -> None:
        """Choose a folder of texts, a prompt each, and show them."""
        self.opening.ask_for_batch_folder()

    def open_artifact(self) -> None:
        """Choose a file that Studio made and fill the form from it."""
        self.opening.ask_for_artifact()

    def show_models(self, path: Path | None = None) -> None:
        """Show the models, and add the one at `path` where there is one."""
        self.opening.show_models(path)

    def fill(self, recipe: Recipe) -> None:
        """Fill the form of a recipe's kind."""
        values = msgspec.structs.asdict(recipe.request)
        kind = recipe.request.kind
        tab = self._build(kind) if kind in TABS else self.audio_tab.for_kind(kind)
        tab.set_values({**values, "seed": recipe.seed if recipe.seed is not None else values.get("seed"), "model": recipe.model})
        self.tabs.setCurrentIndex(TABS.index(kind if kind in TABS else "audio"))
        self.shared.said.emit("The form is filled as the file was made")

    def continue_midi(self, path: Path) -> None:
        """Fill the form of music with a MIDI file to go on from."""
        self.audio_tab.for_kind("music")
        self.audio_tab.music.continue_midi(path)
        self.tabs.setCurrentIndex(TABS.index("audio"))

    def choose_output_folder(self) -> None:
        """Choose where new results are saved."""
        folder = QFileDialog.getExistingDirectory(self, "Folder for results", self.shared.output_folder())
        if folder:
            self.shared.settings.output_folder = folder
            self.shared.settings_changed()

    def show_shortcuts(self) -> None:
        """Show the keyboard shortcuts."""
        tell(self, "Keyboard shortcuts", actions.shortcut_page())

    def show_about(self) -> None:
        """Show version and licences."""
        text = (
            f"Studio {__version__}\n\nText, pictures, speech and music, made on this computer. "
            "Nothing that you type or make leaves it.\n\n"
            "Apache License 2.0. The licences of what it is built on are in THIRD_PARTY.md."
        )
        tell(self, "About Studio", text)

    # View -------------------------------------------------------------------------------------------------------------------

    def toggle_queue(self) -> None:
        """Show or hide the queue."""
        self.queue_dock.setVisible(not self.queue_dock.isVisible())

    def theme_system(self) -> None:
        """Light or dark as the desktop."""
        self._set_theme("system")

    def theme_light(self) -> None:
        """Always light."""
        self._set_theme("light")

    def theme_dark(self) -> None:
        """Always dark."""
        self._set_theme("dark")

    def _set_theme(self, mode: theme.Mode) -> None:
        self.shared.settings.theme = mode
        self.shared.settings_changed()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, mode)
        self._on_scheme_changed()

    def _on_scheme_changed(self) -> None:
        actions.tint(self.actions_by_name)
        for number, name in enumerate(TABS):
            self.tabs.setTabIcon(number, icon(name))

    # Models -----------------------------------------------------------------------------------------------------------------

    def install_starter(self) -> None:
        """Install the starter text model."""
        self.installing.install("starter")

    # The queue --------------------------------------------------------------------------------------------------------------

    def _on_jobs_added(self, _jobs: list[Job]) -> None:
        if self.shared.queue.paused == IN_USE and not self.queue_bar.isVisible():
            self._on_pause_changed(IN_USE)
        if self.queue_dock.isVisible():
            return
        to_do = (job for job in reversed(self.shared.queue.jobs()) if not job.state.over)
        if next(itertools.islice(to_do, 1, None), None) is not None:  # more than one
            self.queue_dock.show()

    def _on_pause_changed(self, reason: str) -> None:
        waiting = len(self.shared.queue.waiting())
        said = reason == PAUSED and self.queue_dock.isVisible()  # the dock says it, and has the button
        if not reason or said or (reason == IN_USE and not waiting):
            self.queue_bar.clear()
            return
        waits = f"{waiting} {'job waits' if waiting == 1 else 'jobs wait'}." if waiting else "Nothing waits."
        go_on = button("Continue", "Let the queue go on", self.shared.queue.resume, "play")
        look = button("Look first", "Show the queue; it stays paused", self._look_first, "queue")
        self.queue_bar.say(f"{reason} {waits}", "", [go_on, look])

    def _look_first(self) -> None:
        self.queue_bar.clear()
        self.queue_dock.show()
        self.queue_dock.panel.table.setFocus()

    def edit_job(self, job: Job) -> None:
        """Open the form of a waiting job."""
        kind = job.request.kind
        tab = self._build(kind) if kind in TABS else self.audio_tab.for_kind(kind)
        self.tabs.setCurrentIndex(TABS.index(kind if kind in TABS else "audio"))
        tab.edit(job)

    def toggle_pause(self) -> None:
        """Pause the queue after the running job, or let it go on."""
        if self.shared.queue.paused:
            self.shared.queue.resume()
        else:
            self.shared.queue.pause()

    def _on_job_event(self, _job_id: str, event: Event) -> None:
        self._engine_state.setText(event.phase if isinstance(event, Loading) else "")

    def _on_batch_finished(self, batch: Batch) -> None:
        self.statusBar().showMessage(f"The batch {Path(batch.source).name} is done; its report is in {batch.folder}")

    # Drop and close -----------------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped: results, prompt files, models, MIDI files."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A result fills its form, prompts open as a batch, a model opens the models, music goes on from MIDI."""
        event.acceptProposedAction()
        self.opening.show(Path(event.mimeData().urls()[0].toLocalFile()))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask where something runs; then keep everything for the next time."""
        waiting = [job for job in self.shared.queue.jobs() if not job.state.over]
        if waiting and not self._may_close(waiting):
            event.ignore()
            return
        for dialog in self.findChildren(QDialog):
            dialog.close()  # ends what it runs
        self.installing.stop()
        settings = self.shared.settings
        settings.geometry = base64.b64encode(self.saveGeometry().data()).decode()
        settings.window_state = base64.b64encode(self.saveState().data()).decode()
        with contextlib.suppress(OSError):  # a full disk must not keep the window open
            self.shared.save_now()
        if "audio" in self._built:
            self.audio_tab.close_player()
        event.accept()

    def _may_close(self, waiting: list[Job]) -> bool:
        number = f"{len(waiting)} jobs are" if len(waiting) > 1 else "A job is"
        text = f"{number} not done. They wait in the queue and run again, with the same seed, when Studio is opened."
        return ask(self, "Close Studio?", text, "Close", "Stay")


def _make_tab(name: str, shared: Shared) -> Any:
    if name == "text":
        from studio.ui.tabs.text import TextTab

        return TextTab(shared)
    if name == "image":
        from studio.ui.tabs.image import ImageTab

        return ImageTab(shared)
    from studio.ui.tabs.audio import AudioTab

    return AudioTab(shared)
