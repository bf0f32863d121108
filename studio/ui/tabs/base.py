"""What the tabs have in common: prompt and form on the left, the result on the right, and one job
that is shown.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import Any, Self

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import Failure, InvalidRequestError, Problem
from studio.core.events import Cancelled, Event, Failed, Finished, Loading, Progress
from studio.core.jobs import Job, JobState, new_job
from studio.core.kinds import KINDS
from studio.core.requests import Request, fields
from studio.models.card import ModelCard, request_for
from studio.preflight.checks import check
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import FittedScrollArea
from studio.ui.widgets.factory import Notice, button, label, name_control, restyle, row, text_editor
from studio.ui.widgets.request_form import RequestForm

LEFT_WIDTH = 400
LEAST_RESULT_HEIGHT = 80
"""In a low window the result scrolls; the status stays below it."""


class Tab(QWidget):
    """A tab of the window, which shows one form or switches between several.

    `core.kinds` names the tab of each kind: the tab `audio` is the class `AudioTab` in
    `ui/tabs/audio.py`, constructed with the `AppState`.
    """

    @abstractmethod
    def current(self) -> GenerateTab:
        """Return the form that is shown."""

    @abstractmethod
    def for_kind(self, kind: str) -> GenerateTab:
        """Show and return the form of one of the tab's kinds."""

    @abstractmethod
    def load_draft(self) -> None:
        """Fill the form as the user left it when Studio was closed."""

    def release_devices(self) -> None:
        """Close the audio device and the like, before the window closes."""


