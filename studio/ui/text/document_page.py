"""The document view of the text tab: one document with its editor, and the bars around it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMenu

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_marked, tr_plural
from studio.documents.damage import LoadedDocument
from studio.documents.document import Document, change_to, new_document, title_of
from studio.documents.pending import Pending
from studio.documents.store import DocumentStore
from studio.documents.versions import DocumentInfo, Version, VersionReason, names_of
from studio.ui.app_state import AppState
from studio.ui.stage.shown_result import time_of_day
from studio.ui.text.comparison import show_comparison
from studio.ui.text.document_shell import PREVIEW_MODES, DocumentShell
from studio.ui.text.files.document_files import dropped_document
from studio.ui.text.lists.document_list import DocumentList, delete_document
from studio.ui.text.lists.document_trash import DocumentTrash
from studio.ui.text.lists.title_list import ask_title
from studio.ui.text.writing.model_writing import WritingForm
from studio.ui.widgets.factory import button, confirm
from studio.ui.widgets.shortcut import shortcut_within

RECENT = 12
CLOSE_MS = 3_000
"""How long the window waits for the disk when it closes."""


class DocumentPage(DocumentShell):
    """Shows a document, the one that was open last to begin with."""

    document_opened = Signal()
    """Another document is shown."""

    def __init__(self, shared: AppState, form: WritingForm) -> None:
        super().__init__(shared, form)
        self._is_open = False
        self._pending: Pending | None = None
        """A text to decide about, until the whole document is shown."""
        self._connect()
        self._open_last()

    @property
    def document(self) -> Document:
        """The document that is shown."""
        return self.editor.text_document

    def _connect(self) -> None:
        editor, autosave = self.editor, self.autosave
        editor.edited.connect(autosave.add)
        editor.history_changed.connect(self._update_undo)
        autosave.changed.connect(lambda: self.saved_state.setText(""))
        autosave.saved.connect(self._on_saved)
        autosave.failed.connect(self._on_not_saved)
        self.documents.set_aside.connect(self._on_set_aside)
        self.documents.list_changed.connect(self._on_list_changed)
        self.header.title_menu.aboutToShow.connect(self._fill_title_menu)
        self.header.more_menu.aboutToShow.connect(self._fill_more_menu)
        self.files.opened.connect(lambda document: self.add(document, "file"))
        self.files.version_requested.connect(self.keep_version)
        self.version_panel.compared.connect(self._compare)
        self.version_panel.restored.connect(self._restore)
        self.version_panel.keep_requested.connect(partial(self.keep_version, "save"))
        self.generation.pending_changed.connect(self._store_pending)
        editor.loaded.connect(self._resume)
        self.generation.accepted.connect(partial(self.keep_version, "generation"))
        self.preview.copied.connect(lambda: self.shared.post_toast(tr("Copied")))
        self.find_bar.closed.connect(editor.setFocus)
        self.find_bar.replaced.connect(self._on_replaced)
        for keys, slot in (
            ("Ctrl+F", self.find_bar.open),
            ("Ctrl+H", partial(self.find_bar.open, replaces=True)),
            ("F3", self.find_bar.find_next),
            ("Shift+F3", self.find_bar.find_previous),
            ("Shift+F11", self.toggle_focus_mode),
            ("Ctrl+Shift+H", self.toggle_versions),
            ("Ctrl+Shift+M", self.step_preview),
            ("Ctrl+Shift+Y", self.origin_colors.toggle),
        ):
            shortcut_within(self, keys, slot)

    # Opening
    # ----------------------------------------------------------------------

    def _open_last(self) -> None:
        wanted = self.shared.settings.last_document

        def read(store: DocumentStore) -> LoadedDocument:
            infos = store.list()
            ids = [info.id for info in infos]
            if infos:
                return store.repair(wanted if wanted in ids else infos[0].id)
            return LoadedDocument(_add(store, new_document("")))

        self.editor.setReadOnly(True)
        self.documents.run(read, self._show_loaded, self._on_unopened)

    def _on_unopened(self, error: StudioError) -> None:
        """Let the person write, though nothing is stored."""
        self.notice.show_message(error.message, error.cure)
        if not self._is_open:
            self.editor.open(new_document(""))

    def _on_set_aside(self, sentence: str) -> None:
        close = button(tr("OK"), tr("Close this message"), self.damage_notice.clear)
        cure = tr("Documents go into a new file. A backup can be put in its place.")
        self.damage_notice.show_message(sentence, cure, [close])

    def _show_loaded(self, loaded: LoadedDocument) -> None:
        """Show a document, and what was lost of a damaged one."""
        self._show(loaded.document)
        self._pending = loaded.pending
        if not self.editor.is_loading:
            self._resume()
        if loaded.damage:
            close = button(tr("OK"), tr("Close this message"), self.notice.clear)
            cure = tr("Look at its versions (Ctrl+Shift+H): one may have more of the text.")
            self.notice.show_message(loaded.damage, cure, [close])

    def _resume(self) -> None:
        """Let the person decide about a text that a model wrote before, once all of it is shown."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self.generation.resume(pending)

    def _store_pending(self, pending: Pending | None) -> None:
        document_id = self.document.id
        self.documents.run(
            lambda store: store.pending.set(document_id, pending), failed=lambda _error: None
        )

    def _show(self, document: Document) -> None:
        self._is_open = True
        self._pending = None
        self.notice.clear()
        self.generation.leave()
        self.autosave.follow(document)
        self.editor.open(document)
        self.files.follow(document)
        self.saved_state.setText("")
        self._update_title()
        self._refresh_versions()
        self.shared.change_settings(last_document=document.id)
        self.document_opened.emit()

    def open(self, document_id: str) -> None:
        """Open a document once the one that is shown is stored."""

        def load(is_saved: bool) -> None:
            if is_saved:
                self.documents.run(lambda store: store.repair(document_id), show, self._on_unopened)

        def show(loaded: LoadedDocument) -> None:
            self._show_loaded(loaded)
            self.editor.setFocus()

        if document_id != self.document.id or not self._is_open:
            self.autosave.flush(load)

    def new(self) -> None:
        """Begin a new document."""
        self.add(new_document(""))

    def add(self, document: Document, reason: VersionReason = "begin", job: str = "") -> None:
        """Store and open a new document; its text is the first version."""

        def store(is_saved: bool) -> None:
            if is_saved:
                self.documents.run(
                    lambda store: _add(store, document, reason, job),
                    self._show_new,
                    self._on_unopened,
                    changes_list=True,
                    is_saving=True,
                )

        self.autosave.flush(store)

    def _show_new(self, document: Document) -> None:
        self._show(document)
        self.editor.setFocus()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a document; the window takes other files."""
        if dropped_document(event.mimeData()) is not None:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a dropped document."""
        if (path := dropped_document(event.mimeData())) is not None:
            event.acceptProposedAction()
            self.files.open_file(path)

    # Saving
    # ----------------------------------------------------------------------

    def _on_saved(self) -> None:
        self.saved_state.setText(tr("Saved"))
        text = self.document.text
        if not self.document.title and "\n" in text.strip() and title_of(text):
            self._set_title(title_of(text))
        if self.notice.property("reason") == "unsaved":
            self.notice.setProperty("reason", "")
            self.notice.clear()

    def _on_not_saved(self, error: StudioError) -> None:
        self.saved_state.setText(tr("Not saved"))
        self.notice.show_message(error.message, error.cure)
        self.notice.setProperty("reason", "unsaved")

    def keep_version(self, reason: VersionReason, job: str = "") -> None:
        """Store the text that is shown as a version."""
        document = self.document
        text, origins = document.text, document.origins
        self.documents.run(
            lambda store: store.versions.add(document.id, text, origins, reason, job=job),
            lambda _id: self._refresh_versions(),
            self._on_not_saved,
            is_saving=True,
        )

    # Versions
    # ----------------------------------------------------------------------

    def _compare(self, version: Version) -> None:
        names = (time_of_day(version.info.created), tr("Now"))
        show_comparison(self, (version.text, self.editor.text), names)

    def _restore(self, version: Version) -> None:
        """Give the document a version's text, as a step of undo; both are kept as versions."""
        editor = self.editor
        if not editor.isReadOnly():
            self.generation.stop()
            self.generation.end()
            self.keep_version("before_restore")
            editor.history.close_step()
            editor.apply(change_to(self.document, version.text, version.origins))
            editor.history.close_step()
            self.keep_version("restore")

    def save(self) -> None:
        """Save to the document's file, or ask for one; the text is kept as a version."""
        self.files.save()

    def copy(self) -> None:
        """Copy the whole text."""
        QGuiApplication.clipboard().setText(self.editor.text)
        self.shared.post_toast(tr("Copied"))

    def may_close(self) -> bool:
        """Store everything; if that fails, ask whether to close all the same."""
        self.files.complete_saves()
        if self.autosave.store_now(CLOSE_MS):
            return True
        return confirm(
            self,
            tr("Close Studio?"),
            tr(
                "The last changes of the document are not stored, and are lost if you close. "
                "Copy the text, or save it to a file on another disk."
            ),
            tr("Close"),
            tr("Stay"),
        )

    def close_documents(self) -> None:
        """Store everything before the window closes."""
        self.spell_check.close()
        self.autosave.flush()
        self.files.binding.close()
        self.documents.close()

    # Menus
    # ----------------------------------------------------------------------

    def _fill_title_menu(self) -> None:
        menu = self.header.title_menu
        menu.clear()
        add = partial(_add_action, menu)
        add(tr("New document"), self.new)
        add(tr("All documents…"), self.show_list)
        add(tr("Trash…"), lambda: DocumentTrash(self.documents, self).show())
        add(tr("Open a file…"), self.files.ask_for_file)
        add(tr("Rename…"), self.rename)
        add(tr("Delete"), self.delete)
        menu.addSeparator()
        loading = menu.addAction(tr("Loading…"))
        loading.setEnabled(False)

        def show(infos: tuple[DocumentInfo, ...]) -> None:
            menu.removeAction(loading)
            for info, name in list(zip(infos, names_of(infos), strict=True))[:RECENT]:
                title = name.replace("&", "&&").replace("\t", " ")
                changed = time_of_day(info.changed)
                action = _add_action(menu, title, partial(self.open, info.id), changed)
                action.setCheckable(True)
                action.setChecked(info.id == self.document.id)

        self.documents.run(lambda store: store.list(), show, self._on_unopened)

    def _fill_more_menu(self) -> None:
        menu = self.header.more_menu
        menu.clear()
        add = partial(_add_action, menu)
        redo = add(tr("Redo"), self.editor.redo, "Ctrl+Shift+Z")
        redo.setEnabled(self.editor.history.can_redo)
        add(tr("Find…"), self.find_bar.open, "Ctrl+F")
        add(tr("Replace…"), partial(self.find_bar.open, replaces=True), "Ctrl+H")
        add(tr("Export…"), self.files.export)
        labels = add(tr("Label AI text in exports"), self._toggle_label)
        labels.setCheckable(True)
        labels.setChecked(self.files.labels_ai)
        menu.addSeparator()
        self.view_options.add_to(menu)
        for mode, title in PREVIEW_MODES.items():
            action = add(tr_marked(title), partial(self.show_preview, mode))
            action.setCheckable(True)
            action.setChecked(mode == self.preview_mode)
        menu.addSeparator()
        colors = add(tr("Show who wrote what"), self.origin_colors.toggle, "Ctrl+Shift+Y")
        colors.setCheckable(True)
        colors.setChecked(self.origin_colors.is_on)
        spelling = add(tr("Check spelling"), self._toggle_spelling)
        spelling.setCheckable(True)
        spelling.setChecked(self.spell_check.is_on)
        focus = add(tr("Only the text"), self.toggle_focus_mode, "Shift+F11")
        focus.setCheckable(True)
        focus.setChecked(self.is_focus_mode)

    def _toggle_spelling(self) -> None:
        """Switch the spell check, or show how it is installed."""
        if self.spell_check.is_installed:
            self.spell_check.toggle()
        else:
            close = button(tr("OK"), tr("Close this message"), self.notice.clear)
            self.notice.show_message(*self.spell_check.advice(), [close])

    def _toggle_label(self) -> None:
        self.files.labels_ai = not self.files.labels_ai

    def show_list(self) -> None:
        """Show the window with all documents."""
        dialog = DocumentList(self.shared, self.documents, self, self.document.id)
        dialog.opened.connect(self.open)
        dialog.show()

    def rename(self) -> None:
        """Ask for another title of the document that is shown."""
        if title := ask_title(self, self.document.title):
            self._set_title(title)

    def _set_title(self, title: str) -> None:
        document = self.document
        document.title = title
        self._update_title()
        self.documents.run(
            lambda store: store.rename(document.id, title),
            failed=self._on_not_saved,
            changes_list=True,
            is_saving=True,
        )

    def delete(self) -> None:
        """Move the document that is shown to the trash, and open another one."""
        document = self.document

        def delete(_is_saved: bool) -> None:
            delete_document(self.shared, self.documents, document.id, self.shown_title())

        self.autosave.flush(delete)

    def _on_list_changed(self) -> None:
        """Show another document if this one was deleted, and its title if it was renamed."""
        shown = self.document.id

        def receive(infos: tuple[DocumentInfo, ...]) -> None:
            info = next((info for info in infos if info.id == shown), None)
            if self.document.id != shown:
                return
            if info is None:
                self._open_last()
            else:
                self.document.title = info.title
                self._update_title()

        self.documents.run(lambda store: store.list(), receive, self._on_unopened)

    def shown_title(self) -> str:
        """Return the title, or what stands for it."""
        return self.document.title or tr("Untitled")

    def _update_title(self) -> None:
        self.header.title.set_title(self.document.title)

    def _update_undo(self) -> None:
        self.undo_button.setEnabled(self.editor.history.can_undo)

    def _on_replaced(self, count: int) -> None:
        text = tr_plural("Replaced 1 place", "Replaced {count:,} places", count)
        self.shared.post_toast(text if count else tr("Not found"))


def _add(
    store: DocumentStore, document: Document, reason: VersionReason = "begin", job: str = ""
) -> Document:
    store.add(document)
    if document.text:
        store.versions.add(document.id, document.text, document.origins, reason, job=job)
    return document


def _add_action(menu: QMenu, title: str, slot: Callable[[], object], keys: str = "") -> QAction:
    """Add an entry; `keys` are shown only, since a shortcut of the page has them."""
    action = menu.addAction(f"{title}\t{keys}" if keys else title)
    action.triggered.connect(lambda _checked=False: slot())
    return action
