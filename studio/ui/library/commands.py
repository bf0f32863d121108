"""What a user does to items: rate, tag, collect, move, trash; each with a toast and undo."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.core.translation import tr, tr_plural
from studio.jobs.library.file_actions import EndedAction
from studio.jobs.library.live_library import LiveLibrary, Trashing
from studio.library.annotations import collection_name, merged
from studio.library.faults import explain
from studio.library.file_actions.results import ActionResult
from studio.library.items import Annotation, Query
from studio.library.library import NotesChanges, Restored
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import show_message
from studio.ui.widgets.undo_steps import Undo

_SHOWN_FAILURES = 3
Change = Callable[[Annotation], Annotation]


class LibraryCommands(QObject):
    """Runs actions in other threads, one at a time for each call, and keeps how to undo them."""

    ended = Signal()
    """An action or an undo is done, or failed."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self._library: LiveLibrary = shared.library
        self._steps = shared.undo_steps
        self._steps.ended.connect(self.ended)
        self._moves: set[str] = set()
        """Ids of the moves that began here."""
        shared.file_actions.ended.connect(self._on_action_ended)

    @property
    def undo_title(self) -> str:
        """What `undo` takes back; empty for nothing."""
        return self._steps.last.title if self._steps.last is not None else ""

    def undo(self) -> None:
        """Take the last action back."""
        self._steps.undo()

    # Notes
    # ----------------------------------------------------------------------

    def rate(self, ids: Sequence[int], rating: int) -> None:
        """Set the rating, 0 for none."""
        self._annotate(ids, lambda old: _replace(old, rating=rating), tr("rating"))

    def set_favorite(self, ids: Sequence[int], is_on: bool) -> None:
        """Mark favorites, or take the mark away."""
        self._annotate(ids, lambda old: _replace(old, favorite=is_on), tr("favorite"))

    def add_to_collection(self, ids: Sequence[int], name: str) -> None:
        """Add items to a collection, which is created if necessary."""

        def change(old: Annotation) -> Annotation:
            return _replace(old, collections=(*old.collections, name))

        message = tr_plural(
            "Added 1 item to {name}", "Added {count:,} items to {name}", len(ids), name=name
        )
        self._annotate(ids, change, tr("add to {name}", name=name), message)

    # Collections and searches
    # ----------------------------------------------------------------------

    def create_collection(self, name: str) -> None:
        """Create an empty collection."""
        library = self._library
        self._run(lambda: library.library.add_collection(name), lambda _result: None)

    def rename_collection(self, name: str, new_name: str, then: Callable[[], object]) -> None:
        """Rename a collection, or put its items into one that exists; then call `then`."""
        library = self._library

        def rename() -> tuple[NotesChanges, bool]:
            is_known = collection_name(new_name) in library.index.collections()
            changes = library.library.rename_collection(name, new_name)
            library.items_changed.emit(list(changes))
            return changes, is_known

        def undo(changes: NotesChanges, is_known: bool) -> None:
            library.library.add_collection(name)
            library.restore(changes)
            if not is_known:  # what another window put into it since keeps its collection
                rest = library.library.rename_collection(collection_name(new_name), name)
                library.items_changed.emit(list(rest))

        def done(result: tuple[NotesChanges, bool]) -> None:
            step = Undo(tr("rename collection"), lambda: undo(*result))
            self._steps.add(step, tr("Renamed {name} to {new_name}", name=name, new_name=new_name))
            then()

        self._run(rename, done)

    def delete_collection(self, name: str) -> None:
        """Delete a collection; its items stay."""
        library = self._library

        def delete() -> NotesChanges:
            changes = library.library.remove_collection(name)
            library.items_changed.emit(list(changes))
            return changes

        def undo(changes: NotesChanges) -> None:
            library.library.add_collection(name)
            library.restore(changes)

        def done(changes: NotesChanges) -> None:
            step = Undo(tr("delete collection"), lambda: undo(changes))
            self._steps.add(step, tr("Deleted the collection {name}; its items stay", name=name))

        self._run(delete, done)

    def rename_search(self, name: str, new_name: str, query: Query) -> None:
        """Rename a saved search."""
        self._move_search(
            (name, new_name), query, tr("rename search"), tr("Renamed {name}", name=name)
        )

    def delete_search(self, name: str, query: Query) -> None:
        """Delete a saved search."""
        self._move_search(
            (name, ""), query, tr("delete search"), tr("Deleted the search {name}", name=name)
        )

    def _move_search(self, names: tuple[str, str], query: Query, title: str, message: str) -> None:
        """Save a search under the second name, if it is not empty, in place of the first."""

        def move(source: str, target: str) -> None:
            if target:
                self._library.library.save_search(target, query)
            if source:
                self._library.library.save_search(source, None)

        old, new = names
        step = Undo(title, lambda: move(new, old))
        self._run(lambda: move(old, new), lambda _result: self._steps.add(step, message))

    def add_tags(self, ids: Sequence[int], tags: Sequence[str]) -> None:
        """Add tags to items."""

        def change(old: Annotation) -> Annotation:
            return _replace(old, tags=(*old.tags, *tags))

        message = tr_plural("Tagged 1 item", "Tagged {count:,} items", len(ids))
        self._annotate(ids, change, tr("tags"), message)

    def set_notes(self, ids: Sequence[int], shown: Annotation, edited: Annotation) -> None:
        """Change what differs between the notes that were shown and the edited ones, in all."""
        self._annotate(ids, lambda old: merged(old, shown, edited), tr("notes"))

    def _annotate(self, ids: Sequence[int], change: Change, title: str, message: str = "") -> None:
        library = self._library

        def done(changes: NotesChanges) -> None:
            if changes:
                undo = functools.partial(library.restore, changes)
                summary = functools.partial(_restored_text, title)
                self._steps.add(Undo(title, undo, summary=summary), message)

        self._run(lambda: library.annotate(list(ids), change), done)

    # Files
    # ----------------------------------------------------------------------

    def trash(self, ids: Sequence[int], then: Callable[[], object]) -> None:
        """Move items to the desktop's trash, then call `then`."""
        library = self._library

        def done(trashing: Trashing) -> None:
            count = len(trashing.items)
            message = tr_plural(
                "Moved 1 item to the trash", "Moved {count:,} items to the trash", count
            )
            if count and trashing.can_restore:
                step = Undo(tr("move to trash"), lambda: library.restore_trashed(trashing))
                self._steps.add(step, message)
            elif count:
                self._post(message)
            then()
            self._show_not_trashed(trashing.failed)

        self._run(lambda: library.trash(list(ids)), done)

    def move(self, ids: Sequence[int], folder: Path) -> None:
        """Move files into a folder, in the background."""
        self._moves.add(self._shared.file_actions.move(ids, folder))

    def copy(self, ids: Sequence[int], folder: Path) -> None:
        """Copy files into a folder, in the background."""
        self._shared.file_actions.copy(ids, folder)

    def _on_action_ended(self, ended: EndedAction) -> None:
        action_id = ended.action.id
        if action_id in self._moves and ended.result.done:
            undo = functools.partial(self._shared.file_actions.undo, action_id)
            self._steps.add(Undo(tr("move"), undo, runs_by_itself=True), ended.summary)
        self._moves.discard(action_id)
        self.ended.emit()

    def rename(self, item_id: int, name: str) -> None:
        """Rename a file."""
        library = self._library

        def done(result: ActionResult) -> None:
            step = Undo(tr("rename"), lambda: library.undo_rename(result.done))
            self._steps.add(step, tr("Renamed to {name}", name=name))

        self._run(lambda: library.rename(item_id, name), done)

    # Results
    # ----------------------------------------------------------------------

    def _run(self, work: Callable[[], object], done: Callable[..., None]) -> None:
        def finish(result: object) -> None:
            done(result)
            self.ended.emit()

        background.run(self, work, finish, self._on_failed)

    def _post(self, message: str) -> None:
        self._shared.post_toast(message)

    def _on_failed(self, error: Exception) -> None:
        self.ended.emit()
        known = explain(error)
        show_message(None, tr("Library"), f"{known.message}\n{known.cure}".strip())

    def _show_not_trashed(self, failed: dict[str, str]) -> None:
        if failed:
            lines = [f"{Path(path).name}: {why}" for path, why in failed.items()]
            first = "\n".join(lines[:_SHOWN_FAILURES])
            text = tr_plural(
                "1 item was not moved to the trash.",
                "{count:,} items were not moved to the trash.",
                len(failed),
            )
            show_message(None, tr("Library"), f"{text}\n{first}", "\n".join(lines))


def _restored_text(title: str, restored: Restored) -> str:
    """Return what an undo kept because it was changed again since; empty for nothing."""
    if not restored.kept:
        return ""
    return tr_plural(
        "Undone: {step}. 1 item was changed again since and keeps the newer value.",
        "Undone: {step}. {count:,} items were changed again since and keep the newer values.",
        len(restored.kept),
        step=title,
    )


def _replace(old: Annotation, **changes: object) -> Annotation:
    return msgspec.structs.replace(old, **changes)
