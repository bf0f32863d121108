"""A real window with its library that obeys commands: `python -m tests.ui.library.driven_window
DATA`.

Reads one JSON list a line, a command with its arguments, and answers each with a JSON value.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import msgspec
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal
from PySide6.QtTest import QTest

from studio.app import Studio
from studio.core.paths import DataFolder
from studio.ui import background


class Driver(QObject):
    """Carries out commands in the window, one after the other."""

    received = Signal(list)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.library = studio.shared.library
        self.page = studio.window.window_library.page
        self.received.connect(self.obey)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for line in sys.stdin:
            self.received.emit(json.loads(line))
        self.received.emit(["close"])

    def obey(self, command: list[str]) -> None:
        name, *arguments = command
        try:
            answer = getattr(self, name)(*arguments)
        except Exception as error:  # noqa: BLE001  the test shows it
            answer = f"{type(error).__name__}: {error}"
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()

    def wait(self, work):
        """Call work in another thread; return its result, or what went wrong."""
        loop, found = QEventLoop(), []
        background.run(
            self,
            work,
            lambda value: (found.append(value), loop.quit()),
            lambda error: (found.append(str(error)), loop.quit()),
        )
        loop.exec()
        return found[0]

    def add(self, folder: str) -> int:
        return self.wait(lambda: self.library.add_folder(Path(folder)).added)

    def refresh(self) -> None:
        self.wait(lambda: self.library.library.refresh() and None)

    def id_of(self, path: str) -> int:
        return self.library.index.find(path).id

    def rate(self, path: str, stars: str) -> None:
        """Press the key of a rating."""
        loop, wanted = QEventLoop(), self.id_of(path)
        shown = self.page.results
        while not (shown.is_complete and wanted in shown.ids):
            self.studio.application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        self.page.item_actions.commands.ended.connect(loop.quit)
        self.page.view.select(wanted)
        QTest.keyClick(self.page.view, Qt.Key(ord(stars)))
        loop.exec()

    def tag(self, path: str, tag: str) -> None:
        def change(old):
            return msgspec.structs.replace(old, tags=(*old.tags, tag))

        self.wait(lambda: len(self.library.annotate([self.id_of(path)], change)))

    def move(self, path: str, folder: str) -> dict[str, str]:
        loop, failed = QEventLoop(), {}
        actions = self.studio.shared.file_actions
        actions.ended.connect(lambda ended: (failed.update(ended.result.failed), loop.quit()))
        actions.move([self.id_of(path)], Path(folder))
        loop.exec()
        return failed

    def trash(self, path: str) -> dict[str, str]:
        return self.wait(lambda: self.library.trash([self.id_of(path)]).failed)

    def items(self) -> dict[str, list]:
        """Return path → rating, tags, of those that are not missing."""
        return {
            item.path: [item.rating, list(self.library.index.annotation(item.id).tags)]
            for item in self.library.index.search()
            if not item.missing
        }

    def close(self) -> None:
        QTimer.singleShot(0, self.studio.window.close)


def main() -> int:
    """Open the window and obey until the input ends."""
    studio = Studio(DataFolder(Path(sys.argv[1])), fake=True)
    studio.start()
    studio.window.show_tab("library")
    driver = Driver(studio)
    code = studio.application.exec()
    driver.deleteLater()
    studio.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
