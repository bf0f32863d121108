"""Importing this module imports what a child needs; the fork server's preload takes module names
only.

What libraries print while they are imported goes nowhere: the fork server shares the terminal of
the program.
"""

import os

from studio.core import lifeline

lifeline.tie_to_offered()

# the tie comes before anything that takes time
from studio.engine.process.preload import import_all  # noqa: E402

_nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, 1)
os.dup2(_nowhere, 2)
os.close(_nowhere)
import_all()
