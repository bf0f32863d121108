"""The main window: its frame, filled in pieces after the first paint, so that it never stands still
for long.

What is needed only then, or only when a person does something, is imported there.
"""

from __future__ import annotations

import base64
import importlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication

from studio import __version__
from studio.ui import actions
from studio.ui.widgets import theme
from studio.ui.widgets.icons import icon
from studio.ui.window_shell import TAB_NAMES, TABS, WindowShell

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent

    from studio.core.artifact import Recipe
    from studio.core.events import Event
    from studio.core.jobs import Batch, Job
    from studio.core.kinds import Kind
    from studio.ui.app_state import AppState
    from studio.ui.batch.dialog import BatchDialog
    from studio.ui.tabs.audio import AudioTab
    from studio.ui.tabs.image import ImageTab
    from studio.ui.tabs.text import TextTab

QUEUE_HEIGHT = 300
SAID_MS = 6_000
SAVE_CURE = (
    "What you change holds until Studio is closed. Check the free space of the disk and "
    "the rights of the folder."
)


class MainWindow(WindowShell):
    """Tabs for text, image and audio; the queue as a dock."""

    whole = Signal()
    """Everything is there: the current tab has the focus, and what was typed before is in it."""
    shared: AppState
    """From `fill_frame` on."""

    def fill_frame(self, shared: AppState) -> Iterator[None]:
        """Make what is in the frame, a piece between two yields."""
        from studio.ui.widgets.factory import label, name_control

        self.shared = shared
        self._built: dict[str, Any] = {}
        name_control(self.tabs.tabBar(), "Kinds of content", "Text, image and audio")
        self.actions_by_name = actions.complete(
            self, self.toolbar, self.act, self._menus, self._shown
        )
        self._engine_state = label("", "muted")
        self.statusBar().addPermanentWidget(self._engine_state)
        yield
        name = TAB_NAMES[self.tabs.currentIndex()]
        make = import_tab(name)
        yield
        tab = make(shared)
        yield
        self._add(name, tab)
        yield
        self._add_bars()
        self._add_queue()
        self._connect()
        yield
        self._take_keys()

    def _add_bars(self) -> None:
        from studio.ui.file_opener import FileOpener
        from studio.ui.models.install_banner import InstallBanner
        from studio.ui.widgets.factory import Notice

        self.file_opener = FileOpener(self)
        self.installing = InstallBanner(self.shared, self)
        self.queue_bar = Notice("banner")
        self.settings_bar = Notice("banner")
        room, self._welcome_room = self._welcome_room, None
        if room is not None:
            self.installing.banner.setMinimumHeight(room.height())
            self._bars.removeWidget(room)
            room.deleteLater()
            room.hide()
        self._bars.addWidget(self.installing.banner)
        self._bars.addWidget(self.queue_bar)
        self._bars.addWidget(self.settings_bar)
        self._column.insertWidget(1, self.installing.bar)
        self.installing.offer_starter()

    def _add_queue(self) -> None:
        from PySide6.QtCore import Qt

        from studio.ui.queue.dock import QueueDock

        self.queue_dock = QueueDock(self.shared)
        if self._had_state and self.restoreDockWidget(self.queue_dock):
            return
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.queue_dock)
        self.resizeDocks(
            [self.queue_dock], [min(QUEUE_HEIGHT, self.height() // 3)], Qt.Orientation.Vertical
        )
        self.queue_dock.hide()  # until something waits, its room is the form's

    def _take_keys(self) -> None:
        """Give the focus to the current tab, and to it what was typed and pressed while there was
        only the frame.
        """
        if self.tabs.currentIndex() != self.shared.settings.last_tab:
            self._on_tab_changed(
                self.tabs.currentIndex()
            )  # pressed before there was someone to hear it
        if QApplication.activePopupWidget() is None:
            self.current().prompt.setFocus()
        self.is_whole = True
        self.setAcceptDrops(True)
        tab = self.current()
        held, self._held = self._held, []
        for one in held:
            if isinstance(one, str):
                self.act(one)
            else:
                self._press(one)
            if self.current() is not tab:
                tab = self.current()
                tab.prompt.setFocus()  # what was typed after it is meant for that one
        self.whole.emit()

    def _press(self, key: QKeyEvent) -> None:
        from PySide6.QtGui import QKeySequence, QShortcut

        keys = QKeySequence(key.keyCombination())
        for shortcut in self.current().findChildren(QShortcut):
            if shortcut.key() == keys:
                shortcut.activated.emit()
                return
        for action in self.actions_by_name.values():
            if action.shortcut() == keys:
                action.trigger()
                return
        QApplication.sendEvent(self.focusWidget() or self, key)

    def _connect(self) -> None:
        self.file_opener.recipe_opened.connect(self._on_recipe_opened)
        self.file_opener.image_opened.connect(self.start_from)
        self.file_opener.midi_opened.connect(self.continue_midi)
        self.file_opener.batch_opened.connect(self.show_batch)
        self.file_opener.model_opened.connect(self.show_models)
        self.shared.said.connect(lambda text: self.statusBar().showMessage(text, SAID_MS))
        self.shared.save_failed.connect(self._on_save_failed)
        self.shared.starter_wanted.connect(self.install_starter)
        self.installing.progressed.connect(self.statusBar().showMessage)
        self.shared.models_changed.connect(self.installing.offer_starter)
        self.shared.queue.failed.connect(
            lambda sentence, _job_ids: self.statusBar().showMessage(sentence)
        )
        self.shared.queue.batch_finished.connect(self._on_batch_finished)
        self.shared.queue.job_event.connect(self._on_job_event)
        self.shared.queue.jobs_added.connect(self._on_jobs_added)
        self.shared.queue.pause_changed.connect(self._on_pause_changed)
        self.queue_dock.edit_requested.connect(self.edit_job)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        QApplication.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    # The current tab
    # ----------------------------------------------------------------------

    def _build(self, name: str) -> Any:
        """Return a tab; it is made when it is wanted first, so that the window is there sooner."""
        if name not in self._built:
            self._add(name, import_tab(name)(self.shared))
        return self._built[name]

    def _add(self, name: str, tab: Any) -> None:
        tab.load_draft()
        self._pages[name].addWidget(tab)
        tab.show()  # now, and not in the next turn of the event loop: it may get the focus at once
        self._built[name] = tab

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
        name = TAB_NAMES[self.tabs.currentIndex()]
        return self._build(name).current()

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
        self.tabs.setCurrentIndex(TAB_NAMES.index("text"))

    def show_image(self) -> None:
        """Go to the image tab."""
        self.tabs.setCurrentIndex(TAB_NAMES.index("image"))

    def show_audio(self) -> None:
        """Go to the audio tab."""
        self.tabs.setCurrentIndex(TAB_NAMES.index("audio"))

    def _on_tab_changed(self, index: int) -> None:
        self._build(TAB_NAMES[index])
        self.shared.change_settings(last_tab=index)

    # Dialogs
    # ----------------------------------------------------------------------

    def open_batch(self) -> None:
        """Choose a file of prompts and show its rows."""
        self.file_opener.ask_for_batch()

    def open_batch_folder(self) -> None:
        """Choose a folder of texts, a prompt each, and show them."""
        self.file_opener.ask_for_batch_folder()

    def open_artifact(self) -> None:
        """Choose a file that Studio made and fill the form from it."""
        self.file_opener.ask_for_artifact(self.shared.output_folder())

    def show_models(self, path: Path | None = None) -> None:
        """Show the models, and add the one at `path` where there is one."""
        from PySide6.QtCore import Qt

        from studio.ui.models.dialog import ModelsDialog

        dialog = ModelsDialog(self.shared, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.install_requested.connect(self.installing.install)
        dialog.download_requested.connect(self.get_repository)
        dialog.open()
        if path is not None:
            dialog.add(path)

    def get_repository(self, repo: str, revision: str = "") -> None:
        """Show what a hub has under this name, and what a download would mean."""
        from studio.ui.models.download_dialog import DownloadDialog

        dialog = DownloadDialog(self.shared, self)
        dialog.name.setText(f"{repo}@{revision}" if revision else repo)
        dialog.show()
        dialog.look_up()

    def show_batch(self, path: Path) -> None:
        """Show the rows of a file, or of a folder, of prompts."""

        def import_dialog() -> type[BatchDialog]:
            from studio.ui.batch.dialog import BatchDialog

            return BatchDialog

        from studio.ui import background

        background.run(
            self, import_dialog, lambda dialog: self._open_batch(dialog, path)
        )  # 50 ms the first time

    def _open_batch(self, dialog_type: type[BatchDialog], path: Path) -> None:
        from PySide6.QtCore import Qt

        current = self.current()
        dialog = dialog_type(
            self.shared,
            path,
            kind=current.kind,
            model=current.model.currentData() or "",
            parent=self,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self.queue_dock.show)
        dialog.open()

    def _on_recipe_opened(self, path: Path, recipe: Recipe) -> None:
        from studio.ui.image.source_image import is_image_file

        self.fill(recipe)
        if is_image_file(path):
            self.image_tab.offer_start(path)

    def fill(self, recipe: Recipe) -> None:
        """Fill the form of a recipe's kind."""
        import msgspec

        from studio.core.kinds import KINDS

        values = msgspec.structs.asdict(recipe.request)
        kind = KINDS[recipe.request.kind]
        if not kind.tab:
            self._say_no_form(kind, recipe)
            return
        tab = self._build(kind.tab).for_kind(kind.name)
        tab.set_values(
            {
                **values,
                "seed": recipe.seed if recipe.seed is not None else values.get("seed"),
                "model": recipe.model,
            }
        )
        self.tabs.setCurrentIndex(TAB_NAMES.index(kind.tab))
        self.shared.said.emit("The form is filled as the file was made")

    def _say_no_form(self, kind: Kind, recipe: Recipe) -> None:
        from studio.ui.widgets.factory import show_message

        told = f"with {recipe.model}, seed {recipe.seed}, from: {recipe.request.prompt[:500]}"
        show_message(
            self,
            f"A {kind.title.lower()} of Studio",
            f"It was made {told}",
            f"There is no tab for {kind.title.lower()}s yet; `studio {kind.name}` makes it again.\n"
            f"\n{_lines(recipe)}",
        )

    def continue_midi(self, path: Path) -> None:
        """Fill the form of music with a MIDI file to go on from."""
        self.audio_tab.for_kind("music")
        self.audio_tab.music.continue_midi(path)
        self.tabs.setCurrentIndex(TAB_NAMES.index("audio"))

    def start_from(self, path: Path) -> None:
        """Fill the form of pictures with one to start from."""
        self.image_tab.start_from(path)
        self.show_image()

    def choose_output_folder(self) -> None:
        """Choose where new results are saved."""
        from PySide6.QtWidgets import QFileDialog

        folder = QFileDialog.getExistingDirectory(
            self, "Folder for results", self.shared.output_folder()
        )
        if folder:
            self._keep_output_folder(folder)

    def _keep_output_folder(self, folder: str) -> None:
        try:
            self.shared.change_settings(output_folder=folder)
        except ValueError:  # a name that is not UTF-8
            self.shared.said.emit(
                "This folder's name cannot be kept in the settings; choose another folder"
            )

    def show_shortcuts(self) -> None:
        """Show the keyboard shortcuts."""
        from studio.ui.widgets.factory import show_message

        show_message(self, "Keyboard shortcuts", actions.shortcut_page())

    def show_about(self) -> None:
        """Show version and licences."""
        text = (
            f"Studio {__version__}\n\nText, pictures, speech and music, made on this computer. "
            "Nothing that you type or make leaves it.\n\n"
            "Apache License 2.0. The licences of what it is built on are in THIRD_PARTY.md."
        )
        from studio.ui.widgets.factory import show_message

        show_message(self, "About Studio", text)

    # View
    # ----------------------------------------------------------------------

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
        self.shared.change_settings(theme=mode)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply(application, mode)
        self._on_scheme_changed()

    def _on_scheme_changed(self) -> None:
        actions.tint(self.actions_by_name)
        for number, name in enumerate(TAB_NAMES):
            self.tabs.setTabIcon(number, icon(name))

    # Models
    # ----------------------------------------------------------------------

    def install_starter(self) -> None:
        """Install the starter text model."""
        self.installing.install("starter")

    # The queue
    # ----------------------------------------------------------------------

    def _on_jobs_added(self, _jobs: list[Job]) -> None:
        from studio.jobs.queue import IN_USE

        if self.shared.queue.paused == IN_USE and not self.queue_bar.isVisible():
            self._on_pause_changed(IN_USE)
        if self.queue_dock.isVisible():
            return
        to_do = (job for job in reversed(self.shared.queue.jobs()) if not job.state.over)
        if next(itertools.islice(to_do, 1, None), None) is not None:  # more than one
            self.queue_dock.show()

    def _on_pause_changed(self, reason: str) -> None:
        from studio.core.jobs import JobState
        from studio.jobs.queue import IN_USE, PAUSED
        from studio.ui.widgets.factory import button

        waiting = self.shared.queue.counts.states[JobState.QUEUED]
        said = (
            reason == PAUSED and self.queue_dock.isVisible()
        )  # the dock says it, and has the button
        if not reason or said or (reason == IN_USE and not waiting):
            self.queue_bar.clear()
            return
        waits = (
            f"{waiting} {'job waits' if waiting == 1 else 'jobs wait'}."
            if waiting
            else "Nothing waits."
        )
        go_on = button("Continue", "Let the queue go on", self.shared.queue.resume, "play")
        look = button("Look first", "Show the queue; it stays paused", self._look_first, "queue")
        self.queue_bar.show_message(f"{reason} {waits}", "", [go_on, look])

    def say_about_queue(self, sentence: str) -> None:
        """Show a sentence about the queue until the person has read it."""
        from studio.ui.widgets.factory import button

        self.queue_bar.show_message(
            sentence, "", [button("All right", "Close this message", self.queue_bar.clear)]
        )

    def say_about_settings(self, sentence: str, cure: str = "") -> None:
        """Show a sentence about the settings until the person has read it."""
        from studio.ui.widgets.factory import button

        close = button("All right", "Close this message", self.settings_bar.clear)
        self.settings_bar.show_message(sentence, cure, [close])

    def _on_save_failed(self, sentence: str) -> None:
        if sentence:
            self.say_about_settings(sentence, SAVE_CURE)
        else:
            self.settings_bar.clear()

    def _look_first(self) -> None:
        self.queue_bar.clear()
        self.queue_dock.show()
        self.queue_dock.panel.table.setFocus()

    def edit_job(self, job: Job) -> None:
        """Open the form of a waiting job."""
        from studio.core.kinds import KINDS

        kind = KINDS[job.request.kind]
        if not kind.tab:
            self.shared.said.emit(
                f"There is no form for {kind.title.lower()}s yet: take the job from the queue and "
                "give it anew with "
                f"`studio {kind.name}`"
            )
            return
        tab = self._build(kind.tab).for_kind(kind.name)
        self.tabs.setCurrentIndex(TAB_NAMES.index(kind.tab))
        tab.edit(job)

    def toggle_pause(self) -> None:
        """Pause the queue after the running job, or let it go on."""
        if self.shared.queue.paused:
            self.shared.queue.resume()
        else:
            self.shared.queue.pause()

    def _on_job_event(self, _job_id: str, event: Event) -> None:
        from studio.core.events import Loading

        self._engine_state.setText(event.phase if isinstance(event, Loading) else "")

    def _on_batch_finished(self, batch: Batch) -> None:
        self.statusBar().showMessage(
            f"The batch {Path(batch.source).name} is done; its report is in {batch.folder}"
        )

    # Drop and close
    # ----------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped: results, prompt files, models, MIDI files, pictures."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A result fills its form, prompts open as a batch, a model opens the models, MIDI and
        pictures are begun with.
        """
        event.acceptProposedAction()
        self.file_opener.open(Path(event.mimeData().urls()[0].toLocalFile()))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask where something runs; then keep everything for the next time."""
        from PySide6.QtWidgets import QDialog

        if not self.is_whole:  # nothing was changed yet that could be kept
            event.accept()
            return
        waiting = [job for job in self.shared.queue.jobs() if not job.state.over]
        if waiting and not self._may_close(waiting):
            event.ignore()
            return
        for dialog in self.findChildren(QDialog):
            dialog.close()  # ends what it runs
        self.installing.stop()
        self.shared.change_settings(
            geometry=base64.b64encode(self.saveGeometry().data()).decode(),
            window_state=base64.b64encode(self.saveState().data()).decode(),
        )
        if "audio" in self._built:
            self.audio_tab.close_player()
        event.accept()

    def _may_close(self, waiting: list[Job]) -> bool:
        number = f"{len(waiting)} jobs are" if len(waiting) > 1 else "A job is"
        text = (
            f"{number} not done. They wait in the queue and run again, with the same seed, "
            "when "
            "Studio is opened."
        )
        from studio.ui.widgets.factory import confirm

        return confirm(self, "Close Studio?", text, "Close", "Stay")


def _lines(recipe: Recipe) -> str:
    """Return all settings of a recipe, a line each."""
    import msgspec

    values = msgspec.to_builtins(recipe.request)
    return "\n".join(
        f"{name}: {value}"
        for name, value in values.items()
        if name not in ("prompt", "kind") and value != ""
    )


def import_tab(name: str) -> type[Any]:
    """Return the class of a tab."""
    module, _colon, class_name = TABS[name].partition(":")
    tab: type[Any] = getattr(importlib.import_module(module), class_name)
    return tab
