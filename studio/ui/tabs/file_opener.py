"""Recognize a dropped or chosen file: artifact, image, MIDI file, chat, prompts or model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.artifact import Recipe
from studio.core.errors import StudioError
from studio.core.file_names import one_line
from studio.core.presets import SUFFIX as PRESET_SUFFIX
from studio.core.regular_file import read_regular
from studio.core.requests.chat import (
    ChatFile,
    ChatMessage,
    check_messages,
    holds_chat,
    read_chat_file,
)
from studio.core.requests.shared_fields import MIDI_SUFFIXES
from studio.core.translation import tr
from studio.ui import background
from studio.ui.widgets.factory import show_message

if TYPE_CHECKING:
    from studio.library.foreign.metadata import ForeignMetadata

MAX_CHAT_BYTES = 16_000_000
_MODEL_SUFFIXES = (".gguf", ".safetensors")


class FileOpener(QObject):
    """Emits a signal for each opened file, by its kind."""

    recipe_opened = Signal(object, object)
    """(path, recipe) of an artifact."""
    image_opened = Signal(object)
    video_opened = Signal(object)
    """A video that was not made with Studio."""
    foreign_opened = Signal(object, object)
    """(path, metadata) of an image that another program made."""
    midi_opened = Signal(object)
    batch_opened = Signal(object)
    """A file or folder of prompts."""
    chat_opened = Signal(object)
    """ChatFile of a JSON file with messages."""
    model_opened = Signal(object)
    preset_opened = Signal(object)
    unread = Signal(str)
    """Why a file cannot be read, for the user."""

    def __init__(self, window: QWidget, output_folder: Callable[[], str]) -> None:
        super().__init__(window)
        self._window = window
        self._output_folder = output_folder

    def open(self, path: Path) -> None:
        """Open a file or folder by its kind."""
        if path.suffix.lower() in _MODEL_SUFFIXES and not path.is_dir():
            self.model_opened.emit(path)
        elif path.name.endswith(PRESET_SUFFIX) and not path.is_dir():
            self.preset_opened.emit(path)
        elif path.suffix.lower() in MIDI_SUFFIXES and not path.is_dir():
            self.midi_opened.emit(path)
        elif path.is_dir():
            signals = {True: self.batch_opened, False: self.model_opened}
            background.run(
                self._window,
                lambda: holds_prompts(path),
                lambda prompts: signals[prompts].emit(path),
            )
        else:
            self.open_artifact(path)

    def ask_for_batch(self) -> None:
        """Choose a file of prompts and show its rows."""
        from studio.batch.reader import SUFFIXES

        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        filters = tr("Prompt files ({patterns});;All files (*)", patterns=patterns)
        name, _filter = QFileDialog.getOpenFileName(
            self._window, tr("Batch from a file"), str(Path.home()), filters
        )
        if name:
            self.batch_opened.emit(Path(name))

    def ask_for_batch_folder(self) -> None:
        """Choose a folder of .txt files with one prompt each and show them."""
        name = QFileDialog.getExistingDirectory(
            self._window, tr("Batch from a folder of .txt files"), str(Path.home())
        )
        if name:
            self.batch_opened.emit(Path(name))

    def ask_for_artifact(self) -> None:
        """Choose a file made with Studio and fill the form from it."""
        folder = self._output_folder()
        name, _filter = QFileDialog.getOpenFileName(self._window, tr("Open a result"), folder)
        if name:
            self.open_artifact(Path(name))

    def open_artifact(self, path: Path) -> None:
        """Open a file by its metadata; without any, as a chat, source image or prompts."""

        def read() -> Recipe | ForeignMetadata | ChatFile | None:
            from studio.library.artifacts import read_recipe
            from studio.library.foreign.reader import read_foreign

            path.stat()
            return read_recipe(path) or read_foreign(path) or read_chat(path)

        background.run(
            self._window,
            read,
            lambda found: self._on_read(path, found),
            lambda error: self._on_unread(path, error),
        )

    def _on_unread(self, path: Path, error: Exception) -> None:
        if isinstance(error, StudioError):
            show_message(self._window, tr("Cannot open this file"), f"{error.message} {error.cure}")
            return
        if not isinstance(error, OSError):
            raise error
        is_gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = tr("it is no longer in its folder") if is_gone else error.strerror or str(error)
        name = one_line(path.name)
        self.unread.emit(tr("{name} cannot be opened: {reason}.", name=name, reason=reason))

    def _on_read(self, path: Path, found: Recipe | ForeignMetadata | ChatFile | None) -> None:
        from studio.batch.reader import is_batch_file
        from studio.media.measures import VIDEO_SUFFIXES
        from studio.ui.image.source_image import is_image_file

        if isinstance(found, Recipe):
            self.recipe_opened.emit(path, found)
        elif isinstance(found, ChatFile):
            self.chat_opened.emit(found)
        elif found is not None:
            self.foreign_opened.emit(path, found)
        elif path.suffix.lower() in VIDEO_SUFFIXES:
            self.video_opened.emit(path)
        elif is_image_file(path):
            self.image_opened.emit(path)
        elif is_batch_file(path):
            self.batch_opened.emit(path)
        else:
            show_message(
                self._window,
                tr("Cannot open this file"),
                tr(
                    "{name} was not made with Studio, and is neither an image nor a .txt, .csv, "
                    ".xlsx, .jsonl or .json file of prompts.",
                    name=path.name,
                ),
            )


def read_chat(path: Path) -> ChatFile | None:
    """Return the chat of a JSON file; None if the file is something else.

    Raises StudioError if it has messages that are no chat, and OSError.
    """
    if path.suffix.lower() != ".json" or path.stat().st_size > MAX_CHAT_BYTES:
        return None
    data = read_regular(path, MAX_CHAT_BYTES)
    if not holds_chat(data):
        return None
    name = one_line(path.name)
    found = read_chat_file(data, name)
    answer = (ChatMessage("assistant", ""),) * (len(found.messages) % 2)
    problems = check_messages((*found.messages, *answer))
    if problems:
        raise StudioError(f"{name}: {problems[0].message}.", cause="invalid")
    return found


def holds_prompts(folder: Path) -> bool:
    """True for a folder of .txt files without files of a model."""
    try:
        names = [path.name.lower() for path in folder.iterdir()]
    except OSError:
        return False
    is_model = any(
        name.endswith((*_MODEL_SUFFIXES, ".bin", "config.json", "index.json")) for name in names
    )
    return not is_model and any(name.endswith(".txt") for name in names)
