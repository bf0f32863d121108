"""Picks the best results of a batch: the others go to the trash, and back with Undo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.translation import tr, tr_plural
from studio.library.faults import explain
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import button, show_message
from studio.ui.widgets.undo_steps import Undo

if TYPE_CHECKING:
    from studio.core.artifact import Artifact
    from studio.jobs.library.live_library import Trashing
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
    library, paths = shared.library, grid.content.paths(job_ids)

    def done(trashing: Trashing) -> None:
        gone = [
            job_id
            for job_id in job_ids
            if not any(file.path in trashing.failed for file in grid.content.files.get(job_id, []))
        ]
        dropped = grid.drop_files(gone)
        if trashing.failed:
            path, reason = next(iter(trashing.failed.items()))
            message = tr_plural(
                "One file could not be moved. {name}: {reason}",
                "{count} files could not be moved. {name}: {reason}",
                len(trashing.failed),
                name=Path(path).name,
                reason=reason,
            )
            show_message(grid.window(), tr("Not moved to the trash"), message)
        _report(grid, shared, trashing, dropped)

    def failed(error: Exception) -> None:
        _show_failed(grid, error)
        grid.refresh()  # files may be in the trash already

    background.run(grid, lambda: library.trash_files(paths), done, failed)


def _report(
    grid: BatchGrid, shared: AppState, trashing: Trashing, artifacts: list[Artifact]
) -> None:
    """Confirm what went to the trash; *Undo* brings it back."""
    count = len(trashing.files)
    text = tr_plural("One result moved to the trash", "{count:,} results moved to the trash", count)
    if count and trashing.can_restore:
        shared.undo_steps.add(
            Undo(
                tr("move to trash"),
                lambda: shared.library.restore_trashed(trashing),
                is_seen=grid.isVisible,
                done=lambda: grid.restore_files(artifacts),
                failed=grid.refresh,  # some of the files may be back
            ),
            text,
        )
    elif count:
        shared.post_toast(text)


def _show_failed(grid: BatchGrid, error: Exception) -> None:
    known = explain(error)
    show_message(grid.window(), tr("Trash"), f"{known.message}\n{known.cure}".strip())
