"""The title of a chat, with the menu of the others."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu

from studio.core.translation import tr
from studio.documents.chat import ChatInfo
from studio.ui.tabs.chat.chat_text import ChatText
from studio.ui.tabs.chat.open_chat import OpenChat
from studio.ui.text.document_header import TitleButton
from studio.ui.text.lists.title_list import ask_title
from studio.ui.widgets.factory import name_control

RECENT = 20


class ChatTitle(TitleButton):
    """Shows the title; its menu opens, renames and deletes chats."""

    def __init__(self, open_chat: OpenChat, chat_text: ChatText) -> None:
        super().__init__()
        self._chat_text = chat_text
        self._open_chat = open_chat
        self.menu_of_chats = QMenu(self)
        self.setMenu(self.menu_of_chats)
        self.menu_of_chats.aboutToShow.connect(self._fill_menu)
        for signal in (open_chat.opened, open_chat.changed):
            signal.connect(self.show_title)
        self.show_title()

    def show_title(self) -> None:
        """Show the title of the open chat."""
        title = self._open_chat.chat.title or tr("New chat")
        self.set_title(title)
        name_control(self, tr("Chat: {title}", title=title), tr("Open, rename and delete chats"))

    def _fill_menu(self) -> None:
        menu, open_chat = self.menu_of_chats, self._open_chat
        menu.clear()
        menu.addAction(tr("New chat")).triggered.connect(lambda _on=False: open_chat.new())
        menu.addAction(tr("All chats…")).triggered.connect(lambda _on=False: self.show_list())
        if open_chat.chat.turns:
            menu.addAction(tr("Rename…")).triggered.connect(lambda _on=False: self.rename())
            for text, call in (
                (tr("Copy the chat"), self._chat_text.copy),
                (tr("Export…"), self._chat_text.export),
            ):
                action = menu.addAction(text)
                action.triggered.connect(lambda _on=False, one=call: one(open_chat.chat))
            menu.addAction(tr("Delete")).triggered.connect(lambda _on=False: open_chat.delete())
        menu.addSeparator()

        def show(infos: tuple[ChatInfo, ...]) -> None:
            for info in infos[:RECENT]:
                action = menu.addAction((info.title or tr("Untitled")).replace("&", "&&"))
                action.setCheckable(True)
                action.setChecked(info.id == open_chat.chat.id)
                action.triggered.connect(lambda _on=False, one=info.id: open_chat.open(one))

        open_chat.documents.run(lambda store: store.chats.list(), show, owner=self)

    def show_list(self) -> None:
        """Show the window with all chats."""
        from studio.ui.tabs.chat.chat_list import ChatList

        ChatList(self._open_chat, self.window()).show()

    def rename(self) -> None:
        """Ask for another title."""
        if title := ask_title(self, self._open_chat.chat.title):
            self._open_chat.rename(title)