class GenerateTab(Tab):
    """A tab for one kind of request. Subclasses give the result's side and what is special in the
    form.
    """

    kind: str
    own_fields: tuple[str, ...] = ()
    """Fields that the subclass shows itself, beside prompt and model."""

    job_shown = Signal(str)

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self.shared = shared
        self._job: Job | None = None
        """The job that is shown, the first of those that run together."""
        self._group: dict[str, Job] = {}
        """That one and those that run together with it, in the order of their results."""
        self._progress: dict[str, Progress] = {}
        """The last one of each job of the group."""
        self._mine: set[str] = set()
        self._begun = 0.0
        self._edited = ""
        self._before_edit: dict[str, Any] = {}
        self._loading_draft = (
            True  # until `load_draft`: building the form must not write over what stood here
        )
        self.prompt = text_editor(
            "Prompt", "What to make, in your own words. Ctrl+Enter starts.", 110
        )
        self.model = QComboBox()
        name_control(self.model, "Model", "The model that does it")
        self.model.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._titles = {
            info.name: info.meta.title or info.name
            for info in fields(KINDS[self.kind].request_type)
        }
        self.form = RequestForm(
            KINDS[self.kind].request_type, skip=("prompt", "model", *self.own_fields)
        )
        self._prompt_problem = label(role="error", wrap=True)
        self.generate_button = button(
            "Generate", "Start (Ctrl+Enter)", self.generate, "play", primary=True
        )
        self.stop_button = button("Stop", "Stop and keep what is there (Esc)", self.stop, "stop")
        self._why_not = label(role="muted", wrap=True)
        self.status = label("", "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, "Progress", "How far the job is")
        self.notice = Notice()
        self._no_model = Notice("banner")
        self.editing = Notice("banner")
        self._lay_out()
        self._connect()
        self.refresh_models()
        self.show_idle()

    def current(self) -> Self:
        """Return the form that is shown: this one. A tab of several kinds has several."""
        return self

    def for_kind(self, kind: str) -> Self:
        """Return the form of one of the tab's kinds, shown."""
        assert kind == self.kind
        return self

    # What subclasses implement
    # ----------------------------------------------------------------------

    @abstractmethod
    def save_as(self) -> None:
        """Save a copy of the result under a name that the user chooses."""

    def copy(self) -> None:
        """Copy the result, if it can be copied."""

    @abstractmethod
    def result_widget(self) -> QWidget:
        """Return the widget that shows results; called once."""

    def extra_widgets(self) -> list[QWidget]:
        """Return what stands between prompt and settings."""
        return []

    def model_widgets(self) -> list[QWidget]:
        """Return what stands below the model."""
        return []

    def own_values(self) -> dict[str, Any]:
        """Return the values of `own_fields`."""
        return {}

    def set_own_values(self, values: dict[str, Any]) -> None:
        """Show values of `own_fields`."""

    def on_card_changed(self, card: ModelCard | None) -> None:
        """Another model was chosen."""

    def begin_result(self, job: Job) -> None:
        """A job of this tab begins: empty the result's side."""

    def show_event(self, job: Job, event: Event) -> None:
        """Show an event of the running job."""

    def find_problems(self, card: ModelCard, request: Request) -> list[Problem]:
        """Return why the model cannot run the request. Subclasses add what their panels know about
        files.
        """
        return check(card, request, self.shared.find_card, read_files=False)

    # Layout
    # ----------------------------------------------------------------------

    def _lay_out(self) -> None:
        settings = QWidget()
        inner = QVBoxLayout(settings)
        inner.setContentsMargins(16, 12, 16, 12)
        inner.setSpacing(8)
        for widget in (
            label("Prompt", "muted"),
            self.prompt,
            self._prompt_problem,
            *self.extra_widgets(),
        ):
            inner.addWidget(widget)
        inner.addWidget(label("Model", "muted"))
        inner.addWidget(self.model)
        inner.addWidget(self._no_model)
        for widget in self.model_widgets():
            inner.addWidget(widget)
        inner.addSpacing(4)
        inner.addWidget(self.form)
        inner.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(settings)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(row(self.editing, margins=(16, 8, 16, 0)))
        column.addWidget(scroll, 1)
        column.addWidget(self._why_not_row())
        column.addWidget(row(self.generate_button, self.stop_button, margins=(16, 4, 16, 12)))
        self.generate_button.setSizePolicy(
            self.prompt.sizePolicy().horizontalPolicy(),
            self.generate_button.sizePolicy().verticalPolicy(),
        )
        right = QWidget()
        side = QVBoxLayout(right)
        side.setContentsMargins(16, 12, 16, 12)
        side.setSpacing(8)
        result = QWidget()
        shown = QVBoxLayout(result)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.setSpacing(8)
        shown.addWidget(self.notice)
        shown.addWidget(self.result_widget(), 1)
        side.addWidget(FittedScrollArea(result, LEAST_RESULT_HEIGHT, grows=True), 1)
        side.addWidget(self.bar)
        side.addWidget(self.status)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setSizes([LEFT_WIDTH, 880])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        left.setMinimumWidth(300)
        right.setMinimumWidth(388)  # the buttons of all tabs
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    def _why_not_row(self) -> QWidget:
        return row(self._why_not, margins=(16, 4, 16, 0))

    def _advised(self, advice: QLabel, below: QWidget) -> QWidget:
        """Return advice about the prompt above another row."""
        # Outside the part that scrolls: a wrapped line in there makes the fields jump while a
        # person types.
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        advice.setContentsMargins(16, 4, 16, 0)
        layout.addWidget(advice)
        layout.addWidget(below)
        return holder

    def _connect(self) -> None:
        self.prompt.textChanged.connect(self._on_edited)
        self.form.changed.connect(self._on_edited)
        self.model.currentIndexChanged.connect(self._on_model_changed)
        self.shared.models_changed.connect(self.refresh_models)
        self.shared.queue.job_event.connect(self._on_job_event)
        self.shared.queue.jobs_changed.connect(self._on_jobs_changed)
        self.shared.queue.cancel_requested.connect(self._on_cancel_requested)
        self.shared.queue.failed.connect(self._on_queue_failed)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(
                QKeySequence(keys),
                self,
                self.generate,
                context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
            )
        QShortcut(
            QKeySequence("Esc"),
            self,
            self.stop,
            context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
        )

    # Models
    # ----------------------------------------------------------------------

    @property
    def card(self) -> ModelCard | None:
        """The chosen model."""
        name = self.model.currentData()
        return next((card for card in self.shared.cards(self.kind) if card.name == name), None)

    def refresh_models(self) -> None:
        """Fill the list of models again, keeping the chosen one."""
        before = self.model.currentData()
        self.model.blockSignals(True)
        self.model.clear()
        for card in self.shared.cards(self.kind):
            self.model.addItem(card.title, card.name)
        index = self.model.findData(before)
        self.model.setCurrentIndex(max(0, index))
        self.model.blockSignals(False)
        self.model.setVisible(self.model.count() > 0)
        if self.model.count():
            self._no_model.clear()
        elif self.kind == "text":
            get = button(
                "Get the starter model (99 MB)",
                "Download a small text model",
                self.shared.starter_wanted.emit,
                "save",
            )
            self._no_model.show_message(
                "There is no text model yet.",
                "The starter is a small English chat model that runs on any computer.",
                [get],
            )
        else:
            self._no_model.show_message(
                f"There is no {self.kind} model yet.",
                "Add a model folder from this computer with Models.",
            )
        self._on_model_changed()

    def choose_model(self, name: str) -> None:
        """Choose a model by name, where it is installed."""
        index = self.model.findData(name)
        if index >= 0:
            self.model.setCurrentIndex(index)

    def _on_model_changed(self) -> None:
        card = self.card
        self.form.hide_fields(card.unused_fields if card else ())
        self.form.set_defaults(dict(card.defaults) if card else {})
        self.on_card_changed(card)
        self._on_edited()

    # The request
    # ----------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return everything that stands in the tab."""
        return {**self.form.values(), **self.own_values(), "prompt": self.prompt.toPlainText()}

    def set_values(self, values: dict[str, Any]) -> None:
        """Fill the tab, from a preset, a draft or an artifact's recipe."""
        if isinstance(values.get("prompt"), str):
            self.prompt.setPlainText(values["prompt"])
        if values.get("model"):
            self.choose_model(str(values["model"]))
        self.form.set_values(values)
        self.set_own_values(values)

    def request(self) -> Request:
        """Return the request as it stands. Raises InvalidRequestError."""
        card = self.card
        if card is None:
            raise InvalidRequestError([Problem("model", "none is installed")])
        request = request_for(card, self.values())
        problems = self.find_problems(card, request)
        if problems:
            raise InvalidRequestError(problems)
        return request

    def check(self) -> Request | None:
        """Mark what is wrong; return the request where nothing is."""
        problems: list[Problem] = []
        request = None
        try:
            request = self.request()
        except InvalidRequestError as error:
            problems = error.problems
        rest = self.form.set_problems(problems)
        empty = not self.prompt.toPlainText().strip()
        prompt_problem = (
            ""
            if empty
            else next((problem.message for problem in rest if problem.field == "prompt"), "")
        )
        self._prompt_problem.setText(
            f"The prompt {prompt_problem}" if prompt_problem[:1].islower() else prompt_problem
        )
        self._prompt_problem.setVisible(bool(prompt_problem))
        if bool(self.prompt.property("wrong")) != bool(prompt_problem):
            self.prompt.setProperty("wrong", bool(prompt_problem))
            restyle(self.prompt)
        why = ""
        if self.card is None:
            why = "A model is missing."
        elif empty:
            why = "Write a prompt to begin."
        elif problems:
            first = problems[0]
            field = self.form.fields.get(first.field)
            why = f"{field.info.meta.title if field else self._titles.get(first.field, first.field.title())}: {first.message}"  # noqa: E501
        self._why_not.setText(why)
        self._why_not.setVisible(bool(why))
        self.generate_button.setEnabled(request is not None)
        return request

    def _on_edited(self) -> None:
        self.check()
        if not self._loading_draft:
            self.shared.keep_draft(
                self.kind, {**self.values(), "model": self.model.currentData() or ""}
            )

    def load_draft(self) -> None:
        """Show what stood here when the program was last closed."""
        draft = self.shared.draft(self.kind)
        if draft:
            self.set_values(draft)
        self._loading_draft = False
        self.check()

    # Jobs
    # ----------------------------------------------------------------------

    def generate(self) -> None:
        """Put the request into the queue."""
        request = self.check()
        if request is None:
            return
        if self._edited:
            self.shared.queue.replace(
                self._edited, request, self.shared.output_folder(), self._on_replaced
            )
            return
        job = new_job(request, self.shared.output_folder())
        self._mine.add(job.id)
        seed = self.form.fields.get("seed")
        if seed is not None and request.seed is None:
            seed.editor.setProperty("placeholderText", f"random (now {job.request.seed})")
        if self.is_over:
            self._begin(job)
        else:
            self.shared.said.emit("Added to the queue")
        self.shared.queue.submit([job])

    def _on_replaced(self, job: Job, changed: bool) -> None:
        """An edited job is stored: `changed`, or as a new job because the old one no longer
        waited.
        """
        if changed:
            self.shared.said.emit("The waiting job is changed")
        else:
            self._mine.add(job.id)
            self.shared.said.emit(
                "That job no longer waits; the change was added to the queue as a new job"
            )
        if self._edited:
            self._end_edit()

    def edit(self, job: Job) -> None:
        """Fill the form with a waiting job; `generate` then changes it instead of adding one."""
        if not self._edited:
            self._before_edit = {**self.values(), "model": self.model.currentData() or ""}
        self._edited = job.id
        self.set_values(msgspec.structs.asdict(job.request))
        self.generate_button.setText("Change the waiting job")
        leave = button("Leave it as it is", "End without a change", self._end_edit)
        self.editing.show_message("This is a job that waits in the queue.", "", [leave])
        self.prompt.setFocus()

    def _end_edit(self) -> None:
        self._edited = ""
        self.set_values(self._before_edit)  # what stood here before
        self.generate_button.setText("Generate")
        self.editing.clear()

    def stop(self) -> None:
        """Stop the jobs that are shown; what is there is kept."""
        if not self.is_over:
            self.shared.queue.cancel([job.id for job in self._group.values() if not job.state.over])

    @property
    def is_over(self) -> bool:
        """True where no job is shown that waits or runs."""
        return all(job.state.over for job in self._group.values())

    def _begin(self, job: Job) -> None:
        self._job = job
        self._group, self._progress = {job.id: job}, {}
        self._begun = time.monotonic()
        self.notice.clear()
        self.begin_result(job)
        self.bar.setRange(0, 0)
        self.bar.show()
        self.stop_button.setEnabled(True)
        self.status.setText("Waiting in the queue…")
        self.job_shown.emit(job.id)

    def show_idle(self) -> None:
        """Nothing runs."""
        self.bar.hide()
        self.stop_button.setEnabled(False)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.id not in self._mine:
                continue
            before = self._group.get(job.id)
            if before is not None:
                self._group[job.id] = job
            if self._job is not None and job.id == self._job.id:
                self._job = job
            if job.state is JobState.RUNNING and (before is None or before.state.over):
                self._show_running(job)

    def _show_running(self, job: Job) -> None:
        """Show a job that began: beside those that run together with it, else in place of what was
        shown.
        """
        others = [other for other in self._group.values() if other.id != job.id]
        if any(other.state is JobState.RUNNING for other in others):
            self._group[job.id] = job
        else:
            self._begin(job)

    def _on_queue_failed(self, sentence: str, job_ids: list[str]) -> None:
        """Jobs that the queue could not store will not run: show why, keep the prompt, and let it
        be tried again.
        """
        self._mine.difference_update(job_ids)
        if self._job is None or self._job.id not in job_ids:
            return
        self._job = msgspec.structs.replace(self._job, state=JobState.FAILED)
        self._group = {self._job.id: self._job}
        self.show_idle()
        self.status.setText("")
        failure = Failure(
            cause="disk",
            message=sentence,
            cure="Free some space or correct the name, then try again.",
        )
        self.notice.show_failure(
            failure,
            [button("Try again", "Put the same into the queue again", self.generate, "retry")],
        )

    def _on_cancel_requested(self, job_id: str) -> None:
        if job_id in self._group:
            self.status.setText("Stopping…")

    def _on_job_event(self, job_id: str, event: Event) -> None:
        job = self._group.get(job_id)
        if job is None:
            return
        if isinstance(event, Loading):
            self.status.setText(f"{event.phase}…")
        elif isinstance(event, Progress):
            self._show_progress(job_id, event)
        self.show_event(job, event)
        if isinstance(event, (Finished, Failed, Cancelled)):
            self._end(job, event)

    def _show_progress(self, job_id: str, event: Progress) -> None:
        """Show how far all jobs of the group are together."""
        self._progress[job_id] = event
        steps = 0
        for job in self._group.values():
            own = self._progress.get(job.id)
            steps += event.total if job.state.over else own.step if own is not None else 0
        whole = msgspec.structs.replace(
            event, step=steps, total=event.total * len(self._group), preview=None
        )
        self.bar.setRange(0, whole.total)
        self.bar.setValue(whole.step)
        together = f"{len(self._group)} jobs together · " if len(self._group) > 1 else ""
        self.status.setText(f"{together}{self.progress_text(whole)}")

    def progress_text(self, event: Progress) -> str:
        """Return the line under the result while it is made."""
        elapsed = time.monotonic() - self._begun
        left = elapsed / event.step * (event.total - event.step) if event.step else 0
        return f"{event.unit.title()} {event.step} of {event.total} · about {left:.0f} s left"

    def finished_text(self, event: Finished) -> str:
        """Return the line under a finished result."""
        seed = self._job.request.seed if self._job else ""
        return " · ".join(
            [
                f"Done in {event.statistics.run_seconds:.1f} s",
                f"seed {seed}",
                *event.statistics.notes,
            ]
        )

    def _end(self, job: Job, event: Finished | Failed | Cancelled) -> None:
        if isinstance(event, Failed) and not job.state.over:
            self.status.setText("The engine ended unexpectedly; the job runs once more…")
            self.bar.setRange(0, 0)
            return
        if isinstance(event, Failed):
            self._show_failure(job.failure or event.failure, job.id)
        if not self.is_over:  # others of the group go on
            return
        self.show_idle()
        if len(self._group) > 1:
            self.status.setText(self._group_text())
        elif isinstance(event, Finished):
            self.status.setText(self.finished_text(event))
        elif isinstance(event, Cancelled):
            self.status.setText(
                "Stopped; what was made is kept." if event.artifacts else "Stopped."
            )
        else:
            self.status.setText("")

    def _group_text(self) -> str:
        """Return the line under the results of jobs that ran together."""
        jobs = self._group.values()
        done = [job for job in jobs if job.state is JobState.COMPLETED]
        failed = sum(job.state is JobState.FAILED for job in jobs)
        parts = [f"{len(done)} of {len(jobs)} jobs done"]
        parts += [f"{failed} failed"] if failed else []
        parts += (
            [
                f"seeds {', '.join(str(job.request.seed) for job in done[:8])}{' …' if len(done) > 8 else ''}"  # noqa: E501
            ]
            if done
            else []
        )
        return " · ".join(parts)

    def _show_failure(self, failure: Failure, job_id: str) -> None:
        def retry(folder: str = "") -> None:
            self.notice.clear()
            self.shared.queue.retry([job_id], folder)

        buttons = [button("Try again", "Run the job again with the same seed", retry, "retry")]
        if failure.unsaved:
            buttons.insert(
                0,
                button(
                    "Save elsewhere…",
                    "Save the finished result to another folder",
                    lambda: self._save_elsewhere(retry),
                    "folder",
                ),
            )
        self.notice.show_failure(failure, buttons)

    def _save_elsewhere(self, retry: Any) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Save the result to")
        if folder:
            retry(folder)
