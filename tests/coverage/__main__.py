"""Run every family, or those named, and write the table: `python -m tests.coverage docs/models.md
[CARD …]`.
"""

import sys
import tempfile
from pathlib import Path

from studio.core import environment
from studio.core.files import write_whole
from tests.coverage.run import Trial
from tests.coverage.table import FAMILIES, line, renewed, rows_of


def main() -> None:
    """Write the table of a document anew."""
    environment.prepare()
    path, wanted = Path(sys.argv[1]), sys.argv[2:]
    rows = rows_of(path)
    for family in FAMILIES:
        if wanted and family.card not in wanted:
            continue
        with tempfile.TemporaryDirectory() as folder:
            trial = Trial(family, Path(folder))
            rows[family.card] = trial.row()
            trial.close()
        sys.stdout.write(line(rows[family.card]) + "\n")
    there = [rows[family.card] for family in FAMILIES if family.card in rows]
    write_whole(path, renewed(path.read_text(encoding="utf-8"), there).encode(), replace=True)


if __name__ == "__main__":
    main()
