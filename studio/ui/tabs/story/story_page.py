"""The story view of the text tab: each part is edited, or written again by the model, alone."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QSplitter, QVBoxLayout, QWidget

from studio.core.requests.story import Story
from studio.core.translation import tr, tr_plural
from studio.text_tasks.story import ALL, BIBLE, OUTLINE, read_step
from studio.text_tasks.story_parts import (
    has_part,
    missing_parts,
    part_text,
    with_part_text,
    with_recap,
)
from studio.ui.app_state import AppState
from studio.ui.background import DelayedCall
from studio.ui.tabs.story.part_list import PartList
from studio.ui.tabs.story.story_job import StoryJob
from studio.ui.widgets.factory import (
    Notice,
    button,
    label,
    name_control,
    row,
    text_editor,
)

UNDO_STEPS = 50
KEEP_MS = 300
"""After the last change of a part."""


class StoryPage(QWidget):
    """Shows one part at a time. It cannot be edited while the model writes."""

    changed = Signal()
    """The story changed, by the person or a job."""
    step_requested = Signal(str)
    """The model is to write this step."""
    stop_requested = Signal()
    document_requested = Signal()
    """The chapters are to be opened as one document."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self.story = Story(premise="")
        self._base = self.story
        """The story when the part that is shown was opened; edits are applied to it."""
        self._part = OUTLINE
        """The step of the part in the editor."""
        self._undo: list[Story] = []
        self._is_remembered = False
        """`undo` returns to the story before the changes of this part."""
        self._is_filling = False
        self.job = StoryJob(shared, self)
        self.parts = PartList()
        self.title = label("", "title", wrap=True)
        self.hint = label("", "muted", wrap=True)
        self.editor = text_editor(tr("Part of the story"), tr("Edit it as you like"), 200)
        self.editor.setMaximumHeight(16_777_215)  # Qt's own limit: all the room there is
        self.recap = QLineEdit()
        self.notice = Notice("notice")
        self.status = label("", "muted", wrap=True)
        self._create_buttons()
        self._lay_out()
        self._soon = DelayedCall(self, self._keep, KEEP_MS)
        self._list_soon = DelayedCall(self, self._list, 0)
        """The list cannot be filled while it reports what was chosen in it."""
        self.parts.chosen.connect(self._on_part_chosen)
        self.editor.textChanged.connect(self._on_edited)
        self.recap.textEdited.connect(self._on_recap_edited)
        self.job.written.connect(self._on_written)
        self.job.text_came.connect(self._on_text_came)
        self.job.changed.connect(self._on_job_changed)
        self.job.reported.connect(self.status.setText)
        self.job.failed.connect(lambda message, cure: self.notice.show_message(message, cure))
        self._show()

    def _create_buttons(self) -> None:
        self.write_button = button(
            tr("Write again"), tr("Let the model write only this part again"), self._write, "retry"
        )
        self.plan_button = button(
            tr("Plan its scenes"),
            tr("Let the model plan the scenes of this chapter, without writing them"),
            lambda: self._request(f"{self._part}.scenes"),
        )
        self.rest_button = button(
            tr("Write what is missing"),
            tr("Let the model write all parts that have no text yet"),
            lambda: self._request(ALL),
        )
        self.undo_button = button(
            tr("Undo"),
            tr("Take back the last change of a part, or what the model wrote"),
            self.undo,
        )
        self.document_button = button(
            tr("Open as document"),
            tr("Open the chapters as one document, to edit and export it (EPUB, Word …)"),
            self.document_requested.emit,
        )
        self.stop_button = button(
            tr("Stop"), tr("Stop the model; what is complete stays"), self.stop_requested.emit
        )

    def _lay_out(self) -> None:
        name_control(
            self.recap,
            tr("In one sentence"),
            tr("What later scenes learn about this one; empty: the model sums it up again"),
        )
        self.recap.setPlaceholderText(tr("In one sentence, for the scenes after it"))
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.title, self.hint):
            column.addWidget(widget)
        column.addWidget(self.editor, 1)
        column.addWidget(self.recap)
        column.addWidget(row(self.write_button, self.plan_button, self.undo_button, None))
        splitter = QSplitter()
        splitter.addWidget(self.parts)
        splitter.addWidget(side)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 3)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(self.notice)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.status)
        layout.addWidget(row(self.rest_button, self.document_button, self.stop_button, None))

    # The story
    # ----------------------------------------------------------------------

    def show_story(self, story: Story | None) -> None:
        """Show a story, or that none is begun."""
        story = story or Story(premise="")
        if story != self.story:
            self._undo.clear()
            self._set(story)

    def _set(self, story: Story) -> None:
        self.story = self._base = story
        self._show()

    def _show(self) -> None:
        self.parts.show_story(self.story)
        self._show_part()

    def _show_part(self) -> None:
        self._base, self._is_remembered = self.story, False
        step = self.parts.step
        if not has_part(self.story, step):  # its line was deleted; the list follows soon
            step = OUTLINE
        self._part = step
        is_busy = self.job.is_running
        place = read_step(step, self.story)
        is_scene = place.scene is not None
        self._is_filling = True
        if not is_busy:
            self.editor.setPlainText(part_text(self.story, step))
        scene = None
        if place.chapter is not None and place.scene is not None:
            scene = self.story.chapters[place.chapter].scenes[place.scene]
        self.recap.setText(scene.recap if scene is not None else "")
        self._is_filling = False
        self.recap.setVisible(is_scene)
        self.title.setText(self._title(step))
        self.hint.setText(_hint(step))
        self.hint.setVisible(not is_scene)
        self.plan_button.setVisible(place.chapter is not None and not is_scene)
        self._update_controls()

    def _title(self, step: str) -> str:
        place = read_step(step, self.story)
        if place.chapter is not None and place.scene is not None:
            scene = self.story.chapters[place.chapter].scenes[place.scene]
            return f"{step} {scene.outline}"
        item = self.parts.currentItem()
        return item.text(0)[2:] if item is not None else step

    def _update_controls(self) -> None:
        is_busy, has_story = self.job.is_running, bool(self.story.chapters)
        self.editor.setReadOnly(is_busy)
        self.recap.setReadOnly(is_busy)
        self.parts.setEnabled(not is_busy)
        for control in (self.write_button, self.plan_button):
            control.setEnabled(not is_busy and has_story)
        missing = missing_parts(self.story)
        self.rest_button.setEnabled(not is_busy and missing > 0)
        self.undo_button.setEnabled(not is_busy and bool(self._undo))
        has_text = any(scene.text for one in self.story.chapters for scene in one.scenes)
        self.document_button.setEnabled(has_text)
        self.stop_button.setVisible(is_busy)
        if not is_busy:
            self.status.setText(self._state_text(missing))

    def _state_text(self, missing: int) -> str:
        if not self.story.chapters:
            return tr("No story yet. Fill in the premise, and press “Generate”.")
        if not missing:
            return tr("The story is complete.")
        return tr_plural("One part has no text yet.", "{count} parts have no text yet.", missing)

    # Editing
    # ----------------------------------------------------------------------

    def _on_part_chosen(self, _step: str) -> None:
        self.keep_now()
        self._show_part()

    def _list(self) -> None:
        self.parts.show_story(self.story)
        if self.parts.step != self._part:
            self._show_part()

    def _on_edited(self) -> None:
        if not self._is_filling and not self.job.is_running:
            self._soon.start()

    def _on_recap_edited(self, text: str) -> None:
        self.keep_now()
        self._remember()
        self.story = self._base = with_recap(self.story, self._part, text)
        self._update_controls()
        self.changed.emit()

    def keep_now(self) -> None:
        """Take over what was typed at once."""
        if self._soon.isActive():
            self._soon.stop()
            self._keep()

    def _keep(self) -> None:
        """Take over what was typed, and list the parts that it makes."""
        story = with_part_text(self._base, self._part, self.editor.toPlainText())
        if story == self.story:
            return
        self._remember()
        self.story = story
        self._list_soon.request()
        self._update_controls()
        self.changed.emit()

    def _remember(self) -> None:
        """Make the story before this change one that `undo` returns to, once for each part."""
        if not self._is_remembered:
            self._is_remembered = True
            self._undo = [*self._undo[-UNDO_STEPS:], self.story]

    def undo(self) -> None:
        """Return to the story before the last change."""
        self.keep_now()
        if self._undo:
            self._set(self._undo.pop())
            self.changed.emit()

    # The model
    # ----------------------------------------------------------------------

    def _write(self) -> None:
        self._request(self._part)

    def _request(self, step: str) -> None:
        self.keep_now()
        self.notice.clear()
        self.step_requested.emit(step)

    def _on_job_changed(self) -> None:
        self._show_part()
        if self.job.is_running:
            self._is_filling = True
            self.editor.setPlainText("")
            self._is_filling = False
            self.notice.clear()

    def _on_text_came(self, text: str) -> None:
        self._is_filling = True
        self.editor.appendPlainText(text)
        self._is_filling = False

    def _on_written(self, story: Story) -> None:
        self._remember()
        self._set(story)
        self.changed.emit()


def _hint(step: str) -> str:
    if step == OUTLINE:
        return tr("A line for each chapter: its title, a colon, and what happens.")
    if step == BIBLE:
        return tr("A line each: the name, a colon, and what the story keeps to.")
    return tr("A line for each scene of the chapter: what happens.")
