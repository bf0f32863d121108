"""The window that compares items and lets the user choose one of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QDialog, QPushButton, QVBoxLayout, QWidget

from studio.core.translation import mark, tr, tr_marked, tr_plural
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
    "side_by_side": mark("&Side by side"),
    "slider": mark("S&lider"),
    "difference": mark("&Difference"),
}
"""Mode → title with the letter that Alt chooses it by, marked."""
_NAMES = {
    "side_by_side": mark("Side by side"),
    "slider": mark("Slider"),
    "difference": mark("Difference"),
}
_TIPS = {
    "side_by_side": mark("Show all images, with one zoom"),
    "slider": mark("Show the first image and the one that was clicked last, under a slider"),
    "difference": mark("Show where the first image and the one that was clicked last differ"),
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
        self.setWindowTitle(tr("Compare {count} items", count=len(self.items)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.notice = Notice()
        self._layout = QVBoxLayout(self)
        self._layout.addWidget(self.notice)
        self._wait = label(tr("Reading…"), "muted")
        self._layout.addWidget(self._wait, 1)
        self._names = [
            f"{number}  {name}" for number, name in enumerate(_short_names(self.items), 1)
        ]
        self.keep_buttons = [self._keep_button(number) for number in range(len(self.items))]
        self.pair = label("", "muted", wrap=True)
        self.pair.hide()
        self._layout.addWidget(self.pair)
        self._trash_others = QCheckBox(
            tr_plural(
                "Move the other one to the trash",
                "Move the other {count} to the trash",
                len(self.items) - 1,
            )
        )
        name_control(self._trash_others, self._trash_others.text(), tr("Undo with Ctrl+Z"))
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
            tr("Keep {name}", name=f"&{shown[0]}{shown[1:].replace('&', '&&')}"),
            tr("Keep {name} (Alt+{number})", name=name, number=number + 1),
            functools.partial(self.choose, number),
        )
        choice.setAutoDefault(False)  # Return must not choose
        return choice

    def _show_outcome(self) -> None:
        """Show what a click on one of the buttons does."""
        others = len(self.items) - 1
        if self._trash_others.isChecked():
            text = tr_plural(
                "The one you keep becomes a favorite, and the other one can be taken back with "
                "Ctrl+Z.",
                "The one you keep becomes a favorite, and the other {count} can be taken back with "
                "Ctrl+Z.",
                others,
            )
        else:
            text = tr_plural(
                "The one you keep becomes a favorite, and the other one stays in the library.",
                "The one you keep becomes a favorite, and the other {count} stay in the library.",
                others,
            )
        self.outcome.setText(text)

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
            choice = QPushButton(tr_marked(shown))
            choice.setCheckable(True)
            choice.setChecked(mode == "side_by_side")
            choice.setAutoDefault(False)
            name_control(choice, tr_marked(_NAMES[mode]), tr_marked(_TIPS[mode]))
            choice.clicked.connect(functools.partial(self._on_mode, comparison, mode))
            group.addButton(choice)
            buttons.append(choice)
        self.mode_buttons = group.buttons()
        fit = button(tr("Fit"), tr("Show the whole images (0)"), comparison.view.reset)
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
            text += f"\n{_sizes_text(first, second, is_difference=mode == 'difference')}"
        elif mode == "difference":
            text += f"\n{tr('Black: no difference')}"
        self.pair.setText(text)
        self.pair.setVisible(mode != "side_by_side")

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
        self.notice.show_message(
            tr("The items cannot be shown: {error}", error=error), tr("A file may be missing.")
        )

    def done(self, result: int) -> None:
        """Close the audio device, and end the decoders of videos."""
        if isinstance(self.content, AudioComparison):
            self.content.close_device()
        elif isinstance(self.content, VideoComparison):
            self.content.close_players()
        super().done(result)


def _sizes_text(first: QSize, second: QSize, *, is_difference: bool) -> str:
    sizes = [f"{size.width()} × {size.height()}" for size in (first, second)]
    if is_difference:
        return tr(
            "The sizes differ: {first} and {second}. Both are scaled to fit, and compared where "
            "both are.",
            first=sizes[0],
            second=sizes[1],
        )
    return tr(
        "The sizes differ: {first} and {second}. Both are scaled to fit.",
        first=sizes[0],
        second=sizes[1],
    )


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
