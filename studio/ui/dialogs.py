"""The dialogs that the window opens. Each is imported when it is opened for the first time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.translation import tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import show_information

if TYPE_CHECKING:
    from studio.core.artifact import Recipe
    from studio.core.kinds import Kind
    from studio.ui.batch.dialog import BatchDialog
    from studio.ui.help.matching import Provider

MAX_PROMPT_CHARACTERS = 500
"""Of a recipe's prompt in a message."""


class Dialogs(QObject):
    """Opens dialogs as children of the window."""

    install_requested = Signal(str)
    """Name of a catalog model."""
    batch_submitted = Signal()

    def __init__(self, shared: AppState, window: QWidget) -> None:
        super().__init__(window)
        self._shared = shared
        self._window = window
        self.palette_providers: list[Callable[[], list[Provider]]] = []
        """Called in the GUI thread when the palette opens; each returns providers."""

    def show_models(self, path: Path | None = None) -> None:
        """Show the models. Add the model at `path`, if any."""
        from studio.ui.models.dialog import ModelsDialog

        dialog = ModelsDialog(self._shared, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.install_requested.connect(self.install_requested)
        dialog.download_requested.connect(self.show_download)
        dialog.open()
        if path is not None:
            dialog.add(path)

    def show_models_for(self, task: str) -> None:
        """Show the models for a task that fit this computer."""
        from studio.ui.models.dialog import ModelsDialog

        self.show_models()
        dialog = self._window.findChildren(ModelsDialog)[-1]
        dialog.list.show_task(task)

    def show_palette(self) -> None:
        """Show the command palette, with what `palette_providers` offer."""
        from studio.ui.help.palette import Palette

        palette = Palette(
            [search for make in self.palette_providers for search in make()], self._window
        )
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.show()
        palette.activateWindow()

    def show_settings(self, key: str = "") -> None:
        """Show the settings; `key`: one of them to go to."""
        from studio.ui.settings.window import SettingsWindow

        window = self._window.findChild(SettingsWindow)
        if window is None:
            window = SettingsWindow(self._shared, self._window)
            window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if key:
            window.show_setting(key)
        window.show()
        window.raise_()
        window.activateWindow()

    def show_video(self, path: Path) -> None:
        """Play a video in a window of its own, the same one for the same file."""
        from studio.ui.video.video_window import VideoWindow  # imports numpy

        shown = (one for one in self._window.findChildren(VideoWindow) if one.path == path)
        window = next(shown, None) or VideoWindow(path, self._window)
        window.show()
        window.raise_()
        window.activateWindow()

    def show_download(self, repo: str, revision: str = "") -> None:
        """Show a repository of the hub and what a download would take."""
        from studio.ui.models.download_dialog import DownloadDialog

        dialog = DownloadDialog(self._shared, self._window)
        dialog.name.setText(f"{repo}@{revision}" if revision else repo)
        dialog.show()
        dialog.look_up()

    def show_batch(self, path: Path, kind: str, model: str) -> None:
        """Show the rows of a file or folder of prompts, with a kind and model for rows without."""

        def import_dialog() -> type[BatchDialog]:
            from studio.ui.batch.dialog import BatchDialog

            return BatchDialog

        def open_dialog(dialog_type: type[BatchDialog]) -> None:
            dialog = dialog_type(self._shared, path, kind=kind, model=model, parent=self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.accepted.connect(self.batch_submitted)
            dialog.open()

        background.run(self._window, import_dialog, open_dialog)  # the import takes 50 ms

    def choose_output_folder(self) -> None:
        """Choose where new results are saved."""
        folder = QFileDialog.getExistingDirectory(
            self._window, tr("Folder for results"), self._shared.output_folder()
        )
        if not folder:
            return
        try:
            self._shared.change_settings(output_folder=folder)
        except ValueError:  # a name that is not UTF-8
            self._shared.post_toast(
                tr("The name of this folder is not valid UTF-8. Choose another folder.")
            )

    def show_recipe(self, kind: Kind, recipe: Recipe) -> None:
        """Show how a file was made, for a kind without a form."""
        values = msgspec.to_builtins(recipe.request)
        details = "\n".join(
            f"{name}: {value}"
            for name, value in values.items()
            if name not in ("prompt", "kind") and value != ""
        )
        show_information(
            self._window,
            tr("{kind} made with Studio", kind=tr_marked(kind.title)),
            tr(
                "Model {model}, seed {seed}, prompt: {prompt}",
                model=recipe.model,
                seed="–" if recipe.seed is None else recipe.seed,
                prompt=recipe.request.prompt[:MAX_PROMPT_CHARACTERS],
            ),
            tr(
                "The window has no form for this kind yet. Use the command `studio {name}`.",
                name=kind.name,
            )
            + f"\n\n{details}",
        )

    def tell_not_editable(self, kind: Kind) -> None:
        """Say that a waiting job of a kind without a form cannot be changed here."""
        self._shared.post_toast(
            tr(
                "{kind} jobs cannot be changed in the window. Cancel this one and create it "
                "again with `studio {name}`.",
                kind=tr_marked(kind.title),
                name=kind.name,
            )
        )
