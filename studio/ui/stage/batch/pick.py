"""Picks the best results of a batch: the others go to the trash, and back with Undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_plural
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import button, show_message

if TYPE_CHECKING:
    from studio.core.artifact import Artifact
    from studio.jobs.library.trash import TrashResult
    from studio.ui.stage.batch.grid import BatchGrid


def pick_best(grid: BatchGrid, shared: AppState) -> None:
    """Ask which results to keep; the selection in the grid is the answer."""
    move = button("", tr("Move the results that are not selected to the trash"), lambda: _move())
    cancel = button(tr("Cancel"), tr("Keep all results"), lambda: _end())

    def show_count() -> None:
        kept = [item.job_id for item in grid.selected if item.path]
        others = len(grid.others(kept))
        move.setText(tr("Move the other {others:,} to the trash", others=others))
        move.setEnabled(bool(kept) and bool(others))

    def _end() -> None:
        selection.selectionChanged.disconnect(show_count)
        grid.notice.clear()

    def _move() -> None:
        kept = [item.job_id for item in grid.selected if item.path]
        _end()
        _discard(grid, shared, [item.job_id for item in grid.others(kept)])

    selection = grid.list.selectionModel()
    selection.selectionChanged.connect(show_count)
    grid.notice.show_message(
        tr("Select the results to keep."), tr("Ctrl and Shift select several."), [move, cancel]
    )
    show_count()
    grid.setFocus()


def _discard(grid: BatchGrid, shared: AppState, job_ids: list[str]) -> None:
    from studio.jobs.library.trash import move_to_trash

    paths = grid.content.paths(job_ids)

    def done(result: TrashResult) -> None:
        failed = {str(path) for path in result.failed}
        gone = [
            job_id
            for job_id in job_ids
            if not any(file.path in failed for file in grid.content.files.get(job_id, []))
        ]
        dropped = grid.drop_files(gone)
        if result.failed:
            path, reason = next(iter(result.failed.items()))
            message = tr_plural(
                "One file could not be moved. {name}: {reason}",
                "{count} files could not be moved. {name}: {reason}",
                len(result.failed),
                name=path.name,
                reason=reason,
            )
            show_message(grid.window(), tr("Not moved to the trash"), message)
        if result.trashed:
            shared.post_toast(
                tr_plural(
                    "One result moved to the trash",
                    "{count:,} results moved to the trash",
                    len(result.trashed),
                ),
                tr("Undo"),
                lambda: _restore(grid, shared, result, dropped),
            )

    background.run(grid, lambda: move_to_trash(paths), done)


def _restore(
    grid: BatchGrid, shared: AppState, result: TrashResult, artifacts: list[Artifact]
) -> None:
    from studio.jobs.library.trash import restore

    def work() -> list[str]:
        problems = []
        for trashed in result.trashed:
            try:
                restore(trashed)
            except (StudioError, OSError) as error:
                problems.append(str(error))
        return problems

    def done(problems: list[str]) -> None:
        grid.restore_files(artifacts)
        if problems:
            text = tr_plural(
                "One result could not be restored. {reason}",
                "{count} results could not be restored. {reason}",
                len(problems),
                reason=problems[0],
            )
            show_message(grid.window(), tr("Not restored"), text)
        else:
            shared.post_toast(tr("The results are back"))

    background.run(grid, work, done)
