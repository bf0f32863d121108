"""What a person opens or drops on the window: results, files and folders of prompts, models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from studio.core.artifact import Recipe
from studio.core.midi import SUFFIXES
from studio.ui import background
from studio.ui.parts import tell

if TYPE_CHECKING:
    from studio.ui.dialogs.batch import BatchDialog
    from studio.ui.window import MainWindow

_MODEL_SUFFIXES = (".gguf", ".safetensors")


class Opening:
    """Opens things in one window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._shared = window.shared

    def show(self, path: Path) -> None:
        """Show what was dropped, as what it is."""
        if path.suffix.lower() in _MODEL_SUFFIXES and not path.is_dir():
            self.show_models(path)
        elif path.suffix.lower() in SUFFIXES and not path.is_dir():
            self._window.continue_midi(path)
        elif path.is_dir():
            show = {True: self.show_batch, False: self.show_models}
            background.run(self._window, lambda: holds_prompts(path), lambda prompts: show[prompts](path))
        else:
            self.show_artifact(path)

    def ask_for_batch(self) -> None:
        """Choose a file of prompts and show its rows."""
        from studio.jobs.batch.read import SUFFIXES

        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        filters = f"Prompt files ({patterns});;All files (*)"
        name, _filter = QFileDialog.getOpenFileName(self._window, "Batch from a file", str(Path.home()), filters)
        if name:
            self.show_batch(Path(name))

    def ask_for_batch_folder(self) -> None:
        """Choose a folder of .txt files with a prompt each and show them."""
        name = QFileDialog.getExistingDirectory(self._window, "Batch from a folder of .txt files", str(Path.home()))
        if name:
            self.show_batch(Path(name))

    def show_batch(self, path: Path) -> None:
        """Show the rows of a file, or of a folder, of prompts."""

        def bring() -> type[BatchDialog]:
            from studio.ui.dialogs.batch import BatchDialog

            return BatchDialog

        background.run(self._window, bring, lambda dialog: self._open_batch(dialog, path))  # 50 ms the first time

    def _open_batch(self, kind_of_dialog: type[BatchDialog], path: Path) -> None:
        window, current = self._window, self._window.current()
        dialog = kind_of_dialog(self._shared, path, kind=current.kind, model=current.model.currentData() or "", parent=window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(window.queue_dock.show)
        dialog.open()

    def show_models(self, path: Path | None = None) -> None:
        """Show the models, and add the one at `path` where there is one."""
        from studio.ui.dialogs.models import ModelsDialog

        dialog = ModelsDialog(self._shared, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.install_wanted.connect(self._window.installing.install)
        dialog.get_wanted.connect(self.get_repository)
        dialog.open()
        if path is not None:
            dialog.add(path)

    def get_repository(self, repo: str, revision: str = "") -> None:
        """Show what a hub has under this name, and what fetching it would mean."""
        from studio.ui.dialogs.download import DownloadDialog

        dialog = DownloadDialog(self._shared, self._window)
        dialog.name.setText(f"{repo}@{revision}" if revision else repo)
        dialog.show()
        dialog.look()

    def ask_for_artifact(self) -> None:
        """Choose a file that Studio made and fill the form from it."""
        name, _filter = QFileDialog.getOpenFileName(self._window, "Open a result", self._shared.output_folder())
        if name:
            self.show_artifact(Path(name))

    def show_artifact(self, path: Path) -> None:
        """Fill the form from a file's recipe; without one a picture is a start, and a prompt file opens as a batch."""

        def read() -> Recipe | None:
            from studio.library.artifacts import read_recipe

            return read_recipe(path)

        background.run(self._window, read, lambda recipe: self._on_recipe(path, recipe))

    def _on_recipe(self, path: Path, recipe: Recipe | None) -> None:
        from studio.jobs.batch.read import is_batch_file
        from studio.ui.image.given_picture import is_picture

        if recipe is not None:
            self._window.fill(recipe)
            if is_picture(path):
                self._window.image_tab.offer_start(path)
        elif is_picture(path):
            self._window.start_from(path)
        elif is_batch_file(path):
            self.show_batch(path)
        else:
            tell(
                self._window,
                "Not a result of Studio",
                f"{path.name} holds no settings of Studio, and is no picture and no .txt, .csv, .xlsx, .jsonl or .json file of "
                "prompts.",
            )


def holds_prompts(folder: Path) -> bool:
    """True for a folder of .txt files that has nothing of a model."""
    try:
        names = [path.name.lower() for path in folder.iterdir()]
    except OSError:
        return False
    is_model = any(name.endswith((*_MODEL_SUFFIXES, ".bin", "config.json", "index.json")) for name in names)
    return not is_model and any(name.endswith(".txt") for name in names)
