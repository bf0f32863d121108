"""Shows what an image form took over from the metadata of another program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.media.image_reader import short_name
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.widgets.factory import (
    Notice,
    button,
    escape_markup,
    label,
    name_control,
    row,
    style_table,
)

if TYPE_CHECKING:
    from studio.library.foreign.metadata import ForeignMetadata
    from studio.library.foreign.take_over import Taken, TakenOver

MAX_NAMED = 3
"""Settings that the notice names; the dialog lists all."""
MAX_CELL = 300
_PADDING = 24
"""Between the box and its content, left and right."""
MAX_TIP = 3_000
_TITLES = (mark("Setting"), mark("In the file"), mark("In Studio"))


class ForeignSettingsNotice(Notice):
    """A box that lists which settings of a file are in the form, and which are not."""

    def __init__(self) -> None:
        super().__init__("banner")
        # `Maximum`, as in other notices, would cut off the third line of a wrapped text.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._second_row = QHBoxLayout()
        self._second_row.setSpacing(self._buttons.spacing())
        self._second_row.addStretch(1)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.addLayout(self._second_row)

    def minimumSizeHint(self) -> QSize:
        """Qt's override: the form may be narrower than all buttons in one row."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Move the last buttons to a second row where the form is narrow."""
        super().resizeEvent(event)
        self._join_rows()
        buttons = self._row_of_buttons()
        needed = sum(one.sizeHint().width() + self._buttons.spacing() for one in buttons)
        if needed > self.width() - _PADDING:
            for place, one in enumerate(buttons[2:]):
                self._second_row.insertWidget(place, one)

    def clear(self) -> None:
        """See `Notice`."""
        self._join_rows()
        super().clear()

    def _row_of_buttons(self) -> list[QWidget]:
        items = (self._buttons.itemAt(place) for place in range(self._buttons.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if widget is not None]

    def _join_rows(self) -> None:
        while self._second_row.count() > 1:
            item = self._second_row.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                self._buttons.insertWidget(len(self._row_of_buttons()), widget)

    def show_taken(
        self,
        path: Path,
        metadata: ForeignMetadata,
        taken: TakenOver,
        on_start: Callable[[], object],
        on_undo: Callable[[], object],
    ) -> None:
        """Show what was taken over, with buttons to undo it and to start from the image."""

        def undo() -> None:
            self.clear()
            on_undo()

        def start() -> None:
            self.clear()
            on_start()

        names = ", ".join(_lower(setting.name) for setting in taken.taken)
        message = tr("Read from {program}: {names}.", program=metadata.program, names=names)
        self.show_message(
            message,
            _left_out(taken.left, metadata.notes),
            [
                button(
                    tr("Details…"),
                    tr("Show all settings in the file"),
                    lambda: ForeignSettingsDialog(path, metadata, taken, self.window()).open(),
                ),
                button(tr("Start from it"), tr("Generate the next image from this one"), start),
                button(tr("Undo"), tr("Restore the form's previous settings"), undo),
                button(tr("OK"), tr("Close this message"), self.clear),
            ],
        )

    def offer_description(self, path: Path, text: str, on_use: Callable[[], object]) -> None:
        """Offer a file's description as the prompt."""

        def use() -> None:
            self.clear()
            on_use()

        self.show_message(
            tr("{name} has a description.", name=short_name(path)),
            text,
            [
                button(tr("Use as prompt"), tr("Replace the prompt by this text"), use),
                button(tr("No"), tr("Close this message"), self.clear),
            ],
        )

    def show_notes(self, path: Path, notes: Sequence[str]) -> None:
        """Show why the settings of a file are unknown."""
        self.show_message(
            tr("The settings of {name} cannot be read.", name=short_name(path)),
            " ".join(notes),
            [button(tr("OK"), tr("Close this message"), self.clear)],
        )


def _left_out(left: Sequence[Taken], notes: Sequence[str]) -> str:
    """Return what was not taken over, in a sentence, and the notes."""
    if not left:
        return " ".join(notes)
    named = [
        f"{_lower(one.name)} {one.value[:40]}" + (f" ({one.reason})" if _is_short(one) else "")
        for one in left[:MAX_NAMED]
    ]
    names, more = ", ".join(named), len(left) - MAX_NAMED
    message = (
        tr_plural(
            "Not taken over: {names}, and 1 more.",
            "Not taken over: {names}, and {count} more.",
            more,
            names=names,
        )
        if more > 0
        else tr("Not taken over: {names}.", names=names)
    )
    return " ".join([message, *notes])


def _is_short(setting: Taken) -> bool:
    return len(setting.reason) < 30


def _lower(name: str) -> str:
    """Return a title inside a sentence: `Seed` → `seed`, but `LoRA x` as it is."""
    is_plain = name[1:].split(" ")[0].islower()
    return name[:1].lower() + name[1:] if is_plain else name


class ForeignSettingsDialog(QDialog):
    """Lists all settings in a file, and what became of each."""

    def __init__(
        self, path: Path, metadata: ForeignMetadata, taken: TakenOver, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._taken = taken
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Settings of {name}", name=short_name(path)))
        self.setMinimumSize(520, 300)
        program = " ".join(filter(None, (metadata.program, metadata.version)))
        layout = QVBoxLayout(self)
        layout.addWidget(label(tr("Made with {program}", program=program), wrap=True))
        for note in metadata.notes:
            layout.addWidget(label(note, "muted", wrap=True))
        self.table = self._create_table(taken.settings)
        layout.addWidget(self.table, 1)
        close = button(tr("Close"), tr("Close this window"), self.accept, primary=True)
        copy = button(tr("Copy"), tr("Copy all settings as text"), self.copy, "copy")
        layout.addWidget(row(copy, None, close))
        resize_to_fit(self, 780, 520)
        self.table.setFocus()

    def _create_table(self, settings: Sequence[Taken]) -> QTableWidget:
        table = QTableWidget(len(settings), len(_TITLES))
        name_control(table, tr("Settings"), tr("All settings in the file"))
        table.setHorizontalHeaderLabels(list(map(tr_marked, _TITLES)))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        style_table(table, {0: 170, 2: 270}, stretch=(1,))
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        for index, setting in enumerate(settings):
            outcome = setting.reason or tr("taken over")
            for column, text in enumerate((setting.name, setting.value, outcome)):
                item = QTableWidgetItem(" ".join(text[:MAX_CELL].split()))
                item.setToolTip(escape_markup(text[:MAX_TIP]))
                table.setItem(index, column, item)
        return table

    def copy(self) -> None:
        """Copy names and values."""
        lines = [f"{setting.name}: {setting.value}" for setting in self._taken.settings]
        QGuiApplication.clipboard().setText("\n".join(lines))
