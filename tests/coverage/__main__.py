"""Write the table of what works: `python -m tests.coverage docs/models.md [CARD …]`."""

import sys
import tempfile
from pathlib import Path

from studio.core import environment
from studio.core.files import write_whole
from tests.coverage.run import FamilyTest
from tests.coverage.table import FAMILIES, line, rows_of, with_table


def main() -> None:
    """Run all families, or those named, and replace the table in the document."""
    environment.prepare()
    path, names = Path(sys.argv[1]), sys.argv[2:]
    rows = rows_of(path)
    for family in FAMILIES:
        if names and family.card not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            test = FamilyTest(family, Path(folder))
            rows[family.card] = test.row()
            test.close()
        sys.stdout.write(line(rows[family.card]) + "\n")
    table = [rows[family.card] for family in FAMILIES if family.card in rows]
    write_whole(path, with_table(path.read_text(encoding="utf-8"), table).encode(), replace=True)


if __name__ == "__main__":
    main()
