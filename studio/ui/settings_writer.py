"""Writes settings and drafts in one thread of its own, so that neither the disk nor another
program's lock stops the window.
"""

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
"""How long a draft may stay in memory only. A changed setting is written at once."""


class SettingsWriter:
    """Takes changes from the GUI thread and writes all that wait, the latest of each.

    What cannot be written stays, and is tried again with the next change and at the end.
    `on_saved(settings, number)` has all settings as they are on disk, with the changes up to that
    number in them; `on_failed(error)` follows each attempt that failed. Both are called in the
    writing thread.
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
        """Of the last change."""
        self._change: dict[str, Any] = {}
        self._drafts: Drafts | None = None
        self._due: float | None = None
        """When to write; None while nothing is new."""
        self._is_migrated = False
        self._failing: set[str] = set()
        """The files that could not be written the last time."""
        self._is_writing = False
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def change(self, change: Change) -> int:
        """Write a change of the settings at once; return its number."""
        with self._state:
            self._number += 1
            self._change = merge_changes(self._change, change)
            self._wake(time.monotonic())
            return self._number

    def keep_drafts(self, drafts: Drafts) -> None:
        """Write the drafts soon. The dictionary must not change afterwards."""
        with self._state:
            self._drafts = drafts
            self._wake(time.monotonic() + DRAFT_SECONDS)

    def reread(self) -> None:
        """Read what is on disk; `on_saved` follows."""
        with self._state:
            self._wake(time.monotonic())

    def flush(self, seconds: float) -> bool:
        """Write what waits and wait for it; False where it is not on disk after so long, or at
        all.
        """
        with self._state:
            if self._change or self._drafts is not None:
                self._wake(time.monotonic())
            in_time = self._state.wait_for(
                lambda: self._due is None and not self._is_writing, seconds
            )
            return in_time and not self._change and self._drafts is None

    def close(self, seconds: float) -> bool:
        """Write what waits and end; see `flush`."""
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
        """Wait until something is due; False at the end."""
        with self._state:
            while not self._is_closed:
                left = None if self._due is None else self._due - time.monotonic()
                if left is not None and left <= 0:
                    self._due, self._is_writing = None, True
                    return True
                self._state.wait(left)
        return False

    def _write(self) -> None:
        """Write all that waits; what fails waits again, beneath what came meanwhile."""
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
        """Return False where it is worth another attempt."""
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
