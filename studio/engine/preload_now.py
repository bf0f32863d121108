"""Importing this module imports what a child needs; the fork server's preload takes module names only.

What libraries print while they are imported goes nowhere: the fork server shares the terminal of the program.
"""

import os

from studio.engine.preload import import_all

_nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, 1)
os.dup2(_nowhere, 2)
os.close(_nowhere)
import_all()
