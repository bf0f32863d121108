"""A file of prompts, shown row by row as it was understood, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QFileSystemWatcher, QTimer
from PySide6.QtWidgets import QCheckBox, QDialog, QTableView, QTabWidget, QVBoxLayout, QWidget

from studio.batch.batch_file import cure_for
from studio.batch.output.collected import check_collect
from studio.batch.plan import plan
from studio.core import file_names
from studio.core.errors import StudioError
from studio.core.jobs import Batch, Job
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.batch.pages import ColumnsPage, OutputPage, PromptsPage, VariationsPage
from studio.ui.batch.preview import Asked, Understood, understand
from studio.ui.batch.row_table import FILE, KIND, LINE, PROMPT, SETTINGS, RowTable
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.queue.table import format_duration
from studio.ui.widgets.factory import (
    Notice,
    button,
    label,
    name_control,
    row,
    size_text,
    style_table,
)

READ_DELAY_MS = 250


class BatchDialog(QDialog):
    """Shows a batch file and puts its good rows into the queue."""

    def __init__(
        self,
        shared: AppState,
        path: Path,
        *,
        kind: str = "text",
        model: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.shared = shared
        self.path = path
        self.found: Understood | None = None
        self._reading = False
        self._again = False
        self.setWindowTitle(f"Batch: {path.name}")
        resize_to_fit(self, 1080, 680)
        self.prompts = PromptsPage(shared, path, kind, model)
        self.variations = VariationsPage(path)
        self.columns = ColumnsPage()
        self.output = OutputPage(Path(shared.output_folder()) / file_names.slug(path.stem))
        self.pages = QTabWidget()
        for title, page in (
            ("Prompts", self.prompts),
            ("Variations", self.variations),
            ("Columns", self.columns),
            ("Results", self.output),
        ):
            self.pages.addTab(page, title)
        name_control(self.pages, "What is asked", "How the rows are read, varied and saved")
        self.only_bad = QCheckBox("Only rows that cannot run")
        name_control(self.only_bad, "Only rows that cannot run", "Show only the rows with errors")
        self.only_missing = QCheckBox("Run only the missing and failed rows")
        self.only_missing.setChecked(True)
        name_control(
            self.only_missing,
            "Run only the missing and failed rows",
            "Leave out the rows whose results are in the folder already",
        )
        self.notice = Notice()
        self.summary = label("Reading…", "muted", wrap=True)
        self.rows = RowTable()
        self.table = QTableView()
        self.table.setModel(self.rows)
        style_table(self.table, {LINE: 60, KIND: 70, FILE: 240}, (PROMPT, SETTINGS))
        name_control(self.table, "Rows", "Every row of the file as it was understood")
        self.run_button = button(
            "Run", "Put the good rows into the queue", self.run, "play", primary=True
        )
        self.run_button.setDefault(True)
        self.cancel_button = button("Cancel", "Close without running anything", self.reject)
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(READ_DELAY_MS)
        self._timer.timeout.connect(self.read)
        self._watcher = QFileSystemWatcher([str(path)], self)
        self._connect()
        self.read()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.pages)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.summary)
        layout.addWidget(
            row(self.only_bad, self.only_missing, None, self.cancel_button, self.run_button)
        )
        self.only_bad.hide()
        self.only_missing.hide()

    def _connect(self) -> None:
        for page in (self.prompts, self.variations, self.columns, self.output):
            page.changed.connect(self._on_changed)
        self.only_bad.toggled.connect(lambda _on: self._show_rows())
        self.only_missing.toggled.connect(lambda _on: self._show_counts())
        self._watcher.fileChanged.connect(lambda _path: self._on_changed())

    def _on_changed(self) -> None:
        self.run_button.setEnabled(False)  # what is shown is what runs
        self._timer.start()

    # Reading
    # ----------------------------------------------------------------------

    def read(self) -> None:
        """Read the file again, in another thread, one reading at a time."""
        if self._reading:
            self._again = True
            return
        self.run_button.setEnabled(False)
        try:
            asked = self._asked()
        except StudioError as error:
            self._on_unreadable(error)
            return
        self._reading, self._again = True, False
        self.summary.setText("Reading…")
        jobs, paces, find_card = (
            self.shared.queue.jobs(),
            self.shared.queue.estimates.medians(),
            self._find_card(),
        )
        background.run(
            self,
            lambda: understand(asked, find_card, jobs, paces),
            self._on_read,
            self._on_not_read,
        )

    def _asked(self) -> Asked:
        options = {
            **self.prompts.options(),
            **self.variations.options(),
            "mapping": self.columns.mapping(),
        }
        return Asked(self.path, self.output.path, self.output.name.text(), options)

    def _find_card(self) -> Any:
        if self.shared.fake:
            from studio.models.card import fake_card

            return lambda kind, _name: fake_card(kind)
        return self.shared.registry.find

    def _is_stale(self) -> bool:
        """True where another reading was wanted meanwhile; it is begun."""
        self._reading = False
        if self._again:
            self.read()
        return self._reading

    def _on_read(self, found: Understood) -> None:
        if self._is_stale():
            return
        if not self._watcher.files():  # an editor that writes anew and renames
            self._watcher.addPath(str(self.path))
        self.found = found
        self.prompts.offer_sheets(found.sheets)
        self.columns.show_columns(found.batch_file.header, self.prompts.kind.currentData())
        first = next((stem for stem in found.stems if stem), "")
        good = next((row_.request for row_ in found.batch_file.rows if row_.request), None)
        self.output.sample.setText(f"{first}.{good.file_format}" if first and good else "")
        self.only_bad.setVisible(found.bad > 0)
        self.only_missing.setVisible(bool(found.resumed.rows or found.resumed.partial))
        self._say(found)
        self._show_counts()
        self._show_rows()

    def _on_not_read(self, error: Exception) -> None:
        if not self._is_stale():
            self._on_unreadable(error)

    def _on_unreadable(self, error: Exception) -> None:
        self.found = None
        self.run_button.setEnabled(False)
        self.rows.show_rows(None, False)
        self.summary.setText("")
        if isinstance(error, StudioError):
            self.notice.show_message(error.message, error.cure)
        else:
            self.notice.show_message(f"The file cannot be read: {error}")

    def _say(self, found: Understood) -> None:
        if found.problem:
            self.notice.show_message(f"The file name {found.problem.message}.")
        elif not found.good:
            self.notice.show_message("No row of the file can run.", cure_for(found.batch_file))
        elif found.batch_file.warning:
            self.notice.show_message(found.batch_file.warning)
        elif found.free is not None and found.disk > found.free:
            self.notice.show_message(
                f"The results take about {size_text(found.disk)}, and only {size_text(found.free)} "
                "are free in that folder.",
                "Choose another folder, or make room; the queue pauses when the disk is full.",
            )
        else:
            self.notice.clear()

    def _show_counts(self) -> None:
        found = self.found
        if found is None:
            return
        parts = [f"{found.good:,} rows can run" + (f", {found.bad:,} cannot" if found.bad else "")]
        done, waiting = len(found.resumed.done), len(found.resumed.waiting)
        parts += [f"{done:,} done already"] if done else []
        parts += [f"{waiting:,} wait in the queue"] if waiting else []
        if found.missing:
            about = (
                f"{'at least' if found.unknown else 'about'} {format_duration(found.seconds)}"
                if found.seconds
                else ""
            )
            parts += [
                about or "time not known yet: its model never ran here",
                f"about {size_text(found.disk)}",
            ]
        self.summary.setText(" · ".join((*parts, found.batch_file.encoding)))
        count = self._count(found)
        self.run_button.setText(f"Run {count:,} rows" if count != 1 else "Run 1 row")
        self.run_button.setAccessibleName(self.run_button.text())
        waits = self._timer.isActive() or self._reading
        self.run_button.setEnabled(count > 0 and found.problem is None and not waits)

    def _count(self, found: Understood) -> int:
        return found.missing if self.only_missing.isChecked() else found.good

    def _show_rows(self) -> None:
        if self.found is not None:
            self.rows.show_rows(self.found, self.only_bad.isChecked() and self.found.bad > 0)

    # Running
    # ----------------------------------------------------------------------

    def run(self) -> None:
        """Put the good rows into the queue."""
        found, folder, template, collect = (
            self.found,
            self.output.path,
            self.output.name.text(),
            self.output.collect.currentData(),
        )
        if found is None:
            return
        if folder is None:
            self.pages.setCurrentWidget(self.output)
            self.notice.show_message("The results have no folder.", "Choose one.")
            return
        resumed = found.resumed if self.only_missing.isChecked() else None
        self.run_button.setEnabled(False)

        def work() -> tuple[Batch, list[Job]]:
            check_collect(collect)
            return plan(found.batch_file, folder, template, resumed=resumed, collect=collect)

        background.run(self, work, self._on_planned, self._on_not_planned)

    def _on_planned(self, planned: tuple[Batch, list[Job]]) -> None:
        batch, jobs = planned
        self.shared.queue.submit(jobs, batch)
        self.accept()

    def _on_not_planned(self, error: Exception) -> None:
        self.run_button.setEnabled(True)
        cure = error.cure if isinstance(error, StudioError) else "Check the folder's rights."
        self.notice.show_message(str(error), cure)
