"""Run one batch file from a shell: read, plan, run, print."""

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
from studio.core.translation import tr, tr_marked
from studio.jobs.pause import Limit

if TYPE_CHECKING:
    from studio.cli.queue.runner import Outcome, QueueRunner


@dataclass(frozen=True)
class BatchRun:
    """The options of `studio batch`."""

    context: Context
    reading: dict[str, Any]
    """Keyword arguments of `read_batch`."""
    folder: Path | None = None
    name: str = file_names.DEFAULT_TEMPLATE
    collect: str = ""
    report: Path | None = None
    resume: bool = False
    limit: Limit | None = None
    as_json: bool = False
    json_lines: bool = False
    """Whether JSON output is one line a file."""
    data: bytes | None = None
    """The file's content if it came from standard input."""

    def outputs(self) -> Path:
        """Return the folder for results, or the one that contains a folder per file."""
        settings = load_settings(self.context.data)
        return (self.folder or Path(settings.output_folder or self.context.data.outputs)).absolute()

    def place(self, file: Path) -> Path:
        """Return the folder for a file's results. Raises StudioError if it cannot be written."""
        place = self.outputs() if self.folder else self.outputs() / folder_name(file)
        check_output_folder(place)
        return place

    def read(self, file: Path, first_seed: int | None = None) -> BatchFile:
        """Read the file. Raises StudioError."""
        reading = self.reading if first_seed is None else {**self.reading, "first_seed": first_seed}
        return read_batch(
            file,
            self.context.find_card,
            name_template=self.name,
            data=self.data,
            data_folder=self.context.data,
            **reading,
        )

    def check(self, file: Path) -> int:
        """Show the rows as Studio reads them, and return the exit code. Raises StudioError."""
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
        """Run the file and return the exit code. Raises StudioError.

        `place` and `resume` take precedence over the options.
        """
        from studio.cli.queue.runner import QueueRunner

        place, resumed = place or self.place(file), None
        if self.resume if resume is None else resume:
            run = QueueRunner(self.context)  # first: it settles interrupted jobs
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
            run = QueueRunner(self.context)
        if jobs:
            try:
                _prepare_folder(place)
            except StudioError:
                run.close()
                raise
        waiting = [job for job in run.jobs() if job.id in resumed.waiting_jobs] if resumed else []
        outcomes = run.submit(jobs, batch, waiting=waiting, limit=self.limit)
        self._print(batch_file, batch, run, outcomes, resumed)
        return _exit_code(batch_file, run, outcomes)

    def _plan(
        self, batch_file: BatchFile, place: Path, resumed: Resumed | None
    ) -> tuple[Batch, list[Job]]:
        return plan(
            batch_file, place, self.name, resumed=resumed, collect=self.collect, report=self.report
        )

    def _print(
        self,
        batch_file: BatchFile,
        batch: Batch,
        run: QueueRunner,
        outcomes: Sequence[Outcome],
        resumed: Resumed | None,
    ) -> None:
        done_before = len(resumed.done) if resumed else 0
        elsewhere = len(resumed.waiting) - (len(outcomes) - run.new) if resumed else 0
        if self.as_json:
            from studio.cli.queue.runner import with_texts

            table = {
                "file": str(batch_file.path),
                "folder": batch.folder,
                "jobs": [with_texts(outcome) for outcome in outcomes],
                "not_run": [{"line": row.line, "error": row.message} for row in batch_file.bad],
                "done_before": done_before,
                "waiting_elsewhere": elsewhere,
                "paused": run.paused,
            }
            output.as_json(table, in_a_line=self.json_lines)
        else:
            for outcome in outcomes:
                for path in outcome.files:
                    output.result(path)
                if outcome.failure is not None:
                    output.note(
                        tr(
                            "line {line}: {message}",
                            line=outcome.line,
                            message=outcome.failure.message,
                        )
                    )
        done = done_before + sum(outcome.state == "completed" for outcome in outcomes)
        output.note(_summary(done, len(batch_file.rows), done_before, batch.folder))
        if elsewhere:
            output.note(tr("{count} more wait in the queue of the open window.", count=elsewhere))
        if run.paused:
            waiting = sum(outcome.state in ("queued", "running") for outcome in outcomes)
            output.note(
                tr(
                    "{reason} {count} rows wait in the queue; to continue, run the same command "
                    "with --resume.",
                    reason=tr_marked(run.paused),
                    count=waiting,
                )
            )


def _summary(done: int, count: int, earlier: int, folder: str) -> str:
    """Return how many rows are done, `earlier` of them before this run."""
    if not earlier:
        return tr(
            "{done} of {count} rows done. Results and report: {folder}",
            done=done,
            count=count,
            folder=folder,
        )
    return tr(
        "{done} of {count} rows done, {earlier} of them earlier. Results and report: {folder}",
        done=done,
        count=count,
        earlier=earlier,
        folder=folder,
    )


def folder_name(file: Path) -> str:
    """Return the name of the folder for a file's results: the file's own, always valid UTF-8."""
    return file.absolute().stem.encode(errors="replace").decode().replace("?", "_")


def from_standard_input(run: BatchRun, input_format: str) -> tuple[BatchRun, Path]:
    """Read standard input as a batch file; return the run and a path for it. Raises StudioError."""
    suffix = f".{input_format.lower().removeprefix('.')}"
    if suffix not in SUFFIXES:
        known = ", ".join(known.removeprefix(".") for known in SUFFIXES)
        raise StudioError(
            tr("The input format {format!r} is unknown.", format=input_format[:40]),
            cause="invalid",
            cure=tr("Use one of: {formats}.", formats=known),
        )
    return replace(run, data=read_standard_input()), Path.cwd() / f"stdin{suffix}"


def _prepare_folder(folder: Path) -> None:
    """Create the folder for results. Raises StudioError if it cannot be written.

    Ignores a full disk or an unmounted drive: the run waits for them.
    """
    if is_dangling(folder):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            message = tr(
                "The folder {folder} cannot be written: {reason}.",
                folder=folder,
                reason=error.strerror,
            )
            raise StudioError(
                message, cause="invalid", cure=tr("Choose another folder.")
            ) from error


def _exit_code(batch_file: BatchFile, run: QueueRunner, outcomes: Sequence[Outcome]) -> int:
    if run.interrupted:
        return output.INTERRUPTED
    good = ("completed", "queued", "running") if run.paused else ("completed",)
    all_good = not batch_file.bad and all(outcome.state in good for outcome in outcomes)
    return output.DONE if all_good else output.FAILED
