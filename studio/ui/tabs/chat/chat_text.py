"""A chat as one text: copied, or exported as a file of any format that documents have."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.file_names import slug
from studio.core.translation import tr
from studio.documents.chat import Chat
from studio.documents.document import Document, new_document
from studio.documents.origins import PERSON, Origin, Stretch, merged
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder_of
from studio.ui.text.files.background_file import BackgroundFile
from studio.ui.text.files.document_export import export, exported_name, filters
from studio.ui.widgets.replace_file import may_write


def chat_document(chat: Chat) -> Document:
    """Return the shown turns as Markdown, with who wrote what; without thoughts and summaries."""
    parts: list[tuple[str, Origin]] = []
    for turn in chat.path():
        is_answer = turn.role == "assistant"
        parts.append((f"**{tr('Answer') if is_answer else tr('You')}**\n\n", PERSON))
        origin = Origin("model", turn.job) if turn.job else PERSON
        parts.append((f"{turn.text.strip()}\n\n", origin))
    parts = [(text.replace("\r\n", "\n").replace("\r", "\n"), origin) for text, origin in parts]
    document = new_document(chat.title, "".join(text for text, _origin in parts), format="md")
    stretches = [Stretch(len(text), origin) for text, origin in parts]
    if sum(one.length for one in stretches) == len(document.text):
        document.origins = merged(stretches)
    return document


class ChatText(QObject):
    """Copies and exports the chat that is shown."""

    def __init__(self, shared: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._parent = parent
        self.work = BackgroundFile(self)

    def copy(self, chat: Chat) -> None:
        """Copy all shown turns as Markdown."""
        QGuiApplication.clipboard().setText(chat_document(chat).text)
        self._shared.post_toast(tr("Copied"))

    def export(self, chat: Chat) -> None:
        """Ask for a file and write the shown turns in its format."""
        suggested = str(Path.home() / f"{slug(chat.title or tr('Untitled'))}.md")
        chosen, kind = QFileDialog.getSaveFileName(
            self._parent, tr("Export"), suggested, filters(), filters().split(";;")[1]
        )
        path = exported_name(chosen, kind)
        if not chosen or not may_write(self._parent, chosen, path):
            return
        document = chat_document(chat)
        jobs = [self._shared.queue.job(turn.job) for turn in chat.path() if turn.job]
        model = next((job.request.model for job in jobs if job is not None), "")
        has_recipe = self._shared.settings.recipe_in_files

        def report(notices: tuple[str, ...]) -> None:
            self._shared.post_toast(
                tr("Saved {name}", name=path.name), tr("Show"), lambda: open_folder_of(path)
            )
            self.work.show_notices(notices)

        self.work.start(
            tr("Exporting {name}…", name=path.name),
            lambda progress, _is_cancelled: export(
                path,
                document,
                model=model,
                has_recipe=has_recipe,
                is_labelled=True,
                on_progress=progress,
            ),
            report,
        )
