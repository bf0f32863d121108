"""State that all parts of the window share: data folder, queue, settings, models."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from PySide6.QtCore import QFileSystemWatcher, QObject, Signal

from studio.core.drafts import Drafts
from studio.core.jobs import NO_SOURCES, Job, Sources, new_job
from studio.core.paths import DataFolder
from studio.core.requests import ImageRequest, Request, VideoRequest
from studio.core.settings import Settings, format_defaults
from studio.core.settings_catalog.writer import SettingsWriter
from studio.core.settings_store import Change, apply_change, check_change
from studio.core.translation import tr
from studio.jobs.library.file_actions import FileActions
from studio.jobs.library.live_library import LiveLibrary
from studio.jobs.session import Session
from studio.media.video_decoder.saved_frames import video_of
from studio.models.card import ModelCard
from studio.models.registry import ModelRegistry, among, default_first, is_of
from studio.ui import background
from studio.ui.widgets.toast import Toast
from studio.ui.widgets.undo_steps import UndoSteps

SAVE_SECONDS = 5.0
"""Maximum wait for the disk when the program ends."""
REREAD_MS = 200


class AppState(QObject):
    """Shared state of one window, with signals for its changes."""

    models_changed = Signal()
    """The list of installed models changed."""
    starter_requested = Signal()
    """The user asked for the starter model."""
    larger_requested = Signal()
    """The user asked for a larger text model."""
    models_requested = Signal(str)
    """The user asked for models for a task, by its name on the hub."""
    start_image_requested = Signal(object)
    """Path of an image that the user wants to start an image from."""
    install_requested = Signal(str)
    """Name or alias of a catalog model that the user asked for."""
    model_replaced = Signal(str, str, str)
    """Kind, a model, and the one that its form uses in place of it."""
    toast_withdrawn = Signal(object)
    """Toast that is no longer true: what it reports was undone."""
    toast_posted = Signal(object)
    """Toast: a confirmation to show at the bottom of the window."""
    settings_changed = Signal(object)
    """Names of the settings that changed, a frozenset, here or by another program."""
    presets_changed = Signal(str)
    """The own presets of a kind changed."""
    save_failed = Signal(str)
    """Why settings or drafts cannot be written; empty when they can again."""
    _saved = Signal(object, int)
    _failed = Signal(object)

    def __init__(
        self,
        data: DataFolder,
        session: Session,
        settings: Settings,
        drafts: Drafts | None = None,
        *,
        fake: bool = False,
    ) -> None:
        super().__init__()
        self.data = data
        self.session = session
        self.queue = session.queue
        self.library = LiveLibrary(data, session.queue)
        self.file_actions = FileActions(self.library)
        self.library.problem_found.connect(self.post_toast)
        self.undo_steps = UndoSteps(self)
        """What the window's *Undo* takes back."""
        self.undo_steps.toast_posted.connect(self.toast_posted)
        self.undo_steps.toast_withdrawn.connect(self.toast_withdrawn)
        self.settings = settings
        """Read only; `change_settings` changes them."""
        self._drafts: Drafts = drafts or {}
        self.fake = fake
        self.registry = ModelRegistry(data)
        """Reads from the disk, so only for other threads, unlike `cards` and `find_card`."""
        self._cards = self._list_cards()
        self._saved.connect(self._on_saved)
        self._failed.connect(self._on_save_failed)
        self._writer = SettingsWriter(
            data, _ignore_deleted(self._saved.emit), _ignore_deleted(self._failed.emit)
        )
        self._unconfirmed: list[tuple[int, Change]] = []
        """Changes that may not be on disk yet, with their numbers."""
        self._watcher: QFileSystemWatcher | None = None

    def cards(self, kind: str) -> list[ModelCard]:
        """Return the installed models of a kind, the default first."""
        chosen = self.settings.default_models.get(kind)
        return default_first([card for card in self._cards if is_of(card, kind)], chosen)

    def find_card(self, kind: str, name: str) -> ModelCard:
        """Find an installed model or adapter by its name. Raises StudioError."""
        only = [card for card in self._cards if card.only_task and is_of(card, kind, name)]
        return among([*self.cards(kind), *only], kind, name)

    def all_cards(self) -> list[ModelCard]:
        """Return all installed models."""
        return list(self._cards)

    def reload_models(self) -> None:
        """Read the installed models again, in the background; `models_changed` follows."""
        background.run(self, self._list_cards, self._on_cards)

    def replace_model(self, kind: str, before: str, now: str) -> None:
        """Let the form of a kind use another model where it uses `before`."""
        draft = self.draft(kind)
        if draft.get("model") == before:  # of a form that may not be built yet
            self.keep_draft(kind, {**draft, "model": now})
        self.model_replaced.emit(kind, before, now)

    def unfinished_jobs(self) -> Iterator[Job]:
        """Yield the jobs that wait or run, the latest first."""
        return (job for job in reversed(self.queue.jobs()) if not job.state.over)

    def output_folder(self) -> str:
        """Return the folder for new artifacts."""
        return self.settings.output_folder or str(self.data.outputs)

    def post_toast(
        self, text: str, button: str = "", action: Callable[[], object] | None = None
    ) -> None:
        """Show a confirmation, with a button that leads on or takes the change back."""
        self.toast_posted.emit(Toast(text, button, action))

    def new_job(self, request: Request, sources: Sources = NO_SOURCES) -> Job:
        """Return a job for a request, with folder and name as in the settings.

        `sources`: see `Job.sources`.
        """
        folder, template = self.output_folder(), self.settings.file_name
        if isinstance(request, ImageRequest | VideoRequest) and request.image:
            video = video_of(request.image, self.data.frames)
            sources = msgspec.structs.replace(sources, frame=video)
        return new_job(request, folder, template=template, sources=sources)

    def format_defaults(self, kind: str) -> dict[str, str]:
        """Return the file format that a form of a kind begins with; see `core.settings`."""
        return format_defaults(kind, self.settings)

    # Settings and drafts
    # ----------------------------------------------------------------------

    def change_settings(self, **change: Any) -> None:
        """Change settings, here and on disk; see `settings_store.Change`. Raises ValueError."""
        check_change(change)
        before = msgspec.structs.asdict(self.settings)
        apply_change(self.settings, change)
        self._unconfirmed.append((self._writer.change(change), change))
        self._emit_changed(before)

    def draft(self, kind: str) -> dict[str, Any]:
        """Return the saved values of the form of a kind."""
        draft = self._drafts.get(kind)
        return draft if isinstance(draft, dict) else {}

    def keep_draft(self, kind: str, values: dict[str, Any]) -> None:
        """Save the values of the form of a kind for the next start."""
        self._drafts = {**self._drafts, kind: values}
        if self.settings.keep_drafts:
            self._writer.keep_drafts(self._drafts)

    def clear_drafts(self) -> None:
        """Delete the drafts on disk; the forms keep what they show."""
        self._writer.keep_drafts({})

    def follow_settings(self) -> None:
        """Start to notice changes of the settings by commands."""
        self._writer.reread()
        soon = background.DelayedCall(self, self._writer.reread, REREAD_MS)
        # The folder, because a watch on the file ends when the file is replaced.
        self._watcher = QFileSystemWatcher([str(self.data.root)], self)
        self._watcher.directoryChanged.connect(soon.request)

    def save_now(self) -> bool:
        """Write settings and drafts; return False if that fails or takes too long."""
        return self._writer.flush(SAVE_SECONDS)

    def close(self) -> None:
        """Write the remaining changes and end the watches, when the program ends."""
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None
        self._writer.close(SAVE_SECONDS)
        self.file_actions.close()
        background.finish(SAVE_SECONDS)  # such as a rating that was chosen just before
        self.library.close()

    def _on_saved(self, on_disk: Settings, number: int) -> None:
        """Take the settings from disk, with the changes that were not written yet on top."""
        self._unconfirmed = [(sent, change) for sent, change in self._unconfirmed if sent > number]
        for _number, change in self._unconfirmed:
            apply_change(on_disk, change)
        before = msgspec.structs.asdict(self.settings)
        for name, value in msgspec.structs.asdict(on_disk).items():
            setattr(self.settings, name, value)
        self._emit_changed(before)

    def _emit_changed(self, before: Mapping[str, Any]) -> None:
        now = msgspec.structs.asdict(self.settings)
        changed = frozenset(name for name, value in now.items() if value != before[name])
        if "keep_drafts" in changed:
            self._writer.keep_drafts(self._drafts if self.settings.keep_drafts else {})
        if changed:
            self.settings_changed.emit(changed)

    def _on_save_failed(self, error: OSError | None) -> None:
        self.save_failed.emit(
            tr("The settings cannot be saved: {reason}.", reason=error.strerror or error)
            if error is not None
            else ""
        )

    # Models
    # ----------------------------------------------------------------------

    def _list_cards(self) -> list[ModelCard]:
        if self.fake:
            from studio.core.kinds import KINDS
            from studio.models.card import fake_card

            return [fake_card(kind) for kind in KINDS]
        return self.registry.list()

    def _on_cards(self, cards: list[ModelCard]) -> None:
        self._cards = cards
        self.models_changed.emit()


def _ignore_deleted(emit: Callable[..., None]) -> Callable[..., None]:
    """Wrap `emit` for another thread, which may outlive the signal's owner."""

    def call(*values: Any) -> None:
        with contextlib.suppress(RuntimeError):
            emit(*values)

    return call
