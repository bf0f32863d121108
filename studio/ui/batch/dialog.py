"""The dialog that previews the rows of a batch file and runs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QFileSystemWatcher, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from studio.batch.batch_file import lacks_prompts, suggest_fix, unknown_columns
from studio.batch.output.collected import check_collect
from studio.batch.plan import plan
from studio.batch.tables.columns import guess_kind
from studio.core import file_names
from studio.core.errors import StudioError
from studio.core.jobs import Batch, Job
from studio.core.kinds import DEFAULT_KIND
from studio.core.translation import tr, tr_plural
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.batch.columns_page import ColumnsPage
from studio.ui.batch.output_page import OutputPage
from studio.ui.batch.preview import BatchPreview, PreviewOptions, read_preview
from studio.ui.batch.prompts_page import PromptsPage
from studio.ui.batch.row_edits import RowEdits
from studio.ui.batch.row_table import FILE, KIND, LINE, PROMPT, SETTINGS, RowTable
from studio.ui.batch.variations_page import VariationsPage
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.queue.job_text import format_duration
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
    """Previews every row of a batch file, then adds the valid ones to the queue."""

    def __init__(
        self,
        shared: AppState,
        path: Path,
        *,
        kind: str = DEFAULT_KIND,
        model: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.shared = shared
        self.path = path
        self.preview: BatchPreview | None = None
        self._is_kind_chosen = False
        """True if the kind was guessed from the columns, or the user chose it."""
        self._reading = False
        self._read_again = False
        self.setWindowTitle(tr("Batch: {name}", name=path.name))
        resize_to_fit(self, 1080, 680)
        self.prompts = PromptsPage(shared, path, kind, model)
        self.edits = RowEdits(self, path, self.prompts.options)
        self._create_pages()
        self._create_controls()
        self._create_layout()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(READ_DELAY_MS)
        self._timer.timeout.connect(self.read)
        self._watcher = QFileSystemWatcher([str(path)], self)
        self._connect()
        self.read()

    def _create_pages(self) -> None:
        self.variations = VariationsPage(self.path)
        self.columns = ColumnsPage()
        self.output = OutputPage(
            Path(self.shared.output_folder()) / file_names.slug(self.path.stem)
        )
        self.pages = QTabWidget()
        for title, page in (
            (tr("Prompts"), self.prompts),
            (tr("Variations"), self.variations),
            (tr("Columns"), self.columns),
            (tr("Results"), self.output),
        ):
            self.pages.addTab(page, title)
        name_control(self.pages, tr("Batch options"), tr("How rows are read, varied and saved"))
        self.pages.currentChanged.connect(lambda _index: self._fit_pages())

    def _create_controls(self) -> None:
        self.only_bad = QCheckBox(tr("Only rows that cannot run"))
        name_control(
            self.only_bad, tr("Only rows that cannot run"), tr("Show only the rows with errors")
        )
        self.only_missing = QCheckBox(tr("Run only the missing and failed rows"))
        self.only_missing.setChecked(True)
        name_control(
            self.only_missing,
            tr("Run only the missing and failed rows"),
            tr("Skip the rows whose results are already in the folder"),
        )
        self.notice = Notice()
        self.summary = label(tr("Reading…"), "muted", wrap=True)
        self.rows = RowTable()
        self.table = QTableView()
        self.table.setModel(self.rows)
        style_table(self.table, {LINE: 60, KIND: 70, FILE: 240}, (PROMPT, SETTINGS))
        name_control(
            self.table,
            tr("Rows"),
            tr("Every row and what it will generate. Return changes a row, Delete skips it"),
        )
        self.edits.attach(self.table, self.rows)
        self.read_button = button(
            tr("Read again"), tr("Read the file again (F5)"), self.read, "retry"
        )
        self.read_button.setShortcut("F5")
        self.run_button = button(
            tr("Run"), tr("Add the valid rows to the queue"), self.run, "play", primary=True
        )
        self.run_button.setDefault(True)
        self.cancel_button = button(tr("Cancel"), tr("Close without running anything"), self.reject)

    def _create_layout(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.pages)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.summary)
        layout.addWidget(
            row(
                self.only_bad,
                self.only_missing,
                None,
                self.read_button,
                self.cancel_button,
                self.run_button,
            )
        )
        self.only_bad.hide()
        self.only_missing.hide()
        self._fit_pages()

    def _fit_pages(self) -> None:
        """Make the tab widget as high as its current page, not as its highest one."""
        page = self.pages.currentWidget()
        if page is not None:
            bar = self.pages.tabBar().sizeHint().height()
            self.pages.setMaximumHeight(bar + page.sizeHint().height())

    def _connect(self) -> None:
        self.edits.changed.connect(self._on_changed)
        self.edits.failed.connect(self._show_row_error)
        self.prompts.kind.activated.connect(self._on_kind_chosen)
        for page in (self.prompts, self.variations, self.columns, self.output):
            page.changed.connect(self._on_changed)
        self.only_bad.toggled.connect(lambda _on: self._show_rows())
        self.only_missing.toggled.connect(lambda _on: self._show_counts())
        self._watcher.fileChanged.connect(lambda _path: self._on_changed())

    def _on_changed(self) -> None:
        self.run_button.setEnabled(False)  # only rows that are shown may run
        self._timer.start()

    # Reading
    # ----------------------------------------------------------------------

    def read(self) -> None:
        """Read the file again in another thread, one reading at a time."""
        if self._reading:
            self._read_again = True
            return
        self.run_button.setEnabled(False)
        try:
            options = self._preview_options()
        except StudioError as error:
            self._show_read_error(error)
            return
        self._reading, self._read_again = True, False
        self.summary.setText(tr("Reading…"))
        jobs, paces, find_card = (
            self.shared.queue.jobs(),
            self.shared.queue.estimates.medians(),
            self._find_card(),
        )
        background.run(
            self,
            lambda: read_preview(options, find_card, jobs, paces),
            self._on_read,
            self._on_read_failed,
        )

    def _preview_options(self) -> PreviewOptions:
        options = {
            **self.prompts.options(),
            **self.variations.options(),
            "mapping": self.columns.mapping(),
            "edits": self.edits.edits,
            "data_folder": self.shared.data,
        }
        return PreviewOptions(self.path, self.output.path, self.output.name.text(), options)

    def _find_card(self) -> Any:
        if self.shared.fake:
            from studio.models.card import fake_card

            return lambda kind, _name: fake_card(kind)
        return self.shared.registry.find

    def _is_stale(self) -> bool:
        """Start another reading if one was requested meanwhile; True if so."""
        self._reading = False
        if self._read_again:
            self.read()
        return self._reading

    def _on_read(self, preview: BatchPreview) -> None:
        if self._is_stale():
            return
        if not self._watcher.files():  # an editor replaced the file by a new one
            self._watcher.addPath(str(self.path))
        self.preview = preview
        if not self._is_kind_chosen and self._guess_kind(preview):
            return
        self.prompts.offer_sheets(preview.sheets)
        self.columns.show_columns(preview.batch_file.header, self.prompts.kind.currentData())
        first = next((stem for stem in preview.stems if stem), "")
        requests = (row_.request for row_ in preview.batch_file.rows)
        good = next((request for request in requests if request), None)
        self.output.sample.setText(f"{first}.{good.file_format}" if first and good else "")
        self.only_bad.setVisible(preview.bad > 0)
        self.only_missing.setVisible(bool(preview.resumed.rows or preview.resumed.partial))
        self._show_notice(preview)
        self._show_counts()
        self._show_rows()

    def _on_kind_chosen(self) -> None:
        self._is_kind_chosen = True

    def _guess_kind(self, preview: BatchPreview) -> bool:
        """Choose the kind that the columns name, once; return True if that reads the file again."""
        self._is_kind_chosen = True
        current = self.prompts.kind.currentData()
        kind = guess_kind(preview.batch_file.header, current)
        if kind == current:
            return False
        self.prompts.kind.setCurrentIndex(self.prompts.kind.findData(kind))
        return True

    def _on_read_failed(self, error: Exception) -> None:
        if not self._is_stale():
            self._show_read_error(error)

    def _show_read_error(self, error: Exception) -> None:
        self.preview = None
        self.run_button.setEnabled(False)
        self.rows.show_rows(None, False)
        self.summary.setText("")
        if isinstance(error, StudioError):
            self.notice.show_message(error.message, error.cure)
        else:
            self.notice.show_message(tr("The file could not be read: {error}", error=error))

    def _show_notice(self, preview: BatchPreview) -> None:
        unknown = unknown_columns(preview.batch_file)
        if preview.problem:
            self.notice.show_message(
                tr("The file name {problem}.", problem=preview.problem.message)
            )
        elif unknown and not lacks_prompts(preview.batch_file):
            self._ask_for_columns(unknown)
        elif not preview.good:
            self.notice.show_message(
                tr("No row of the file can run."), suggest_fix(preview.batch_file)
            )
        elif preview.batch_file.warning:
            self.notice.show_message(preview.batch_file.warning)
        elif preview.free is not None and preview.disk > preview.free:
            self.notice.show_message(
                tr(
                    "The results need about {needed}, but only {free} are free in that folder.",
                    needed=size_text(preview.disk),
                    free=size_text(preview.free),
                ),
                tr(
                    "Choose another folder or free some space; the queue pauses if the disk is "
                    "full."
                ),
            )
        else:
            self.notice.clear()

    def _ask_for_columns(self, unknown: Sequence[str]) -> None:
        """Ask once what to do with all columns that are no settings."""
        names = ", ".join(name[:40] for name in unknown[:6]) + (" …" if len(unknown) > 6 else "")
        kind = self.prompts.kind.currentText().lower()
        self.notice.show_message(
            tr_plural(
                "This column is no setting of {kind}: {names}.",
                "These columns are no settings of {kind}: {names}.",
                len(unknown),
                kind=kind,
                names=names,
            ),
            tr_plural(
                "Ignore it, or choose what it fills.",
                "Ignore them, or choose what they fill.",
                len(unknown),
            ),
            [
                button(tr("Ignore"), tr("Read without them"), lambda: self.columns.ignore(unknown)),
                button(
                    tr("Choose…"),
                    tr("Assign them to settings"),
                    lambda: self.pages.setCurrentWidget(self.columns),
                ),
            ],
        )

    def _show_row_error(self, error: Exception) -> None:
        cure = error.cure if isinstance(error, StudioError) else ""
        self.notice.show_message(str(error), cure)

    def _show_counts(self) -> None:
        preview = self.preview
        if preview is None:
            return
        self.summary.setText(_summary(preview))
        count = self._count(preview)
        self.run_button.setText(tr_plural("Run 1 row", "Run {count:,} rows", count))
        self.run_button.setAccessibleName(self.run_button.text())
        is_stale = self._timer.isActive() or self._reading
        self.run_button.setEnabled(count > 0 and preview.problem is None and not is_stale)

    def _count(self, preview: BatchPreview) -> int:
        return preview.missing if self.only_missing.isChecked() else preview.good

    def _show_rows(self) -> None:
        if self.preview is not None:
            self.rows.show_rows(self.preview, self.only_bad.isChecked() and self.preview.bad > 0)

    # Running
    # ----------------------------------------------------------------------

    def run(self) -> None:
        """Add the valid rows to the queue."""
        preview, folder, template, collect = (
            self.preview,
            self.output.path,
            self.output.name.text(),
            self.output.collect.currentData(),
        )
        if preview is None:
            return
        if folder is None:
            self.pages.setCurrentWidget(self.output)
            self.notice.show_message(tr("No folder is set for the results."), tr("Choose one."))
            return
        resumed = preview.resumed if self.only_missing.isChecked() else None
        self.run_button.setEnabled(False)

        def work() -> tuple[Batch, list[Job]]:
            check_collect(collect)
            return plan(preview.batch_file, folder, template, resumed=resumed, collect=collect)

        background.run(self, work, self._on_planned, self._on_plan_failed)

    def _on_planned(self, planned: tuple[Batch, list[Job]]) -> None:
        batch, jobs = planned
        self.shared.queue.submit(jobs, batch)
        self.accept()

    def _on_plan_failed(self, error: Exception) -> None:
        self.run_button.setEnabled(True)
        cure = (
            error.cure if isinstance(error, StudioError) else tr("Check the folder's permissions.")
        )
        self.notice.show_message(str(error), cure)


def _summary(preview: BatchPreview) -> str:
    """Return what will run, how long that takes and how the file was read, in one line."""
    rows = tr("{good:,} rows can run", good=preview.good)
    if preview.bad:
        rows = tr("{good:,} rows can run, {bad:,} cannot", good=preview.good, bad=preview.bad)
    parts = [rows]
    if skipped := preview.batch_file.skipped:
        parts.append(tr("{skipped:,} skipped", skipped=skipped))
    if done := len(preview.resumed.done):
        parts.append(tr("{done:,} already done", done=done))
    if waiting := len(preview.resumed.waiting):
        parts.append(tr("{waiting:,} waiting in the queue", waiting=waiting))
    if preview.missing:
        parts += [_duration(preview), tr("about {size}", size=size_text(preview.disk))]
    return " · ".join((*parts, preview.batch_file.encoding))


def _duration(preview: BatchPreview) -> str:
    if not preview.seconds:
        return tr("time unknown: this model never ran here")
    duration = format_duration(preview.seconds)
    if preview.unknown:
        return tr("at least {duration}", duration=duration)
    return tr("about {duration}", duration=duration)
