"""Faults of files, made to order: a library for LD_PRELOAD that ends a process at the n-th change
of a file.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def build_kill_at(folder: Path) -> Path:
    """Compile `kill_at.c` into the folder; skip the test where there is no compiler, or no
    Linux.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    library = folder / "kill_at.so"
    source = Path(__file__).with_name("kill_at.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True
    )
    return library
