"""The main window: one tab per medium, the queue as a dock, and what becomes of a dropped file."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QTabBar

from studio.core.kinds import KINDS, TABS, Kind
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder
from studio.ui.desktop.window_shell import LIBRARY, PAGES, WindowShell
from studio.ui.dialogs import Dialogs
from studio.ui.help.menu import HelpMenu
from studio.ui.library.file_action_bar import FileActionBar
from studio.ui.library.window_library import WindowLibrary
from studio.ui.models.install_banner import InstallBanner
from studio.ui.queue.banner import QueueBanner
from studio.ui.queue.bar import QueueBar
from studio.ui.queue.dock import QueueDock
from studio.ui.tabs.file_opener import FileOpener
from studio.ui.tabs.form_tab import FormTab, Tab
from studio.ui.widgets import theme
from studio.ui.widgets.factory import Notice, button, confirm
from studio.ui.widgets.toast import Toasts

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

    from studio.core.artifact import Artifact, Recipe
    from studio.core.jobs import Batch, Job
    from studio.core.requests.chat import ChatFile
    from studio.library.foreign.metadata import ForeignMetadata
    from studio.models.card import ModelCard
    from studio.ui.help.matching import Provider
    from studio.ui.tabs.audio import AudioTab
    from studio.ui.tabs.base import GenerateTab
    from studio.ui.tabs.image import ImageTab
    from studio.ui.tabs.images.generation import ImageGenerationTab
    from studio.ui.tabs.text import TextTab
    from studio.ui.tabs.video import VideoTab

QUEUE_HEIGHT = 300
SAVE_CURE = mark(
    "Your changes last until Studio is closed. Check the free disk space and the permissions of "
    "the folder."
)


class MainWindow(WindowShell):
    """Complete once constructed. A tab is built when it is shown for the first time."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self.shared = shared
        self._built: dict[str, Tab] = {}
        self._are_forms_shown = True
        self._form_tab = TABS[0]
        """The tab with a form that was shown last."""
        self.dialogs = Dialogs(shared, self)
        self.help = HelpMenu(shared, self)
        self.file_opener = FileOpener(self, shared.output_folder)
        self.install_banner = InstallBanner(shared, self)
        self.toasts = Toasts(self.tabs)
        self._add_queue()
        self.window_library = WindowLibrary(shared, self, self._pages[LIBRARY])
        self.queue_banner = QueueBanner(shared.queue, self.queue_dock)
        self.settings_banner = Notice("banner")
        for notice in (*self.install_banner.notices, self.queue_banner, self.settings_banner):
            self._banners.addWidget(notice)
        self._column.insertWidget(1, self.install_banner.bar)
        self.install_banner.offer_starter()
        last = shared.settings.last_tab
        self.tabs.setCurrentIndex(last if 0 <= last < len(PAGES) else 0)
        self._build_shown()
        if PAGES[self.tabs.currentIndex()] != LIBRARY:
            self.current().focus_form()
        self.restore_layout(shared.settings.geometry, shared.settings.window_state)
        self.setAcceptDrops(True)
        self._connect()

    def _add_queue(self) -> None:
        self.queue_dock = QueueDock(self.shared)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.queue_dock)
        heights = [min(QUEUE_HEIGHT, self.height() // 3)]
        self.resizeDocks([self.queue_dock], heights, Qt.Orientation.Vertical)
        self.queue_dock.hide()
        self.file_action_bar = FileActionBar(self.shared)
        self._column.addWidget(self.file_action_bar)
        self.queue_bar = QueueBar(self.shared.queue)
        self._column.addWidget(self.queue_bar)
        self.queue_bar.expand_requested.connect(self.show_queue)
        self.queue_dock.shown_changed.connect(self.queue_bar.set_table_shown)

    def _connect(self) -> None:
        shared, queue = self.shared, self.shared.queue
        self.file_opener.recipe_opened.connect(self._on_recipe_opened)
        self.file_opener.image_opened.connect(self._on_image_opened)
        self.file_opener.video_opened.connect(self.dialogs.show_video)
        self.file_opener.foreign_opened.connect(self._on_foreign_opened)
        self.file_opener.midi_opened.connect(self._on_midi_opened)
        self.file_opener.batch_opened.connect(self._on_batch_opened)
        self.file_opener.chat_opened.connect(self._on_chat_opened)
        self.file_opener.model_opened.connect(self.dialogs.show_models)
        self.file_opener.unread.connect(shared.post_toast)
        self.file_opener.preset_opened.connect(self._on_preset_opened)
        shared.toast_posted.connect(self.toasts.add)
        shared.toast_withdrawn.connect(self.toasts.remove)
        shared.save_failed.connect(self._on_save_failed)
        shared.starter_requested.connect(self.install_banner.install_starter)
        shared.models_requested.connect(self.dialogs.show_models_for)
        shared.start_image_requested.connect(self._on_start_requested)
        shared.models_changed.connect(self.install_banner.offer_starter)
        self.install_banner.model_tried.connect(self.try_model)
        self.install_banner.offer.kind_requested.connect(self.show_kind)
        queue.failed.connect(lambda sentence, _ids: self.queue_banner.show_until_closed(sentence))
        queue.batch_finished.connect(self._on_batch_finished)
        self.dialogs.install_requested.connect(self.install_banner.install)
        self.queue_dock.edit_requested.connect(self.edit_job)
        self.queue_dock.result_requested.connect(self.show_result)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        QApplication.styleHints().colorSchemeChanged.connect(self.update_icons)
        shared.settings_changed.connect(self._on_settings_changed)
        self.help.shortcuts_requested.connect(lambda: self.dialogs.show_settings("shortcuts"))
        self.dialogs.palette_providers.append(self._palette_providers)
        self._actions.apply_shortcuts(shared.settings.shortcuts)
        queue.pause_changed.connect(self._show_states)
        self.queue_dock.shown_changed.connect(self._show_states)
        self.window_library.panel.visibilityChanged.connect(self._show_states)
        self.window_library.undo_changed.connect(self._show_states)
        self.window_library.open_requested.connect(lambda item: self.show_artifact(Path(item.path)))
        self.window_library.start_image_requested.connect(self._on_start_requested)
        self.window_library.mask_requested.connect(self._on_mask_requested)
        self.window_library.first_frame_requested.connect(self._on_first_frame_requested)
        self.window_library.midi_requested.connect(self._on_midi_opened)
        self.window_library.prompt_requested.connect(self._on_prompt_requested)
        self._show_states()

    # Tabs
    # ----------------------------------------------------------------------

    def tab(self, name: str) -> Tab:
        """Return a tab by its name in `core.kinds`, building it first if necessary."""
        if name not in self._built:
            module = importlib.import_module(f"studio.ui.tabs.{name}")
            place = self._pages[name]
            tab: Tab = getattr(module, f"{name.title()}Tab")(self.shared, place.parentWidget())
            tab.load_draft()
            for form in tab.forms():
                form.form_side.setVisible(self._are_forms_shown)
            place.addWidget(tab)
            tab.show()  # at once, so that it can get the focus
            self._built[name] = tab
        return self._built[name]

    @property
    def text_tab(self) -> TextTab:
        """The text tab."""
        return cast("TextTab", self.tab("text"))

    @property
    def image_tab(self) -> ImageGenerationTab:
        """The form of the image tab that generates."""
        return cast("ImageTab", self.tab("image")).generation

    @property
    def audio_tab(self) -> AudioTab:
        """The audio tab."""
        return cast("AudioTab", self.tab("audio"))

    def current(self) -> FormTab:
        """Return the form that is shown, or was shown before the library."""
        return self.tab(self._form_tab).current()

    def show_tab(self, name: str) -> None:
        """Show a tab by its name: those of `core.kinds`, and the library."""
        self.tabs.setCurrentIndex(PAGES.index(name))

    def _on_tab_changed(self, index: int) -> None:
        self._build_shown()
        self._show_states()
        self.shared.change_settings(last_tab=index)

    def _build_shown(self) -> None:
        name = PAGES[self.tabs.currentIndex()]
        if name == LIBRARY:
            self.window_library.page.view.setFocus()
        else:
            self._form_tab = name
            tab, focused = self.tab(name), self.focusWidget()
            is_on_switch = isinstance(focused, QTabBar) and tab.isAncestorOf(focused)
            # Qt finds nothing in a page that is still empty, or its first control.
            if self.tabs.currentWidget().hasFocus() or is_on_switch:
                tab.current().focus_form()

    def generate(self) -> None:
        """Start the job of the form that is shown."""
        self.current().generate()

    def stop(self) -> None:
        """Stop the job of the form that is shown."""
        self.current().stop()

    def save_as(self) -> None:
        """Save the result of the form that is shown."""
        self.current().save_as()

    def show_full_screen(self) -> None:
        """Show the image or video that is shown on the full screen."""
        if PAGES[self.tabs.currentIndex()] == LIBRARY:
            self.window_library.page.show_full_screen()
        else:
            self.current().show_full_screen()

    def copy_result(self) -> None:
        """Copy the result of the form that is shown."""
        self.current().copy()

    # Opened files
    # ----------------------------------------------------------------------

    def show_artifact(self, path: Path) -> None:
        """Show a file made with Studio in its tab, with its settings in the form."""
        self.file_opener.open_artifact(path)

    def show_result(self, job_id: str) -> None:
        """Show a job in its tab: its result, its failure or its progress."""
        job = self.shared.queue.job(job_id)
        kind = KINDS[job.request.kind] if job is not None else None
        if job is not None and kind is not None and kind.tab:
            self._show_form(kind).show_job(job)
        else:
            self.shared.queue.find_artifacts(job_id, self._open_first)

    def _open_first(self, artifacts: list[Artifact]) -> None:
        if not artifacts:
            self.shared.post_toast(tr("This job has no result"))
            return
        is_video = artifacts[0].media_type.startswith("video/")
        (self.dialogs.show_video if is_video else self.show_artifact)(Path(artifacts[0].path))

    def _on_recipe_opened(self, path: Path, recipe: Recipe) -> None:
        kind = KINDS[recipe.request.kind]
        if kind.tab:
            self._show_form(kind).show_file(path, recipe)
        else:
            self.dialogs.show_recipe(kind, recipe)

    def _show_form(self, kind: Kind) -> GenerateTab:
        form = cast("GenerateTab", self.tab(kind.tab).for_kind(kind.name))
        self.show_tab(kind.tab)
        return form

    def show_kind(self, name: str) -> None:
        """Show the form of a kind."""
        form = self._show_form(KINDS[name])
        form.form_side.show()
        form.focus_form()

    def try_model(self, card: ModelCard) -> None:
        """Show the form of a model's kind, with this model chosen."""
        kind = KINDS.get(card.kind)
        if kind is not None and kind.tab:
            self.show_kind(kind.name)
            self.current().choose_model(card.name)

    def choose_task(self) -> None:
        """Show the menu of guided tasks in the text tab."""
        self.show_kind("text")
        self.text_tab.tasks.open_menu()

    def _on_prompt_requested(self, kind: str, text: str, sha256: str) -> None:
        self._show_form(KINDS[kind]).use_text_of(text, sha256)

    def _on_preset_opened(self, path: Path) -> None:
        from studio.ui.tabs.presets.import_preset import import_preset

        import_preset(self.shared, path, self)

    def _palette_providers(self) -> list[Provider]:
        from studio.ui.help.entries import default_providers

        return default_providers(self)

    def _on_image_opened(self, path: Path) -> None:
        self.show_tab("image")
        cast("ImageTab", self.tab("image")).take(path)

    def _on_start_requested(self, path: Path) -> None:
        cast("ImageGenerationTab", self._show_form(KINDS["image"])).start_from(path)

    def _on_mask_requested(self, path: Path) -> None:
        cast("ImageGenerationTab", self._show_form(KINDS["image"])).paint_mask_on(path)

    def _on_first_frame_requested(self, path: Path) -> None:
        cast("VideoTab", self._show_form(KINDS["video"])).start_from(path)

    def _on_foreign_opened(self, path: Path, metadata: ForeignMetadata) -> None:
        cast("ImageGenerationTab", self._show_form(KINDS["image"])).fill_from(path, metadata)

    def _on_midi_opened(self, path: Path) -> None:
        self.audio_tab.continue_midi(path)
        self.show_tab("audio")

    def _on_chat_opened(self, chat: ChatFile) -> None:
        self.text_tab.open_chat_file(chat)
        self.show_tab("text")

    def _on_batch_opened(self, path: Path) -> None:
        form = self.current()
        self.dialogs.show_batch(path, form.kind, form.model.currentData() or "")

    # View
    # ----------------------------------------------------------------------

    @property
    def is_form_shown(self) -> bool:
        """True if the form is shown next to the result."""
        return not self.current().form_side.isHidden()

    def toggle_form(self) -> None:
        """Hide the forms, so that the results have all space, or show them again."""
        shown = self._are_forms_shown = not self.is_form_shown
        for tab in self._built.values():
            for form in tab.forms():
                form.form_side.setVisible(shown)
        if shown:
            self.current().focus_form()
        self._show_states()

    @property
    def is_queue_shown(self) -> bool:
        """True if the queue's dock is shown."""
        return self.queue_dock.isVisible()

    def toggle_queue(self) -> None:
        """Show the queue's table instead of its bar, or the bar again."""
        if self.is_queue_shown:
            self.queue_dock.dismiss()
        else:
            self.show_queue()

    def show_queue(self) -> None:
        """Show the queue's table, with the focus."""
        self.queue_dock.open()

    def _show_states(self, _state: object = None) -> None:
        self._actions.show_states()

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if "shortcuts" in names:
            self._actions.apply_shortcuts(self.shared.settings.shortcuts)
        self._show_states()

    def set_theme(self, mode: theme.Mode) -> None:
        """Use a light or dark theme, or the desktop's, now and after the next start."""
        self.shared.change_settings(theme=mode)

    # Queue and settings
    # ----------------------------------------------------------------------

    def toggle_pause(self) -> None:
        """Pause the queue after the running job, or continue it."""
        if self.shared.queue.paused:
            self.shared.queue.resume()
        else:
            self.shared.queue.pause()

    def edit_job(self, job: Job) -> None:
        """Fill the form of a waiting job, to change the job."""
        kind = KINDS[job.request.kind]
        if kind.tab:
            form = self._show_form(kind)
            form.form_side.show()
            form.edit(job)
        else:
            self.dialogs.tell_not_editable(kind)

    def _on_batch_finished(self, batch: Batch) -> None:
        name = Path(batch.source).name
        self.shared.post_toast(
            tr("Batch {name} is done", name=name), tr("Show"), lambda: self.show_batch(batch)
        )

    def show_batch(self, batch: Batch) -> None:
        """Show the results of a batch in their tab, or its folder if no tab can show them."""
        job = next((job for job in self.shared.queue.jobs() if job.batch == batch.id), None)
        kind = KINDS[job.request.kind] if job is not None else None
        if kind is not None and kind.tab:
            self._show_form(kind).stage.show_batch(batch.id)
        else:
            open_folder(Path(batch.folder))

    def show_settings_message(self, message: str, cure: str = "") -> None:
        """Show a message about the settings until the user closes it."""
        close = button(tr("OK"), tr("Close this message"), self.settings_banner.clear)
        self.settings_banner.show_message(message, cure, [close])

    def _on_save_failed(self, message: str) -> None:
        if message:
            self.show_settings_message(message, tr_marked(SAVE_CURE))
        else:
            self.settings_banner.clear()

    # Drop and close
    # ----------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files: results, prompt files, models, MIDI files, images."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a dropped file; see `FileOpener`."""
        event.acceptProposedAction()
        self.file_opener.open(Path(event.mimeData().urls()[0].toLocalFile()))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask if jobs remain; then stop what runs and save the layout."""
        unfinished = len(list(self.shared.unfinished_jobs()))
        may_close = not unfinished or self._may_close(unfinished)
        if not may_close or not all(tab.may_close() for tab in self._built.values()):
            event.ignore()
            return
        for dialog in self.findChildren(QDialog):
            dialog.close()  # stops its threads
        self.install_banner.stop()
        geometry, state = self.saved_layout()
        self.shared.change_settings(geometry=geometry, window_state=state)
        for tab in self._built.values():
            tab.release_devices()
        self.window_library.release_devices()
        event.accept()

    def _may_close(self, unfinished: int) -> bool:
        text = tr_plural(
            "A job is not done. The queue runs it again, with the same seed, when Studio is "
            "opened the next time.",
            "{count} jobs are not done. The queue runs them again, with the same seed, when Studio "
            "is opened the next time.",
            unfinished,
        )
        return confirm(self, tr("Close Studio?"), text, tr("Close"), tr("Stay"))
