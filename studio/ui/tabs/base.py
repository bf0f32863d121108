"""The tab of one kind: its form, and the stage that shows its jobs and their results."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget

from studio.core.artifact import Recipe
from studio.core.errors import InvalidRequestError
from studio.core.jobs import Job
from studio.core.requests import Request
from studio.core.translation import tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.stage.examples import ExamplesPage, examples_for
from studio.ui.stage.shown_result import ShownResult, of_file, of_job
from studio.ui.stage.stage import Stage
from studio.ui.tabs.form_tab import FormTab
from studio.ui.tabs.layout import add_splitter, place_sides
from studio.ui.widgets.factory import Notice, button


class GenerateTab(FormTab):
    """A form, whose jobs the queue runs, and a stage."""

    stage: Stage

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(shared, parent)
        self._edited = ""
        """Id of the waiting job in the form; empty for a new job."""
        self._values_before_edit: dict[str, Any] = {}
        self.stage = self.create_stage()
        self.examples_page = ExamplesPage(self.kind)
        self.examples_page.chosen.connect(self._generate_example)
        self.stage.set_empty_page(self.examples_page)
        splitter = add_splitter(self)
        self.form_side = self._form_side(splitter)
        place_sides(splitter, self.form_side, self.result_side())
        self._connect_form()
        self._connect_stage()
        self.stop_button.setEnabled(False)
        self.refresh_models()
        self.stage.follow_running_job()

    @abstractmethod
    def create_stage(self) -> Stage:
        """Create the stage for this kind."""

    def result_side(self) -> QWidget:
        """Return the side next to the form, which has the stage."""
        return self.stage

    def _connect_stage(self) -> None:
        stage = self.stage
        stage.activity_changed.connect(self.stop_button.setEnabled)
        stage.load_requested.connect(self.load)
        stage.submit_requested.connect(self.generate)
        stage.shown_changed.connect(self._compare_with_stage)
        self.shared.model_replaced.connect(self._on_model_replaced)

    @property
    def notice(self) -> Notice:
        """The stage's notice: why a job failed, for example."""
        return self.stage.notice

    @property
    def status(self) -> QLabel:
        """The stage's line about progress and end of a job."""
        return self.stage.status

    @property
    def bar(self) -> QProgressBar:
        """The stage's progress bar."""
        return self.stage.bar

    # Jobs
    # ----------------------------------------------------------------------

    def generate(self) -> None:
        """See `FormTab`."""
        request = self.check()
        if request is None:
            self.form_side.show()  # with the hint about what is missing
            return
        if self._edited:
            self.shared.queue.replace(
                self._edited, request, self.shared.output_folder(), self._on_replaced
            )
            return
        mode = self.alternatives.mode
        if mode == "off":
            self._submit([request])
            return
        folder = self.shared.data.wildcards

        def expand_texts() -> list[Request]:
            from studio.batch.form_prompt.alternatives import expand

            return expand(request, mode, folder)

        background.run(self, expand_texts, self._on_expanded, self._on_not_expanded)

    def _on_expanded(self, requests: list[Request]) -> None:
        self._submit(requests)

    def _submit(self, requests: list[Request]) -> list[Job]:
        jobs = [self.shared.new_job(request, self.sources) for request in requests]
        if self.stage.is_over:
            self.stage.follow(jobs[0])
        if len(jobs) > 1:
            self.shared.post_toast(tr("{jobs} jobs were added to the queue", jobs=len(jobs)))
        elif self.stage.job is None or self.stage.job.id != jobs[0].id:
            self.shared.post_toast(tr("Added to the queue"))
        self.shared.queue.submit(jobs)
        return jobs

    def _on_not_expanded(self, error: Exception) -> None:
        self.stage.notice.show_message(
            tr("The prompt {problem}.", problem=error), tr("Change the prompt.")
        )

    def _on_model_changed(self) -> None:
        super()._on_model_changed()
        self.examples_page.offer(self.card)
        self.preset_button.offer_examples(examples_for(self.card) if self.card else ())

    def _on_model_replaced(self, kind: str, before: str, now: str) -> None:
        if kind != self.kind:
            return
        self.refresh_models()  # the new one may not be listed yet
        if self._edited:
            if self._values_before_edit.get("model") == before:
                self._values_before_edit["model"] = now
        elif self.model.currentData() == before:
            self.choose_model(now)

    def _generate_example(self, prompt: str) -> None:
        self.prompt.replace_text(prompt)
        self.generate()

    def _on_replaced(self, _job: Job, changed: bool) -> None:
        """Report that an edited job is stored: changed, or as a new one if it no longer waited."""
        if changed:
            self.shared.post_toast(tr("The waiting job was changed"))
        else:
            self.shared.post_toast(
                tr("That job no longer waits. Your changes were added to the queue as a new job.")
            )
        if self._edited:
            self._end_edit()

    def edit(self, job: Job) -> None:
        """Fill the form with a waiting job; `generate` then changes it instead of adding one."""
        if not self._edited:
            self._values_before_edit = self._values_with_model()
        self._edited = job.id
        self.set_values(msgspec.structs.asdict(job.request))
        self.generate_button.setText(tr("Change the waiting job"))
        cancel = button(tr("Don't change"), tr("Leave the job as it is"), self._end_edit)
        self.editing.show_message(
            tr("You are changing a job that waits in the queue."), "", [cancel]
        )
        self.focus_form()

    def _end_edit(self) -> None:
        self._edited = ""
        self.set_values(self._values_before_edit)
        self.generate_button.setText(tr_marked(self.start_title))
        self.editing.clear()

    def stop(self) -> None:
        """See `FormTab`."""
        self.stage.stop()

    def save_as(self) -> None:
        """See `FormTab`."""
        if not self.stage.is_grid_shown:
            self.stage.save_as()

    def copy(self) -> None:
        """See `FormTab`."""
        if not self.stage.is_grid_shown:
            self.stage.copy()

    # Form and stage
    # ----------------------------------------------------------------------

    def show_file(self, path: Path, recipe: Recipe) -> None:
        """Show the result in a file, with its settings in the form."""
        self.load(of_file(path, recipe))
        self.stage.show_file(path, recipe)

    def show_job(self, job: Job) -> None:
        """Show a job's result, failure or progress, with its settings in the form."""
        self.load(of_job(job))
        self.stage.show_job(job)

    def load(self, result: ShownResult) -> None:
        """Fill the form with the settings of a result."""
        self.set_values(result.form_values())
        self.shared.post_toast(tr("The form has the settings of the result"))

    def _on_edited(self) -> None:
        super()._on_edited()
        self._compare_with_stage()

    def _compare_with_stage(self) -> None:
        """Let the stage show whether the form has other settings than the result."""
        shown = self.stage.shown
        self.stage.header.show_difference(shown is not None and not self._has_settings_of(shown))

    def _has_settings_of(self, result: ShownResult) -> bool:
        """True if the form would generate the result again; an empty seed fits every seed."""
        card = self.card
        values = self.values()
        if card is None or card.name != (result.model or result.request.model):
            return False
        try:
            request = self.build(card)
        except InvalidRequestError:
            return False
        ours, theirs = msgspec.structs.asdict(request), msgspec.structs.asdict(result.request)
        if request.seed not in (None, result.seed, result.request.seed):
            return False
        return all(ours[name] == theirs[name] for name in values if name != "seed")
