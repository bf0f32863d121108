"""The window that compares items and lets the user choose one of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QDialog, QPushButton, QVBoxLayout, QWidget

from studio.library.items import Item
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.library.compare.audio import AudioComparison
from studio.ui.library.compare.images import ImageComparison, Mode
from studio.ui.library.compare.texts import TextComparison
from studio.ui.library.compare.videos import VideoComparison
from studio.ui.library.grid.painters import title_of
from studio.ui.widgets.factory import Notice, button, label, name_control, row

MODES: dict[Mode, str] = {
    "side by side": "&Side by side",
    "slider": "S&lider",
    "difference": "&Difference",
}
"""Mode → title with the letter that Alt chooses it by."""
_TIPS = {
    "side by side": "Show all images, with one zoom",
    "slider": "Show the first image and the one that was clicked last, under a slider",
    "difference": "Show where the first image and the one that was clicked last differ",
}
SIZE = (1100, 720)
MAX_SIDE = 4_096
"""Larger images are scaled down, so that nine of them fit into memory."""
_NAME_CHARACTERS = 24
_MAX_NAMED = 4
"""Items whose names fit into one line of buttons."""


Comparison = ImageComparison | TextComparison | AudioComparison | VideoComparison


class CompareWindow(QDialog):
    """Two to nine images, texts, audio files or videos."""

    chosen = Signal(object, object, bool)
    """(id of the chosen item, ids of the others, whether the others go to the trash)."""

    def __init__(self, shared: AppState, items: Sequence[Item], parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self.items = list(items)
        self.content: Comparison | None = None
        self.setWindowTitle(f"Compare {len(self.items)} items")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.notice = Notice()
        self._layout = QVBoxLayout(self)
        self._layout.addWidget(self.notice)
        self._wait = label("Reading…", "muted")
        self._layout.addWidget(self._wait, 1)
        self._names = [
            f"{number}  {name}" for number, name in enumerate(_short_names(self.items), 1)
        ]
        self.keep_buttons = [self._keep_button(number) for number in range(len(self.items))]
        self.pair = label("", "muted", wrap=True)
        self.pair.hide()
        self._layout.addWidget(self.pair)
        self._trash_others = QCheckBox(f"Move {self._others} to the trash")
        name_control(self._trash_others, self._trash_others.text(), "Undo with Ctrl+Z")
        self._trash_others.toggled.connect(self._show_outcome)
        self.outcome = label("", "muted", wrap=True)
        self._layout.addWidget(row(*self.keep_buttons, None))
        self._layout.addWidget(row(self._trash_others, None))
        self._layout.addWidget(self.outcome)
        self._show_outcome()
        resize_to_fit(self, *SIZE)
        self._read()

    def _keep_button(self, number: int) -> QPushButton:
        name = self._names[number]
        shown = name if len(self.items) <= _MAX_NAMED else name.partition(" ")[0]
        choice = button(
            f"Keep &{shown[0]}{shown[1:].replace('&', '&&')}",
            f"Keep {name} (Alt+{number + 1})",
            functools.partial(self.choose, number),
        )
        choice.setAutoDefault(False)  # Return must not choose
        return choice

    @property
    def _others(self) -> str:
        count = len(self.items) - 1
        return "the other one" if count == 1 else f"the other {count}"

    def _show_outcome(self) -> None:
        """Show what a click on one of the buttons does."""
        others = self._others
        verb = "stays" if len(self.items) == 2 else "stay"
        self.outcome.setText(
            f"The one you keep becomes a favorite, and {others} can be taken back with Ctrl+Z."
            if self._trash_others.isChecked()
            else f"The one you keep becomes a favorite, and {others} {verb} in the library."
        )

    def choose(self, number: int) -> None:
        """Choose one: it becomes a favorite, and the others stay or go to the trash."""
        item_id = self.items[number].id
        others = [item.id for item in self.items if item.id != item_id]
        self.chosen.emit(item_id, others, self._trash_others.isChecked())
        self.close()

    # Content
    # ----------------------------------------------------------------------

    def _read(self) -> None:
        media, library = self.items[0].media, self._shared.library
        if media == "audio":
            self._show(AudioComparison([item.path for item in self.items]))
        elif media == "video":
            self._show(VideoComparison([item.path for item in self.items]))
        elif media == "text":
            background.run(
                self,
                lambda: [library.index.full_text(item.id) for item in self.items],
                lambda texts: self._show(TextComparison(texts, self._names)),
                self._on_failed,
            )
        else:
            background.run(
                self,
                lambda: [_read_image(item) for item in self.items],
                self._on_images,
                self._on_failed,
            )

    def _on_images(self, images: list[QImage]) -> None:
        comparison = ImageComparison(images)
        self._layout.insertWidget(0, self._mode_row(comparison))
        comparison.pair_changed.connect(self._show_pair)
        self._show(comparison)

    def _mode_row(self, comparison: ImageComparison) -> QWidget:
        group = QButtonGroup(self)
        buttons: list[QWidget | None] = []
        for mode, shown in MODES.items():
            choice = QPushButton(shown)
            choice.setCheckable(True)
            choice.setChecked(mode == "side by side")
            choice.setAutoDefault(False)
            name_control(choice, mode.capitalize(), _TIPS[mode])
            choice.clicked.connect(functools.partial(self._on_mode, comparison, mode))
            group.addButton(choice)
            buttons.append(choice)
        self.mode_buttons = group.buttons()
        fit = button("Fit", "Show the whole images (0)", comparison.view.reset)
        return row(*buttons, fit, None)

    def _show_pair(self) -> None:
        """Name the two images that are in one place, and report different sizes."""
        comparison = self.content
        if not isinstance(comparison, ImageComparison):
            return
        mode = comparison.both.mode
        first, second = comparison.sizes
        text = f"{self._names[0]}  ↔  {self._names[comparison.second]}"
        if first != second:
            text += (
                f"\nThe sizes differ: {first.width()} × {first.height()} and {second.width()} × "
                f"{second.height()}. Both are scaled to fit"
                f"{', and compared where both are.' if mode == 'difference' else '.'}"
            )
        elif mode == "difference":
            text += "\nBlack: no difference"
        self.pair.setText(text)
        self.pair.setVisible(mode != "side by side")

    def _on_mode(self, comparison: ImageComparison, mode: Mode) -> None:
        comparison.set_mode(mode)

    def _show(self, content: Comparison) -> None:
        self.content = content
        self._layout.replaceWidget(self._wait, content)
        self._layout.setStretchFactor(content, 1)
        self._wait.deleteLater()
        content.setFocus()

    def _on_failed(self, error: Exception) -> None:
        self._wait.setText("")
        self.notice.show_message(f"The items cannot be shown: {error}", "A file may be missing.")

    def done(self, result: int) -> None:
        """Close the audio device, and end the decoders of videos."""
        if isinstance(self.content, AudioComparison):
            self.content.close_device()
        elif isinstance(self.content, VideoComparison):
            self.content.close_players()
        super().done(result)


def _short_names(items: Sequence[Item]) -> list[str]:
    """Return the beginnings of the prompts, with the seeds where prompts are the same."""
    titles = [title_of(item) for item in items]
    names = []
    for item, title in zip(items, titles, strict=True):
        cut = title[: _NAME_CHARACTERS - 1] + "…" if len(title) > _NAME_CHARACTERS else title
        is_shared = titles.count(title) > 1 and item.seed is not None
        names.append(f"{cut} · {item.seed}" if is_shared else cut)
    return names


def _read_image(item: Item) -> QImage:
    from studio.media.image_reader import read_image
    from studio.ui.image.qt_images import to_image

    return to_image(read_image(Path(item.path), MAX_SIDE)[0])
