"""Write settings and drafts in a thread, so that neither disk nor lock stops the window."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from studio.core.drafts import Drafts, move_former_drafts, save_drafts
from studio.core.paths import DataFolder
from studio.core.settings import Settings
from studio.core.settings_store import (
    Change,
    load_settings,
    merge_changes,
    remove_abandoned_parts,
    update,
)

DRAFT_SECONDS = 0.8
"""How long a draft stays in memory only. A changed setting is written at once."""


class SettingsWriter:
    """Takes changes from the GUI thread and writes them, the latest of each.

    Tries changes that could not be written again with the next change and at the end. Calls, in
    its thread, `on_saved(settings, number)` with all settings on disk, which contain the changes up
    to that number, and `on_failed(error)` when writing begins to fail, with None when it works
    again.
    """

    def __init__(
        self,
        data: DataFolder,
        on_saved: Callable[[Settings, int], None],
        on_failed: Callable[[OSError | None], None],
    ) -> None:
        self._data = data
        self._on_saved, self._on_failed = on_saved, on_failed
        self._state = threading.Condition()
        self._number = 0
        """Number of the last change."""
        self._change: dict[str, Any] = {}
        self._drafts: Drafts | None = None
        self._due: float | None = None
        """Time of the next write; None without changes."""
        self._is_migrated = False
        self._failing: set[str] = set()
        """The files that could not be written last time."""
        self._is_writing = False
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def change(self, change: Change) -> int:
        """Write a change of the settings soon; return its number."""
        with self._state:
            self._number += 1
            self._change = merge_changes(self._change, change)
            self._wake(time.monotonic())
            return self._number

    def keep_drafts(self, drafts: Drafts) -> None:
        """Write the drafts after a moment. The dictionary must not change afterwards."""
        with self._state:
            self._drafts = drafts
            self._wake(time.monotonic() + DRAFT_SECONDS)

    def reread(self) -> None:
        """Read the settings from disk; `on_saved` follows."""
        with self._state:
            self._wake(time.monotonic())

    def flush(self, seconds: float) -> bool:
        """Write all changes; return False if that fails or takes longer than `seconds`."""
        with self._state:
            if self._change or self._drafts is not None:
                self._wake(time.monotonic())
            in_time = self._state.wait_for(
                lambda: self._due is None and not self._is_writing, seconds
            )
            return in_time and not self._change and self._drafts is None

    def close(self, seconds: float) -> bool:
        """Write all changes and end the thread; see `flush`."""
        done = self.flush(seconds)
        with self._state:
            self._is_closed = True
            self._due = None
            self._state.notify_all()
        return done

    def _wake(self, due: float) -> None:
        if self._is_closed:
            return
        self._due = due if self._due is None else min(self._due, due)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="settings", daemon=True)
            self._thread.start()
        self._state.notify_all()

    def _run(self) -> None:
        remove_abandoned_parts(self._data)
        while self._wait():
            self._write()

    def _wait(self) -> bool:
        """Wait until a write is due; return False at the end."""
        with self._state:
            while not self._is_closed:
                left = None if self._due is None else self._due - time.monotonic()
                if left is not None and left <= 0:
                    self._due, self._is_writing = None, True
                    return True
                self._state.wait(left)
        return False

    def _write(self) -> None:
        """Write all changes; keep failed ones below those that arrived meanwhile."""
        with self._state:
            change, self._change = self._change, {}
            drafts, self._drafts = self._drafts, None
            number = self._number
        migrated = self._is_migrated or self._attempt(
            "former drafts", lambda: move_former_drafts(self._data)
        )
        saved = not change or self._attempt(
            "settings", lambda: self._on_saved(update(self._data, change), number)
        )
        if not change:
            self._on_saved(load_settings(self._data), number)
        kept = drafts is None or self._attempt("drafts", lambda: save_drafts(self._data, drafts))
        with self._state:
            self._is_migrated = migrated
            if not saved:
                self._change = merge_changes(change, self._change)
            if not kept and self._drafts is None:
                self._drafts = drafts
            self._is_writing = False
            self._state.notify_all()

    def _attempt(self, name: str, write: Callable[[], None]) -> bool:
        """Return False if another attempt may succeed."""
        try:
            write()
        except OSError as error:
            is_first = not self._failing
            self._failing.add(name)
            if is_first:
                self._on_failed(error)
            return False
        except Exception:
            logging.getLogger(__name__).exception("settings or drafts were not written")
        if name in self._failing:
            self._failing.discard(name)
            if not self._failing:
                self._on_failed(None)
        return True
