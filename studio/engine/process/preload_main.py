"""Imports what a child needs when it is imported; the fork server preloads modules by name only.

Discards what libraries print meanwhile, because the fork server shares the program's terminal.
"""

import os

from studio.core import lifeline

lifeline.tie_to_offered()

# tie the process to its parent before anything that takes time
from studio.engine.process.preload import import_all  # noqa: E402

_nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, 1)
os.dup2(_nowhere, 2)
os.close(_nowhere)
import_all()
