"""Batches in the queue's database: which are over, and which have their reports."""

from __future__ import annotations

from pathlib import Path

from studio.core.jobs import Batch
from studio.jobs.store_connection import StoreConnection
from studio.jobs.store_rows import OPEN, decode_row


class BatchStore(StoreConnection):
    """The batches of one data folder."""

    def ended_batch(self, batch_id: str) -> Batch | None:
        """Return the batch if its last job is over and it is not marked as finished, else None."""
        still_open = f"SELECT 1 FROM jobs WHERE batch = ? AND {OPEN} LIMIT 1"
        if self._connection.execute(still_open, (batch_id,)).fetchone():
            return None
        row = self._connection.execute(
            "SELECT body FROM batches WHERE id = ? AND finished = 0", (batch_id,)
        ).fetchone()
        return decode_row(row["body"], Batch) if row else None

    def batch_source(self, batch_id: str) -> str:
        """Return the file that a batch's rows come from; "" for an unknown batch."""
        row = self._connection.execute(
            "SELECT body FROM batches WHERE id = ?", (batch_id,)
        ).fetchone()
        batch = decode_row(row["body"], Batch) if row else None
        return batch.source if batch is not None else ""

    def mark_finished(self, batch_id: str) -> None:
        """Record that a batch's reports are on disk. Earlier, a kill would lose them."""

        def write() -> None:
            with self._transaction() as connection:
                connection.execute("UPDATE batches SET finished = 1 WHERE id = ?", (batch_id,))

        self._with_ballast(write)

    def unreported_batches(self) -> list[str]:
        """Return batches that are over but lack reports, after a kill or on a full disk."""
        rows = self._connection.execute(
            "SELECT id FROM batches WHERE finished = 0 "
            "AND EXISTS (SELECT 1 FROM jobs WHERE batch = batches.id) "
            f"AND NOT EXISTS (SELECT 1 FROM jobs WHERE batch = batches.id AND {OPEN})"
        )
        return [row["id"] for row in rows]

    def unfinished_folders(self) -> set[str]:
        """Return the folders of unfinished batches, which may contain half-written reports."""
        rows = self._connection.execute("SELECT body FROM batches WHERE finished = 0").fetchall()
        batches = [batch for row in rows if (batch := decode_row(row["body"], Batch))]
        reports = {str(Path(batch.report).parent) for batch in batches if batch.report}
        return {batch.folder for batch in batches} | reports

    def reopen_batch(self, batch_id: str) -> None:
        """Mark a batch as unfinished, so that a new report is written after a retried row."""
        with self._transaction() as connection:
            connection.execute("UPDATE batches SET finished = 0 WHERE id = ?", (batch_id,))
