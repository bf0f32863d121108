"""Runs hostile argument vectors against the command line: `python -m benchmarks.argument_fuzz
--count 500 --seed 1`.

The vectors are drawn from the program's own commands and options
(`tests/cli/hostile_arguments.py`);
`tests/cli/test_argument_fuzz.py` runs some of them. Exit code 1 where one ends in a traceback, a
hang, a wrong exit code, without a sentence, or takes too much.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from studio.core.paths import DataFolder
from tests.cli.argument_fuzz import run_all


def main() -> int:
    """Run the vectors and print what was seen; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "here"
        place.mkdir()
        found = run_all(asked.seed, asked.count, place, DataFolder(Path(folder) / "data"))
    codes = ", ".join(f"{count} × exit code {code}" for code, count in sorted(found.codes.items()))
    print(f"{found.count} vectors: {codes}; {len(found.faults)} faults")
    print(
        f"slowest {found.slowest:.2f} s of CPU without start-up, largest {found.largest >> 20} MB"
    )
    for fault in found.faults:
        print(fault)
    return bool(found.faults)


if __name__ == "__main__":
    sys.exit(main())
