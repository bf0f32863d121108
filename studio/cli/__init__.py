"""The command line: the same queue, worker and engine as the window's, from a shell. Nothing heavy is imported until needed."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; the entry point of the program."""
    import multiprocessing

    multiprocessing.freeze_support()
    # A built program starts itself for these (models/conversion.py, models/download_process.py, models/doctor.py).
    if sys.argv[1:2] == ["convert-gguf"]:
        from studio.models import convert

        del sys.argv[1]
        sys.exit(convert.main())
    if sys.argv[1:2] == ["download"]:
        from studio.models import download_child

        sys.exit(download_child.main())
    if sys.argv[1:2] == ["probe"]:
        from studio.models import probe

        sys.exit(probe.main())
    from studio.cli.commands import run

    sys.exit(run(sys.argv[1:]))
