"""`studio batch --watch FOLDER`: run each batch file that appears there once, until Ctrl+C."""

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
from studio.core.translation import tr
from studio.jobs.session import DataFolderInUseError
from studio.jobs.watch_folder import Entry, Ledger, Settling, find_files

POLL_SECONDS = 1.0


def watch_folder(batch_run: BatchRun, folder: Path, *, check: bool) -> int:
    """Run all files of the folder until Ctrl+C; return the exit code. Raises StudioError."""
    folder = folder.absolute()
    if not folder.is_dir():
        raise StudioError(
            tr("The folder {folder} does not exist.", folder=folder),
            cause="invalid",
            cure=tr("Create it first."),
        )
    if check or batch_run.limit is not None or batch_run.resume:
        raise StudioError(
            tr("--watch cannot be combined with --check, --until, --at-most or --resume."),
            cause="invalid",
            cure=tr("Leave them out; --watch resumes by itself."),
        )
    if batch_run.report is not None and batch_run.report.parent == folder:
        raise StudioError(
            tr("The report cannot be in the watched folder: it would run as a batch file."),
            cause="invalid",
            cure=tr("Choose another folder."),
        )
    ledger = Ledger(batch_run.context.data, folder)
    watch = _Watch(replace(batch_run, json_lines=True), folder, ledger)
    output.note(tr("Watching {folder}. Ctrl+C stops.", folder=folder))
    # No exception on Ctrl+C: the ledger is written before the end.
    previous = signal.signal(signal.SIGINT, lambda _number, _frame: watch.stop.set())
    try:
        return watch.run()
    finally:
        signal.signal(signal.SIGINT, previous)
        watch.ledger.close()


@dataclass
class _Watch:
    batch_run: BatchRun
    folder: Path
    ledger: Ledger
    settling: Settling = field(default_factory=Settling)
    stop: threading.Event = field(default_factory=threading.Event)
    code: int = output.DONE
    last_note: str = ""
    """The last note about a temporary problem, to print it once."""

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
            self.stop.wait(POLL_SECONDS)
        return self.code

    def _ready(self) -> list[Path]:
        try:
            found = find_files(self.folder)
        except OSError as error:
            self._note_once(
                tr(
                    "{folder} cannot be read: {reason}. Waiting for it.",
                    folder=self.folder,
                    reason=error.strerror,
                )
            )
            return []
        return self.settling.ready(time.monotonic(), found)

    def _run_file(self, path: Path) -> int:
        try:
            sha256 = sha256_of(path)
        except OSError as error:
            self._note_once(
                tr("{name} cannot be read: {reason}.", name=path.name, reason=error.strerror)
            )
            return output.FAILED
        known = self.ledger.find(path)
        if known is not None and known.over and known.sha256 == sha256:
            self.settling.mark_handled(path)
            return output.DONE
        place = Path(known.folder) if known else self._free_folder(path)
        output.note(f"{path.name}:")
        try:
            self.ledger.put(path, Entry(sha256, str(place)))
            # A known file was interrupted, or has changed: run only its missing rows.
            code = self.batch_run.run(path, place, resume=known is not None)
            if code != output.INTERRUPTED:
                self.ledger.put(path, Entry(sha256, str(place), over=True))
        except DataFolderInUseError as error:  # another command, which ends
            self._note_once(tr("{message} Waiting for it to end.", message=error.message))
            return output.DONE
        except (StudioError, OSError) as error:
            output.explain(
                error
                if isinstance(error, StudioError)
                else StudioError(
                    tr("{name} could not be run: {reason}.", name=path.name, reason=error)
                )
            )
            code = output.FAILED
        self.last_note = ""
        self.settling.mark_handled(path)
        return code

    def _free_folder(self, path: Path) -> Path:
        name = folder_name(path)
        number, folder = 1, self.batch_run.outputs() / name
        while folder.exists() or str(folder) in self.ledger.folders:
            number += 1
            folder = folder.with_name(f"{name}-{number}")
        return folder

    def _note_once(self, message: str) -> None:
        if message != self.last_note:
            output.note(message)
        self.last_note = message
