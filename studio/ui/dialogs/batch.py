"""A file of prompts, shown row by row as it was understood, before anything runs."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from studio.core import names
from studio.core.errors import StudioError
from studio.core.jobs import Batch, Job
from studio.core.requests import KINDS, Request, fields
from studio.jobs.batch.decode import ENCODINGS
from studio.jobs.batch.plan import BatchFile, Row, columns_of, plan, read_batch
from studio.jobs.batch.seeds import MAX_REPEATS, POLICIES
from studio.models.installed import find
from studio.ui import background, theme
from studio.ui.parts import Notice, button, dress_table, label, name_control, row
from studio.ui.shared import Shared

COLUMNS = ("Line", "Kind", "Prompt", "Settings")
READ_DELAY_MS = 250
Index = QModelIndex | QPersistentModelIndex


class RowTable(QAbstractTableModel):
    """The rows of a batch file."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._all: list[Row] = []
        self._only_bad = False

    def set_rows(self, rows: list[Row], only_bad: bool) -> None:
        """Show these rows, or those of them that cannot run."""
        self.beginResetModel()
        self._all, self._only_bad = rows, only_bad
        self._rows = [row_ for row_ in rows if row_.request is None] if only_bad else rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """One row a row."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """The four columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' titles."""
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        shown = self._rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _cell(shown, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in (2, 3):
            return html.escape(shown.message or (_cell(shown, 3) if index.column() == 3 else _cell(shown, 2)))
        if role == Qt.ItemDataRole.ForegroundRole and shown.request is None:
            application = QApplication.instance()
            return QColor(theme.colours(application).error) if isinstance(application, QApplication) else None
        return None


def _cell(shown: Row, column: int) -> str:
    if column == 0:
        return str(shown.line)
    if shown.request is None:
        return shown.message[:500] if column == 2 else ("Cannot run" if column == 3 else "")
    if column == 1:
        return shown.request.title
    if column == 2:
        return " ".join(shown.request.prompt[:300].split())
    return settings_text(shown.request)


def settings_text(request: Request) -> str:
    """Return every setting of a request in one line."""
    skipped = {"prompt", "kind"}
    values = ((info.flag, getattr(request, info.name)) for info in fields(type(request)) if info.name not in skipped)
    return ", ".join(
        f"{flag} {value:g}" if isinstance(value, float) else f"{flag} {value}"
        for flag, value in values
        if value not in ("", None)
    )


class BatchDialog(QDialog):
    """Shows a batch file and puts its good rows into the queue."""

    def __init__(self, shared: Shared, path: Path, *, kind: str = "text", model: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shared = shared
        self.path = path
        self.batch_file: BatchFile | None = None
        self._reading = 0
        self.setWindowTitle(f"Batch: {path.name}")
        self.resize(980, 600)
        self.kind = QComboBox()
        for name, request_type in KINDS.items():
            self.kind.addItem(request_type.title, name)
        self.kind.setCurrentIndex(self.kind.findData(kind))
        name_control(self.kind, "Kind", "What rows make that do not say it")
        self.model = QComboBox()
        name_control(self.model, "Model", "The model for rows that name none")
        self.encoding = QComboBox()
        self.encoding.addItem("Found by itself", "")
        for name in ENCODINGS:
            self.encoding.addItem(name, name)
        name_control(self.encoding, "Encoding", "How the file's bytes are read, where the guess is wrong")
        self.seeds = QComboBox()
        for name in POLICIES:
            self.seeds.addItem(name.title(), name)
        told = "; ".join(f"{name}, {what}" for name, what in POLICIES.items())
        name_control(self.seeds, "Seeds", f"Seeds of rows that name none: {told}")
        self.repeat = QSpinBox()
        self.repeat.setRange(1, MAX_REPEATS)
        self.repeat.lineEdit().setTextMargins(6, 0, 6, 0)
        name_control(self.repeat, "Repeats", "How often each row runs; a row's own seed counts on")
        self.folder = QLineEdit(str(Path(shared.output_folder()) / names.slug(path.stem)))
        name_control(self.folder, "Folder", "Where results and report are saved")
        self.template = QLineEdit()
        self.template.setPlaceholderText("Write a headline about {{topic}} for {{city}}")
        name_control(
            self.template, "Prompt template", "Makes each prompt from the row's columns; empty takes the prompts as they are"
        )
        self.name = QLineEdit(names.DEFAULT_TEMPLATE)
        name_control(
            self.name, "File names", "From {row} {prompt:40} {seed} {model} {kind} {date} {time} and the file's own columns"
        )
        self.only_bad = QCheckBox("Only rows that cannot run")
        name_control(self.only_bad, "Only rows that cannot run", "Show only the rows with errors")
        self.sample = label("", "muted")
        self.notice = Notice()
        self.summary = label("Reading…", "muted", wrap=True)
        self.rows = RowTable()
        self.table = QTableView()
        self.table.setModel(self.rows)
        dress_table(self.table, {0: 60, 1: 70}, (2, 3))
        name_control(self.table, "Rows", "Every row of the file as it was understood")
        self.run_button = button("Run", "Put the good rows into the queue", self.run, "play", primary=True)
        self.cancel_button = button("Cancel", "Close without running anything", self.reject)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(READ_DELAY_MS)
        self._timer.timeout.connect(self.read)
        self._fill_models(model)
        self._connect()
        self.read()

    def _lay_out(self) -> None:
        browse = button("…", "Choose the folder", self._choose_folder)
        browse.setAccessibleName("Choose the folder")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.addWidget(label("Prompt template", "muted"), 0, 0)
        grid.addWidget(self.template, 1, 0, 1, 5)
        choices = (("Kind", self.kind), ("Model", self.model), ("Encoding", self.encoding), ("Seeds", self.seeds))
        for column, (title, widget) in enumerate((*choices, ("Repeats", self.repeat))):
            if isinstance(widget, QComboBox):
                widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            grid.addWidget(label(title, "muted"), 2, column)
            grid.addWidget(widget, 3, column)
            grid.setColumnStretch(column, 1 if widget is self.repeat else 2)
        grid.addWidget(label("Folder", "muted"), 4, 0)
        grid.addWidget(row(self.folder, browse, spacing=4), 5, 0, 1, 3)
        grid.addWidget(label("File names", "muted"), 4, 3)
        grid.addWidget(self.name, 5, 3, 1, 2)
        grid.addWidget(self.sample, 6, 3, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addLayout(grid)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addWidget(row(self.summary, None, self.only_bad))
        layout.addWidget(row(None, self.cancel_button, self.run_button))

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(lambda _index: self._on_kind_changed())
        self.model.currentIndexChanged.connect(lambda _index: self._timer.start())
        self.encoding.currentIndexChanged.connect(lambda _index: self._timer.start())
        self.seeds.currentIndexChanged.connect(lambda _index: self._timer.start())
        self.repeat.valueChanged.connect(lambda _times: self._timer.start())
        for line in (self.name, self.template):
            line.textChanged.connect(lambda _text: self._timer.start())
        self.only_bad.toggled.connect(lambda _on: self._show_rows())

    def _on_kind_changed(self) -> None:
        self._fill_models("")
        self._timer.start()

    def _fill_models(self, chosen: str) -> None:
        self.model.blockSignals(True)
        self.model.clear()
        for card in self.shared.cards(self.kind.currentData()):
            self.model.addItem(card.title, card.name)
        self.model.setCurrentIndex(max(0, self.model.findData(chosen)))
        self.model.blockSignals(False)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for results", self.folder.text())
        if folder:
            self.folder.setText(folder)

    # Reading ------------------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the file again, in another thread; only the newest reading counts."""
        self._reading += 1
        number = self._reading
        kind, model, encoding = self.kind.currentData(), self.model.currentData() or "", self.encoding.currentData()
        name_template, template = self.name.text(), self.template.text()
        seeds, repeat = self.seeds.currentData(), self.repeat.value()
        self.run_button.setEnabled(False)
        self.summary.setText("Reading…")

        def work() -> BatchFile:
            defaults = {"model": model} if model else {}
            return read_batch(
                self.path, self._find_card(), kind=kind, defaults=defaults, encoding=encoding, name_template=name_template,
                template=template, seeds=seeds, repeat=repeat,
            )  # fmt: skip

        background.run(self, work, lambda found: self._on_read(number, found), lambda error: self._on_unreadable(number, error))

    def _find_card(self) -> Any:
        if self.shared.fake:
            from studio.engine.fake import fake_card

            return lambda kind, _name: fake_card(kind)
        return lambda kind, name: find(self.shared.data, kind, name)

    def _on_read(self, number: int, found: BatchFile) -> None:
        if number != self._reading:
            return
        self.batch_file = found
        problem = names.check_template(self.name.text(), columns_of(found))
        if problem:
            self.notice.say(f"The file name {problem.message}.")
        elif found.warning:
            self.notice.say(found.warning)
        else:
            self.notice.clear()
        good, bad = len(found.good), len(found.bad)
        self.summary.setText(f"{good:,} rows can run" + (f", {bad:,} cannot" if bad else "") + f" · {found.encoding}")
        self.run_button.setText(f"Run {good:,} rows" if good != 1 else "Run 1 row")
        self.run_button.setAccessibleName(self.run_button.text())
        self.run_button.setEnabled(good > 0 and problem is None)
        self._show_sample(found)
        self._show_rows()

    def _on_unreadable(self, number: int, error: Exception) -> None:
        if number != self._reading:
            return
        self.batch_file = None
        self.rows.set_rows([], False)
        self.summary.setText("")
        if isinstance(error, StudioError):
            self.notice.say(error.message, error.cure)
        else:
            self.notice.say(f"The file cannot be read: {error}")

    def _show_rows(self) -> None:
        if self.batch_file is not None:
            self.rows.set_rows(list(self.batch_file.rows), self.only_bad.isChecked())

    def _show_sample(self, found: BatchFile) -> None:
        first = found.good[0] if found.good else None
        if first is None or first.request is None or names.check_template(self.name.text(), columns_of(found)):
            self.sample.setText("")
            return
        values = names.values_of(first.request, row=first.line, job_id="", columns=first.columns)
        self.sample.setText(f"{names.render(self.name.text(), values)}.{first.request.file_format}")

    # Running ------------------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Put the good rows into the queue."""
        found, folder, template = self.batch_file, self.folder.text().strip(), self.name.text()
        if found is None or not folder:
            return
        self.run_button.setEnabled(False)
        background.run(self, lambda: plan(found, Path(folder), template), self._on_planned, self._on_not_planned)

    def _on_planned(self, planned: tuple[Batch, list[Job]]) -> None:
        batch, jobs = planned
        self.shared.queue.submit(jobs, batch)
        self.accept()

    def _on_not_planned(self, error: Exception) -> None:
        self.run_button.setEnabled(True)
        cure = error.cure if isinstance(error, StudioError) else "Check the folder's rights."
        self.notice.say(str(error), cure)
