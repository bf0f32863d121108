"""One run of a batch file from a shell: read, planned, handed to the queue, told."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.batch.batch_file import BatchFile
from studio.batch.plan import plan, read_batch
from studio.batch.reader import SUFFIXES
from studio.batch.resume import Resumed, read_resumed
from studio.cli import output
from studio.cli.batch.problems import show_problems
from studio.cli.context import Context
from studio.cli.prompt_source import read_standard_input
from studio.core import file_names
from studio.core.errors import StudioError
from studio.core.jobs import Batch, Job
from studio.core.paths import check_output_folder, is_dangling
from studio.core.settings_store import load_settings
from studio.jobs.pause import Limit

if TYPE_CHECKING:
    from studio.cli.queue_runner import Outcome, Run


@dataclass(frozen=True)
class BatchRun:
    """What the options of `studio batch` ask for."""

    context: Context
    reading: dict[str, Any]
    """For `read_batch`."""
    folder: Path | None = None
    name: str = file_names.DEFAULT_TEMPLATE
    collect: str = ""
    report: Path | None = None
    resume: bool = False
    limit: Limit | None = None
    as_json: bool = False
    json_lines: bool = False
    """Whether that object stands in one line."""
    data: bytes | None = None
    """The bytes of the file, where they came through standard input."""

    def outputs(self) -> Path:
        """Return the folder for results, or for folders of results where no folder is given."""
        settings = load_settings(self.context.data)
        return (self.folder or Path(settings.output_folder or self.context.data.outputs)).absolute()

    def place(self, file: Path) -> Path:
        """Return where a file's results go. Raises StudioError where nothing can be written
        there.
        """
        place = self.outputs() if self.folder else self.outputs() / folder_name(file)
        check_output_folder(place)
        return place

    def read(self, file: Path, first_seed: int | None = None) -> BatchFile:
        """Read the file. Raises StudioError."""
        reading = self.reading if first_seed is None else {**self.reading, "first_seed": first_seed}
        return read_batch(
            file, self.context.find_card, name_template=self.name, data=self.data, **reading
        )

    def check(self, file: Path) -> int:
        """Show the rows as they were understood, and return the exit code. Raises StudioError."""
        from studio.cli.batch.preview import show
        from studio.jobs.store_rows import read_jobs_readonly

        resumed = None
        if self.resume:
            batch_file, resumed = read_resumed(
                lambda seed: self.read(file, seed),
                self.place(file),
                read_jobs_readonly(self.context.data),
            )
        else:
            batch_file = self.read(file)
        jobs = self._plan(batch_file, self.place(file), resumed)[1] if batch_file.good else []
        return show(batch_file, jobs, resumed, as_json=self.as_json)

    def run(self, file: Path, place: Path | None = None, *, resume: bool | None = None) -> int:
        """Run the file and return the exit code; `place` and `resume` go before what the options
        say. Raises StudioError.
        """
        from studio.cli.queue_runner import Run

        place, resumed = place or self.place(file), None
        if self.resume if resume is None else resume:
            run = Run(self.context)  # first: what was interrupted is settled by that
            try:
                batch_file, resumed = read_resumed(
                    lambda seed: self.read(file, seed), place, run.jobs()
                )
                show_problems(batch_file)
                batch, jobs = self._plan(batch_file, place, resumed)
            except BaseException:
                run.close()
                raise
        else:
            batch_file = self.read(file)
            show_problems(batch_file)
            batch, jobs = self._plan(batch_file, place, None)
            run = Run(self.context)
        if jobs:
            try:
                _prepare_folder(place)
            except StudioError:
                run.close()
                raise
        beside = [job for job in run.jobs() if job.id in resumed.waiting_jobs] if resumed else []
        outcomes = run.submit(jobs, batch, beside=beside, limit=self.limit)
        self._tell(batch_file, batch, run, outcomes, resumed)
        return _code(batch_file, run, outcomes)

    def _plan(
        self, batch_file: BatchFile, place: Path, resumed: Resumed | None
    ) -> tuple[Batch, list[Job]]:
        return plan(
            batch_file, place, self.name, resumed=resumed, collect=self.collect, report=self.report
        )

    def _tell(
        self,
        batch_file: BatchFile,
        batch: Batch,
        run: Run,
        outcomes: Sequence[Outcome],
        resumed: Resumed | None,
    ) -> None:
        before = len(resumed.done) if resumed else 0
        elsewhere = len(resumed.waiting) - (len(outcomes) - run.new) if resumed else 0
        if self.as_json:
            from studio.cli.queue_runner import with_texts

            table = {
                "file": str(batch_file.path),
                "folder": batch.folder,
                "jobs": [with_texts(outcome) for outcome in outcomes],
                "not_run": [{"line": row.line, "error": row.message} for row in batch_file.bad],
                "done_before": before,
                "waiting_elsewhere": elsewhere,
                "paused": run.paused,
            }
            output.as_json(table, in_a_line=self.json_lines)
        else:
            for outcome in outcomes:
                for path in outcome.files:
                    output.result(path)
                if outcome.failure is not None:
                    output.note(f"line {outcome.line}: {outcome.failure.message}")
        good = before + sum(outcome.state == "completed" for outcome in outcomes)
        there = f"; {before} of them were there before" if before else ""
        output.note(
            f"{good} of {len(batch_file.rows)} rows done{there}. Results and report: {batch.folder}"
        )
        if elsewhere:
            output.note(f"{elsewhere} more wait in the queue of the window that is open.")
        if run.paused:
            waiting = sum(outcome.state in ("queued", "running") for outcome in outcomes)
            output.note(
                f"{run.paused} {waiting} rows wait in the queue; the same command with --resume "
                "goes on."
            )


def folder_name(file: Path) -> str:
    """Return the name of the folder for a file's results: the file's own, in UTF-8 also where that
    is not.
    """
    return file.absolute().stem.encode(errors="replace").decode().replace("?", "_")


def from_standard_input(asked: BatchRun, input_format: str) -> tuple[BatchRun, Path]:
    """Read standard input as a batch file; return the run and a name for the file. Raises
    StudioError.
    """
    suffix = f".{input_format.lower().removeprefix('.')}"
    if suffix not in SUFFIXES:
        known = ", ".join(known.removeprefix(".") for known in SUFFIXES)
        raise StudioError(
            f"There is no input format {input_format[:40]!r}.",
            cause="invalid",
            cure=f"There are: {known}.",
        )
    return replace(asked, data=read_standard_input()), Path.cwd() / f"stdin{suffix}"


def _prepare_folder(folder: Path) -> None:
    """Make the folder for results. Raises StudioError where it cannot be written.

    The run waits for a full disk, and for a drive that is not mounted yet.
    """
    if is_dangling(folder):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            sentence = f"{folder} cannot be written to: {error.strerror}."
            raise StudioError(sentence, cause="invalid", cure="Choose another folder.") from error


def _code(batch_file: BatchFile, run: Run, outcomes: Sequence[Outcome]) -> int:
    if run.interrupted:
        return output.INTERRUPTED
    fine = ("completed", "queued", "running") if run.paused else ("completed",)
    all_fine = not batch_file.bad and all(outcome.state in fine for outcome in outcomes)
    return output.DONE if all_fine else output.FAILED
