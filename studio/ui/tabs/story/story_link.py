"""Connects the story view of the text tab with the form of the task that writes stories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from studio.core.jobs import Job
from studio.core.requests import TextRequest
from studio.ui.app_state import AppState
from studio.ui.tabs.tasks.task_box import TaskBox
from studio.ui.text.text_views import TextViews

if TYPE_CHECKING:
    from studio.documents.document import Document
    from studio.ui.tabs.story.story_page import StoryPage
    from studio.ui.tabs.tasks.task_panel import TaskPanel

VIEW = "story"


class StoryTab(Protocol):
    """What the view needs of the text tab."""

    shared: AppState
    tasks: TaskBox
    views: TextViews

    def write_step(self, step: str) -> None:
        """Let the model write one step."""

    def stop(self) -> None:
        """Stop the job."""

    def open_document(self, document: Document, job_id: str) -> None:
        """Open a text that a job wrote."""


class StoryLink(QObject):
    """Offers the view while the form of such a task is open, and keeps both at one story."""

    def __init__(self, tab: StoryTab, parent: QObject) -> None:
        super().__init__(parent)
        self._tab = tab
        self._page: StoryPage | None = None
        tab.tasks.opened.connect(self._on_form_changed)
        tab.tasks.closed.connect(self._on_form_changed)
        tab.tasks.changed.connect(self._on_form_changed)

    def create_page(self) -> QWidget:
        """Create the view."""
        from studio.ui.tabs.story.story_page import StoryPage

        self._page = page = StoryPage(self._tab.shared)
        page.changed.connect(self._on_story_changed)
        page.step_requested.connect(self._tab.write_step)
        page.stop_requested.connect(self._tab.stop)
        page.document_requested.connect(self._open_document)
        self._show_story()
        return page

    @property
    def panel(self) -> TaskPanel | None:
        """The form that is shown, if its task writes stories."""
        panel = self._tab.tasks.panel
        return panel if panel is not None and panel.task.story else None

    def follow(self, job: Job) -> None:
        """Show the view while a job writes a story."""
        request = job.request
        if self.panel is None or not isinstance(request, TextRequest) or request.task is None:
            return
        if request.task.story_prompts is not None:
            self._tab.views.show_view(VIEW)
            assert self._page is not None
            self._page.job.follow(job)

    def keep_now(self) -> None:
        """Take over what was typed in the view."""
        if self._page is not None:
            self._page.keep_now()

    def _on_form_changed(self) -> None:
        self._tab.views.set_offered(VIEW, self.panel is not None)
        self._show_story()

    def _show_story(self) -> None:
        if self._page is not None and self.panel is not None:
            self._page.show_story(self.panel.story)

    def _on_story_changed(self) -> None:
        if self._page is not None and self.panel is not None:
            story = self._page.story
            self.panel.set_story(story if story.chapters or story.bible else None)

    def _open_document(self) -> None:
        from studio.documents.document import new_document
        from studio.documents.origins import Origin
        from studio.text_checks.language import detect_language
        from studio.text_tasks.story import story_text

        if self._page is None or self.panel is None:
            return
        self._page.keep_now()
        premise, job = self.panel.main.value(), self._page.job.last_id
        language = self.panel.entry().language or detect_language(premise)
        text = story_text(self._page.story, language)
        self._tab.open_document(new_document(premise, text, Origin("model", job), format="md"), job)
