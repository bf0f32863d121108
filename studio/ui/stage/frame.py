"""The parts of a stage around the result: header, notice, progress, status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from studio.core.errors import Failure, StudioError
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder_of
from studio.ui.desktop.screens import FittedScrollArea
from studio.ui.stage.header import StageHeader
from studio.ui.stage.shown_result import ShownResult, describe
from studio.ui.widgets.factory import Notice, button, label, name_control, show_message

MIN_WIDTH = 388
"""Of the buttons below the result, in all tabs."""
MIN_RESULT_HEIGHT = 80
"""In a low window the result scrolls, and the status stays visible below it."""


class StageFrame(QWidget):
    """Lays out a stage and describes what it shows. `Stage` decides what that is."""

    activity_changed = Signal(bool)
    """Whether a job that is shown waits or runs."""
    shown_changed = Signal()
    """Another result is shown, or none."""
    submit_requested = Signal()
    """The user wants to add the form's job to the queue again, which failed."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self.shared = shared
        self.header = StageHeader()
        self.notice = Notice()
        self.status = label("", "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, tr("Progress"), tr("Progress of the job"))
        self.bar.hide()
        self._pages = QStackedWidget()
        self._empty_page: QWidget | None = None
        self._result_page: QWidget | None = None
        self._batch_names: dict[str, str] = {}
        """Batch → name of its file; empty while it is looked up."""
        content = QWidget()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 16, 12)
        self._column.setSpacing(8)
        self._column.addWidget(self.header)
        self._column.addWidget(FittedScrollArea(content, MIN_RESULT_HEIGHT, grows=True), 1)
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self.notice)
        inner.addWidget(self._pages, 1)
        self._column.addWidget(self.bar)
        self._column.addWidget(self.status)
        self.setMinimumWidth(MIN_WIDTH)

    @property
    def shown(self) -> ShownResult | None:
        """The result that is shown or being generated; None if the stage is empty."""
        raise NotImplementedError

    def set_result_page(self, page: QWidget) -> None:
        """Set the widget with the view and its buttons."""
        self._result_page = page
        self._pages.addWidget(page)

    def add_page(self, page: QWidget) -> None:
        """Add another page, which `page` may return."""
        self._pages.addWidget(page)

    def set_empty_page(self, page: QWidget) -> None:
        """Show this widget while there is no result, such as examples to begin with."""
        self._empty_page = page
        self._pages.addWidget(page)
        self.show_page()

    def page(self) -> QWidget | None:
        """Return the page to show: the result, or what a stage without one offers."""
        if self._empty_page is not None and self.shown is None and self.notice.isHidden():
            return self._empty_page
        return self._result_page

    def show_page(self) -> None:
        """Show the page that fits."""
        page = self.page()
        if page is not None:
            self._pages.setCurrentWidget(page)

    def update_header(self) -> None:
        """Describe the result that is shown now. Subclasses call it when the view shows another."""
        shown = self.shown
        if shown is None:
            self.header.clear()
        else:
            name = self.batch_name(shown.batch)
            facts = describe(shown, self._model_title(shown), name)
            self.header.show_result(shown.request.prompt, facts)
        self.show_page()
        self.shown_changed.emit()

    def _model_title(self, shown: ShownResult) -> str:
        cards = self.shared.cards(shown.request.kind)
        return next((card.title for card in cards if card.name == shown.model), shown.model)

    def batch_name(self, batch: str) -> str:
        """Return the name of a batch's file; empty until it is known, then the header changes."""
        if batch and batch not in self._batch_names:
            self._batch_names[batch] = ""

            def receive(source: str) -> None:
                self._batch_names[batch] = Path(source).name
                self.update_header()

            self.shared.queue.find_batch_source(batch, receive)
        return self._batch_names.get(batch, "")

    def show_activity(self, is_active: bool) -> None:
        """Show whether a job that is shown waits or runs."""
        self.bar.setVisible(is_active)
        self.activity_changed.emit(is_active)

    def show_unstored(self, message: str) -> None:
        """Show why the queue could not store the job, and offer to try again."""
        self.show_activity(False)
        self.status.setText("")
        failure = Failure(
            cause="disk",
            message=message,
            cure=tr("Free some disk space or correct the name, then try again."),
        )
        again = button(
            tr("Try again"),
            tr("Add the job to the queue again"),
            self.submit_requested.emit,
            "retry",
        )
        self.notice.show_failure(failure, [again])

    def show_failure(self, failure: Failure, retry: Callable[[str], None]) -> None:
        """Show why a job failed; `retry` runs it again and saves to another folder if not ""."""
        buttons = [
            button(
                tr("Try again"),
                tr("Run the job again with the same seed"),
                lambda: retry(""),
                "retry",
            )
        ]
        if failure.unsaved:
            save = button(
                tr("Save elsewhere…"),
                tr("Save the result to another folder"),
                lambda: self._save_elsewhere(retry),
                "folder",
            )
            buttons.insert(0, save)
        self.notice.show_failure(failure, buttons)
        self.show_page()

    def _save_elsewhere(self, retry: Callable[[str], None]) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Save the result to"))
        if folder:
            retry(folder)

    def write_in_background(self, path: Path, write: Callable[[], object]) -> None:
        """Call `write`, which writes a file at `path`, and report the result."""

        def show_error(error: Exception) -> None:
            cure = error.cure if isinstance(error, StudioError) else ""
            why = f"{error} {cure}".strip()
            message = tr("{path} could not be written: {reason}", path=path, reason=why)
            show_message(self, tr("Not saved"), message)

        background.run(
            self,
            write,
            lambda _: self.shared.post_toast(
                tr("Saved {name}", name=path.name), tr("Show"), lambda: open_folder_of(path)
            ),
            show_error,
        )
