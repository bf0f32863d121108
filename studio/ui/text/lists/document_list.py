"""The window with all documents: find, open, rename and delete them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from studio.core.translation import tr
from studio.documents.store import DocumentStore
from studio.documents.versions import names_of
from studio.ui.app_state import AppState
from studio.ui.text.lists.title_list import Entry, ListTexts, TitleList
from studio.ui.text.live_documents import LiveDocuments


class DocumentList(TitleList):
    """Lists the documents, the one that changed last first."""

    def __init__(
        self, shared: AppState, documents: LiveDocuments, parent: QWidget, open_id: str
    ) -> None:
        self._shared = shared
        texts = ListTexts(
            title=tr("Documents"),
            size=tr("Characters"),
            search=tr("Find a document"),
            search_tip=tr("Show the documents whose title contains this"),
            nothing=tr("There are no documents."),
            not_found=tr("No document has this in its title."),
            open=tr("Open the selected document"),
            rename=tr("Give the selected document another title"),
            delete=tr("Move the selected document to the trash"),
        )
        super().__init__(documents, parent, open_id, texts)

    def read(self, store: DocumentStore, wanted: str) -> Sequence[Entry]:
        """See `TitleList`."""
        folded = wanted.casefold()
        infos = store.list()
        return [
            Entry(info.id, info.title, name, info.changed, info.characters, info.beginning)
            for info, name in zip(infos, names_of(infos), strict=True)
            if folded in name.casefold()
        ]

    def rename(self, store: DocumentStore, text_id: str, title: str) -> None:
        """See `TitleList`."""
        store.rename(text_id, title)

    def delete(self, entry: Entry) -> None:
        """See `TitleList`."""
        delete_document(self._shared, self.documents, entry.id, entry.name)


def delete_document(
    shared: AppState, documents: LiveDocuments, document_id: str, title: str
) -> None:
    """Move a document to the trash, and offer to take that back."""

    def restore() -> None:
        documents.run(lambda store: store.restore(document_id), changes_list=True)

    documents.run(
        lambda store: store.trash(document_id),
        lambda _done: shared.post_toast(
            tr("Deleted {title}", title=title or tr("Untitled")), tr("Undo"), restore
        ),
        lambda error: shared.post_toast(f"{error.message} {error.cure}"),
        changes_list=True,
        is_saving=True,
    )
