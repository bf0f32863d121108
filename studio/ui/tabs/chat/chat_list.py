"""The window with all chats: search them, open, rename, duplicate and delete them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QPushButton, QWidget

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.store import DocumentStore
from studio.ui.tabs.chat.open_chat import OpenChat
from studio.ui.text.lists.title_list import Entry, ListTexts, TitleList
from studio.ui.widgets.factory import button


class ChatList(TitleList):
    """Lists the chats, the one that changed last first."""

    def __init__(self, open_chat: OpenChat, parent: QWidget) -> None:
        self._open_chat = open_chat
        self.duplicate_button = button(
            tr("Duplicate"), tr("Copy the selected chat with all its versions"), self.duplicate
        )
        texts = ListTexts(
            title=tr("Chats"),
            size=tr("Turns"),
            search=tr("Find a chat"),
            search_tip=tr("Show the chats whose title or turns contain this"),
            nothing=tr("There are no chats."),
            not_found=tr("No chat contains this."),
            open=tr("Open the selected chat"),
            rename=tr("Give the selected chat another title"),
            delete=tr("Move the selected chat to the trash"),
        )
        super().__init__(open_chat.documents, parent, open_chat.chat.id, texts)
        self.opened.connect(open_chat.open)

    def more_buttons(self) -> Sequence[QPushButton]:
        """See `TitleList`."""
        return (self.duplicate_button,)

    def read(self, store: DocumentStore, wanted: str) -> Sequence[Entry]:
        """See `TitleList`."""
        return [
            Entry(info.id, info.title, info.title or tr("Untitled"), info.changed, info.turns)
            for info in store.chats.list(wanted)
        ]

    def rename(self, store: DocumentStore, text_id: str, title: str) -> None:
        """See `TitleList`."""
        store.chats.rename(text_id, title)

    def rename_selected(self) -> None:
        """See `TitleList`. The open chat shows its title."""
        super().rename_selected()
        self._open_chat.read_title()

    def delete(self, entry: Entry) -> None:
        """See `TitleList`."""
        self._open_chat.delete(entry.id, entry.title)

    def duplicate(self) -> None:
        """Copy the selected chat."""
        entry = self.selected_entry()
        if entry is None:
            return
        title = tr("{title} (copy)", title=entry.name)
        self.documents.run(
            lambda store: store.chats.duplicate(entry.id, title),
            failed=self._on_duplicate_failed,
            changes_list=True,
            is_saving=True,
            owner=self,
        )

    def _on_duplicate_failed(self, error: StudioError) -> None:
        self.notice.show_message(error.message, error.cure)
