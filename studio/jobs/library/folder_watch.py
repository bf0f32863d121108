"""Watches the library's folders and reports those that changed, a moment later and at once."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

MAX_WATCHED = 2_000
"""Folders; the system limits watches, and others are looked into at the next start."""
SETTLE_MS = 1_000
REST_SHARE = 20
"""A scan of a second is followed by 20 without one, so that a busy folder costs little."""


class FolderWatch(QObject):
    """Collects changes until `scan_ended`; then reports those that were made meanwhile."""

    changed = Signal(object)
    """list[str]: folders."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_changed)
        self._changed: dict[str, None] = {}
        self._is_scanning = False
        self._is_closed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._report)

    def watch(self, folders: Iterable[str]) -> None:
        """Watch these folders, and no others."""
        if self._is_closed:  # a scan that was under way
            return
        wanted = dict.fromkeys(folders)
        known = set(self._watcher.directories())
        gone = [folder for folder in known if folder not in wanted]
        if gone:  # one that was renamed is still watched, under its old name
            self._watcher.removePaths(gone)
        new = [folder for folder in wanted if folder not in known]
        new = new[: max(0, MAX_WATCHED - len(known) + len(gone))]
        if new:
            self._watcher.addPaths(new)

    def close(self) -> None:
        """Stop watching, and free the system's watches."""
        self._is_closed = True
        self._timer.stop()
        self._watcher.deleteLater()

    def scan_ended(self, seconds: float) -> None:
        """Report changes again, after a rest that depends on how long the scan took."""
        self._is_scanning = False
        if self._changed and not self._is_closed:
            self._timer.start(max(SETTLE_MS, round(1000 * seconds * REST_SHARE)))

    def _on_changed(self, folder: str) -> None:
        self._changed[folder] = None
        if not self._is_scanning and not self._is_closed:
            self._timer.start(SETTLE_MS)

    def _report(self) -> None:
        self._is_scanning = True
        folders, self._changed = list(self._changed), {}
        self.changed.emit(folders)
