"""`studio batch --watch FOLDER`: runs batch files as they are dropped there, until Ctrl+C; each of
them once.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from studio.cli import output
from studio.cli.batch.run import BatchRun, folder_name
from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.jobs.session import DataFolderInUseError
from studio.jobs.watch_folder import Entry, Ledger, Settling, find_files

LOOK_SECONDS = 1.0


def watch_folder(asked: BatchRun, folder: Path, *, check: bool) -> int:
    """Run what lies in the folder and what comes, until Ctrl+C; return the exit code. Raises
    StudioError.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise StudioError(f"There is no folder {folder}.", cause="invalid", cure="Make it first.")
    if check or asked.limit is not None or asked.resume:
        raise StudioError(
            "--watch goes without --check, --until, --at-most and --resume.",
            cause="invalid",
            cure="It goes on where it was by itself.",
        )
    if asked.report is not None and asked.report.parent == folder:
        raise StudioError(
            "A report in the folder that is watched would be run.",
            cause="invalid",
            cure="Choose another place.",
        )
    watch = _Watch(replace(asked, json_lines=True), folder, Ledger(asked.context.data, folder))
    output.note(f"Watching {folder}. Ctrl+C ends.")
    # Not an exception: what became of a file is written down before the end.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: watch.stop.set())
    try:
        return watch.run()
    finally:
        signal.signal(signal.SIGINT, before)
        watch.ledger.close()


@dataclass
class _Watch:
    asked: BatchRun
    folder: Path
    ledger: Ledger
    settling: Settling = field(default_factory=Settling)
    stop: threading.Event = field(default_factory=threading.Event)
    code: int = output.DONE
    told: str = ""
    """What was said last about something that passes, to say it once."""

    def run(self) -> int:
        while not self.stop.is_set():
            for path in self._ready():
                if self.stop.is_set():
                    break
                code = self._run_file(path)
                sys.stdout.flush()
                if code == output.INTERRUPTED:
                    return code
                self.code = max(self.code, min(code, output.FAILED))
            self.stop.wait(LOOK_SECONDS)
        return self.code

    def _ready(self) -> list[Path]:
        try:
            found = find_files(self.folder)
        except OSError as error:
            self._tell_once(f"{self.folder} cannot be read: {error.strerror}. Waiting for it.")
            return []
        return self.settling.ready(time.monotonic(), found)

    def _run_file(self, path: Path) -> int:
        try:
            sha256 = sha256_of(path)
        except OSError as error:
            self._tell_once(f"{path.name} cannot be read: {error.strerror}.")
            return output.FAILED
        known = self.ledger.find(path)
        if known is not None and known.over and known.sha256 == sha256:
            self.settling.mark_handled(path)
            return output.DONE
        place = Path(known.folder) if known else self._free_place(path)
        output.note(f"{path.name}:")
        try:
            self.ledger.put(path, Entry(sha256, str(place)))
            # Where it has run before, only the rows that are not there: it was interrupted, or
            # changed.
            code = self.asked.run(path, place, resume=known is not None)
            if code != output.INTERRUPTED:
                self.ledger.put(path, Entry(sha256, str(place), over=True))
        except DataFolderInUseError as error:  # by another command, which ends
            self._tell_once(f"{error.message} Waiting for it.")
            return output.DONE
        except (StudioError, OSError) as error:
            output.explain(
                error
                if isinstance(error, StudioError)
                else StudioError(f"It could not be run: {error}.")
            )
            code = output.FAILED
        self.told = ""
        self.settling.mark_handled(path)
        return code

    def _free_place(self, path: Path) -> Path:
        wanted = self.asked.outputs() / folder_name(path)
        number, place = 1, wanted
        while place.exists() or str(place) in self.ledger.folders:
            number += 1
            place = wanted.with_name(f"{folder_name(path)}-{number}")
        return place

    def _tell_once(self, sentence: str) -> None:
        if sentence != self.told:
            output.note(sentence)
        self.told = sentence
